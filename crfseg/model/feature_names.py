"""What features are called where people read them: "C-1=人 C0=民".

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

#: Characters and tokens that are none.
UNKNOWN, OUTSIDE, EMPTY = "(unknown)", "(outside)", "(empty)"
_NOWHERE = (UNKNOWN, OUTSIDE)
_MARKS = ("(", "#", "%", "")
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


class Names:
    """The names of features.

    families; radix: how many values each column of the feature table has; values: what they are
    called.
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
        """An n-gram of a family seen from a position, by the number of its template."""
        names = self.names(f, self.families[f].shifts[place])
        return self.join(names, self.cells(f, np.array([key], dtype=np.uint64))[0])

    def cells(self, f: int, keys: np.ndarray) -> list[tuple[str, ...]]:
        """What the cells of each n-gram of a family hold; keys: uint64 [n]."""
        columns = [column for _, column in self.families[f].pattern]
        digits = digits_of(keys, [self.radix[column] for column in columns])
        spelled = [
            [self.values[column][value] for value in values.tolist()]
            for column, values in zip(columns, digits, strict=True)
        ]
        return list(zip(*spelled, strict=True))

    @staticmethod
    def join(names: Sequence[str], values: Sequence[str]) -> str:
        """The feature: names and values in turn."""
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
    """A token or a label with every character visible.

    As `escape`; "(empty)" for none, and the first of these characters is escaped: ( # %, so that
    it is nothing else that can stand in a line.
    """
    if text[:1] in _MARKS:
        return f"\\u{ord(text[0]):04x}{escape(text[1:])}" if text else EMPTY
    return escape(text)


def unescape_token(text: str) -> str:
    """The token that was escaped; raises ValueError for a backslash that means nothing."""
    return "" if text == EMPTY else unescape(text)
