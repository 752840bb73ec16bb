"""Open addressing over 64-bit keys, and numbering of n-grams by first occurrence."""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.keys import EMPTY, SPREAD
from crfseg.jit.decorators import kernel, part

_HALF = np.uint64(32)


@part
def slot_of(key, mask):
    """The first slot to probe for a key (Knuth's multiplicative hash, folded)."""
    spread = key * SPREAD
    return (spread ^ (spread >> _HALF)) & mask


@kernel
def number(keys, slots, ids, found, counts):
    """Number distinct keys in order of first occurrence.

    keys uint64 [N] (EMPTY is skipped and gets id -1); slots int32 [2^k], all -1, at least
    twice as many as distinct keys; ids int32 [N] out; found uint64 [N] and counts int32 [N]
    receive each distinct key and its count. Returns the number of distinct keys.
    """
    mask = np.uint64(len(slots) - 1)
    n = 0
    for i in range(len(keys)):
        key = keys[i]
        if key == EMPTY:
            ids[i] = -1
            continue
        slot = slot_of(key, mask)
        while slots[slot] >= 0 and found[slots[slot]] != key:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] < 0:
            slots[slot] = n
            found[n] = key
            counts[n] = 0
            n += 1
        g = slots[slot]
        counts[g] += 1
        ids[i] = g
    return n


@kernel
def fill(keys, slots):
    """Build the table from distinct keys to their indices; slots as in `number`."""
    mask = np.uint64(len(slots) - 1)
    for i in range(len(keys)):
        slot = slot_of(keys[i], mask)
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = i


@kernel
def look_up(keys, slots, found, ids):
    """Look up keys in a table built by `fill`; -1 for a missing key.

    found uint64 [n]: the keys the table was built from; ids int32 [N] out.
    """
    mask = np.uint64(len(slots) - 1)
    for i in range(len(keys)):
        ids[i] = -1
        if keys[i] == EMPTY:
            continue
        slot = slot_of(keys[i], mask)
        while slots[slot] >= 0:
            if found[slots[slot]] == keys[i]:
                ids[i] = slots[slot]
                break
            slot = (slot + np.uint64(1)) & mask


@kernel
def occurrences(ids, starts, places):
    """List the positions of each id, in order (CSR).

    ids int32 [N] (-1 is skipped); starts int64 [n + 1]: cumulative counts;
    places int32 [starts[n]] receives the positions.
    """
    fill = starts[:-1].copy()
    for i in range(len(ids)):
        g = ids[i]
        if g >= 0:
            places[fill[g]] = i
            fill[g] += 1
