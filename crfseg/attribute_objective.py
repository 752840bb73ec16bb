"""The objective of a CRF whose items have any attributes, real-valued ones included.

The weights are one float32 vector: the transition scores [T, T], then those of pairs of an
attribute and a label, by their codes attribute * T + label in ascending order. Emissions are the
product of the sparse items and these weights; the rest is `LinearChain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.linear_chain import LinearChain
from crfseg.objective import cut
from crfseg.threads import Map

#: As in `chain_objective`.
_CURVATURE, _RARE = 0.2, 50
#: Sequences and attributes are cut into so many groups, whatever the number of threads.
_GROUPS = 16


@dataclass(frozen=True)
class Features:
    """What has a weight: codes int64, ascending, of states; moves bool [T, T]."""

    codes: np.ndarray
    moves: np.ndarray

    @classmethod
    def of(
        cls,
        items: Any,
        gold: np.ndarray,
        lengths: np.ndarray,
        tags: int,
        *,
        least: float = 0.0,
        all_states: bool = False,
        all_transitions: bool = False,
    ) -> Features:
        """Those seen in training, with values that sum to ``least`` or more; or all there are.

        items: csr_array [n, A]; gold: int64 [n]. As in CRFsuite, crf1d_feature.c.
        """
        rows = np.repeat(gold, np.diff(items.indptr))
        codes, place = np.unique(items.indices.astype(np.int64) * tags + rows, return_inverse=True)
        sums = np.bincount(place.ravel(), weights=items.data, minlength=len(codes))
        counts = np.zeros((tags, tags))
        inner = np.setdiff1d(np.arange(len(gold)), np.cumsum(lengths) - lengths)
        np.add.at(counts, (gold[inner - 1], gold[inner]), 1)
        if all_states:
            every = np.zeros(items.shape[1] * tags)
            every[codes] = sums
            codes, sums = np.arange(len(every)), every
        there = np.ones_like(counts, dtype=np.bool_) if all_transitions else counts > 0
        return cls(codes[sums >= least], there & (counts >= least))


class AttributeObjective:
    """The negative log-likelihood of labelled items.

    items: csr_array [n, A], of sequences one after another; gold: int64 [n]; lengths: int64, one
    at least.
    """

    def __init__(
        self,
        items: Any,
        gold: np.ndarray,
        lengths: np.ndarray,
        features: Features,
        *,
        run: Map,
    ) -> None:
        self.features, self.run = features, run
        self.tags, self.attributes = len(features.moves), items.shape[1]
        groups = cut(lengths, _GROUPS)
        ends = np.concatenate(([0], np.cumsum(lengths)))
        places = [slice(int(ends[a]), int(ends[b])) for a, b in groups]
        self.groups = [
            (place, items[place], gold[place], lengths[a:b])
            for place, (a, b) in zip(places, groups, strict=True)
        ]
        turned = items.T.tocsr()
        self.blocks = [
            (turned[a:b], *np.searchsorted(features.codes, (a * self.tags, b * self.tags)).tolist())
            for a, b in cut(np.diff(turned.indptr) + 1, _GROUPS)
        ]
        self.firsts = np.cumsum([0] + [block.shape[0] for block, _, _ in self.blocks])
        squares = items.copy()
        squares.data = squares.data**2
        self.squares = np.asarray(squares.sum(axis=0), dtype=np.float64).ravel()
        self.residuals = np.empty((len(gold), self.tags), dtype=np.float32)

    @property
    def size(self) -> int:
        """The number of weights."""
        return self.tags**2 + len(self.features.codes)

    def curvature(self) -> np.ndarray:
        """float32 [size]: the diagonal of the Hessian, roughly, from the squares of values."""
        moves = np.full(self.tags**2, len(self.residuals) / self.tags)
        states = self.squares[self.features.codes // self.tags]
        counts: np.ndarray = (_CURVATURE * (np.concatenate([moves, states]) + _RARE)).astype("f4")
        return counts

    def __call__(self, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The value at float32 ``weights``; the gradient is written to ``gradient``."""
        T, codes = self.tags, self.features.codes
        chain, scores = scores_of(weights, codes, self.attributes, T)

        def group(part: tuple[slice, Any, np.ndarray, np.ndarray]) -> tuple[float, np.ndarray]:
            place, items, gold, lengths = part
            found = chain.gradients((items @ scores).astype(np.float64), gold, lengths)
            self.residuals[place] = found.emissions
            return found.loss, found.transitions

        def block(part: tuple[int, tuple[Any, int, int]]) -> None:
            first, (items, begin, end) = part
            sums = (items @ self.residuals).ravel()
            gradient[T * T + begin : T * T + end] = sums[codes[begin:end] - first * T]

        found = self.run(group, self.groups)
        self.run(block, zip(self.firsts.tolist(), self.blocks, strict=False))
        moves = np.sum([one[1] for one in found], axis=0)
        gradient[: T * T] = np.where(self.features.moves, moves, 0).ravel()
        return float(sum(one[0] for one in found))


def scores_of(
    weights: np.ndarray, codes: np.ndarray, attributes: int, tags: int
) -> tuple[LinearChain, np.ndarray]:
    """The chain, and the scores of attributes float32 [attributes, T]."""
    scores = np.zeros(attributes * tags, dtype=np.float32)
    scores[codes] = weights[tags * tags :]
    moves = weights[: tags * tags].reshape(tags, tags)
    return LinearChain(moves.astype(np.float64)), scores.reshape(attributes, tags)
