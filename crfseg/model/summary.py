"""Summarises the contents of a model for ``crfseg info``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.model.feature_names import Spelling, TokenNames
from crfseg.model.load import load_any
from crfseg.model.segmentation_model import Model
from crfseg.model.tagger_model import TaggerModel


@dataclass(frozen=True)
class ModelSummary:
    """The description of a model.

    card: its metadata; sizes: counts by name; strongest: the features with the largest weights
    for each tag; transitions: (tag, next tag, weight), legal ones only.
    """

    card: dict[str, Any]
    sizes: dict[str, int]
    strongest: dict[str, list[tuple[str, float]]]
    transitions: list[tuple[str, str, float]]


def summarise_file(path: str | os.PathLike[str]) -> ModelSummary:
    """Describe a model for segmentation or for tagging; raises ModelError for anything else."""
    model = load_any(path)
    return summarise_tagger(model) if isinstance(model, TaggerModel) else summarise(model)


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


def summarise_tagger(model: TaggerModel, most: int = 5) -> ModelSummary:
    """Describe a tagger, with the ``most`` strongest features of each label.

    The features are those of unigram templates, "%x[-1,0]=的 %x[0,0]=人"; the transitions are the
    ``most`` * T strongest.
    """
    names, T = model.scheme.names, model.scheme.size
    sizes = {
        "labels": T,
        "columns": model.columns,
        "values": sum(len(vocabulary.words) for vocabulary in model.encoder.vocabularies),
        "templates": len(model.metadata["templates"]),
        "n-grams": sum(len(family.keys) for family in model.families),
        "weights": model.weight_count,
    }
    scores = np.where(model.scheme.legal, model.transitions, 0).ravel().astype(np.int64)
    order = np.argsort(-np.abs(scores), kind="stable")[: most * T]
    transitions = [
        (names[k // T], names[k % T], float(scores[k]) * model.scale)
        for k in order[scores[order] != 0].tolist()
    ]
    card = {name: value for name, value in model.metadata.items() if name != "labels"}
    spelling = TokenNames(model.encoder)
    strongest = {
        name: _strongest_of_label(model, t, most, spelling) for t, name in enumerate(names)
    }
    return ModelSummary(card, sizes, strongest, transitions)


def _strongest_of_label(
    model: TaggerModel, label: int, most: int, spelling: TokenNames
) -> list[tuple[str, float]]:
    found = []
    for f, shape in enumerate(model.encoder.templates.families):
        family = model.families[f]
        places = np.flatnonzero(family.labels == label)
        places = places[np.argsort(-family.weights[places], kind="stable")[:most]]
        slots = np.searchsorted(np.cumsum(family.counts, dtype=np.int64), places, side="right")
        rows, shifts = np.divmod(slots, len(shape.shifts))
        keys = family.keys[rows].tolist()
        for place, key, shift in zip(places.tolist(), keys, shifts.tolist(), strict=True):
            weight = float(family.weights[place]) * model.scale
            found.append((spelling.feature(f, key, shift), weight))
    return sorted(found, key=lambda feature: -feature[1])[:most]
