"""Bitmaps that number pairs of characters."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crfseg.features import bitmaps
from crfseg.features.kernels import pairs
from crfseg.features.kernels.layout import Pairs
from crfseg.jit.decorators import kernel

SIZE = 9000  # more than two groups of 4096
IDS = st.one_of(st.integers(0, 5), st.integers(SIZE - 5, SIZE - 1), st.integers(0, SIZE - 1))
PAIRS = st.tuples(IDS, IDS)


@kernel
def numbers_of(asked, groups, blocks, width, numbers):
    for i in range(len(asked)):
        block = pairs.block_of(asked[i, 0], asked[i, 1], groups, width)
        numbers[i] = pairs.number_in(block, asked[i, 1], blocks)


def numbering(members: set[tuple[int, int]]) -> Pairs:
    first, second = np.array(sorted(members), dtype=np.uint64).reshape(-1, 2).T
    return bitmaps.number_pairs(first, second, SIZE)


def ask(made: Pairs, asked: list[tuple[int, int]]) -> list[int]:
    numbers = np.empty(len(asked), dtype=np.int64)
    array = np.array(asked, dtype=np.uint64).reshape(-1, 2)
    numbers_of(array, made.groups, made.blocks, made.width[0], numbers)
    return numbers.tolist()


@given(st.sets(PAIRS, max_size=200), st.lists(PAIRS))
def test_a_number_is_a_rank(members: set[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    ranks = {pair: rank for rank, pair in enumerate(sorted(members), start=1)}
    asked = [*members, *others]
    assert ask(numbering(members), asked) == [ranks.get(pair, 0) for pair in asked]
