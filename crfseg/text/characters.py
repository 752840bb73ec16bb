"""Properties of single characters: normal form, type, and class.

All are tables indexed by code point, so that training, the general code and the byte-level
kernels use the same data. Features see normal forms and types; output text keeps its original
characters.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np

from crfseg.text.codes import (
    CODE_POINTS,
    DIGIT,
    EXTEND,
    FLAG,
    HAN,
    JOINER,
    LETTER,
    LOWER_FORMS,
    NUMERAL,
    OTHER,
    PLAIN,
    PUNCTUATION,
    SPACE,
)
from crfseg.text.traditional import PAIRS
from crfseg.text.whitespace import SPACES

_EXTEND = (
    (0x0300, 0x036F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0x3099, 0x309A),
    (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0x1F3FB, 0x1F3FF), (0xE0020, 0xE007F),
    (0xE0100, 0xE01EF),
)  # fmt: skip
_ZERO_WIDTH_JOINER = 0x200D
_REGIONAL_INDICATORS = slice(0x1F1E6, 0x1F200)
_HAN = (
    (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3400, 0x4DBF), (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
_LETTERS = (
    (0x41, 0x5A), (0x61, 0x7A), (0xAA, 0xAA), (0xB5, 0xB5), (0xBA, 0xBA), (0xC0, 0xD6),
    (0xD8, 0xF6), (0xF8, 0x2AF), (0x370, 0x52F), (0x1E00, 0x1FFF),
)  # fmt: skip
_PUNCTUATION = (
    (0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA1, 0xA9), (0xAB, 0xB4),
    (0xB6, 0xB9), (0xBB, 0xBF), (0xD7, 0xD7), (0xF7, 0xF7), (0x2010, 0x2027), (0x2030, 0x205E),
    (0x2190, 0x2BFF), (0x3001, 0x3004), (0x3008, 0x3020), (0x3030, 0x303F), (0xFE10, 0xFE1F),
    (0xFE30, 0xFE6F), (0xFFE0, 0xFFEF),
)  # fmt: skip
_NUMERALS = "〇○零一二三四五六七八九十百千万亿两廿卅壹贰叁肆伍陆柒捌玖拾佰仟"
#: Variants of a character, and their common normal form.
_SAME = {"○": "〇", "・": "·", "•": "·", "‧": "·", "「": "“", "」": "”", "『": "‘", "』": "’"}


@lru_cache(maxsize=1)
def classes() -> np.ndarray:
    """uint8 [0x110000]: the class (PLAIN ... FLAG) of every code point."""
    table = np.zeros(CODE_POINTS, dtype=np.uint8)
    table[list(SPACES)] = SPACE
    for first, last in _EXTEND:
        table[first : last + 1] = EXTEND
    table[_ZERO_WIDTH_JOINER] = JOINER
    table[_REGIONAL_INDICATORS] = FLAG
    return _frozen(table)


@lru_cache(maxsize=1)
def types() -> np.ndarray:
    """uint8 [0x110000]: the character type (OTHER ... PUNCTUATION) of every code point."""
    table = np.full(CODE_POINTS, OTHER, dtype=np.uint8)
    for kind, ranges in ((HAN, _HAN), (LETTER, _LETTERS), (PUNCTUATION, _PUNCTUATION)):
        for first, last in ranges:
            table[first : last + 1] = kind
    table[0x30:0x3A] = DIGIT
    table[[ord(c) for c in _NUMERALS]] = NUMERAL
    return _frozen(table[normal_forms()])


@lru_cache(maxsize=1)
def normal_forms() -> np.ndarray:
    """uint32 [0x110000]: the code point that replaces each code point in features.

    Full-width ASCII becomes half-width, all ASCII digits become 0 and all ASCII letters a: that
    a word is a number or foreign tells much, its exact characters tell little. Traditional
    characters become simplified ones.
    """
    table = np.arange(CODE_POINTS, dtype=np.uint32)
    pairs = code_points(PAIRS).reshape(-1, 2)
    table[pairs[:, 1]] = pairs[:, 0]
    table[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    for written, normal in _SAME.items():
        table[ord(written)] = ord(normal)
    table[(table >= ord("0")) & (table <= ord("9"))] = ord("0")
    upper = (table >= ord("A")) & (table <= ord("Z"))
    lower = (table >= ord("a")) & (table <= ord("z"))
    table[upper | lower] = ord("a")
    return _frozen(table)


@lru_cache(maxsize=1)
def lower_forms() -> np.ndarray:
    """uint16 [LOWER_FORMS]: the lower case of the first code points; any blank is a space."""
    table = np.arange(LOWER_FORMS, dtype=np.uint16)
    for code in range(LOWER_FORMS):
        lower = chr(code).lower()
        if len(lower) == 1:  # some become two letters
            table[code] = ord(lower)
    table[[code for code in SPACES if unicodedata.category(chr(code)) == "Zs"]] = ord(" ")
    return _frozen(table)


def folded(codes: np.ndarray) -> np.ndarray:
    """uint32 [n]: code points folded for comparison with the words of a user dictionary.

    Full-width ASCII becomes half-width, letters lower case, and any blank a space. Digits and
    letters are kept apart, unlike in features.
    """
    wide = (codes >= 0xFF01) & (codes <= 0xFF5E)
    codes = codes.astype(np.uint32) - np.where(wide, 0xFEE0, 0).astype(np.uint32)
    low = codes < LOWER_FORMS
    codes[low] = lower_forms()[codes[low]]
    return codes


def code_points(text: str) -> np.ndarray:
    """uint32 [len(text)]: the code points of a string, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def positions(codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """bool [N]: which characters are positions of a sequence, not attached to the one before.

    codes: uint32 [N], no whitespace; starts: where the sequences begin, ascending. The
    first character of a sequence is always a position.
    """
    kind = classes()[codes]
    alone = (kind == PLAIN) | (kind == FLAG)
    alone[1:] &= kind[:-1] != JOINER
    flags = kind == FLAG
    if flags.any():
        places = np.arange(len(codes))
        begin = np.where(flags, 0, places + 1)
        begin[starts] = np.maximum(begin[starts], starts)
        begin = np.maximum.accumulate(begin)
        alone[flags] &= ((places - begin) % 2 == 0)[flags]
    alone[starts] = True
    return alone


def _frozen(table: np.ndarray) -> np.ndarray:
    table.setflags(write=False)
    return table
