"""The feature table of many sequences at once: lexicon codes and n-gram keys."""

from __future__ import annotations

import numpy as np

from crfseg.kernels.pairs import number
from crfseg.kernels.policy import kernel
from crfseg.kernels.scores import ngram_keys
from crfseg.kernels.trie import match


@kernel
def match_all(columns, bounds, levels, masks, tiers):
    """`match` for every sequence; masks uint64 [S, lexicons]: the flags that count in each."""
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
    """`ngram_keys` for every sequence; what lies between the sequences is left alone."""
    low, high = plan.windows[family, 0], plan.windows[family, 1]
    for s in range(len(bounds)):
        begin, end = bounds[s, 0] + low, bounds[s, 1] + high
        ngram_keys(columns, plan, family, begin, end, keys[begin:end])
