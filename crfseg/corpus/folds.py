"""Folds of a corpus: runs of neighbouring sentences."""

from __future__ import annotations

import numpy as np

#: Folds of the jackknife. Word flags: bits 0 .. FOLDS - 1 mark the folds of the training
#: corpus the word occurs in, bit FOLDS + k marks the k-th word list (a trie stores
#: layout.FLAG_BITS of them).
FOLDS = 10


def folds_of(sentences: int, folds: int = FOLDS) -> np.ndarray:
    """int64 [S]: the fold of each sentence; folds are contiguous and of nearly equal size.

    Contiguous, not interleaved: neighbours come from one document and share its rare words,
    so only a lexicon without all of them shows what an unseen document looks like.
    """
    return np.arange(sentences) * folds // max(sentences, 1)
