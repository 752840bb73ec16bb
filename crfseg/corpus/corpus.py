"""Segmented text packed into arrays for training."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise, repeat

import numpy as np

from crfseg.common.errors import DataError
from crfseg.common.files import Path
from crfseg.common.progress import Progress
from crfseg.corpus.partial import Partial
from crfseg.corpus.sentences import checked_format, iterate_sentences

#: Words packed at a time: only these are Python objects at once.
_CHUNK = 1 << 18
# Lone surrogates are not valid text, but a Python string can contain them.
_ERRORS = "surrogatepass"


@dataclass(frozen=True, eq=False)
class Corpus:
    """The sentences of a corpus as arrays, five bytes per character (six if partly annotated).

    codes: uint32 [N], the code points of all sentences concatenated, without whitespace.
    begins: bool [N], True where a word begins.
    offsets: int64 [S + 1]; sentence s is codes[offsets[s]:offsets[s + 1]], never empty.
    standards: uint8 [S], the standard each sentence follows; 0 if omitted.
    weights: float32 [S], the weight of each sentence's log-likelihood; 1 if omitted.
    known: bool [N], False where it is unknown whether a word begins (begins is False there);
    None if all is known.
    """

    codes: np.ndarray
    begins: np.ndarray
    offsets: np.ndarray
    standards: np.ndarray = None  # type: ignore[assignment]
    weights: np.ndarray = None  # type: ignore[assignment]
    known: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.standards is None:
            object.__setattr__(self, "standards", np.zeros(len(self), dtype=np.uint8))
        if self.weights is None:
            object.__setattr__(self, "weights", np.ones(len(self), dtype=np.float32))

    @classmethod
    def joined(cls, corpora: Sequence[Corpus]) -> Corpus:
        """Concatenates corpora; corpus k becomes standard k."""
        if len(corpora) == 1:
            return corpora[0]
        before = np.cumsum([0, *(len(corpus.codes) for corpus in corpora)])
        ends = [corpus.offsets[1:] + b for corpus, b in zip(corpora, before, strict=False)]
        known = None
        if any(corpus.known is not None for corpus in corpora):
            known = np.concatenate([c.all_known if c.known is None else c.known for c in corpora])
        return cls(
            np.concatenate([corpus.codes for corpus in corpora]),
            np.concatenate([corpus.begins for corpus in corpora]),
            np.concatenate([np.zeros(1, dtype=np.int64), *ends]),
            np.repeat(np.arange(len(corpora), dtype=np.uint8), [len(c) for c in corpora]),
            np.concatenate([corpus.weights for corpus in corpora]),
            known,
        )

    @property
    def all_known(self) -> np.ndarray:
        """bool [N], all True: ``known`` of a fully annotated corpus."""
        return np.ones(len(self.codes), dtype=np.bool_)

    @property
    def partly(self) -> np.ndarray:
        """bool [S]: which sentences are partly annotated."""
        if self.known is None:
            return np.zeros(len(self), dtype=np.bool_)
        return ~np.logical_and.reduceat(self.known, self.offsets[:-1])

    def check_whole(self, name: str) -> None:
        """Raises DataError if a sentence is partly annotated; name: of the corpus."""
        if self.known is not None:
            raise DataError(name, None, "is partly annotated", "whole words")

    def taken(self, chosen: np.ndarray) -> Corpus:
        """The selected sentences; chosen: bool [S]."""
        lengths = np.diff(self.offsets)
        kept = np.repeat(chosen, lengths)
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths[chosen])])
        known = None if self.known is None else self.known[kept]
        return Corpus(
            self.codes[kept], self.begins[kept], offsets, self.standards[chosen],
            self.weights[chosen], None if known is None or known.all() else known,
        )  # fmt: skip

    def of_standard(self, standard: int) -> Corpus:
        """The same sentences, all assigned to one standard."""
        return replace(self, standards=np.full(len(self), standard, dtype=np.uint8))

    @classmethod
    def from_sentences(cls, sentences: Iterable[Sequence[str]]) -> Corpus:
        """Packs sentences; words are split at whitespace, empty words and sentences dropped.

        A sentence may be `Partial`.
        """
        # A bytearray grows in place: no second copy at the end.
        codes, begins, offsets = bytearray(), bytearray(), bytearray()
        unknown: list[int] = []
        offsets += np.zeros(1, np.int64).tobytes()
        for chunk in _chunks(sentences):
            words = list(chain.from_iterable(chunk))
            text = "".join(words)
            if len(text.split()) > 1 or text[:1].isspace() or text[-1:].isspace() or "" in words:
                chunk = [clean for words in chunk if (clean := _clean(words))]
                words = list(chain.from_iterable(chunk))
                text = "".join(words)
            ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)))
            counts = np.fromiter(filter(None, map(len, chunk)), np.int64)
            starts = np.zeros(len(text), np.bool_)
            if words:
                starts[0] = True
                starts[ends[:-1]] = True
            if any(isinstance(words, Partial) for words in chunk):
                unknown += _unknown_places(chunk, len(begins))
            offsets += (ends[np.cumsum(counts) - 1] + len(begins)).tobytes()
            codes += np.frombuffer(_encode(text), "<u4").astype(np.uint32, copy=False).data
            begins += starts.data
        corpus = cls(
            np.frombuffer(codes, np.uint32),
            np.frombuffer(begins, np.bool_),
            np.frombuffer(offsets, np.int64),
        )
        if not unknown:
            return corpus
        known = corpus.all_known
        known[unknown] = False
        return replace(corpus, known=known)

    @classmethod
    def read(
        cls,
        paths: Path | Sequence[Path],
        format: str = "auto",
        encoding: str = "utf-8",
        progress: Progress | None = None,
        weights: Mapping[Path, float] | None = None,
        *,
        few: bool = False,
    ) -> Corpus:
        """Reads one or more files into one corpus, reporting bytes to ``progress``.

        weights: the weight of each file's sentences, where it is not 1; few: accept a corpus
        in which no word has two characters.
        Raises what ``read_sentences`` raises, and DataError for a file without sentences, for
        whole lines instead of words, or if no word has two characters.
        """
        files = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        progress = progress or Progress()
        progress.begin("reading", _total_bytes(files), "bytes")
        counts: list[int] = []
        form, heard = checked_format(format), progress.advance
        readers = (iterate_sentences(path, form, encoding, heard) for path in files)
        corpus = cls.from_sentences(
            chain.from_iterable(map(_counted, files, readers, repeat(counts)))  # one by one
        )
        if weights:
            each = [weights.get(path, 1.0) for path in files]
            corpus = replace(corpus, weights=np.repeat(np.array(each, np.float32), counts))
        names = ", ".join(os.fspath(path) for path in files)
        characters, words, sentences = len(corpus.codes), corpus.word_count, len(corpus)
        if not sentences:
            raise DataError(names, None, "no corpus was given", "a file")
        if words == characters and not few:
            problem = "no word has more than one character"
            raise DataError(names, None, problem, "a corpus segmented into words")
        # Word lists also have one word per line, but short ones.
        if words == sentences and characters > 10 * words:
            problem = "no line has more than one word"
            raise DataError(names, None, problem, "words separated by spaces; is it segmented?")
        progress.end(f"{sentences:,} sentences, {words:,} words, {characters:,} characters")
        return corpus

    def __len__(self) -> int:
        """The number of sentences S."""
        return len(self.offsets) - 1

    @property
    def word_count(self) -> int:
        """The number of words."""
        return int(np.count_nonzero(self.begins))

    def sentences(self) -> Iterator[list[str]]:
        """The sentences as lists of words."""
        step = 1000
        for s in range(0, len(self), step):
            ends = self.offsets[s : s + step + 1]
            low, high = int(ends[0]), int(ends[-1])
            text = self.codes[low:high].astype("<u4").tobytes().decode("utf-32-le", _ERRORS)
            starts = np.flatnonzero(self.begins[low:high])
            places = [*starts.tolist(), high - low]
            words = [text[a:b] for a, b in pairwise(places)]
            firsts = np.searchsorted(starts, ends - low).tolist()
            yield from (words[a:b] for a, b in pairwise(firsts))

    def words(self) -> Counter[str]:
        """The frequency of each word."""
        return Counter(chain.from_iterable(self.sentences()))


def _encode(text: str) -> bytes:
    return text.encode("utf-32-le", _ERRORS)


def _chunks(sentences: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Yields lists of sentences with about _CHUNK words in total."""
    chunk: list[Sequence[str]] = []
    size = 0
    for sentence in sentences:
        chunk.append(sentence)
        size += len(sentence)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _clean(words: Sequence[str]) -> Sequence[str]:
    """Splits words at whitespace; a `Partial` contains none and is returned unchanged."""
    return words if isinstance(words, Partial) else " ".join(words).split()


def _unknown_places(sentences: Iterable[Sequence[str]], at: int) -> Iterator[int]:
    """Positions with an unknown boundary; ``at`` is the position of the first sentence."""
    for words in sentences:
        if isinstance(words, Partial):
            yield from (at + place for place in words.unknown)
        at += sum(map(len, words))


def _counted(path: Path, sentences: Iterator[list[str]], counts: list[int]) -> Iterator[list[str]]:
    """Yields the sentences and appends their number to counts; raises DataError if it is 0."""
    number = 0
    for number, words in enumerate(sentences, 1):  # noqa: B007
        yield words
    if not number:
        raise DataError(path, None, "the corpus is empty", "at least one sentence")
    counts.append(number)


def _total_bytes(files: Sequence[Path]) -> int | None:
    """The total size of the files; None if any is not a regular file."""
    if all(map(os.path.isfile, files)):
        return sum(map(os.path.getsize, files))
    return None
