"""Perfect hash tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.common.errors import CrfsegError
from crfseg.features import hashing
from crfseg.features.kernels import perfect_hashing
from crfseg.jit.decorators import kernel

KEYS = st.integers(0, 2**63 - 1)


@kernel
def slots_of(keys, displacements, size, slots):
    for i in range(len(keys)):
        slots[i] = perfect_hashing.slot_of(
            keys[i], displacements, np.uint64(len(displacements)), np.uint64(size)
        )


@given(st.sets(KEYS, max_size=60), st.lists(KEYS, max_size=5))
def test_every_key_has_a_slot_of_its_own(members: set[int], others: list[int]) -> None:
    keys = np.array(sorted(members), dtype=np.uint64)
    displacements, slots, size = hashing.perfect_slots(keys)
    assert len(set(slots.tolist())) == len(keys)
    asked = np.concatenate([keys, np.array(others, dtype=np.uint64)])
    found = np.empty(len(asked), dtype=np.int64)
    slots_of(asked, displacements, size, found)
    assert found[: len(keys)].tolist() == slots.tolist()
    assert ((found >= 0) & (found < size)).all()  # of any key


def test_a_large_table() -> None:
    keys = np.arange(100_000, dtype=np.uint64) * np.uint64(7919)
    _, slots, size = hashing.perfect_slots(keys)
    assert len(np.unique(slots)) == len(keys)
    assert size < 1.5 * len(keys)


def test_keys_that_are_the_same_are_an_error() -> None:
    with pytest.raises(CrfsegError, match="told apart"):
        hashing.perfect_slots(np.zeros(9, dtype=np.uint64))
