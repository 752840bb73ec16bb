"""Segmented text: read from and written to files, and packed into arrays for training."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise, repeat

import numpy as np

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.files import Path, atomic_write, read_lines
from crfseg.common.progress import Progress
from crfseg.corpus import formats
from crfseg.corpus.partial import FORM, Partial
from crfseg.corpus.schemes import tags_of_words

FORMATS = ("auto", *formats.FORMS)
#: Characters packed at a time: the words of so many are Python objects at once.
_CHUNK = 1 << 18
# Lone surrogates are no text, but they can stand in a Python string.
_ERRORS = "surrogatepass"
#: The flags of a word: bits 0 .. FOLDS - 1 say in which folds of the training corpus it
#: occurs, bit FOLDS + k that it is in the k-th word list (a trie has room for
#: layout.FLAG_BITS of them).
FOLDS = 10


def detect_format(path: Path, encoding: str = "utf-8") -> str:
    """The format of a corpus file, by its first lines; raises DataError if it cannot be read."""
    return formats.detect(sample_of(read_lines(path, encoding)))


def read_sentences(
    path: Path,
    format: str = "auto",
    encoding: str = "utf-8",
    on_bytes: Callable[[int], object] | None = None,
) -> Iterator[list[str]]:
    """The sentences of a corpus file as lists of words, none empty, in bounded memory.

    ``on_bytes`` is told the size of each block read. Raises DataError naming the line that
    breaks the format or the encoding, or for a sentence that is partly annotated;
    SettingsError for an unknown format or encoding.
    """
    return _sentences(path, _checked(format), encoding, on_bytes, whole=True)


def _checked(format: str) -> str:
    if format not in FORMATS:
        raise SettingsError(f"--format {format}: must be one of {', '.join(FORMATS)}")
    return format


def _sentences(
    path: Path,
    format: str,
    encoding: str,
    on_bytes: Callable[[int], object] | None,
    *,
    whole: bool = False,
) -> Iterator[list[str]]:
    """whole: raise DataError for a sentence that is partly annotated."""
    lines: Iterable[str] = read_lines(path, encoding, on_bytes)
    guess = format == "auto"
    if guess:
        # Kept rather than read again: the file may be a pipe.
        lines = iter(lines)
        sample = sample_of(lines)
        format, lines = formats.detect(sample), chain(sample, lines)
    sentences = formats.READERS[format](path, lines, guess)
    yield from _wholly_known(path, sentences) if whole and format == "partial" else sentences


def _wholly_known(path: Path, sentences: Iterable[list[str]]) -> Iterator[list[str]]:
    for words in sentences:
        if isinstance(words, Partial):
            raise DataError(path, None, f"is partly annotated ({FORM})", "whole words")
        yield words


def sample_of(lines: Iterator[str]) -> list[str]:
    """As many lines from the beginning of a file as tell its format."""
    sample, filled = [], 0
    for line in lines:
        sample.append(line)
        filled += not line.isspace() and line != ""
        if filled == formats.SAMPLE:
            break
    return sample


def read_tagged(path: Path, encoding: str = "utf-8") -> Iterator[list[tuple[str, str]]]:
    """The sentences of a corpus file as (word, tag) pairs; tag "" in formats other than tagged.

    Raises DataError and SettingsError as ``read_sentences`` does.
    """
    lines = read_lines(path, encoding)
    sample = sample_of(lines)
    format, whole = formats.detect(sample), chain(sample, lines)
    if format == "tagged":
        for number, line in enumerate(whole, 1):
            if pairs := formats.tagged_pairs(path, number, line):
                yield pairs
    else:
        for words in formats.READERS[format](path, whole, True):
            yield [(word, "") for word in words]


def write_sentences(path: Path, sentences: Iterable[Sequence[str]], format: str = "words") -> None:
    """Writes sentences to a UTF-8 file, whole or not at all; words are split at whitespace.

    Raises SettingsError for a format that is not written, CrfsegError if the file cannot be.
    """
    if format not in _SPELLINGS:
        raise SettingsError(f"format {format}: must be one of {', '.join(_SPELLINGS)}")
    spell = _SPELLINGS[format]
    with atomic_write(path) as file:
        for sentence in sentences:
            if words := " ".join(sentence).split():
                file.write(spell(words).encode())


def _tagged_chars(words: list[str]) -> list[tuple[str, str]]:
    return list(zip("".join(words), tags_of_words(words), strict=True))


def _spell_conllu(words: list[str]) -> str:
    rows = [f"{i}\t{word}" + "\t_" * 7 + "\tSpaceAfter=No\n" for i, word in enumerate(words, 1)]
    return f"# text = {''.join(words)}\n{''.join(rows)}\n"


@dataclass(frozen=True, eq=False)
class Corpus:
    """The sentences of a corpus as arrays, five bytes a character (six if partly annotated).

    codes: uint32 [N], the code points of all sentences one after another, no whitespace.
    begins: bool [N], True where a word begins.
    offsets: int64 [S + 1]; sentence s is codes[offsets[s]:offsets[s + 1]], never empty.
    standards: uint8 [S], which of several standards each sentence follows; 0 if omitted.
    weights: float32 [S], what the log-likelihood of each sentence counts; 1 if omitted.
    known: bool [N], False where it is not known whether a word begins (begins is False there);
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
        """Several corpora, each of its own standard, one after another."""
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
        """bool [N], True everywhere: what ``known`` would be if all was known."""
        return np.ones(len(self.codes), dtype=np.bool_)

    @property
    def partly(self) -> np.ndarray:
        """bool [S]: the sentences that are partly annotated."""
        if self.known is None:
            return np.zeros(len(self), dtype=np.bool_)
        return ~np.logical_and.reduceat(self.known, self.offsets[:-1])

    def check_whole(self, name: str) -> None:
        """Raises DataError if a sentence is partly annotated; ``name`` is that of the corpus."""
        if self.known is not None:
            raise DataError(name, None, "is partly annotated", "whole words")

    def taken(self, chosen: np.ndarray) -> Corpus:
        """Some of the sentences; chosen: bool [S]."""
        lengths = np.diff(self.offsets)
        kept = np.repeat(chosen, lengths)
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths[chosen])])
        known = None if self.known is None else self.known[kept]
        return Corpus(
            self.codes[kept], self.begins[kept], offsets, self.standards[chosen],
            self.weights[chosen], None if known is None or known.all() else known,
        )  # fmt: skip

    def of_standard(self, standard: int) -> Corpus:
        """The same sentences, said to follow one standard."""
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

        weights: what the sentences of some of the files count, where it is not 1; few:
        that no word has two characters, which is no error then.
        Raises DataError for a file without a sentence, or of whole lines instead of words,
        or if no word has two characters, besides what ``read_sentences`` raises.
        """
        files = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        progress = progress or Progress()
        progress.begin("reading", _total_bytes(files), "bytes")
        counts: list[int] = []
        form, heard = _checked(format), progress.advance
        readers = (_sentences(path, form, encoding, heard) for path in files)
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
        # Lists of words have one a line as well, but not long ones.
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
        """How often each word occurs."""
        return Counter(chain.from_iterable(self.sentences()))


def _encode(text: str) -> bytes:
    return text.encode("utf-32-le", _ERRORS)


def _chunks(sentences: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """Lists of sentences of some _CHUNK words in all."""
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
    """Words split at whitespace; partly annotated text has none."""
    return words if isinstance(words, Partial) else " ".join(words).split()


def _unknown_places(sentences: Iterable[Sequence[str]], at: int) -> Iterator[int]:
    """Where it is not known whether a word begins, if the first sentence begins at ``at``."""
    for words in sentences:
        if isinstance(words, Partial):
            yield from (at + place for place in words.unknown)
        at += sum(map(len, words))


def _counted(path: Path, sentences: Iterator[list[str]], counts: list[int]) -> Iterator[list[str]]:
    """The same sentences; their number is added to counts. Raises DataError if there is none."""
    number = 0
    for number, words in enumerate(sentences, 1):  # noqa: B007
        yield words
    if not number:
        raise DataError(path, None, "the corpus is empty", "at least one sentence")
    counts.append(number)


def _total_bytes(files: Sequence[Path]) -> int | None:
    """The size of all files, None where one is no plain file."""
    if all(map(os.path.isfile, files)):
        return sum(map(os.path.getsize, files))
    return None


def folds_of(sentences: int, folds: int = FOLDS) -> np.ndarray:
    """int64 [S]: so many runs of neighbouring sentences, as equal as they can be.

    Runs, not every tenth: neighbours come from one document and share its rare words, so
    only a lexicon without all of them shows what an unseen document looks like.
    """
    return np.arange(sentences) * folds // max(sentences, 1)


_SPELLINGS: dict[str, Callable[[list[str]], str]] = {
    "words": lambda words: " ".join(words) + "\n",
    "chars": lambda words: " ".join(f"{c}/{tag}" for c, tag in _tagged_chars(words)) + "\n",
    "conll": lambda words: "".join(f"{c}\t{tag}\n" for c, tag in _tagged_chars(words)) + "\n",
    "conllu": _spell_conllu,
}
