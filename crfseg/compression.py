"""A smaller model of a model: coarser weights, fewer n-grams, fewer words.

Weights are rounded until each fits a byte, which accuracy hardly notices. If that is not small
enough, what matters least goes, as little of it as will do: first the n-grams of small
weights, then the words that only word lists have, the longest first, then both n-grams and
words of the training text (the rarest first) at an equal pace.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace

import numpy as np

from crfseg.container import encode
from crfseg.errors import SettingsError
from crfseg.lexicon import has_own, pack_words, unpack_words
from crfseg.model import Model, quantise, scale_for

#: Coarser units than this one cost accuracy: models that would need them keep their own.
COARSEST = 2.0**-4
_BYTE = 127
#: The part of the n-grams that is kept until words have to go: with fewer, F1 falls fast.
_KEPT = 0.45


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
    order = _order(whole)
    best = _without(whole, order)
    if size_of(best) > max_size:
        least = size_of(best)
        raise SettingsError(f"--max-size {max_size:,}: must be at least {least:,} for this model")
    over, fits = 0, len(order)  # how many of them go
    while fits - over > 1:
        middle = (over + fits) // 2
        trial = _without(whole, order[:middle])
        if size_of(trial) <= max_size:
            best, fits = trial, middle
        else:
            over = middle
    return best


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


def _order(model: Model) -> np.ndarray:
    """int64 [n-grams + words]: numbers of n-grams, then words, what matters least first."""
    strength = [np.abs(f.weights.astype(np.int32)).max(axis=(1, 2)) for f in model.families]
    ngrams = np.argsort(np.concatenate(strength), kind="stable")
    small = len(ngrams) - round(_KEPT * len(ngrams))
    _, ends = unpack_words(model.words)
    standards = max(1, len(model.standards)) if has_own(model.tiers) else 0
    tiers = [model.members >> 2 * k & 3 for k in range(standards)]
    own = np.max([np.zeros_like(model.members), *tiers], axis=0)
    words = len(ngrams) + np.lexsort((-np.diff(ends, prepend=0), own))
    listed = np.count_nonzero(own == 0)
    rest = ngrams[small:], words[listed:]
    shares = np.concatenate([np.arange(len(part)) / max(len(part), 1) for part in rest])
    mixed = np.concatenate(rest)[np.argsort(shares, kind="stable")]
    return np.concatenate([ngrams[:small], words[:listed], mixed])


def _without(model: Model, dropped: np.ndarray) -> Model:
    """The model without the n-grams and words of those numbers."""
    kept = np.ones(sum(len(f.keys) for f in model.families) + len(model.members), dtype=bool)
    kept[dropped] = False
    arrays, at = model.arrays(), 0
    for f, family in enumerate(model.families):
        rows = kept[at : at + len(family.keys)]
        arrays[f"family.{f}.keys"] = family.keys[rows]
        arrays[f"family.{f}.weights"] = family.weights[rows]
        at += len(rows)
    words = bytes(model.words).decode("utf-8").split("\n")[:-1]
    arrays["lexicon.words"] = pack_words(itertools.compress(words, kept[at:].tolist()))
    arrays["lexicon.members"] = model.members[kept[at:]]
    return Model.make(model.metadata, arrays)
