"""Human-readable names of features: "C-1=人 C0=民".

`crfseg info`, `crfseg dump` and `crfseg explain` use the same names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from crfseg.features.kernels.layout import CHARACTER, FIRST_LEXICON, LONGEST, TYPE
from crfseg.features.table import digits_of
from crfseg.features.templates import Family
from crfseg.text.characters import classes
from crfseg.text.codes import PLAIN

if TYPE_CHECKING:
    from crfseg.features.token_encoder import TokenEncoder
    from crfseg.model.segmentation_model import Model

#: Stand for unknown and missing characters or tokens, and for empty tokens.
UNKNOWN, OUTSIDE, EMPTY = "(unknown)", "(outside)", "(empty)"
_NOWHERE = (UNKNOWN, OUTSIDE)
_MARKS = ("(", "#", "%", "")
_TYPES = ("outside", "other", "Han", "digit", "numeral", "letter", "punctuation")
_ESCAPED = re.compile(r"\\(?:\\|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))|(\\)")


def escape(text: str) -> str:
    r"""Makes every character of a text visible: "\u0301" for a combining accent.

    Backslashes are doubled; whitespace, unprintable characters and those that join the
    character before them are written as \uXXXX or \UXXXXXXXX.
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
    """The inverse of `escape`; raises ValueError for an invalid escape."""
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    short, long, stray = match.groups()
    if stray:
        raise ValueError(f"a backslash alone in {match.string!r}")
    return chr(int(short or long, 16)) if short or long else "\\"


def _codes(tiers: int) -> list[str]:
    """The names of the codes of a lexicon: word lengths, with one more plus sign per tier."""
    return ["0", *(f"{n}{'+' * tier}" for n in range(2, LONGEST + 1) for tier in range(tiers))]


class Names:
    """The names of features.

    families; radix: the number of values of each column of the feature table; values: their
    names.
    """

    families: Sequence[Family]
    radix: Sequence[int]
    values: list[Sequence[str]]

    def cell(self, offset: int, column: int) -> str:
        """The name of a cell, seen from a position."""
        raise NotImplementedError

    def names(self, f: int, shift: int) -> tuple[str, ...]:
        """The names of the cells of a family whose anchor is ``shift`` after the position."""
        return tuple(
            self.cell(shift + offset, column) for offset, column in self.families[f].pattern
        )

    def feature(self, f: int, key: int, place: int) -> str:
        """The name of an n-gram seen from a position; place: of the template in its family."""
        names = self.names(f, self.families[f].shifts[place])
        return self.join(names, self.cells(f, np.array([key], dtype=np.uint64))[0])

    def cells(self, f: int, keys: np.ndarray) -> list[tuple[str, ...]]:
        """The names of the cell values of each n-gram of a family; keys: uint64 [n]."""
        columns = [column for _, column in self.families[f].pattern]
        digits = digits_of(keys, [self.radix[column] for column in columns])
        spelled = [
            [self.values[column][value] for value in values.tolist()]
            for column, values in zip(columns, digits, strict=True)
        ]
        return list(zip(*spelled, strict=True))

    @staticmethod
    def join(names: Sequence[str], values: Sequence[str]) -> str:
        """The name of a feature, from the names and values of its cells."""
        return " ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


class Spelling(Names):
    """The names of the features of a model for segmentation: "C-1=人 C0=民"."""

    def __init__(self, model: Model) -> None:
        self.families, self.radix = model.templates.families, model.radix
        self._last = FIRST_LEXICON + 2 * model.lexicons
        characters = [escape(chr(code)) for code in model.alphabet.characters.tolist()]
        self.values = [
            [*_NOWHERE, *characters],
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


class TokenNames(Names):
    """The names of the features of a tagger: "%x[-1,0]=人民 %x[0,1]=服", as in templates."""

    def __init__(self, encoder: TokenEncoder) -> None:
        self.families, self.radix = encoder.shapes, encoder.radix
        self.values = [
            [*_NOWHERE, *map(escape_token, vocabulary.words)] for vocabulary in encoder.vocabularies
        ]

    def cell(self, offset: int, column: int) -> str:
        """The name of a cell, seen from a token."""
        return f"%x[{offset},{column}]"


def escape_token(text: str) -> str:
    """Makes every character of a token or a label visible.

    Like `escape`, but an empty token becomes "(empty)", and a first character ( # or % is escaped,
    so that a token cannot be taken for anything else in a line.
    """
    if text[:1] in _MARKS:
        return f"\\u{ord(text[0]):04x}{escape(text[1:])}" if text else EMPTY
    return escape(text)


def unescape_token(text: str) -> str:
    """The inverse of `escape_token`; raises ValueError for an invalid escape."""
    return "" if text == EMPTY else unescape(text)
