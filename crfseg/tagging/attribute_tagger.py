"""Best labels and marginals of an attribute model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from crfseg.crf.decode import attribute_marginals, decode_attributes
from crfseg.crf.kernels.sparse_scores import Items as SparseItems
from crfseg.features.attribute_ids import KnownAttributeIds
from crfseg.features.attributes import Items, slots_of, sparse_rows
from crfseg.model.attribute_model import AttributeModel

#: Items processed at a time.
_BATCH = 1 << 15


class AttributeTagger:
    """Labels sequences of items with an attribute model."""

    def __init__(self, model: AttributeModel) -> None:
        self.model = model
        self._names = KnownAttributeIds(model.attributes)
        self._slots = slots_of(model.codes, len(model.attributes), len(model.labels))

    def decode(self, sequences: Sequence[Items]) -> list[list[str]]:
        """The best labels of each sequence."""
        names, T = np.array(self.model.labels, dtype=object), len(self.model.labels)
        found: list[list[str]] = []
        for items, lengths in self._batches(sequences):
            path = names[decode_attributes(items, lengths, self.model.weights, T)]
            found += [one.tolist() for one in np.split(path, np.cumsum(lengths)[:-1])]
        return _spread(sequences, found, [])

    def marginals(self, sequences: Sequence[Items]) -> list[np.ndarray]:
        """The probability of each label, float64 [n, T] for each sequence."""
        T = len(self.model.labels)
        found: list[np.ndarray] = []
        for items, lengths in self._batches(sequences):
            marginals = attribute_marginals(items, lengths, self.model.weights, T)
            found += np.split(marginals, np.cumsum(lengths)[:-1])
        return _spread(sequences, found, np.zeros((0, T)))

    def _batches(self, sequences: Iterable[Items]) -> Iterator[tuple[SparseItems, np.ndarray]]:
        """Yields batches of items, with the lengths of their non-empty sequences."""
        first, left = 0, iter(sequences)
        while batch := list(_few(left)):
            if lengths := [length for length in map(len, batch) if length]:
                rows = sparse_rows(batch, self._names, first)
                yield SparseItems(*rows, *self._slots), np.array(lengths)
            first += len(batch)


def _few(sequences: Iterator[Items]) -> Iterator[Items]:
    """Takes sequences until they have _BATCH items."""
    size = 0
    while size < _BATCH and (items := next(sequences, None)) is not None:
        size += len(items)
        yield items


def _spread(sequences: Sequence[Items], found: list[Any], empty: Any) -> list[Any]:
    """The results of all sequences: ``found`` has those of the non-empty ones, in order."""
    left = iter(found)
    return [next(left) if len(items) else empty.copy() for items in sequences]
