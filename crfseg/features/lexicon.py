"""Lexicons: the flags and tiers of their words.

A lexicon adds two codes for each position to the feature table: of its longest word that
begins there and of its longest that ends there. A code says how long the word is and, for a
lexicon of several tiers, how widely it is used (`kernels.trie.code_of`). The words of the
training corpus are jackknifed: a sentence is matched only with the words of the other folds,
because otherwise every training word would look known and the model would trust the lexicon
too much. A word's tier says in how many folds it occurs (see "Jackknife" in
docs/guide/how-it-works.md).
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence

import numpy as np

from crfseg.corpus.folds import FOLDS
from crfseg.features.kernels.layout import COMMON, WIDE

#: Longer words are left out of a lexicon: they are names found in a single document.
MAX_WORD = 12
MAX_LEXICONS = 9
#: The least number of folds of the training corpus in which the words of each tier occur.
TIERS = (1, COMMON, WIDE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def masks(tiers: Sequence[int]) -> np.ndarray:
    """uint64 [lexicons]: the word flags that mark membership in each lexicon.

    tiers: of each lexicon; only the lexicon of the training words has more than one.
    """
    lists = [1 << (FOLDS + k) for k in range(len(tiers))]
    own = [(1 << FOLDS) - 1] if has_own(tiers) else []
    return np.array([*own, *lists][: len(tiers)], dtype=np.uint64)


def has_own(tiers: Sequence[int]) -> bool:
    """Whether the first lexicon is that of the training words."""
    return bool(tiers) and tiers[0] == len(TIERS)


def tier_of(folds: int) -> int:
    """The tier of a word of the training corpus, from the bits of the folds it occurs in."""
    return bisect(TIERS, folds.bit_count()) - 1


def flags_of(members: np.ndarray, tiers: Sequence[int]) -> np.ndarray:
    """uint32 [W]: the flags of the words of a plain model, which no longer tells folds apart.

    members uint32 [W]: see `Model`. A word gets the least number of folds of its tier.
    """
    ranks = [(members >> (2 * k)) & 3 for k in range(len(tiers))]
    flags = np.zeros(len(members), dtype=np.uint32)
    if has_own(tiers):
        folds = np.array([0, *((1 << count) - 1 for count in TIERS)], dtype=np.uint32)
        flags |= folds[ranks.pop(0)]
    for k, rank in enumerate(ranks):
        flags |= (rank > 0).astype(np.uint32) << (FOLDS + k)
    return flags


def usable(words: Iterable[str]) -> list[str]:
    """The distinct words a lexicon can use, sorted.

    They have 2 .. MAX_WORD characters, no spaces and no lone surrogates (UTF-8 has none).
    """
    fitting = {w for w in words if 2 <= len(w) <= MAX_WORD and "".join(w.split()) == w}
    return sorted(w for w in fitting if not _SURROGATE.search(w))
