"""What features are called where people read them: "C-1=人 C0=民".

`crfseg info`, `crfseg dump` and `crfseg explain` use the same names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from crfseg.features import digits_of
from crfseg.kernels.layout import CHARACTER, FIRST_LEXICON, LONGEST, TYPE
from crfseg.model import Model
from crfseg.text import PLAIN, classes

_TYPES = ("outside", "other", "Han", "digit", "numeral", "letter", "punctuation")
_ESCAPED = re.compile(r"\\(?:\\|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))|(\\)")


def escape(text: str) -> str:
    r"""Text with every character visible: "\u0301" for a combining accent.

    Backslashes are doubled; whitespace, what is not printable and what joins the character
    before it is written as \uXXXX or \UXXXXXXXX.
    """
    return "".join(map(_escaped, text))


@cache
def _escaped(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if character.isprintable() and character != " " and classes()[code] == PLAIN:
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unescape(text: str) -> str:
    """The text that was escaped; raises ValueError for a backslash that means nothing."""
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    short, long, stray = match.groups()
    if stray:
        raise ValueError(f"a backslash alone in {match.string!r}")
    return chr(int(short or long, 16)) if short or long else "\\"


def _codes(tiers: int) -> list[str]:
    """The codes of a lexicon: lengths, of words that are used widely with plus signs."""
    return ["0", *(f"{n}{'+' * tier}" for n in range(2, LONGEST + 1) for tier in range(tiers))]


class Spelling:
    """The names of a model's features.

    values: for each column of the feature table, what its values are called.
    """

    def __init__(self, model: Model) -> None:
        self._families, self._radix = model.templates.families, model.radix
        self._last = FIRST_LEXICON + 2 * model.lexicons
        characters = [escape(chr(code)) for code in model.alphabet.characters.tolist()]
        self.values: list[Sequence[str]] = [
            ["(unknown)", "(outside)", *characters],
            _TYPES,
            *[_codes(tiers) for tiers in model.tiers for _ in range(2)],
        ]
        if len(model.standards) > 1:
            self.values.append([escape(name) for name in model.standards])

    def cell(self, offset: int, column: int) -> str:
        """The name of a cell, seen from a position: "C-1", "word0.begins+1"."""
        where = f"{offset:+d}" if offset else "0"
        if column in (CHARACTER, TYPE):
            return f"{'C' if column == CHARACTER else 'type'}{where}"
        if column == self._last:
            return f"standard{where}"
        number, ends = divmod(column - FIRST_LEXICON, 2)
        return f"word{number}.{'ends' if ends else 'begins'}{where}"

    def names(self, f: int, shift: int) -> tuple[str, ...]:
        """The names of the cells of a family whose anchor is ``shift`` after the position."""
        return tuple(
            self.cell(shift + offset, column) for offset, column in self._families[f].pattern
        )

    def feature(self, f: int, key: int, place: int) -> str:
        """An n-gram of a family seen from a position, by the number of its template."""
        names = self.names(f, self._families[f].shifts[place])
        return self.join(names, self.cells(f, np.array([key], dtype=np.uint64))[0])

    def cells(self, f: int, keys: np.ndarray) -> list[tuple[str, ...]]:
        """What the cells of each n-gram of a family hold; keys: uint64 [n]."""
        columns = [column for _, column in self._families[f].pattern]
        digits = digits_of(keys, [self._radix[column] for column in columns])
        spelled = [
            [self.values[column][value] for value in values.tolist()]
            for column, values in zip(columns, digits, strict=True)
        ]
        return list(zip(*spelled, strict=True))

    @staticmethod
    def join(names: Sequence[str], values: Sequence[str]) -> str:
        """The feature: names and values in turn."""
        return " ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
