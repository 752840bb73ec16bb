"""Reads tokens with feature columns and a label, the input of taggers.

One token per line, columns separated by spaces or tabs, a blank line after each sentence:
the format of CRF++ and of the CoNLL tasks. The label, if there is one, is the last column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.files import Path, read_lines
from crfseg.corpus import formats
from crfseg.corpus.sentences import sample_of

#: "conll": one token per line; "tagged": word/label, one sentence per line.
TOKEN_FORMATS = ("auto", "conll", "tagged")
#: The columns of a token.
Row = Sequence[str]
Rows = list[Row]


def read_tokens(
    path: Path,
    format: str = "auto",
    encoding: str = "utf-8",
    columns: int | None = None,
    on_bytes: Callable[[int], object] | None = None,
) -> Iterator[Rows]:
    """Yields the sentences of a file, none empty, as rows of columns, in bounded memory.

    columns: how many each token must have; None: as many as the first has. ``on_bytes`` gets
    the size of each block read. Raises DataError naming the line, SettingsError.
    """
    if format not in TOKEN_FORMATS:
        expected = f"must be one of {', '.join(TOKEN_FORMATS)}"
        raise SettingsError(expected, parameter="format", value=format)
    return _sentences(path, format, encoding, columns, on_bytes)


def _sentences(
    path: Path,
    format: str,
    encoding: str,
    columns: int | None,
    on_bytes: Callable[[int], object] | None,
) -> Iterator[Rows]:
    lines: Iterable[str] = read_lines(path, encoding, on_bytes)
    if format == "auto":
        lines = iter(lines)
        sample = sample_of(lines)
        format = "tagged" if formats.detect(sample) == "tagged" else "conll"
        lines = chain(sample, lines)
    if format == "tagged":
        if columns not in (None, 2):
            expected = f"{columns} columns, one token a line"
            raise DataError(path, None, "word/label has two columns", expected)
        for number, line in enumerate(lines, 1):
            if pairs := formats.tagged_pairs(path, number, line):
                yield list(pairs)
        return
    yield from _rows(path, lines, columns)


def _rows(path: Path, lines: Iterable[str], columns: int | None) -> Iterator[Rows]:
    rows: Rows = []
    first = 0
    for number, line in enumerate(lines, 1):
        row = line.split()
        if not row:
            if rows:
                yield rows
                rows = []
            continue
        if columns is None:
            columns, first = len(row), number
        if len(row) != columns:
            expected = f"{columns}, as in line {first}" if first else str(columns)
            problem = f"{len(row)} columns ('{' '.join(row)[:30]}')"
            raise DataError(path, number, problem, expected)
        rows.append(row)
    if rows:
        yield rows
