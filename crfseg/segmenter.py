"""`Segmenter`: text in, words out."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np

from crfseg import patterns
from crfseg.compiled import compile_model
from crfseg.errors import SettingsError
from crfseg.kernels import decode
from crfseg.model import Model
from crfseg.tags import tags_of_words
from crfseg.text import code_points, is_space
from crfseg.threads import thread_count

OUTPUTS = ("words", "tags", "json", "spans")
_BATCH = 1 << 16


def default_model_path() -> str:
    """Where the model that comes with crfseg is."""
    return os.fspath(files("crfseg.data") / "default.crfseg")  # type: ignore[call-overload]


class Segmenter:
    """Cuts Chinese text into words with a trained model.

    path: a model file; the model that comes with crfseg if omitted. keep_whole: keep
    addresses, times, dates and grouped numbers whole whatever the model says. Raises
    ModelError for a file that is no sound model.

    ``"".join(segmenter.cut(text)) == text`` for every string. One segmenter may be used
    by many threads at once; it pickles as its path, so that it can be sent to other
    processes.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, keep_whole: bool = True
    ) -> None:
        self.path = default_model_path() if path is None else os.fspath(path)
        self.keep_whole = keep_whole
        self.model = Model.load(self.path)
        self._prepare()

    @classmethod
    def from_model(cls, model: Model, *, keep_whole: bool = True) -> Segmenter:
        """A segmenter for a model in memory; it cannot be pickled."""
        self = cls.__new__(cls)
        self.path, self.model, self.keep_whole = "", model, keep_whole
        self._prepare()
        return self

    def _prepare(self) -> None:
        self._tables = compile_model(self.model)
        self._tags = tuple(range(self.model.scheme.size))

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.path:
            raise TypeError("a Segmenter made from a model in memory cannot be pickled")
        return _restore, (self.path, self.keep_whole)

    def __repr__(self) -> str:
        return f"Segmenter({self.path!r})"

    def cut(self, text: str, keep_space: bool = True) -> list[str]:
        """The words of a text; runs of whitespace are tokens too, or left out."""
        marks = self._mark(text)
        return self._tokens(text, marks, 0, len(text), keep_space)

    def cut_many(
        self, texts: list[str], threads: int | None = None, keep_space: bool = True
    ) -> list[list[str]]:
        """``[cut(text) for text in texts]``, in batches and on several threads."""
        batches, size = [[]], 0  # type: list[list[str]], int
        for text in texts:
            batches[-1].append(text)
            size += len(text)
            if size >= _BATCH:
                batches.append([])
                size = 0

        def cut_batch(batch: list[str]) -> list[list[str]]:
            joined = "\n".join(batch)
            marks = self._mark(joined)
            result, begin = [], 0
            for text in batch:
                end = begin + len(text)
                if text and marks[begin] == decode.INSIDE:  # the line end's whitespace runs on
                    marks[begin] = decode.SPACE
                result.append(self._tokens(joined, marks, begin, end, keep_space))
                begin = end + 1
            return result

        count = min(thread_count(threads), len(batches))
        if count == 1:
            return [words for batch in batches for words in cut_batch(batch)]
        with ThreadPoolExecutor(count) as pool:
            return [words for result in pool.map(cut_batch, batches) for words in result]

    def segment(self, text: str, sep: str = " ") -> str:
        """The text with a separator between neighbouring words.

        Whitespace in the text is kept as it is and separates by itself.
        """
        marks = self._mark(text)
        pieces, begin, after_word = [], 0, False
        for start in np.flatnonzero(marks).tolist():
            is_word = marks[start] == decode.WORD
            if start > begin:
                pieces.append(text[begin:start])
            if is_word and after_word:
                pieces.append(sep)
            begin, after_word = start, is_word
        pieces.append(text[begin:])
        return "".join(pieces)

    def tags(self, text: str) -> str:
        """One letter a character: s, b, m, e; whitespace stands for itself."""
        tokens = self.cut(text)
        return "".join(t if is_space(t) else tags_of_words([t]) for t in tokens)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Begin and end of each word in characters; whitespace has none."""
        return [(begin, end) for _, begin, end in self.tokenize(text)]

    def tokenize(self, text: str) -> list[tuple[str, int, int]]:
        """Each word with its begin and end in characters; whitespace is left out."""
        marks = self._mark(text)
        edges = [*np.flatnonzero(marks).tolist(), len(text)]
        return [(text[a:b], a, b) for a, b in pairwise(edges) if marks[a] == decode.WORD]

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
        """Segment whole lines of UTF-8, in one of the forms of OUTPUTS.

        words: the line with separators; tags: character/tag; json: an array of tokens,
        whitespace included; spans: begin:end of each word in characters. Line ends are
        kept. Raises UnicodeDecodeError.
        """
        if output not in OUTPUTS:
            raise SettingsError(f"--output {output}: must be one of {', '.join(OUTPUTS)}")
        text = data.decode("utf-8")
        if output == "words":
            return self._write_words(data, text, sep)
        *lines, rest = text.split("\n")
        if rest:
            lines.append(rest)
        bodies = [line.removesuffix("\r") for line in lines]
        formatted = _FORMATTERS[output]
        answers = [
            formatted(tokens) + line[len(body) :]
            for line, body, tokens in zip(lines, bodies, self.cut_many(bodies, 1), strict=True)
        ]
        return ("\n".join(answers) + ("" if rest or not lines else "\n")).encode("utf-8")

    def _write_words(self, data: bytes, text: str, sep: str) -> bytes:
        marks = self._mark(text)
        separator = np.frombuffer(sep.encode("utf-8"), dtype=np.uint8)
        room = len(data) + len(separator) * int(np.count_nonzero(marks))
        out = np.empty(room, dtype=np.uint8)
        source = np.frombuffer(data, dtype=np.uint8)
        length = decode.write_words(source, marks, separator, out)
        return out[:length].tobytes()

    def _mark(self, text: str) -> np.ndarray:
        """uint8 [len(text)]: INSIDE, WORD or SPACE for each character."""
        codes = code_points(text)
        locks = patterns.spans(text, codes) if self.keep_whole else patterns.NOTHING
        marks = np.empty(len(codes), dtype=np.uint8)
        decode.mark(codes, locks, self._tables, self._tags, marks)
        return marks

    @staticmethod
    def _tokens(text: str, marks: np.ndarray, begin: int, end: int, keep_space: bool) -> list[str]:
        here = marks[begin:end]
        starts = np.flatnonzero(here if keep_space else here == decode.WORD)
        if begin:
            starts += begin
        if keep_space:
            return [text[a:b] for a, b in pairwise([*starts.tolist(), end])]
        edges = np.append(np.flatnonzero(here) + begin, end)
        ends = edges[np.searchsorted(edges, starts, side="right")]
        return [text[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


def _restore(path: str, keep_whole: bool) -> Segmenter:
    return Segmenter(path, keep_whole=keep_whole)


def _format_tags(tokens: list[str]) -> str:
    pieces, after_word = [], False
    for token in tokens:
        if is_space(token):
            pieces.append(token)
        else:
            letters = zip(token, tags_of_words([token]), strict=True)
            spelled = " ".join(f"{c}/{tag}" for c, tag in letters)
            pieces.append(" " + spelled if after_word else spelled)
        after_word = not is_space(token)
    return "".join(pieces)


def _format_spans(tokens: list[str]) -> str:
    spans, begin = [], 0
    for token in tokens:
        end = begin + len(token)
        if not is_space(token):
            spans.append(f"{begin}:{end}")
        begin = end
    return " ".join(spans)


_FORMATTERS = {
    "tags": _format_tags,
    "json": lambda tokens: json.dumps(tokens, ensure_ascii=False),
    "spans": _format_spans,
}
