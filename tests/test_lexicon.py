"""Word lists, and the codes their words give each character."""

from __future__ import annotations

from pathlib import Path

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg import text
from crfseg.errors import DataError
from crfseg.features import Alphabet, concatenate_ids, make_table
from crfseg.lexicon import FOLDS, MAX_LEXICONS, build_trie, read_words, usable

ALPHABET = Alphabet.of(text.code_points("中国人1"), text.code_points(""))
word_lists = st.dictionaries(
    st.text("中国人1", min_size=2, max_size=9),
    st.integers(1, 2 ** (FOLDS + MAX_LEXICONS - 1) - 1),
    max_size=12,
)


def codes(string: str, words: dict[str, int], lexicons: int, fold: int | None) -> np.ndarray:
    """The lexicon columns of one sequence, [2 * lexicons, n]."""
    ids, ends = concatenate_ids(list(words), ALPHABET)
    flags = np.array(list(words.values()), dtype=np.uint32)
    trie, _ = build_trie(ids, ends, flags, ALPHABET.size)
    offsets = np.array([0, len(string)])
    folds = None if fold is None else np.array([fold])
    table = make_table(text.code_points(string), offsets, ALPHABET, 0, [trie], lexicons, folds)
    ((begin, end),) = table.bounds
    return table.columns[2:, begin:end]


def test_the_longest_word_counts() -> None:
    found = codes("中国人中", {"中国": 1, "中国人": 1, "国人": 1}, lexicons=1, fold=None)
    assert found.tolist() == [[3, 2, 0, 0], [0, 2, 3, 0]]


def test_words_longer_than_six_count_as_six() -> None:
    assert codes("中" * 9, {"中" * 9: 1}, 1, None).tolist() == [[6] + [0] * 8, [0] * 8 + [6]]


def test_a_sentence_does_not_see_the_words_of_its_own_fold() -> None:
    words = {"中国": 1 << 3, "国人": 1 << 3 | 1 << 4}
    assert codes("中国人", words, 1, fold=3).tolist() == [[0, 2, 0], [0, 0, 2]]
    assert codes("中国人", words, 1, fold=5).tolist() == [[2, 2, 0], [0, 2, 2]]


def test_further_lexicons_have_no_folds() -> None:
    found = codes("中国人", {"中国": 1 << FOLDS, "国人": 1 << 3}, 2, fold=3)
    assert found.tolist() == [[0, 0, 0], [0, 0, 0], [2, 0, 0], [0, 2, 0]]


@given(
    string=st.text("中国人1龘", min_size=1, max_size=14),
    words=word_lists,
    lexicons=st.integers(1, MAX_LEXICONS),
    fold=st.none() | st.integers(0, FOLDS - 1),
)
def test_codes_are_those_of_a_plain_search(
    string: str, words: dict[str, int], lexicons: int, fold: int | None
) -> None:
    found = codes(string, words, lexicons, fold)
    hidden = 0 if fold is None else 1 << fold
    for k in range(lexicons):
        bits = (1 << FOLDS) - 1 if k == 0 else 1 << (FOLDS + k - 1)
        inside = {tuple(word) for word, flags in words.items() if flags & ~hidden & bits}
        expected = naive.lexicon_codes(string, inside)
        assert list(zip(*found[2 * k : 2 * k + 2].tolist(), strict=True)) == expected


def test_an_empty_lexicon_finds_nothing() -> None:
    assert not codes("中国", {}, 1, None).any()


def test_word_lists_hold_a_word_a_line_and_what_else_they_like(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("中国 3 ns\n\n人民\t5\r\n服务".encode("utf-8-sig"))
    assert read_words(path) == ["中国", "人民", "服务"]


def test_word_lists_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    for content, problem in (
        (b"", "no words"), (b"\n \n", "no words"), (b"ab\na\0b\n", r"words\.txt:2: a NUL"),
        ("中国".encode("gb18030"), r"words\.txt:1: .* is not valid utf-8"),
    ):  # fmt: skip
        path.write_bytes(content)
        with pytest.raises(DataError, match=problem):
            read_words(path)
    for missing in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match="cannot be read"):
            read_words(missing)


def test_usable_words_are_neither_short_nor_long_nor_repeated() -> None:
    assert usable(["人", "人民", "中" * 12, "中" * 13, "人民", ""]) == ["中" * 12, "人民"]
