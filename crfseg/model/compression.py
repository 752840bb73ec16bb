"""Compresses a model: coarser weights, fewer n-grams, fewer words.

Weights are rounded until each fits a byte, which hardly changes the accuracy. If that is not
small enough, the least important parts are dropped, judged by the model alone, without a text:

- n-grams with small weights. The importance of a weight is how far the tags differ: a weight
  that is the same for all tags changes nothing. It is divided by the fourth root of the size
  of the family, because an n-gram of a large family (pairs of characters) occurs in text more
  rarely than one of a small family (lengths of words).
- words with few and low ranks, the longest first: a word list gives its words rank one, the
  training text up to three, by how much of it has the word; the sum of the ranks counts.

Words get six tenths of the space; what one part does not need goes to the other. Both numbers
were chosen with the default model, on the first 2,500 sentences of CTB6's training part and the
development part of UD Chinese-GSDSimp.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.model.container import encode
from crfseg.model.segmentation_model import Model, quantise, scale_for

#: Scales coarser than this cost accuracy: models that would need one keep their own.
COARSEST = 2.0**-4
_BYTE = 127
_RARITY = 0.25
_WORDS = 0.6
#: The number of lexicons for which ``Model.members`` has bits.
_LEXICONS = 16
_LINE_END = ord("\n")


def compress(model: Model | str | os.PathLike[str], max_size: int | None = None) -> Model:
    """A model whose file has at most ``max_size`` bytes, with as little loss as possible.

    Without a size only the weights are made coarser. The same model and size give the same
    bytes. Raises ModelError for anything but a model for segmentation, SettingsError for a size
    that cannot be reached.
    """
    whole = coarse(model if isinstance(model, Model) else Model.load(model))
    # The scores of the original model no longer apply.
    whole = replace(whole, metadata={k: v for k, v in whole.metadata.items() if k != "scores"})
    if max_size is None or size_of(whole) <= max_size:
        return whole
    parts = _Parts(whole)
    least, without_words = parts.size(0, 0), parts.size(0, parts.ngrams)
    if least > max_size:
        expected = f"must be at least {least:,} for this model"
        raise SettingsError(expected, parameter="max_size", value=max_size)
    share = least + max(int(_WORDS * (max_size - least)), max_size - without_words)
    words = _most(parts.words, lambda n: parts.size(n, 0) <= share)
    ngrams = _most(parts.ngrams, lambda n: parts.size(words, n) <= max_size)
    # Fill the bytes that are left: n-grams rarely use up their share exactly.
    words = _most(parts.words, lambda n: parts.size(n, ngrams) <= max_size)
    return Model.make(whole.metadata, parts.arrays(words, ngrams))


def size_of(model: Model) -> int:
    """The size of the file of a model in bytes."""
    return len(encode(model.metadata, model.arrays()))


def coarse(model: Model) -> Model:
    """The same model with weights that fit a byte, if a scale up to COARSEST suffices."""
    arrays = model.arrays()
    names = ["transitions", *(f"family.{f}.weights" for f in range(len(model.families)))]
    weights = [arrays[name] * model.scale for name in names]
    scale = max(scale_for(each, _BYTE) for each in weights)
    if not model.scale < scale <= COARSEST:
        return model
    arrays |= {name: quantise(each, scale) for name, each in zip(names, weights, strict=True)}
    return Model.make({**model.metadata, "scale": scale}, arrays)


def _most(n: int, fits: Callable[[int], bool]) -> int:
    """The largest number from 0 to n that fits; ``fits`` must be monotone."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


class _Parts:
    """The words and the n-grams of a model, in order of importance."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.words, self.ngrams = len(model.members), sum(len(f.keys) for f in model.families)
        # The bytes of each word with its line end, and its rank by importance.
        self.lengths = np.diff(np.flatnonzero(model.words == _LINE_END) + 1, prepend=0)
        ranks = sum((model.members >> 2 * k & 3).astype(np.int64) for k in range(_LEXICONS))
        self.word_places = _places(np.lexsort((self.lengths, -np.asarray(ranks))))
        self.ngram_places = _ngram_places(model)

    def size(self, words: int, ngrams: int) -> int:
        """The size in bytes of the file with that many words and n-grams."""
        return len(encode(self.model.metadata, self.arrays(words, ngrams)))

    def arrays(self, words: int, ngrams: int) -> dict[str, np.ndarray]:
        """The arrays of the model with that many words and n-grams."""
        arrays = self.model.arrays()
        kept = self.word_places < words
        arrays["lexicon.words"] = self.model.words[np.repeat(kept, self.lengths)]
        arrays["lexicon.members"] = self.model.members[kept]
        for f, places in enumerate(self.ngram_places):
            for name in (f"family.{f}.keys", f"family.{f}.weights"):
                arrays[name] = arrays[name][places < ngrams]
        return arrays


def _ngram_places(model: Model) -> list[np.ndarray]:
    """For each family int64 [n]: the ranks of its n-grams among those of all families."""
    importance = [np.zeros(0)]
    for family in model.families:
        weights = family.weights.astype(np.int64)
        spread = (weights.max(axis=2) - weights.min(axis=2)).max(axis=1)
        importance.append(spread / max(len(spread), 1) ** _RARITY)
    places = _places(np.argsort(-np.concatenate(importance), kind="stable"))
    return np.split(places, np.cumsum([len(one) for one in importance]))[1:-1]


def _places(order: np.ndarray) -> np.ndarray:
    """int64 [n]: the inverse of a permutation: the rank of each element."""
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
