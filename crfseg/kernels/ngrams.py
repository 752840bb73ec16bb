"""The feature table of many sequences at once: lexicon codes and n-gram keys."""

from __future__ import annotations

from crfseg.kernels.hashing import EMPTY as EMPTY
from crfseg.kernels.policy import kernel
from crfseg.kernels.scores import ngram_keys
from crfseg.kernels.trie import match


@kernel
def match_all(ids, bounds, hidden, folds, slots, radix, longest, codes):
    """`match` for every sequence; hidden uint32 [S]: the flag bits each must not see."""
    for s in range(len(bounds)):
        match(ids, bounds[s, 0], bounds[s, 1], hidden[s], folds, slots, radix, longest, codes)


@kernel
def table_keys(columns, bounds, plan, family, keys):
    """`ngram_keys` for every sequence; what lies between the sequences is left alone."""
    low, high = plan.windows[family, 0], plan.windows[family, 1]
    for s in range(len(bounds)):
        ngram_keys(columns, plan, family, bounds[s, 0] + low, bounds[s, 1] + high, keys)
