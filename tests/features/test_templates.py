"""Templates in CRF++ syntax, their families, and errors for invalid ones."""

from __future__ import annotations

from pathlib import Path

import naive
import pytest
from hypothesis import given
from strategies import template_lines

from crfseg.common.errors import TemplateError
from crfseg.features.templates import default_lines, load, parse

CRFPP = """\
# Unigram
U00:%x[-2,0]
U01:%x[-1,0]
U02:%x[0,0]   # this character

U05:%x[-1,0]/%x[0,0]
U06:%x[0,0]/%x[1,0]
U07:%x[ -1 , 0 ]/%x[1,0]

# Bigram
B
"""


def test_a_crfpp_file() -> None:
    templates = parse(CRFPP.splitlines())
    shapes = {family.pattern: family.shifts for family in templates.families}
    # One family for a character, one for two neighbours, one for two around a third.
    assert shapes == {
        ((0, 0),): (0, -1, -2),
        ((0, 0), (1, 0)): (0, -1),
        ((0, 0), (2, 0)): (-1,),
    }
    assert templates.transitions
    assert templates.reach == 2
    assert templates.columns == 1


def test_names_are_optional_and_repeated_features_are_one() -> None:
    templates = parse(["%x[0,0]", "U1:%x[0,0]", "u:%x[1,0]"])
    assert templates.lines == ("%x[0,0]", "u:%x[1,0]")
    assert not templates.transitions


@given(template_lines(4))
def test_families_hold_each_template_once(lines: list[str]) -> None:
    templates = parse(lines)
    wanted = {naive.cells_of(line) for line in lines if line != "B"}
    held = [
        tuple((offset + shift, column) for offset, column in family.pattern)
        for family in templates.families
        for shift in family.shifts
    ]
    assert len(held) == len(set(held))
    assert set(held) == wanted
    assert templates.columns == 1 + max(column for cells in wanted for _, column in cells)
    assert templates.reach >= max(abs(offset) for cells in wanted for offset, _ in cells)
    assert templates.transitions == ("B" in lines)
    for family in templates.families:
        assert min(offset for offset, _ in family.pattern) == 0
        assert list(family.shifts) == sorted(family.shifts, reverse=True)
    assert parse(templates.lines) == templates


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("U00:%x[0]", "expected a template like"),
        ("U00:%x[0,0]/%X[1,0]", "expected a template like"),
        ("U00:%x[0," + "9" * 5000 + "]", "expected a template like"),
        ("U00:%m[0,0]", "expected a template like"),
        ("U00", "expected a template like"),
        ("为 人民 服务", "expected a template like"),
        ("U00:%x[-9,0]", "offset from -8 to 8"),
        ("U00:%x[0,-1]", "expected a template like"),
        ("B01:%x[0,0]", "bigram templates with cells are not supported"),
        ("*01:%x[0,0]", "bigram templates with cells are not supported"),
    ],
)
def test_errors_name_the_line(line: str, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem) as caught:
        parse(["U00:%x[0,0]", "", line], "my.template")
    assert str(caught.value).startswith("my.template:3: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["U:a=%x[0,0],b=%x[1,0]", "U1:%x[0,0]%x[1,0]/x", "%x[0,0]/%x[1,0]"]
)
def test_what_stands_around_the_cells_only_names_the_feature(line: str) -> None:
    """Wapiti's own examples write templates like the first."""
    assert parse([line]).families == parse(["U00:%x[0,0]/%x[1,0]"]).families


@pytest.mark.parametrize("lines", [[], ["# nothing"], ["B"]])
def test_no_template(lines: list[str]) -> None:
    with pytest.raises(TemplateError, match=r"my.template: no unigram template"):
        parse(lines, "my.template")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"U00:%x[0,0]\n\xff\n")
    with pytest.raises(TemplateError, match="not UTF-8 at byte 12"):
        load(tmp_path / "latin")
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(TemplateError, match=f"{path}: cannot be read"):
            load(path)


def test_a_byte_order_mark_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "bom").write_bytes("U00:%x[0,0]\r\nB\r\n".encode("utf-8-sig"))
    assert parse(load(tmp_path / "bom")).lines == ("U00:%x[0,0]", "B")


def test_default_templates_grow_with_the_lexicons() -> None:
    assert [parse(default_lines(k)).columns for k in range(3)] == [2, 4, 6]
    assert parse(default_lines(1)).transitions


def test_a_column_that_does_not_exist_is_named_with_its_line() -> None:
    with pytest.raises(TemplateError, match=r"^my.template:2: .* no column 4; expected at most 3"):
        parse(["U00:%x[0,3]", "U01:%x[0,4]"], "my.template", 4)
