"""Cuts work into pieces of about equal size, whatever the number of threads."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

#: Vectors are processed in blocks of this many numbers (1 MB); fixed, so that sums do not
#: depend on the number of threads.
BLOCK = 1 << 18
#: Shards per pass; fixed, so that sums do not depend on the number of threads, and more than
#: the threads of most machines, so that all stay busy.
SHARDS = 64


def cut(sizes: np.ndarray, most: int = SHARDS) -> list[tuple[int, int]]:
    """Cuts items into at most ``most`` runs (begin, end) of about equal total size."""
    ends = np.cumsum(sizes, dtype=np.int64)
    if len(ends) == 0:
        return []
    marks = ends[-1] * np.arange(1, most) // most
    cuts = np.unique(np.concatenate(([0], np.searchsorted(ends, marks, side="right"), [len(ends)])))
    return [(int(a), int(b)) for a, b in pairwise(cuts)]
