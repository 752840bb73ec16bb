"""Warm start of a tagger: begin training with a model's n-grams, labels and weights.

See `warm_start` for segmentation models.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.features.sparse_index import SlotRows, SparseIndex
from crfseg.features.templates import Family
from crfseg.features.token_encoder import TokenEncoder
from crfseg.model.tagger_model import TaggerModel
from crfseg.training.warm_start import rekeyed, with_keys

#: Bits of a label, or a pair of labels, in codes that combine it with a slot.
_LABEL = 16


def check_columns(model: TaggerModel, columns: int) -> None:
    """Raise SettingsError if the model was trained with a different number of columns."""
    if model.columns != columns:
        raise SettingsError(
            f"the model to start from was trained with {model.columns} columns before the label; "
            f"expected as many in the corpus, which has {columns}",
            parameter="init",
        )


def grow_chain(
    index: SparseIndex, rows: SlotRows, model: TaggerModel, encoder: TokenEncoder
) -> tuple[SparseIndex, SlotRows, np.ndarray]:
    """Add the n-grams and labels of a model to the index of a text; raises SettingsError.

    encoder: of the text; its vocabularies and the labels of the index begin with the model's.
    Returns the new index, the text's rows in it, and float32 [size], the model's weights.
    """
    T, S = index.tags, model.scheme.size
    split = len(index.templates.families)
    held = {(f >= len(model.encoder.templates.families), shape.pattern): (shape, model.families[f])
            for f, shape in enumerate(model.encoder.shapes)}  # fmt: skip
    rows = rows[0].copy(), rows[1].copy()
    base = index.families[0].base
    families = []
    known = [np.zeros(0, dtype=np.int64)]  # codes of the model's weights
    seen = [np.zeros(0, dtype=np.int64)]  # codes of the text's weights
    weights = [np.zeros(0, dtype=np.int16)]
    for f, (shape, family) in enumerate(zip(index.shapes, index.families, strict=True)):
        of_pairs, window = f >= split, len(shape.shifts)
        of_text = rows[of_pairs][f - of_pairs * split]
        of_text[of_text >= family.base] += base - family.base
        slots = np.arange(len(family.keys) * window)
        starts = index.starts[family.base + np.arange(len(slots) + 1)]
        seen.append(_codes(base + slots, np.diff(starts), index.labels[starts[0] : starts[-1]]))
        if (of_pairs, shape.pattern) in held:
            before, sparse = held[of_pairs, shape.pattern]
            columns = [column for _, column in shape.pattern]
            keys = rekeyed(sparse.keys, columns, model.encoder.radix, encoder.radix)
            family = with_keys(family, keys[~np.isin(keys, family.keys)], base)
            order = np.argsort(family.keys)
            numbers = order[np.searchsorted(family.keys, keys, sorter=order)]
            labels = sparse.labels
            if of_pairs:
                labels = labels // S * np.uint16(T) + labels % S
            codes = _codes(_slots(base, numbers, before, shape), sparse.counts, labels)
            known.append(codes[codes >= 0])
            weights.append(sparse.weights[codes >= 0])
        families.append(replace(family, base=base))
        base += len(family.keys) * window
    codes = np.unique(np.concatenate([*known, *seen]))
    starts = np.concatenate(([0], np.cumsum(np.bincount(codes >> _LABEL, minlength=base)))) + T * T
    if max(base, starts[-1]) > np.iinfo(np.int32).max:
        problem = f"{starts[-1]:,} weights are too many; expected less text"
        raise SettingsError(problem, parameter="init")
    labels = np.concatenate([np.zeros(T * T), codes & (1 << _LABEL) - 1]).astype(np.uint16)
    start = np.zeros(len(labels), dtype=np.float32)
    if index.templates.transitions:
        start[: T * T].reshape(T, T)[:S, :S] = model.transitions
    start[T * T + np.searchsorted(codes, np.concatenate(known))] = np.concatenate(weights)
    start *= np.float32(model.scale)
    grown = SparseIndex(
        index.plans, index.templates, families, starts.astype(np.int32), labels, index.tags
    )
    return grown, rows, start


def _codes(slots: np.ndarray, counts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int64: a code of slot and label for each weight; negative if the slot is negative."""
    return np.repeat(slots.ravel(), counts.ravel()) << _LABEL | labels.astype(np.int64)


def _slots(base: int, numbers: np.ndarray, before: Family, shape: Family) -> np.ndarray:
    """int64 [n, W of before]: slots of n-grams; -1 for templates not in the new family."""
    places = [shape.shifts.index(s) if s in shape.shifts else -1 for s in before.shifts]
    slots = base + numbers[:, None] * len(shape.shifts) + np.array(places)
    slots[:, np.array(places) < 0] = -1
    return slots
