"""From trained weights to a model: pruning, quantising, sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from crfseg.lexicon import pack_words
from crfseg.model import Model, quantise, scale_for
from crfseg.objective import Index
from crfseg.prepare import Encoder, Lexicons
from crfseg.tags import TagScheme


def export(
    metadata: dict[str, Any],
    weights: np.ndarray,
    index: Index,
    encoder: Encoder,
    lexicons: Lexicons,
    scheme: TagScheme,
    prune: float,
) -> Model:
    """The model for a weight vector: n-grams all of whose weights are small are left out."""
    T = scheme.size
    scale = scale_for(weights)
    transitions = weights[index.layout.transitions].reshape(T, T)
    arrays = {
        "alphabet": encoder.alphabet.characters,
        "transitions": quantise(np.where(scheme.legal, transitions, 0), scale),
        "lexicon.words": pack_words(lexicons.words),
        "lexicon.members": lexicons.members,
    }
    for f, (shape, family) in enumerate(zip(index.templates.families, index.families, strict=True)):
        size = len(family.keys) * len(shape.shifts) * T
        rows = weights[family.base : family.base + size].reshape(-1, len(shape.shifts), T)
        kept = np.flatnonzero(np.abs(rows).max(axis=(1, 2)) > max(prune, scale / 2))
        kept = kept[np.argsort(family.keys[kept])]
        arrays[f"family.{f}.keys"] = family.keys[kept]
        arrays[f"family.{f}.weights"] = quantise(rows[kept], scale)
    description = {
        **metadata,
        "tags": scheme.name,
        "templates": list(index.templates.lines),
        "lexicons": lexicons.names,
        "tiers": lexicons.tiers,
        "scale": scale,
    }
    return Model.make(description, arrays)
