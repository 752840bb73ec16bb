"""Building the bitmaps of `kernels.pairs`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crfseg.kernels.layout import Pairs


def number_pairs(first: np.ndarray, second: np.ndarray, size: int) -> Pairs:
    """The numbering of distinct pairs of ids below ``size``, sorted by first, then second."""
    width = (size - 1 >> 12) + 1
    keys = first.astype(np.uint64) * np.uint64(width << 12) + second.astype(np.uint64)
    occupied, blocks = _bitmaps(keys)
    filled, found = _bitmaps(occupied)
    groups = np.zeros((size * width, 2), dtype=np.uint64)
    groups[filled.astype(np.int64)] = found
    return Pairs(groups, np.pad(blocks, ((1, 0), (0, 0))), np.array([width], dtype=np.uint64))


def join_pairs(many: Sequence[Pairs]) -> Pairs:
    """Numberings of the same ids in one: the groups of each follow those of the one before."""
    nothing = np.zeros((0, 2), dtype=np.uint64)
    groups, blocks, before = [nothing], [nothing], 0
    for pairs in many:
        shift = np.array([0, before], dtype=np.uint64)  # the empty block is the first one's
        groups.append(pairs.groups + shift)
        blocks.append(pairs.blocks)
        before += len(pairs.blocks)
    width = many[0].width if many else np.ones(1, dtype=np.uint64)
    return Pairs(np.concatenate(groups), np.concatenate(blocks), width)


def _bitmaps(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys >> 6, and for each: the low parts as bits, 1 + how many before."""
    high = keys >> np.uint64(6)
    starts = np.flatnonzero(np.diff(high, prepend=~np.uint64(0)))
    bits = np.uint64(1) << (keys & np.uint64(63))
    bitmaps = np.bitwise_or.reduceat(bits, starts) if len(keys) else bits
    return high[starts], np.stack([bitmaps, 1 + starts.astype(np.uint64)], axis=1)
