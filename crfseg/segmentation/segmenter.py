"""`Segmenter`: segments text with a trained model."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any

from crfseg.common.errors import SettingsError
from crfseg.common.resources import default_model_path
from crfseg.common.threads import thread_count, workers
from crfseg.segmentation.engine import Engine, Style, as_bytes, as_lists, as_text, as_words
from crfseg.segmentation.kernels import layout
from crfseg.text.codes import BREAK, JOINT
from crfseg.text.whitespace import is_space

if TYPE_CHECKING:
    from crfseg.model.segmentation_model import Model
    from crfseg.model.tagger_model import TaggerModel
    from crfseg.segmentation.distribution import Marginals, Segmentation, Segmentations
    from crfseg.segmentation.explanation import Explanation
    from crfseg.segmentation.user_dictionary import UserDictionary
    from crfseg.tagging.pos_tagger import PosTagger

    ModelOrPath = Model | str | os.PathLike[str]
    WordList = str | os.PathLike[str] | Iterable[str]

OUTPUTS = ("words", "tags", "spans", "json", "marginals")
_BATCH = 1 << 16
_BREAK, _JOINT = chr(BREAK), chr(JOINT)
_MAKING = Lock()
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf]")


class Segmenter:
    """Cuts Chinese text into words with a trained model.

    model: a model file, or a Model; the default model if omitted. standard: the standard of the
    model to follow, its first one if omitted. keep_whole: keep addresses, times, dates and
    grouped numbers whole regardless of the model. user_dict, force_dict: words to prefer and
    words to keep whole, as a file (see `corpus.word_lists.read_words`) or an iterable; see
    docs/guide/user-dictionary.md. pos_model: a model for `cut_pos`, loaded on first use; the
    default one if omitted. Raises ModelError for an invalid model file, SettingsError for an
    unknown standard, DataError for a word list that cannot be read.

    ``"".join(segmenter.cut(text)) == text`` for every string. Threads may share a segmenter. It
    pickles as its path and the user's words, so it can be sent to other processes; a segmenter
    made from a Model in memory cannot be pickled.
    """

    def __init__(
        self,
        model: ModelOrPath | None = None,
        *,
        standard: str | None = None,
        keep_whole: bool = True,
        user_dict: WordList | None = None,
        force_dict: WordList | None = None,
        pos_model: TaggerModel | str | os.PathLike[str] | None = None,
    ) -> None:
        self.standard, self.pos_model = standard, pos_model
        self._model: Model | None = None
        if model is None:
            self.path = default_model_path()
            self._begin(Engine.of_file(self.path, standard), keep_whole)
        else:
            from crfseg.model.container import sound
            from crfseg.model.standards import select

            self.path = os.fspath(model) if isinstance(model, str | os.PathLike) else ""
            if not self.path:
                self._model = model  # type: ignore[assignment]
            with sound(self.path or "the model"):
                self._begin(Engine.of(select(self.model, standard)), keep_whole)
        for words, force in ((user_dict, False), (force_dict, True)):
            if words is not None:
                self.add_words(_words_of(words), force)

    def _begin(self, engine: Engine, keep_whole: bool) -> None:
        self._engine, self.keep_whole = engine, keep_whole
        kinds = layout.DROP, layout.TOKENS  # indexed by keep_space
        end = _BREAK.encode()
        self._styles = [Style(end, spaces, keep_whole) for spaces in kinds]
        self._joined = [Style(end, spaces, keep_whole, ord(_JOINT)) for spaces in kinds]
        self._separated: dict[str, Style] = {}
        self._pos_tagger: PosTagger | None = None

    @property
    def model(self) -> Model:
        """The model, with all its standards."""
        if self._model is None:
            from crfseg.model.segmentation_model import Model

            self._model = Model.load(self.path)
        return self._model

    @property
    def pos_tagger(self) -> PosTagger:
        """The tagger used by `cut_pos`; raises ModelError for an unsuitable model."""
        if self._pos_tagger is None:
            from crfseg.tagging.pos_tagger import PosTagger

            with _MAKING:
                self._pos_tagger = self._pos_tagger or PosTagger(self.pos_model)
        return self._pos_tagger

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.path:
            raise TypeError("a Segmenter made from a model in memory cannot be pickled")
        words = self._engine.dictionary
        return _restore, (self.path, self.standard, self.keep_whole, words, self.pos_model)

    def __repr__(self) -> str:
        model = repr(self.path) if self.path else "a model in memory"
        return f"Segmenter({model}, standard={self.standard!r})"

    def __call__(self, text: str) -> list[str]:
        """The same as ``cut(text)``."""
        return self.cut(text)

    @property
    def standards(self) -> list[str]:
        """The standards of the model, the default one first; none for a plain model."""
        return self.model.standards

    def add_words(self, words: Iterable[str], force: bool = False) -> None:
        """Add words to the user's dictionary, to prefer them or (force) to keep them whole.

        Adding an existing word changes its strength. Raises SettingsError for invalid words.
        """
        self._words().add(words, force)

    def add_word(self, word: str, force: bool = False) -> None:
        """`add_words` for one word."""
        self.add_words([word], force)

    def del_word(self, word: str) -> None:
        """Remove a word from the user's dictionary, if present."""
        self._words().remove([word])

    def _words(self) -> UserDictionary:
        if self._engine.dictionary is None:
            from crfseg.segmentation.user_dictionary import UserDictionary

            with _MAKING:  # two threads may get here at once
                self._engine.dictionary = self._engine.dictionary or UserDictionary()
        return self._engine.dictionary

    def cut(self, text: str, keep_space: bool = True) -> list[str]:
        """The words of a text; keep_space: include runs of whitespace as tokens."""
        if _BREAK in text:
            return self._cut_around(text, keep_space)
        data = text.encode("utf-8", "surrogatepass")
        return self._engine.write(data, self._styles[keep_space], as_words)

    def cut_pos(self, text: str, keep_space: bool = True) -> list[tuple[str, str]]:
        """The words of a text with their parts of speech; see docs/guide/pos.md.

        Whitespace has the tag "", or is left out without keep_space. Every line is tagged as one
        sentence. Raises ModelError.
        """
        tokens = self.cut(text)
        pairs = zip(tokens, self.pos_tagger.tag_tokens(tokens), strict=True)
        return [pair for pair in pairs if keep_space or not is_space(pair[0])]

    def cut_many(
        self, texts: list[str], threads: int | None = None, keep_space: bool = True
    ) -> list[list[str]]:
        """``[cut(text) for text in texts]``, computed in batches on several threads."""
        batches, size = [[]], 0  # type: list[list[str]], int
        for text in texts:
            batches[-1].append(text)
            size += len(text)
            if size >= _BATCH:
                batches.append([])
                size = 0
        style = self._joined[keep_space]

        def cut_batch(batch: list[str]) -> list[list[str]]:
            joined = _JOINT.join(batch)
            if _BREAK in joined or joined.count(_JOINT) != len(batch) - 1:
                return [self.cut(text, keep_space) for text in batch]
            data = joined.encode("utf-8", "surrogatepass")
            return self._engine.write(data, style, as_lists)

        with workers(min(thread_count(threads), len(batches))) as run:
            results = run(cut_batch, filter(None, batches))
        return [words for result in results for words in result]

    def segment(self, text: str, sep: str = " ") -> str:
        """The text with a separator between adjacent words.

        Whitespace in the text is kept, and no separator is added beside it.
        """
        data = text.encode("utf-8", "surrogatepass")
        return self._engine.write(data, self._separated_by(sep), as_text)

    def tags(self, text: str) -> str:
        """A tag (s, b, m or e) per character; whitespace is copied."""
        from crfseg.corpus.schemes import tags_of_words

        tokens = self.cut(text)
        return "".join(t if is_space(t) else tags_of_words([t]) for t in tokens)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Begin and end of each word in characters, without whitespace."""
        return [(begin, end) for _, begin, end in self.tokenize(text)]

    def tokenize(self, text: str) -> list[tuple[str, int, int]]:
        """Each word with its begin and end in characters, without whitespace."""
        tokens = self.cut(text)
        ends = list(accumulate(map(len, tokens)))
        return [
            (token, end - len(token), end)
            for token, end in zip(tokens, ends, strict=True)
            if not is_space(token)
        ]

    def segmentations(
        self,
        text: str,
        *,
        boundaries: Mapping[int, bool] | None = None,
        words: Iterable[tuple[int, int]] = (),
    ) -> Segmentations:
        """The distribution over segmentations of a text that satisfy the constraints.

        boundaries: maps offsets in characters to whether there is a boundary; words: spans of
        characters that are words. Raises SettingsError for constraints that cannot be met. The
        methods below are shortcuts; see `segmentation.distribution`.
        """
        from crfseg.segmentation.distribution import Segmentations

        return Segmentations(
            self._engine, text, self.keep_whole, boundaries=boundaries, words=words
        )

    def cut_constrained(
        self,
        text: str,
        boundaries: Mapping[int, bool] | None = None,
        words: Iterable[tuple[int, int]] = (),
    ) -> list[str]:
        """The best segmentation that satisfies the constraints, see `segmentations`."""
        return self.segmentations(text, boundaries=boundaries, words=words).best()

    def nbest(self, text: str, k: int) -> list[Segmentation]:
        """The k most probable segmentations, best first, each with its log-probability."""
        return self.segmentations(text).nbest(k)

    def sample(self, text: str, k: int = 1, seed: int | None = None) -> list[list[str]]:
        """Draw k random segmentations from the model's distribution."""
        return self.segmentations(text).sample(k, seed)

    def marginals(self, text: str) -> Marginals:
        """Marginal probabilities of boundaries, tags and the words of the best segmentation."""
        return self.segmentations(text).marginals()

    def explain(self, text: str) -> Explanation:
        """Explain the segmentation: the features for and against each boundary."""
        from crfseg.model.standards import select
        from crfseg.segmentation.explanation import explain

        model = select(self.model, self.standard)
        return explain(text, self.cut(text), model, self.marginals(text).boundaries)

    def log_likelihood(self, words: Sequence[str]) -> float:
        """The log-probability of this segmentation, given its text."""
        return self.segmentations("".join(words)).log_likelihood(words)

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
        """Segment whole lines of UTF-8 and write them in one of the formats of OUTPUTS.

        words: the line with separators; tags: character/tag; spans: begin:end of each word in
        characters; json: an array of all tokens, including whitespace, each with its
        confidence (the probability of the word); marginals: an object with the probabilities of
        words, boundaries and tags. Line ends are kept. Raises UnicodeDecodeError.
        """
        if output not in OUTPUTS:
            expected = f"must be one of {', '.join(OUTPUTS)}"
            raise SettingsError(expected, parameter="output", value=output)
        if output == "words":
            return self._write(data, self._separated_by(sep))
        from crfseg.segmentation import output_formats

        text = data.decode("utf-8")
        if output in output_formats.WRITTEN:
            return output_formats.write_lines(self.marginals(text), output).encode("utf-8")
        lines = list(output_formats.lines_of(text))
        cut = self.cut_many([text[begin:end] for begin, end, _ in lines], 1)
        return "".join(
            output_formats.JOINED[output](tokens, sep) + text[end:following]
            for (_, end, following), tokens in zip(lines, cut, strict=True)
        ).encode("utf-8")

    def tokens_bytes(self, data: bytes) -> bytes:
        """UTF-8 with `text.codes.BREAK` between its tokens, including whitespace tokens.

        Raises UnicodeDecodeError.
        """
        return self._write(data, self._styles[True])

    def _write(self, data: bytes, style: Style) -> bytes:
        written = self._engine.write(data, style, as_bytes)
        if b"\xed" in data and _SURROGATE.search(data):
            data.decode("utf-8")  # raises
        return written

    def _separated_by(self, sep: str) -> Style:
        """The style with a separator between words; the first 16 separators are cached."""
        style = self._separated.get(sep)
        if style is None:
            style = Style(sep.encode("utf-8", "surrogatepass"), layout.KEEP, self.keep_whole)
            if len(self._separated) < 16:
                self._separated[sep] = style
        return style

    def _cut_around(self, text: str, keep_space: bool) -> list[str]:
        """`cut` for a text that contains BREAK, the separator of tokens.

        BREAK is replaced by other whitespace, which makes no difference to the model.
        """
        tokens = self.cut(text.replace(_BREAK, "\x1d"))  # not a space, which words may contain
        ends = accumulate(map(len, tokens))
        tokens = [text[end - len(token) : end] for token, end in zip(tokens, ends, strict=True)]
        return [token for token in tokens if keep_space or not is_space(token)]


def _restore(
    path: str,
    standard: str | None,
    keep_whole: bool,
    words: UserDictionary | None,
    pos_model: Any,
) -> Segmenter:
    segmenter = Segmenter(path, standard=standard, keep_whole=keep_whole, pos_model=pos_model)
    segmenter._engine.dictionary = words
    return segmenter


def _words_of(words: WordList) -> Iterable[str]:
    if isinstance(words, str | os.PathLike):
        from crfseg.corpus.word_lists import read_words

        return read_words(words)
    return words
