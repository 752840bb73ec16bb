"""Hash tables as the rest of the library uses them: distinct keys, and perfect slots."""

from __future__ import annotations

import numpy as np

from crfseg.errors import CrfsegError
from crfseg.kernels import hashing, perfect

_SLOTS_PER_KEY = 1.4
_KEYS_PER_BUCKET = 3


def perfect_slots(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Displacements (uint8), the slot of each key (int64 [n]), and the number of slots.

    keys: uint64 [n], distinct. Raises CrfsegError for keys no table can be made of: chance
    has none, a forged model may.
    """
    buckets = len(keys) // _KEYS_PER_BUCKET + 1
    size = int(len(keys) * _SLOTS_PER_KEY) + 1
    slots = np.empty(len(keys), dtype=np.int64)
    for _ in range(8):
        displacements = np.zeros(buckets, dtype=np.uint8)
        if perfect.displace(keys, size, displacements, slots):
            return displacements, slots, size
        size += size // 2
    raise CrfsegError(f"{len(keys):,} keys cannot be told apart; expected keys made by chance")


def distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct ones of uint64 keys in order of first occurrence, and the number of each."""
    found = np.empty(len(keys), dtype=np.uint64)
    counts, ids = np.empty(len(keys), dtype=np.int32), np.empty(len(keys), dtype=np.int32)
    n = hashing.number(keys, empty_slots(len(keys)), ids, found, counts)
    return found[:n], ids


def empty_slots(keys: int) -> np.ndarray:
    """int32 [2^k], all -1: a table for `kernels.hashing` with room for that many keys."""
    return np.full(1 << max(4, (2 * keys - 1).bit_length()), -1, dtype=np.int32)
