"""Word lists and where their words match: the lexicon columns of the feature table.

A lexicon gives two codes for each position, one of its longest word that begins there and
one of its longest that ends there: how long it is and, for a lexicon of several tiers, how
widely it is used (`kernels.trie.code_of`). The words of the training corpus are jackknifed:
a sentence is matched with the words of the other folds only, or every training word would
look known and the model would trust the lexicon too much; a word's tier says in how many
folds it occurs (see "Jackknife" in docs/guide/how-it-works.md).
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence

import numpy as np

from crfseg.corpus.corpus import FOLDS
from crfseg.features.kernels.layout import COMMON, WIDE

#: Longer words are left out of a lexicon: they are names of one document.
MAX_WORD = 12
MAX_LEXICONS = 9
#: In how many folds a word of the training corpus occurs at least, by its tier.
TIERS = (1, COMMON, WIDE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def masks(tiers: Sequence[int]) -> np.ndarray:
    """uint64 [lexicons]: for each lexicon the flags that say a word is in it.

    tiers: how many each lexicon has; only that of the training words has more than one.
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
    """uint32 [W]: the flags of the words of a plain model, whose folds are all the same now.

    members uint32 [W]: see `Model`. As many folds as a word's tier asks for.
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

    Of 2 .. MAX_WORD characters, without spaces and lone surrogates (which UTF-8 cannot write).
    """
    fitting = {w for w in words if 2 <= len(w) <= MAX_WORD and "".join(w.split()) == w}
    return sorted(w for w in fitting if not _SURROGATE.search(w))
