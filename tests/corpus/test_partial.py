"""Partly segmented lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.common.errors import SettingsError
from crfseg.corpus.partial import read_partial


@pytest.mark.parametrize(
    ("line", "text", "given_"),
    [
        ("火-星 猫|的|生-态", "火星猫的生态", {1: False, 3: True, 4: True, 5: False}),
        ("火-星/名詞|猫/n", "火星猫", {1: False, 2: True}),
        ("a b?c", "abc", {}),
        ("-|- |||", "--||", {1: True, 3: True}),
        ("/|/|/", "///", {1: True, 2: True}),
        ("我", "我", {}),
        ("", "", {}),
    ],
)
def test_lines(line: str, text: str, given_: dict[int, bool]) -> None:
    assert read_partial(line) == (text, given_)


@given(st.lists(st.tuples(st.characters(), st.sampled_from("|- ?"))))
def test_any_text(pairs: list[tuple[str, str]]) -> None:
    line = "".join(c + mark for c, mark in pairs)[:-1]
    text, found = read_partial(line)
    assert text == "".join(c for c, _ in pairs)
    known = {place: mark == "|" for place, (_, mark) in enumerate(pairs[:-1], 1) if mark in "|-"}
    assert found == known


@pytest.mark.parametrize(
    ("line", "problem"), [("火星", "'星' at character 2"), ("火-", "nothing behind the last '-'")]
)
def test_bad_lines(line: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        read_partial(line)
