"""The objective of taggers: any number of labels, sparse weights, bigram templates with cells.

The weights are one float32 vector: the transition scores, then the weights of each slot (an n-gram
seen from one place of its family's window) for the labels it was seen with in training, or for
the pairs of labels in the case of bigram templates. See `kernels.sparse_loss`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from crfseg.common.sharding import BLOCK, cut
from crfseg.common.threads import Map
from crfseg.corpus.schemes import Scheme
from crfseg.crf.kernels import sparse_loss
from crfseg.features.sparse_index import _GROUPS, _ROOM

if TYPE_CHECKING:
    from crfseg.features.sparse_index import SlotRows, SparseIndex

#: As in `objective`, but smaller, because most n-grams leave little doubt about the label; with
#: half this value every step of the line search has to be cut, and takes two evaluations.
_CURVATURE, _RARE = 0.2, 50


class GroupedObjective:
    """An objective summed over groups of sequences, each with its own gradient.

    bounds: int64 [S, 2], begin and end of each sequence.
    """

    def __init__(self, size: int, bounds: np.ndarray, run: Map) -> None:
        self.size, self.run = size, run
        # Independent of the number of threads, so that sums are the same for any number.
        groups = min(max(_ROOM // size, 2), _GROUPS)
        lengths = bounds[:, 1] - bounds[:, 0]
        self.groups = [bounds[a:b] for a, b in cut(lengths, groups)]
        self.gradients = np.empty((len(self.groups), size), dtype=np.float32)
        self.longest = int(lengths.max(initial=0))

    def __call__(self, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The value at float32 ``weights``; the gradient is written to ``gradient``."""

        def group(g: int) -> float:
            self.gradients[g] = 0
            return self.loss_of(self.groups[g], weights, self.gradients[g])

        losses = self.run(group, range(len(self.groups)))
        edges = [*range(0, self.size, BLOCK), self.size]
        self.run(
            lambda block: sparse_loss.add_up(self.gradients, *block, gradient), pairwise(edges)
        )
        return float(sum(losses))

    def loss_of(self, bounds: np.ndarray, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The loss of some sequences; adds their gradient to ``gradient``."""
        raise NotImplementedError


class SparseObjective(GroupedObjective):
    """The negative log-likelihood of a tagger; gold and margin as in `objective.DenseObjective`."""

    def __init__(
        self,
        index: SparseIndex,
        rows: SlotRows,
        bounds: np.ndarray,
        gold: np.ndarray,
        scheme: Scheme,
        *,
        run: Map,
        margin: float = 0.0,
    ) -> None:
        super().__init__(index.size, bounds, run)
        self.index, self.rows, self.gold, self.scheme = index, rows, gold, scheme
        self.margin = np.float32(margin)
        self.tags = tuple(range(scheme.size))

    def curvature(self) -> np.ndarray:
        """float32 [size]: the diagonal of the Hessian, estimated from n-gram counts."""
        index, T = self.index, self.scheme.size
        per_slot = np.zeros(len(index.starts) - 1, dtype=np.float32)
        for family, shape in zip(index.families, index.shapes, strict=True):
            window = len(shape.shifts)
            end = family.base + len(family.counts) * window
            per_slot[family.base : end] = np.repeat(family.counts, window)
        counts = np.empty(self.size, dtype=np.float32)
        counts[index.transitions] = self.gold.size / T
        counts[T * T :] = np.repeat(per_slot, np.diff(index.starts))
        counts += _RARE
        counts *= _CURVATURE
        return counts

    def __call__(self, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The value at float32 ``weights``; the gradient is written to ``gradient``."""
        loss = super().__call__(weights, gradient)
        if not self.index.templates.transitions:
            gradient[self.index.transitions] = 0
        return loss

    def loss_of(self, bounds: np.ndarray, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The loss of some sentences; adds their gradient to ``gradient``."""
        residuals = np.empty((self.longest, len(self.tags)), dtype=np.float32)
        return self.forward_backward(bounds, weights, residuals, gradient)

    def forward_backward(
        self,
        bounds: np.ndarray,
        weights: np.ndarray,
        residuals: np.ndarray,
        gradient: np.ndarray,
    ) -> float:
        """The loss of some sentences; residuals, gradient: see `sparse_loss.chain_shard`."""
        T, longest = self.scheme.size, self.longest
        odds = np.empty((longest if self.index.templates.pairs else 1, T, T))
        scratch = (
            np.empty((longest, T), dtype=np.float32), *np.empty((2, longest, T)), odds,
            *np.empty((3, T, T)), np.empty(T),
        )  # fmt: skip
        loss: float = sparse_loss.chain_shard(
            self.rows, bounds, self.gold, self.index.slots, weights, self._potentials(weights),
            self.tags, residuals, gradient, scratch,
        )  # fmt: skip
        return loss

    def _potentials(self, weights: np.ndarray) -> tuple[np.ndarray | np.float32, ...]:
        scheme = self.scheme
        scores = weights[self.index.transitions].reshape(scheme.size, scheme.size)
        kinds = (scores, scheme.legal, scheme.begins, scheme.ends)
        return (*(np.ascontiguousarray(kind, dtype=np.float64) for kind in kinds), self.margin)
