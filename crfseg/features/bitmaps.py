"""Builds the bitmaps of `kernels.pairs`."""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.layout import Pairs


def number_pairs(first: np.ndarray, second: np.ndarray, size: int) -> Pairs:
    """Numbers distinct pairs of ids below ``size``, sorted by first, then by second id."""
    width = (size - 1 >> 12) + 1
    keys = first.astype(np.uint64) * np.uint64(width << 12) + second.astype(np.uint64)
    occupied, blocks = _bitmaps(keys)
    filled, found = _bitmaps(occupied)
    groups = np.zeros((size * width, 2), dtype=np.uint64)
    groups[filled.astype(np.int64)] = found
    return Pairs(groups, np.pad(blocks, ((1, 0), (0, 0))), np.array([width], dtype=np.uint64))


def character_bitmaps(
    characters: np.ndarray, values: np.ndarray, size: int, blocks: int
) -> np.ndarray:
    """uint64 [size * blocks, 2]: for each character below ``size`` a bitmap of its values.

    Each block has 64 bits, for values below 64 * blocks, and 1 + the number of pairs of a
    character and a value before it. characters, values: uint64, distinct pairs in order.
    """
    found = np.zeros((size * blocks, 2), dtype=np.uint64)
    filled, bitmaps = _bitmaps(characters * np.uint64(64 * blocks) + values)
    found[filled.astype(np.int64)] = bitmaps
    return found


def _bitmaps(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys >> 6, and for each: a bitmap of the low parts, 1 + the keys before."""
    high = keys >> np.uint64(6)
    starts = np.flatnonzero(np.diff(high, prepend=~np.uint64(0)))
    bits = np.uint64(1) << (keys & np.uint64(63))
    bitmaps = np.bitwise_or.reduceat(bits, starts) if len(keys) else bits
    return high[starts], np.stack([bitmaps, 1 + starts.astype(np.uint64)], axis=1)
