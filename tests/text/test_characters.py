"""Character classes, types and normal forms."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from strategies import texts

from crfseg.text import characters as characters_module
from crfseg.text.codes import DIGIT, HAN, LETTER, NUMERAL, OTHER, OUTSIDE, PUNCTUATION, SPACE, TYPES
from crfseg.text.whitespace import SPACES


def test_spaces_are_those_of_python_and_the_byte_order_mark() -> None:
    spaces = {code for code in range(sys.maxunicode + 1) if chr(code).isspace()}
    assert set(SPACES) == spaces | {0xFEFF}
    assert set(np.flatnonzero(characters_module.classes() == SPACE)) == set(SPACES)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ＡｂＺ", "aaa"), ("０5９", "000"), ("％，！", "%,!"), ("○", "〇"), ("「」", "“”"),
        ("中國é", "中国é"), ("０Ａ", "0a"), ("著後髮", "著后发"),
    ],
)  # fmt: skip
def test_normal_forms(written: str, normal: str) -> None:
    codes = characters_module.normal_forms()[characters_module.code_points(written)]
    assert "".join(map(chr, codes)) == normal


def test_normal_forms_are_their_own_normal_forms() -> None:
    table = characters_module.normal_forms()
    assert (table[table] == table).all()
    assert (characters_module.types()[table] == characters_module.types()).all()


@pytest.mark.parametrize(
    ("characters", "kind"),
    [
        ("中國𠀀々", HAN), ("0９", DIGIT), ("一百〇○萬", NUMERAL),
        ("aＺéЖ", LETTER), ("，。!％“—、", PUNCTUATION), ("😀ا\0", OTHER),
    ],
)  # fmt: skip
def test_types(characters: str, kind: int) -> None:
    assert set(characters_module.types()[characters_module.code_points(characters)]) == {kind}


def test_no_character_is_of_the_type_of_the_outside() -> None:
    assert characters_module.types().min() > OUTSIDE
    assert characters_module.types().max() < TYPES


@given(texts)
def test_code_points_of_any_string(string: str) -> None:
    assert characters_module.code_points(string).tolist() == [ord(c) for c in string]


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        ("中国", "11"), ("e\u0301a", "101"), ("👍\U0001f3fd好", "101"), ("a b", "101"),
        ("👨\u200d👩\u200d👧中", "100001"), ("中\ufe00\ufe00", "100"), ("", ""),
    ],
)  # fmt: skip
def test_positions_leave_out_glued_characters_and_spaces(string: str, expected: str) -> None:
    starts = np.zeros(min(len(string), 1), dtype=np.int64)
    kept = characters_module.positions(characters_module.code_points(string), starts)
    assert "".join(map(str, kept.astype(int))) == expected


@pytest.mark.parametrize(
    "table", [characters_module.classes, characters_module.types, characters_module.normal_forms]
)
def test_tables_cannot_be_changed(table) -> None:
    with pytest.raises(ValueError, match="read-only"):
        table()[0] = 1
