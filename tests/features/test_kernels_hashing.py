"""Numbering and finding keys, compared with a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crfseg.features.kernels import hashing
from crfseg.features.kernels import keys as keys_module

EMPTY = int(keys_module.EMPTY)
# Small keys collide in small tables; large ones use all bits of the hash.
keys_of = st.lists(st.integers(0, 12) | st.integers(0, 2**63 - 1) | st.just(EMPTY), max_size=40)


def slots_for(n: int) -> np.ndarray:
    return np.full(1 << max(4, (2 * n).bit_length()), -1, dtype=np.int32)


@given(keys=keys_of, others=keys_of)
def test_keys_are_numbered_by_first_occurrence(keys: list[int], others: list[int]) -> None:
    n = len(keys)
    slots, ids = slots_for(n), np.empty(n, dtype=np.int32)
    found, counts = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.int32)
    distinct = hashing.number(np.array(keys, dtype=np.uint64), slots, ids, found, counts)
    numbers = {key: i for i, key in enumerate(dict.fromkeys(k for k in keys if k != EMPTY))}
    assert distinct == len(numbers)
    assert found[:distinct].tolist() == list(numbers)
    assert ids.tolist() == [numbers.get(key, -1) for key in keys]
    assert counts[:distinct].tolist() == [keys.count(key) for key in numbers]

    slots = slots_for(distinct)
    hashing.fill(found[:distinct], slots)
    asked = [*others, *keys]
    answers = np.empty(len(asked), dtype=np.int32)
    hashing.look_up(np.array(asked, dtype=np.uint64), slots, found[:distinct], answers)
    assert answers.tolist() == [numbers.get(key, -1) for key in asked]

    starts = np.cumsum([0, *counts[:distinct]], dtype=np.int64)
    places = np.empty(starts[-1], dtype=np.int32)
    hashing.occurrences(ids, starts, places)
    for key, i in numbers.items():
        here = places[starts[i] : starts[i + 1]].tolist()
        assert here == [place for place, other in enumerate(keys) if other == key]
