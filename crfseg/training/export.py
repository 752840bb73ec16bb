"""Turn trained weights into a model: prune, quantise, sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crfseg.corpus.schemes import LabelScheme, TagScheme
from crfseg.features.character_encoder import Encoder, Lexicons
from crfseg.features.index import Index
from crfseg.features.strings import pack_strings, pack_words
from crfseg.features.token_encoder import TokenEncoder
from crfseg.model.container import TAGGER
from crfseg.model.segmentation_model import Model, quantise, scale_for
from crfseg.model.tagger_model import SparseFamily, TaggerModel

if TYPE_CHECKING:
    from crfseg.features.sparse_index import SparseIndex


def export(
    metadata: dict[str, Any],
    weights: np.ndarray,
    index: Index,
    encoder: Encoder,
    lexicons: Lexicons,
    scheme: TagScheme,
    prune: float,
) -> Model:
    """The segmentation model for a weight vector; drops n-grams with no weight above prune."""
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


def export_tagger(
    metadata: dict[str, Any],
    weights: np.ndarray,
    index: SparseIndex,
    encoder: TokenEncoder,
    scheme: LabelScheme,
    prune: float,
) -> TaggerModel:
    """The tagger for a weight vector; drops weights not above prune."""
    T = scheme.size
    scale = scale_for(weights)
    transitions = weights[index.transitions].reshape(T, T)
    arrays = {"transitions": quantise(np.where(scheme.legal, transitions, 0), scale)}
    for c, vocabulary in enumerate(encoder.vocabularies):
        arrays[f"column.{c}"] = pack_strings(vocabulary.words)
    large = np.abs(weights) > max(prune, scale / 2)
    # The number of kept weights before each place.
    before = np.concatenate(([0], np.cumsum(large)))
    for f, (shape, family) in enumerate(zip(index.shapes, index.families, strict=True)):
        n, window = len(family.keys), len(shape.shifts)
        starts = index.starts[family.base : family.base + n * window + 1]
        counts = np.diff(before[starts]).reshape(n, window)
        order = np.argsort(family.keys)
        order = order[counts[order].any(axis=1)]
        places = _places(starts, order, window)
        places = places[large[places]]
        of_pairs = f >= len(index.templates.families)
        labels = index.labels[places].astype(np.uint16 if of_pairs else np.uint8)
        kept = SparseFamily(
            family.keys[order], counts[order].astype(np.uint16), labels,
            quantise(weights[places], scale),
        )  # fmt: skip
        arrays |= {f"family.{f}.{name}": part for name, part in vars(kept).items()}
    description = {
        **metadata,
        "kind": TAGGER,
        "labels": list(scheme.names),
        "form": scheme.form,
        "columns": len(encoder.vocabularies),
        "templates": list(index.templates.lines),
        "scale": scale,
    }
    return TaggerModel.make(description, arrays)


def _places(starts: np.ndarray, order: np.ndarray, window: int) -> np.ndarray:
    """int64: places of the weights of the n-grams in ``order``, concatenated.

    starts: first weight of each slot of the family, and the end of the last slot.
    """
    first = starts[order * window].astype(np.int64)
    lengths = starts[(order + 1) * window] - first
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) + np.repeat(first - (ends - lengths), lengths)
