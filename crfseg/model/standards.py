"""Extracts the plain model of one segmentation standard from a model of several.

Every sentence of a training corpus follows a standard; the default templates occur twice,
once unchanged and once with the standard as a further cell. So weights are shared between
standards, and each standard has private ones for where it differs (Daumé 2007,
"Frustratingly easy domain adaptation"). In segmentation the standard is the same everywhere:
its private weights are added to the shared ones, which gives an ordinary model, as small and
as fast as one of a single standard.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.features import templates
from crfseg.features.lexicon import has_own
from crfseg.features.strings import pack_words
from crfseg.features.table import digits_of
from crfseg.features.templates import Family
from crfseg.model.segmentation_model import Model

Cells = tuple[tuple[int, int], ...]


def select(model: Model, name: str | None) -> Model:
    """The plain model of a standard; None: of the default standard.

    Raises SettingsError for a standard that is not in the model.
    """
    if not model.standards:
        if name is not None:
            problem = "the model has no standards to choose from"
            raise SettingsError(problem, parameter="standard", value=name)
        return model
    if name is not None and name not in model.standards:
        expected = f"must be one of {', '.join(model.standards)}"
        raise SettingsError(expected, parameter="standard", value=name)
    number = model.standards.index(name) if name else 0
    column = -1 if len(model.standards) == 1 else model.columns - 1
    lines = _plain_lines(model.templates.lines, column)
    words, members = _own_words(model, number)
    arrays = {
        "alphabet": model.alphabet.characters,
        "transitions": model.transitions,
        "lexicon.words": words,
        "lexicon.members": members,
    }
    shapes = templates.parse(lines).families
    for f, (keys, weights) in enumerate(_fold(model, shapes, column, number)):
        arrays[f"family.{f}.keys"], arrays[f"family.{f}.weights"] = keys, weights
    metadata = {key: value for key, value in model.metadata.items() if key != "standards"}
    metadata |= {"templates": lines, "selected": model.standards[number]}
    return Model.make(metadata, arrays)


def _plain_lines(lines: Sequence[str], column: int) -> list[str]:
    """The template lines without the cell of the standard, without duplicates."""
    plain: dict[object, str] = {}
    for line in lines:
        cells = tuple(cell for cell in templates.cells_of(line) if cell[1] != column)
        plain.setdefault(cells or line, "/".join(f"%x[{o},{c}]" for o, c in cells) or line)
    return [line if line == "B" else f"U{k:02d}:{line}" for k, line in enumerate(plain.values())]


def _own_words(model: Model, number: int) -> tuple[np.ndarray, np.ndarray]:
    """The words of a standard and of the shared lexicons, and their memberships."""
    members = model.members
    if has_own(model.tiers):
        own = (members >> (2 * number)) & 3
        members = (members >> (2 * len(model.standards)) << 2) | own
    words = bytes(model.words).decode("utf-8").split("\n")[:-1]
    kept = np.flatnonzero(members)
    return pack_words(words[k] for k in kept.tolist()), members[kept].astype(np.uint32)


def _fold(
    model: Model, shapes: Sequence[Family], column: int, number: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Keys and weights of the plain families: sums of the shared and the private weights."""
    radix = model.radix
    parts: dict[Cells, list[tuple[np.ndarray, np.ndarray, list[int]]]] = {}
    for shape, family in zip(model.templates.families, model.families, strict=True):
        digits = digits_of(family.keys, [radix[c] for _, c in shape.pattern])
        selected = np.ones(len(family.keys), dtype=np.bool_)
        kept = []
        for (_, c), values in zip(shape.pattern, digits, strict=True):
            if c == column:
                selected &= values == number
            else:
                kept.append(values)
        pattern = tuple(cell for cell in shape.pattern if cell[1] != column)
        first = min(offset for offset, _ in pattern)
        moved = tuple((offset - first, c) for offset, c in pattern)
        keys = np.zeros(int(selected.sum()), dtype=np.uint64)
        for (_, c), values in zip(pattern, kept, strict=True):
            keys = keys * np.uint64(radix[c]) + values[selected]
        shifts = [shift + first for shift in shape.shifts]
        parts.setdefault(moved, []).append((keys, family.weights[selected], shifts))
    return [_added(shape, parts[shape.pattern], model.scheme.size) for shape in shapes]


def _added(
    shape: Family, parts: Sequence[tuple[np.ndarray, np.ndarray, list[int]]], tags: int
) -> tuple[np.ndarray, np.ndarray]:
    keys = np.unique(np.concatenate([part for part, _, _ in parts]))
    total = np.zeros((len(keys), len(shape.shifts), tags), dtype=np.int64)
    for part, weights, shifts in parts:
        rows = np.searchsorted(keys, part)
        places = [shape.shifts.index(shift) for shift in shifts]
        total[rows[:, None], places] += weights
    return keys, np.clip(total, -32767, 32767).astype(np.int16)
