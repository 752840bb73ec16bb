"""A smaller model of a model: coarser weights, fewer n-grams, fewer words.

Weights are rounded until each fits a byte, which accuracy hardly notices. If that is not small
enough, what matters least goes, by the model alone, without a text:

- n-grams of small weights. What counts of a weight is how far the tags differ: one that all
  tags have alike changes nothing. And an n-gram of a large family (pairs of characters) occurs
  in a text more rarely than one of a small family (lengths of words): it counts for less, by
  the fourth root of the size of its family.
- words of few and low ranks, the longest first: a word list gives its words one rank, the
  training text up to three, by how much of it has the word; what counts is the sum.

Words get six tenths of the room; what they or the n-grams do not need, the others get. Both
numbers were chosen with the default model, on the first 2,500 sentences of CTB6's training part
and the development part of UD Chinese-GSDSimp.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.model.container import encode
from crfseg.model.segmentation_model import Model, quantise, scale_for

#: Coarser units than this one cost accuracy: models that would need them keep their own.
COARSEST = 2.0**-4
_BYTE = 127
_RARITY = 0.25
_WORDS = 0.6
#: Lexicons that a word's memberships have room for.
_LEXICONS = 16
_LINE_END = ord("\n")


def compress(model: Model | str | os.PathLike[str], max_size: int | None = None) -> Model:
    """A model that takes no more than ``max_size`` bytes as a file, and loses as little as it can.

    Without a size only the weights are made coarser. The same model and size give the same
    bytes. Raises ModelError for what is no model for segmentation, SettingsError for a size
    that cannot be reached.
    """
    whole = coarse(model if isinstance(model, Model) else Model.load(model))
    # What it scored before is not what it scores now.
    whole = replace(whole, metadata={k: v for k, v in whole.metadata.items() if k != "scores"})
    if max_size is None or size_of(whole) <= max_size:
        return whole
    parts = _Parts(whole)
    least, without_words = parts.size(0, 0), parts.size(0, parts.ngrams)
    if least > max_size:
        raise SettingsError(f"--max-size {max_size:,}: must be at least {least:,} for this model")
    share = least + max(int(_WORDS * (max_size - least)), max_size - without_words)
    words = _most(parts.words, lambda n: parts.size(n, 0) <= share)
    ngrams = _most(parts.ngrams, lambda n: parts.size(words, n) <= max_size)
    # A few bytes may be left, as words take more than n-grams or less.
    words = _most(parts.words, lambda n: parts.size(n, ngrams) <= max_size)
    return Model.make(whole.metadata, parts.arrays(words, ngrams))


def size_of(model: Model) -> int:
    """How many bytes the file of a model has."""
    return len(encode(model.metadata, model.arrays()))


def coarse(model: Model) -> Model:
    """The same model with weights that fit bytes, if they can with a unit that is fine enough."""
    arrays = model.arrays()
    names = ["transitions", *(f"family.{f}.weights" for f in range(len(model.families)))]
    weights = [arrays[name] * model.scale for name in names]
    scale = max(scale_for(each, _BYTE) for each in weights)
    if not model.scale < scale <= COARSEST:
        return model
    arrays |= {name: quantise(each, scale) for name, each in zip(names, weights, strict=True)}
    return Model.make({**model.metadata, "scale": scale}, arrays)


def _most(n: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to n that fits, if 0 does, and all that are smaller."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


class _Parts:
    """The words and the n-grams of a model, what matters most first."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.words, self.ngrams = len(model.members), sum(len(f.keys) for f in model.families)
        # Of each word the bytes with its line end, and where it stands in the order.
        self.lengths = np.diff(np.flatnonzero(model.words == _LINE_END) + 1, prepend=0)
        ranks = sum((model.members >> 2 * k & 3).astype(np.int64) for k in range(_LEXICONS))
        self.word_places = _places(np.lexsort((self.lengths, -np.asarray(ranks))))
        self.ngram_places = _ngram_places(model)

    def size(self, words: int, ngrams: int) -> int:
        """Bytes of the file with so many words and n-grams."""
        return len(encode(self.model.metadata, self.arrays(words, ngrams)))

    def arrays(self, words: int, ngrams: int) -> dict[str, np.ndarray]:
        """Those of the model with so many words and n-grams."""
        arrays = self.model.arrays()
        kept = self.word_places < words
        arrays["lexicon.words"] = self.model.words[np.repeat(kept, self.lengths)]
        arrays["lexicon.members"] = self.model.members[kept]
        for f, places in enumerate(self.ngram_places):
            for name in (f"family.{f}.keys", f"family.{f}.weights"):
                arrays[name] = arrays[name][places < ngrams]
        return arrays


def _ngram_places(model: Model) -> list[np.ndarray]:
    """Of each family int64 [n]: where its n-grams stand among those of all."""
    importance = [np.zeros(0)]
    for family in model.families:
        weights = family.weights.astype(np.int64)
        spread = (weights.max(axis=2) - weights.min(axis=2)).max(axis=1)
        importance.append(spread / max(len(spread), 1) ** _RARITY)
    places = _places(np.argsort(-np.concatenate(importance), kind="stable"))
    return np.split(places, np.cumsum([len(one) for one in importance]))[1:-1]


def _places(order: np.ndarray) -> np.ndarray:
    """int64 [n]: where each of n things stands in an order of them."""
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
