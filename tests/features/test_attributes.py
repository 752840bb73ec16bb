"""Sparse rows of items equal a plain conversion, for known and for new attribute names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.common.errors import SettingsError
from crfseg.features import attributes
from crfseg.features.attribute_ids import KnownAttributeIds, NewAttributeIds
from crfseg.features.attributes import SparseRows, attributes_of, sparse_rows
from crfseg.features.kernels.hashing import fill

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=[]), max_size=3)
numbers = st.floats(-1e30, 1e30) | st.integers(-(2**70), 2**70) | st.booleans()
numbers |= numbers.map(np.float64)
plain = st.dictionaries(texts, texts | numbers, max_size=4)
others = st.lists(texts, max_size=3) | st.dictionaries(texts, texts.map(str.encode), max_size=2)
others |= st.dictionaries(texts, plain | st.sets(texts, max_size=2), max_size=2)
sequences = st.lists(st.lists(plain, max_size=3) | st.lists(plain | others, max_size=3), max_size=4)


def slowly(X: Sequence[Sequence[Any]], known: dict[str, int]) -> list[list[tuple[int, float]]]:
    """For each item the numbers and values of its known attributes."""
    return [
        [(known[name], np.float32(value)) for name, value in attributes_of(item) if name in known]
        for items in X
        for item in items
    ]


def as_lists(rows: SparseRows) -> list[list[tuple[int, float]]]:
    pairs = list(zip(rows.columns.tolist(), rows.values, strict=True))
    return [pairs[a:b] for a, b in zip(rows.ends, rows.ends[1:], strict=False)]


@given(sequences, st.integers(1, 5))
def test_rows_are_the_attributes_of_items(X: Any, batch: int) -> None:
    names = [name for items in X for item in items for name, _ in attributes_of(item)]
    numbered = {name: k for k, name in enumerate(dict.fromkeys(names))}
    known = {name: k for name, k in numbered.items() if k % 3}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attributes, "_BATCH", batch)
        new = NewAttributeIds()
        assert as_lists(sparse_rows(X, new)) == slowly(X, numbered)
        assert new.numbers == numbered and list(new.numbers) == list(numbered)
        known = {name: k for k, name in enumerate(known)}
        assert as_lists(sparse_rows(X, KnownAttributeIds(list(known)))) == slowly(X, known)


@given(st.lists(texts, unique=True), st.lists(st.tuples(texts, texts)))
def test_names_are_found_by_all_of_them(known: list[str], pairs: list[tuple[str, str]]) -> None:
    numbers = {name: k for k, name in enumerate(known)}
    pairs += [(name[:1], name[1:]) for name in known] + [(name, "") for name in known]
    beginnings, rests = [a for a, _ in pairs], [b for _, b in pairs]
    which = np.arange(len(pairs), dtype=np.int32)
    found = KnownAttributeIds(known).find(beginnings, which, rests)
    assert found.tolist() == [numbers.get(a + b, -1) for a, b in pairs]


def test_names_of_the_same_hash_are_told_apart() -> None:
    names = KnownAttributeIds(["left", "right"])
    names.names.hashes[:] = names.names.hashes[1]
    names.slots[:] = -1
    X = [[{"left": 1.0, "right": 2.0}]]
    fill(names.names.hashes, names.slots)
    assert as_lists(sparse_rows(X, names)) == [[(1, 2.0)]]


def test_a_value_with_a_nul_is_unknown_but_not_learnt() -> None:
    X = [[{"a": "x"}], [{"b": 1.0, "a": "x\0y"}, {"a": "x"}]]
    assert as_lists(sparse_rows(X, KnownAttributeIds(["a:x", "b"]))) == [
        [(0, 1)],
        [(1, 1)],
        [(0, 1)],
    ]
    with pytest.raises(SettingsError, match=r"sequence 1: attribute 'a:x\\x00y': must be a string"):
        sparse_rows(X, NewAttributeIds())


def test_hashes_cannot_be_foreseen() -> None:
    one, other = (KnownAttributeIds(["a", "b"]).names.hashes for _ in range(2))
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize(
    "names", [NewAttributeIds(), KnownAttributeIds(["a"])], ids=["new", "known"]
)
@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"a\0": 1.0}, "attribute 'a\\x00': must be a string without NUL"),
        ({"a": 1.0, 5: 1.0}, "attribute 5: must be a string without NUL"),
        ({"a": float("nan")}, "attribute 'a' is nan; expected a finite number"),
        ({"a": 1e39}, "attribute 'a' is 1e+39; expected a finite number"),
        ({"a": 10**400}, "attribute 'a' is of type int; expected a number, bool, string, or"),
        ({"a": None}, "attribute 'a' is None; expected a number, bool, string, or"),
        (["a", "\0"], "attribute '\\x00': must be a string without NUL"),
        (7, "an item is of type int; expected a dict or a list of strings"),
    ],
)
def test_what_is_no_item_is_named(names: Any, item: Any, message: str) -> None:
    good = [{"a": "x", "b": 1.0}]
    with pytest.raises(SettingsError) as caught:
        sparse_rows([good, good * 9000, [*good, item], good], names)
    assert str(caught.value).startswith(f"sequence 2: {message}")
