"""Line-by-line output of `crfseg segment` other than plain words: n-best, samples, scores, POS.

`Lines` and `PosLines` take the place of a segmenter in `stream.segment_stream`.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from crfseg.common.errors import LineError, SettingsError
from crfseg.corpus.partial import read_partial
from crfseg.segmentation import output_formats
from crfseg.tagging.pos_tagger import _BREAK
from crfseg.text.whitespace import SPACES, is_space

if TYPE_CHECKING:
    from crfseg.segmentation.distribution import Segmentation
    from crfseg.segmentation.segmenter import Segmenter

_SPACES = re.compile("[" + "".join(map(chr, SPACES)) + "]+")
_MARK = "\ufeff"  # byte order mark at the beginning of a file


class Lines:
    """Writes n-best lists, samples, scores or constrained segmentations line by line.

    nbest, sample: the number of segmentations per line; seed: makes the samples of a line
    reproducible, independent of other lines; score: input lines are segmented, the output is
    their log-probability; partial: input lines are partly segmented, see `corpus.partial`.
    """

    #: A line must be processed as a whole.
    whole_lines = True

    def __init__(
        self,
        segmenter: Segmenter,
        *,
        nbest: int | None = None,
        sample: int | None = None,
        seed: int | None = None,
        score: bool = False,
        partial: bool = False,
    ) -> None:
        self._segmenter, self._nbest, self._sample = segmenter, nbest, sample
        self._seed, self._score, self._partial = seed, score, partial

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
        """The output for whole lines of UTF-8; raises UnicodeDecodeError, LineError."""
        text, pieces = data.decode("utf-8"), list[str]()
        for row, (begin, end, following) in enumerate(output_formats.lines_of(text)):
            try:
                answer = self._answer(text[begin:end], output, sep)
            except SettingsError as error:
                raise LineError(row, str(error)) from None
            pieces += (answer, text[end:following])
        return "".join(pieces).encode("utf-8")

    def _answer(self, line: str, output: str, sep: str) -> str:
        if self._score:
            return f"{self._segmenter.log_likelihood(_SPACES.split(line)):.4f}"
        text, boundaries = read_partial(line.removeprefix(_MARK)) if self._partial else (line, {})
        segmentations = self._segmenter.segmentations(text, boundaries=boundaries)
        if self._nbest is not None:
            return _write_best(segmentations.nbest(self._nbest), output, sep)
        if self._sample is not None:
            samples = segmentations.sample(self._sample, self._seed_of(text))
            if output == "json":
                return output_formats.as_json(samples)
            return "".join(output_formats.join_words(words, sep) + "\n" for words in samples)
        if output in output_formats.JOINED:
            return output_formats.JOINED[output](segmentations.best(), sep)
        return output_formats.write_line(segmentations.marginals(), output)

    def _seed_of(self, text: str) -> list[int] | None:
        """A per-line seed, so that a sample does not depend on other lines."""
        return None if self._seed is None else [self._seed, zlib.crc32(text.encode("utf-8"))]


def _write_best(best: list[Segmentation], output: str, sep: str) -> str:
    if output == "json":
        return output_formats.as_json(
            [
                {
                    "words": s.words,
                    "probability": float(f"{s.probability:.4g}"),
                    "log_probability": round(s.log_probability, 4),
                }
                for s in best
            ]
        )
    return "".join(
        f"{s.probability:.4g}\t{output_formats.join_words(s.words, sep)}\n" for s in best
    )


class PosLines:
    """Writes word/POS; takes the place of a segmenter in `stream.segment_stream`."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter, self._tagger = segmenter, segmenter.pos_tagger

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
        """Tag whole lines of UTF-8, as words or json; raises UnicodeDecodeError."""
        engine = self._tagger.engine
        if engine is not None and output != "json" and _BREAK.encode() not in data:
            return engine.write(self._segmenter.tokens_bytes(data), sep.encode("utf-8"))
        text = data.decode("utf-8")
        if output == "json":
            return self._json(text).encode("utf-8")
        lines = list(output_formats.lines_of(text))
        cut = self._segmenter.cut_many([text[begin:end] for begin, end, _ in lines], 1)
        words = [[token for token in tokens if not is_space(token)] for tokens in cut]
        pieces = []
        for (_, end, following), tokens, tags in zip(
            lines, cut, self._tagger.tag_many(words), strict=True
        ):
            pieces += [output_formats.join_pos(tokens, tags, sep), text[end:following]]
        return "".join(pieces).encode("utf-8")

    def _json(self, text: str) -> str:
        lines = list(output_formats.json_lines(self._segmenter.marginals(text)))
        words = [[t for t in tokens if not is_space(t["word"])] for tokens, _ in lines]
        tags_of_lines = self._tagger.tag_many([[token["word"] for token in line] for line in words])
        for line, tags in zip(words, tags_of_lines, strict=True):
            for token, tag in zip(line, tags, strict=True):
                token["pos"] = tag
        return "".join(output_formats.as_json(tokens) + end for tokens, end in lines)
