"""Reading and writing sentences in every corpus format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.files import Path, atomic_write, read_lines
from crfseg.corpus import formats
from crfseg.corpus.partial import FORM, Partial
from crfseg.corpus.schemes import tags_of_words

FORMATS = ("auto", *formats.FORMS)


def detect_format(path: Path, encoding: str = "utf-8") -> str:
    """Detects the format of a corpus file from its first lines; raises DataError."""
    return formats.detect(sample_of(read_lines(path, encoding)))


def read_sentences(
    path: Path,
    format: str = "auto",
    encoding: str = "utf-8",
    on_bytes: Callable[[int], object] | None = None,
) -> Iterator[list[str]]:
    """Yields the sentences of a corpus file as non-empty lists of words, in bounded memory.

    ``on_bytes`` gets the size of each block read. Raises DataError naming the line that
    breaks the format or the encoding, or for a partly annotated sentence; SettingsError for
    an unknown format or encoding.
    """
    return iterate_sentences(path, checked_format(format), encoding, on_bytes, whole=True)


def checked_format(format: str) -> str:
    if format not in FORMATS:
        expected = f"must be one of {', '.join(FORMATS)}"
        raise SettingsError(expected, parameter="format", value=format)
    return format


def iterate_sentences(
    path: Path,
    format: str,
    encoding: str,
    on_bytes: Callable[[int], object] | None,
    *,
    whole: bool = False,
) -> Iterator[list[str]]:
    """whole: raise DataError for a partly annotated sentence."""
    lines: Iterable[str] = read_lines(path, encoding, on_bytes)
    guess = format == "auto"
    if guess:
        # The sample is kept, not read again: the file may be a pipe.
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
    """Reads the first lines of a file, as many as are needed to detect its format."""
    sample, filled = [], 0
    for line in lines:
        sample.append(line)
        filled += not line.isspace() and line != ""
        if filled == formats.SAMPLE:
            break
    return sample


def read_tagged(path: Path, encoding: str = "utf-8") -> Iterator[list[tuple[str, str]]]:
    """Yields sentences as (word, tag) pairs; the tag is "" in formats other than tagged.

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
    """Writes sentences atomically to a UTF-8 file; words are split at whitespace.

    Raises SettingsError for a format that cannot be written, CrfsegError if writing fails.
    """
    if format not in _SPELLINGS:
        expected = f"must be one of {', '.join(_SPELLINGS)}"
        raise SettingsError(expected, parameter="format", value=format)
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


_SPELLINGS: dict[str, Callable[[list[str]], str]] = {
    "words": lambda words: " ".join(words) + "\n",
    "chars": lambda words: " ".join(f"{c}/{tag}" for c, tag in _tagged_chars(words)) + "\n",
    "conll": lambda words: "".join(f"{c}\t{tag}\n" for c, tag in _tagged_chars(words)) + "\n",
    "conllu": _spell_conllu,
}
