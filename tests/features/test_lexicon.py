"""Word lists, and the lexicon codes of characters."""

from __future__ import annotations

from pathlib import Path

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.common.errors import DataError
from crfseg.corpus.folds import FOLDS
from crfseg.corpus.word_lists import read_words
from crfseg.features.alphabet import Alphabet, concatenate_ids
from crfseg.features.lexicon import MAX_LEXICONS, flags_of, tier_of, usable
from crfseg.features.table import make_table
from crfseg.features.trie import build_trie
from crfseg.text import characters

ALPHABET = Alphabet.of(characters.code_points("中国人1"), characters.code_points(""))
word_lists = st.dictionaries(
    st.text("中国人1", min_size=2, max_size=9),
    st.integers(1, 2 ** (FOLDS + MAX_LEXICONS) - 1),
    max_size=12,
)


def codes(string: str, words: dict[str, int], tiers: list[int], fold: int | None) -> np.ndarray:
    """The lexicon columns of one sequence, [2 * lexicons, n]."""
    ids, ends = concatenate_ids(list(words), ALPHABET)
    flags = np.array(list(words.values()), dtype=np.uint32)
    trie, _ = build_trie(ids, ends, flags, ALPHABET.size)
    offsets = np.array([0, len(string)])
    folds = None if fold is None else np.array([fold])
    table = make_table(
        characters.code_points(string), offsets, ALPHABET, 0, [(slice(None), trie)], tiers, folds
    )
    ((begin, end),) = table.bounds
    return table.columns[2:, begin:end]


def test_the_longest_word_counts() -> None:
    a = 1 << FOLDS
    found = codes("中国人中", {"中国": a, "中国人": a, "国人": a}, [1], fold=None)
    assert found.tolist() == [[2, 1, 0, 0], [0, 1, 2, 0]]


def test_words_longer_than_six_count_as_six() -> None:
    found = codes("中" * 9, {"中" * 9: 1 << FOLDS}, [1], None)
    assert found.tolist() == [[5] + [0] * 8, [0] * 8 + [5]]


def test_a_tier_says_in_how_many_folds_a_word_occurs() -> None:
    folds = [1, 0b11, 0b11110, 0b11111, 0b1111111111]
    assert [tier_of(bits) for bits in folds] == [0, 1, 1, 2, 2]
    for bits, code in zip(folds, (4, 5, 5, 6, 6), strict=True):
        assert codes("中国人", {"中国人": bits}, [3], None).tolist() == [[code, 0, 0], [0, 0, code]]


def test_the_fold_that_is_hidden_does_not_count_for_the_tier() -> None:
    assert codes("中国", {"中国": 0b11111}, [3], fold=0).tolist() == [[2, 0], [0, 2]]
    assert codes("中国", {"中国": 0b11111}, [3], fold=9).tolist() == [[3, 0], [0, 3]]


def test_flags_are_folds_for_the_tier_and_a_bit_for_each_list() -> None:
    members = np.array([0b0001, 0b0010, 0b0011, 0b0100, 0b0111], dtype=np.uint32)
    flags = flags_of(members, [3, 1]).tolist()
    assert flags == [1, 0b11, 0b11111, 1 << FOLDS, 1 << FOLDS | 0b11111]
    assert flags_of(members[:1], [1, 1]).tolist() == [1 << FOLDS]
    assert flags_of(members[3:4], [1, 1]).tolist() == [2 << FOLDS]


def test_a_sentence_does_not_see_the_words_of_its_own_fold() -> None:
    words = {"中国": 1 << 3, "国人": 1 << 3 | 1 << 4}
    assert codes("中国人", words, [3], fold=3).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert codes("中国人", words, [3], fold=5).tolist() == [[1, 2, 0], [0, 1, 2]]


def test_further_lexicons_have_no_folds() -> None:
    found = codes("中国人", {"中国": 1 << FOLDS, "国人": 1 << 3}, [3, 1], fold=3)
    assert found.tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0]]


@given(
    string=st.text("中国人1龘", min_size=1, max_size=14),
    words=word_lists,
    lists=st.integers(0, MAX_LEXICONS - 1),
    own=st.booleans(),
    fold=st.none() | st.integers(0, FOLDS - 1),
)
def test_codes_are_those_of_a_plain_search(
    string: str, words: dict[str, int], lists: int, own: bool, fold: int | None
) -> None:
    tiers = [3] * own + [1] * lists
    found = codes(string, words, tiers, fold)
    masks = [(1 << FOLDS) - 1] * own + [1 << FOLDS + k for k in range(lists)]
    hidden = 0 if fold is None else 1 << fold
    for k, mask in enumerate(masks):
        folds = {word: (flags & ~hidden & mask).bit_count() for word, flags in words.items()}
        inside = {tuple(word): (n >= 2) + (n >= 5) for word, n in folds.items() if n}
        expected = naive.lexicon_codes(string, inside, tiers[k])
        assert list(zip(*found[2 * k : 2 * k + 2].tolist(), strict=True)) == expected


def test_an_empty_lexicon_finds_nothing() -> None:
    assert not codes("中国", {}, [3], None).any()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("中国", "中国"), ("中国 3 ns", "中国"), (" 中国 3", "中国"), ("人民\t5", "人民"),
        ("凱特琳 nz", "凱特琳"), ("New York", "New York"), ("New York 3 ns", "New York"),
        ("iPhone 12\t", "iPhone 12"), ("\tx", None), ("machine learning", "machine learning"),
        ("卡拉 OK", "卡拉 OK"), ("阿　Q", "阿　Q"), ("中国  0.5  n", "中国"), ("C++", "C++"),
        ("12", "12"), ("", None), ("a b 3 c d", "a b 3 c d"),
    ],
)  # fmt: skip
def test_what_is_the_word_of_a_line(tmp_path: Path, line: str, word: str | None) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(f"{line}\n\n服务\r\n最后".encode("utf-8-sig"))
    assert read_words(path) == [*([] if word is None else [word]), "服务", "最后"]


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
    assert usable(["人", "人民", "中" * 12, "中" * 13, "人民", "", "人 民", " 人", "人\ud800"]) == [
        "中" * 12,
        "人民",
    ]
