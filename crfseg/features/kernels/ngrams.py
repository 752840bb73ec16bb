"""Lexicon codes and n-gram keys of many sequences at once."""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.pairs import number
from crfseg.features.kernels.trie import match
from crfseg.jit.decorators import kernel, part


@kernel
def match_all(columns, bounds, levels, masks, tiers):
    """Run `match` on every sequence; masks uint64 [S, lexicons]: its masks in each."""
    places = columns.shape[1] - 1
    numbers = np.empty(places, np.uint32)
    number(columns, 0, places, levels, numbers)
    length = 0
    for s in range(len(bounds)):
        length = max(length, bounds[s, 1] - bounds[s, 0])
    scratch = np.empty((4, length), np.uint32)
    for s in range(len(bounds)):
        begin, n = bounds[s, 0], bounds[s, 1] - bounds[s, 0]
        match(columns, begin, n, numbers, levels, masks[s], tiers, scratch)


@kernel
def table_keys(columns, bounds, plan, family, keys):
    """Run `ngram_keys` on every sequence; keys between the sequences are left unchanged."""
    low, high = plan.windows[family, 0], plan.windows[family, 1]
    for s in range(len(bounds)):
        begin, end = bounds[s, 0] + low, bounds[s, 1] + high
        ngram_keys(columns, plan, family, begin, end, keys[begin:end])


@part
def ngram_keys(columns, plan, family, begin, end, keys):
    """Write the mixed-radix key of the n-gram at every anchor in [begin, end).

    columns int32 [C, N]; keys uint64 [end - begin or more].
    """
    first, last = plan.cell_starts[family], plan.cell_starts[family + 1]
    # Slices are indexed from 0: LLVM would test every index that might be negative.
    n = end - begin
    here = keys[:n]
    for c in range(first, last):
        offset, radix = plan.cells[c, 0], np.uint64(plan.cells[c, 2])
        column = columns[plan.cells[c, 1], begin + offset : end + offset]
        if c == first:
            for a in range(n):
                here[a] = np.uint64(column[a])
        else:
            for a in range(n):
                here[a] = here[a] * radix + np.uint64(column[a])
