"""The objective of a CRF over items with attributes, which may be real-valued.

The weights are one float32 vector: the transition scores [T, T], then those of pairs of an
attribute and a label, in ascending order of their codes attribute * T + label. See
`kernels.attribute_loss`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crfseg.common.threads import Map
from crfseg.crf.kernels import attribute_loss
from crfseg.crf.kernels.sparse_scores import Items
from crfseg.crf.sparse_objective import GroupedObjective
from crfseg.features.attributes import SparseRows, slots_of

#: As in `sparse_objective`.
_CURVATURE, _RARE = 0.2, 50


@dataclass(frozen=True)
class Features:
    """The features with a weight: codes int64, ascending, of states; moves bool [T, T]."""

    codes: np.ndarray
    moves: np.ndarray

    @classmethod
    def of(
        cls,
        rows: SparseRows,
        attributes: int,
        gold: np.ndarray,
        lengths: np.ndarray,
        tags: int,
        *,
        least: float = 0.0,
        all_states: bool = False,
        all_transitions: bool = False,
    ) -> Features:
        """The features seen in training whose values sum to at least ``least``.

        rows: of items with that many attributes; gold: int64 [n]; all_states, all_transitions:
        include unseen ones, whose sum is 0. As in CRFsuite, crf1d_feature.c.
        """
        labels = np.repeat(gold, np.diff(rows.ends))
        pairs = rows.columns.astype(np.int64) * tags + labels
        codes, place = np.unique(pairs, return_inverse=True)
        sums = np.bincount(place.ravel(), weights=rows.values, minlength=len(codes))
        counts = np.zeros((tags, tags))
        inner = np.setdiff1d(np.arange(len(gold)), np.cumsum(lengths) - lengths)
        np.add.at(counts, (gold[inner - 1], gold[inner]), 1)
        if all_states:
            every: np.ndarray = np.zeros(attributes * tags)
            every[codes] = sums
            codes, sums = np.arange(len(every)), every
        there = np.ones_like(counts, dtype=np.bool_) if all_transitions else counts > 0
        return cls(codes[sums >= least], there & (counts >= least))


class AttributeObjective(GroupedObjective):
    """The negative log-likelihood of labelled items.

    rows: of the items of all sequences, with that many attributes; gold: int64 [n]; lengths:
    int64, each at least 1.
    """

    def __init__(
        self,
        rows: SparseRows,
        attributes: int,
        gold: np.ndarray,
        lengths: np.ndarray,
        features: Features,
        *,
        run: Map,
    ) -> None:
        self.features, self.gold = features, gold.astype(np.int32)
        # An array, not a tuple: a tenth slower, but T is no constant to compile a kernel for.
        self.tags = np.arange(len(features.moves))
        T = len(self.tags)
        ends = np.cumsum(lengths)
        super().__init__(T * T + len(features.codes), np.stack([ends - lengths, ends], axis=1), run)
        self.items = Items(*rows, *slots_of(features.codes, attributes, T))

    def curvature(self) -> np.ndarray:
        """float32 [size]: the diagonal of the Hessian, estimated from the squared values."""
        T, items = len(self.tags), self.items
        squares = np.bincount(items.columns, items.values.astype(np.float64) ** 2)
        moves = np.full(T * T, len(self.gold) / T)
        states = squares[self.features.codes // T]
        counts = np.minimum(np.concatenate([moves, states]) + _RARE, np.finfo(np.float32).max)
        return (_CURVATURE * counts).astype(np.float32)

    def __call__(self, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The value at float32 ``weights``; the gradient is written to ``gradient``."""
        loss = super().__call__(weights, gradient)
        gradient[: len(self.tags) ** 2][~self.features.moves.ravel()] = 0
        return loss

    def loss_of(self, bounds: np.ndarray, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The loss of some sequences; adds their gradient to ``gradient``."""
        T, longest = len(self.tags), self.longest
        scratch = (
            *np.empty((2, longest, T), dtype=np.float32), *np.empty((2, longest, T)),
            np.empty((1, T, T)), *np.empty((2, T, T)), np.empty(T),
        )  # fmt: skip
        moves = np.ones((T, T)), np.ones(T), weights[: T * T].reshape(T, T).astype(np.float64)
        loss: float = attribute_loss.item_shard(
            self.items, bounds, self.gold, weights, moves, self.tags, gradient, scratch
        )
        return loss
