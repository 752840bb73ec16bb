"""What a model holds, in words and numbers to be read: for ``crfseg info``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.kernels.layout import CHARACTER, FIRST_LEXICON, TYPE
from crfseg.model import Model
from crfseg.text import BOUNDARY, FIRST_CHARACTER

_TYPE_NAMES = ("outside", "other", "Han", "digit", "numeral", "letter", "punctuation")


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
    return [
        (_spell(model, f, key, place), weight * model.scale)
        for weight, f, key, place in found[:most]
    ]


def _spell(model: Model, f: int, key: int, place: int) -> str:
    """An n-gram seen from a position: "C-1=人 C0=民"."""
    family = model.templates.families[f]
    radix = model.radix
    cells = []
    for offset, column in reversed(family.pattern):
        key, value = divmod(key, radix[column])
        where = family.shifts[place] + offset
        cells.append(_spell_cell(model, column, value, f"{where:+d}" if where else "0"))
    return " ".join(reversed(cells))


def _spell_cell(model: Model, column: int, value: int, where: str) -> str:
    if column == CHARACTER:
        if value >= FIRST_CHARACTER:
            return f"C{where}={chr(model.alphabet.characters[value - FIRST_CHARACTER])}"
        return f"C{where}={'(outside)' if value == BOUNDARY else '(unknown)'}"
    if column == TYPE:
        return f"type{where}={_TYPE_NAMES[value]}"
    if column == FIRST_LEXICON + 2 * model.lexicons:
        return f"standard={model.standards[value]}"
    lexicon, ends = divmod(column - FIRST_LEXICON, 2)
    return f"word{lexicon} {'ends' if ends else 'begins'}{where}={value}"
