"""What the library knows about characters."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from strategies import texts

from crfseg import text
from crfseg.spaces import SPACES


def test_spaces_are_those_of_python_and_the_byte_order_mark() -> None:
    spaces = {code for code in range(sys.maxunicode + 1) if chr(code).isspace()}
    assert set(SPACES) == spaces | {0xFEFF}
    assert set(np.flatnonzero(text.classes() == text.SPACE)) == set(SPACES)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ＡｂＺ", "aaa"), ("０5９", "000"), ("％，！", "%,!"), ("○", "〇"), ("「」", "“”"),
        ("中國é", "中国é"), ("０Ａ", "0a"), ("著後髮", "著后发"),
    ],
)  # fmt: skip
def test_normal_forms(written: str, normal: str) -> None:
    codes = text.normal_forms()[text.code_points(written)]
    assert "".join(map(chr, codes)) == normal


def test_normal_forms_are_their_own_normal_forms() -> None:
    table = text.normal_forms()
    assert (table[table] == table).all()
    assert (text.types()[table] == text.types()).all()


@pytest.mark.parametrize(
    ("characters", "kind"),
    [
        ("中國𠀀々", text.HAN), ("0９", text.DIGIT), ("一百〇○萬", text.NUMERAL),
        ("aＺéЖ", text.LETTER), ("，。!％“—、", text.PUNCTUATION), ("😀ا\0", text.OTHER),
    ],
)  # fmt: skip
def test_types(characters: str, kind: int) -> None:
    assert set(text.types()[text.code_points(characters)]) == {kind}


def test_no_character_is_of_the_type_of_the_outside() -> None:
    assert text.types().min() > text.OUTSIDE
    assert text.types().max() < text.TYPES


@given(texts)
def test_code_points_of_any_string(string: str) -> None:
    assert text.code_points(string).tolist() == [ord(c) for c in string]


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        ("中国", "11"), ("e\u0301a", "101"), ("👍\U0001f3fd好", "101"), ("a b", "101"),
        ("👨\u200d👩\u200d👧中", "100001"), ("中\ufe00\ufe00", "100"), ("", ""),
    ],
)  # fmt: skip
def test_positions_leave_out_glued_characters_and_spaces(string: str, expected: str) -> None:
    starts = np.zeros(min(len(string), 1), dtype=np.int64)
    kept = text.positions(text.code_points(string), starts)
    assert "".join(map(str, kept.astype(int))) == expected


@pytest.mark.parametrize("table", [text.classes, text.types, text.normal_forms])
def test_tables_cannot_be_changed(table) -> None:
    with pytest.raises(ValueError, match="read-only"):
        table()[0] = 1
