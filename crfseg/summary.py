"""What a model holds, in words and numbers to be read: for ``crfseg info``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.model import Model
from crfseg.spelling import Spelling


@dataclass(frozen=True)
class ModelSummary:
    """A model described.

    card: its metadata; sizes: how many of what; strongest: for each tag its features with
    the largest weights; transitions: (tag, next tag, weight), legal ones only.
    """

    card: dict[str, Any]
    sizes: dict[str, int]
    strongest: dict[str, list[tuple[str, float]]]
    transitions: list[tuple[str, str, float]]


def summarise(model: Model, most: int = 10) -> ModelSummary:
    """Describe a model, with the ``most`` strongest features of each tag."""
    tags = model.scheme.tags
    sizes = {
        "characters": len(model.alphabet.characters),
        "lexicon words": len(model.members),
        "templates": len(model.metadata["templates"]),
        "n-grams": sum(len(family.keys) for family in model.families),
        "weights": model.weight_count,
    }
    transitions = [
        (tags[s], tags[t], float(model.transitions[s, t]) * model.scale)
        for s, t in np.argwhere(model.scheme.legal).tolist()
    ]
    strongest = {tag: _strongest(model, t, most) for t, tag in enumerate(tags)}
    return ModelSummary(dict(model.metadata), sizes, strongest, transitions)


def _strongest(model: Model, tag: int, most: int) -> list[tuple[str, float]]:
    found = []
    for f, family in enumerate(model.families):
        weights = family.weights[:, :, tag].ravel()
        for at in np.argsort(-weights, kind="stable")[:most].tolist():
            row, place = divmod(at, family.weights.shape[1])
            found.append((int(weights[at]), f, int(family.keys[row]), place))
    found.sort(key=lambda feature: -feature[0])
    spelling = Spelling(model)
    return [
        (spelling.feature(f, key, place), weight * model.scale)
        for weight, f, key, place in found[:most]
    ]
