"""Perfect hashing: every key of a fixed set has its own slot, found with one probe.

Hash-and-displace (Pagh 1999, "Hash and displace: efficient evaluation of minimal perfect
hash functions"): a small table stores for each bucket of keys which of many hash functions
spreads them over free slots. A look-up has no loop and no branch, so that the processor
overlaps many of them.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.keys import SPREAD
from crfseg.jit.decorators import part
from crfseg.jit.memory import array_at

_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF, _ONE = np.uint64(32), np.uint64(1)
#: Displacements tried for a bucket are below this: they fit a byte, and 0 marks an empty bucket.
_TRIES = 256


@part
def slot_of(key, displacements, buckets, size):
    """The only slot a key can be in; all arguments but the uint8 array are uint64."""
    spread = key * SPREAD
    function = np.uint64(displacements[((spread >> _HALF) * buckets) >> _HALF])
    return (((spread * ((function * _MIX) | _ONE)) >> _HALF) * size) >> _HALF


def displace(keys, starts, order, buckets, size, used, displacements, slots):
    """Find a displacement for every bucket; all arguments are addresses or numbers.

    keys: uint64 [n], distinct, sorted by bucket (see `slot_of`); bucket b starts at starts[b]
    (int64 [buckets + 1]); order: int64 [buckets], large buckets first, while there is room;
    size: the number of slots, more than n; used: uint8 [size] zeros; displacements: uint8
    [buckets] and slots: int64 [n], written. Returns 1 if all buckets have a displacement,
    else 0.
    """
    first = array_at(starts, (buckets + 1,), np.int64)
    n = first[buckets]
    key, slot = array_at(keys, (n,), np.uint64), array_at(slots, (n,), np.int64)
    bucket, taken = array_at(order, (buckets,), np.int64), array_at(used, (size,), np.uint8)
    function = array_at(displacements, (buckets,), np.uint8)
    limit = np.uint64(size)
    for o in range(buckets):
        b = bucket[o]
        begin, end = first[b], first[b + 1]
        k = begin
        for tried in range(1, _TRIES):
            factor = SPREAD * ((np.uint64(tried) * _MIX) | _ONE)
            k = begin
            while k < end:
                here = np.int64(((key[k] * factor >> _HALF) * limit) >> _HALF)
                if taken[here]:
                    break
                taken[here] = 1
                slot[k] = here
                k += 1
            if k == end:
                function[b] = tried
                break
            for j in range(begin, k):
                taken[slot[j]] = 0
        if k < end:
            return 0
    return 1
