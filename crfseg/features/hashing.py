"""Builds the hash tables of `kernels.perfect_hashing` and `kernels.hashing`."""

from __future__ import annotations

import numpy as np

from crfseg.common.errors import CrfsegError
from crfseg.features.kernels.keys import SPREAD
from crfseg.jit import native

_SLOTS_PER_KEY = 1.4
_KEYS_PER_BUCKET = 3
_HALF = np.uint64(32)


def perfect_slots(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Displacements (uint8), the slot of each key (int64 [n]), and the number of slots.

    keys: uint64 [n], distinct. See `kernels.perfect_hashing`. Raises CrfsegError if no table
    can be built: this does not happen by chance, but may with the keys of a forged model.
    """
    buckets = len(keys) // _KEYS_PER_BUCKET + 1
    size = int(len(keys) * _SLOTS_PER_KEY) + 1
    bucket = ((keys * SPREAD >> _HALF) * np.uint64(buckets)) >> _HALF
    by_bucket = np.argsort(bucket, kind="stable")
    counts = np.bincount(bucket.astype(np.int64), minlength=buckets)
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    order = np.argsort(-counts, kind="stable")
    together, found = keys[by_bucket], np.empty(len(keys), dtype=np.int64)
    displace = native.entry("displace")
    for _ in range(8):
        used, displacements = np.zeros(size, dtype=np.uint8), np.zeros(buckets, dtype=np.uint8)
        arrays = together, starts, order, used, displacements, found
        a, b, c, d, e, f = (array.ctypes.data for array in arrays)
        if displace(a, b, c, buckets, size, d, e, f):
            slots = np.empty(len(keys), dtype=np.int64)
            slots[by_bucket] = found
            return displacements, slots, size
        size += size // 2
    raise CrfsegError(f"{len(keys):,} keys cannot be told apart; expected keys made by chance")


def empty_slots(keys: int) -> np.ndarray:
    """int32 [2^k], all -1: an empty table for `kernels.hashing` with room for that many keys."""
    return np.full(1 << max(4, (2 * keys - 1).bit_length()), -1, dtype=np.int32)
