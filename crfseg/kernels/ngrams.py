"""The feature table of many sequences at once: lexicon codes and n-gram keys."""

from __future__ import annotations

import numpy as np

from crfseg.kernels.hashing import EMPTY as EMPTY
from crfseg.kernels.policy import kernel
from crfseg.kernels.scores import ngram_keys
from crfseg.kernels.trie import match


@kernel
def match_all(ids, bounds, levels, masks, longest, codes):
    """`match` for every sequence; masks uint64 [S, lexicons]: the flags that count in each."""
    length = 0
    for s in range(len(bounds)):
        length = max(length, bounds[s, 1] - bounds[s, 0])
    scratch = np.empty((4, length), np.uint32)
    for s in range(len(bounds)):
        begin, n = bounds[s, 0], bounds[s, 1] - bounds[s, 0]
        match(ids[begin:], n, levels, masks[s], longest, codes[:, begin:], scratch)


@kernel
def table_keys(columns, bounds, plan, family, keys):
    """`ngram_keys` for every sequence; what lies between the sequences is left alone."""
    low, high = plan.windows[family, 0], plan.windows[family, 1]
    for s in range(len(bounds)):
        ngram_keys(columns, plan, family, bounds[s, 0] + low, bounds[s, 1] + high, keys)
