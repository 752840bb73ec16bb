"""The alphabet, the feature table and the keys of n-grams."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LETTERS, template_lines

from crfseg.common.errors import TemplateError
from crfseg.corpus.folds import FOLDS, folds_of
from crfseg.features.alphabet import Alphabet, concatenate_ids
from crfseg.features.kernels.keys import EMPTY
from crfseg.features.kernels.layout import BEYOND
from crfseg.features.table import make_plan, make_table
from crfseg.features.templates import parse
from crfseg.text import characters
from crfseg.text.codes import TYPES


def alphabet_of(string: str) -> Alphabet:
    return Alphabet.of(characters.code_points(string), characters.code_points(""))


def test_the_alphabet_holds_normal_forms_frequent_ones_first() -> None:
    alphabet = Alphabet.of(characters.code_points("中国中ＡbＣ"), characters.code_points("民a"))
    assert "".join(map(chr, alphabet.characters)) == "a中国民"
    assert alphabet.size == 6
    assert alphabet.table[[ord(c) for c in "azＺ中国民龘"]].tolist() == [2, 2, 2, 3, 4, 5, 0]


def test_words_become_ids() -> None:
    ids, ends = concatenate_ids(["中国", "国a"], alphabet_of("中国a中国中"))
    assert ids.tolist() == [2, 3, 3, 4]
    assert ends.tolist() == [2, 4]


def test_the_table_keeps_sequences_apart() -> None:
    codes = characters.code_points("中国1")
    table = make_table(codes, np.array([0, 2, 3]), alphabet_of("中国"), reach=1)
    assert table.bounds.tolist() == [[2, 4], [6, 7]]
    assert table.columns[0].tolist() == [1, 1, 2, 3, 1, 1, 0, 1, 1]
    assert table.columns[1].tolist() == [0, 0, 2, 2, 0, 0, 3, 0, 0]


@given(
    sequences=st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=4),
    lines=template_lines(2),
)
def test_keys_number_n_grams_in_mixed_radix(sequences: list[str], lines: list[str]) -> None:
    alphabet, templates = alphabet_of("中国人12a，"), parse(lines)
    offsets = np.cumsum([0, *map(len, sequences)])
    codes = characters.code_points("".join(sequences))
    table = make_table(codes, offsets, alphabet, templates.reach)
    plan = make_plan(templates.families, [alphabet.size, TYPES])
    radix = [alphabet.size, TYPES]
    for f, family in enumerate(templates.families):
        expected = {}
        for begin, end in table.bounds.tolist():
            for anchor in range(begin + min(family.shifts), end + max(family.shifts)):
                key = 0
                for offset, column in family.pattern:
                    key = key * radix[column] + int(table.columns[column, anchor + offset])
                expected[anchor] = key
        keys = table.keys(plan, f)
        assert {a: int(keys[a]) for a in np.flatnonzero(keys != EMPTY).tolist()} == expected


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 1)), min_size=1, max_size=3))
def test_no_template_looks_beyond_the_gaps(cells: list[tuple[int, int]]) -> None:
    templates = parse(["/".join(f"%x[{offset},{column}]" for offset, column in cells)])
    table = make_table(
        characters.code_points("中"), np.array([0, 1]), alphabet_of("中"), templates.reach
    )
    assert templates.reach >= max(abs(offset) for offset, _ in naive.cells_of(templates.lines[0]))
    assert len(table.columns[0]) == 1 + 2 * max(2 * templates.reach, BEYOND)


def test_a_column_that_does_not_exist() -> None:
    with pytest.raises(TemplateError, match="use column 2; expected at most 1"):
        make_plan(parse(["U:%x[0,2]"]).families, [10, 7])


def test_too_many_cells_for_a_key() -> None:
    cells = "/".join(f"%x[{offset},0]" for offset in range(-2, 3))
    make_plan(parse([cells]).families, [6000, 7])
    with pytest.raises(TemplateError, match="a template of 5 cells has too many"):
        make_plan(parse([cells]).families, [6300, 7])  # 6300^5 > 2^63


@pytest.mark.parametrize("sentences", [0, 1, 3, 10, 25])
def test_folds_are_runs_of_about_equal_size(sentences: int) -> None:
    folds = folds_of(sentences)
    assert len(folds) == sentences
    assert (np.diff(folds) >= 0).all()
    sizes = np.bincount(folds, minlength=FOLDS)
    assert len(sizes) == FOLDS
    assert sizes.max() - sizes.min() <= 1
