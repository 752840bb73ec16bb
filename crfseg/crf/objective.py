"""Negative log-likelihood of a corpus and its gradient.

The weights are one float32 vector: a row of zeros (for unknown n-grams), the transition
scores, then for each family one row [window, T] per n-gram.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from crfseg.common.sharding import cut
from crfseg.common.threads import Map
from crfseg.corpus.schemes import Scheme
from crfseg.crf.kernels import dense_loss, partial_loss
from crfseg.crf.kernels.dense_scores import gradient_rows
from crfseg.features.index import count_rows

if TYPE_CHECKING:
    from crfseg.features.index import Index

#: The curvature of an n-gram's weights is estimated as _CURVATURE * (count + _RARE). The
#: variance p (1 - p) of a tag is about 0.2; the n-grams of one place move together, rare
#: ones most of all: without _RARE it takes twice the evaluations to reach the same value.
_CURVATURE, _RARE = 0.35, 100


class PartialTags(NamedTuple):
    """Partial annotation of a corpus.

    allowed: uint8 [N], which tags may be right at each place, as bits; sentences: bool [S], which
    sentences are partly annotated.
    """

    allowed: np.ndarray
    sentences: np.ndarray


class DenseObjective:
    """The function that training minimises, without its penalty: weights -> (value, gradient).

    gold: uint8 [N] tags, at the places of the table; margin: the softmax-margin cost per wrong
    tag (`forward_backward.demand_margin`), 0 for plain likelihood; partial: of a partly annotated
    corpus; counts: float32 [S], the weight of each sentence, 1 if omitted.
    """

    def __init__(
        self,
        index: Index,
        rows: np.ndarray,
        bounds: np.ndarray,
        gold: np.ndarray,
        scheme: Scheme,
        *,
        sequential: bool,
        run: Map,
        margin: float = 0.0,
        partial: PartialTags | None = None,
        counts: np.ndarray | None = None,
    ) -> None:
        self.index, self.rows, self.gold, self.scheme = index, rows, gold, scheme
        self.sequential, self.run, self.margin = sequential, run, np.float32(margin)
        self.tags = tuple(range(scheme.size))
        self.allowed = None if partial is None else partial.allowed
        self.bounds, self.sentence_counts = bounds, counts
        self.shards = _shards(bounds, None if partial is None else partial.sentences, counts)
        self.residuals = np.zeros((rows.shape[1], scheme.size), dtype=np.float32)
        self.pieces = [
            (f, first, last)
            for f, family in enumerate(index.families)
            for first, last in cut(family.counts)
        ]

    @property
    def size(self) -> int:
        """The number of weights."""
        return self.index.layout.size

    def curvature(self) -> np.ndarray:
        """float32 [size]: the diagonal of the Hessian, estimated from n-gram counts."""
        T = self.scheme.size
        counts = np.zeros(self.size, dtype=np.float32)
        each = self._place_counts()
        total = self.gold.size if each is None else each.sum()
        counts[self.index.layout.transitions] = total / T
        for shape, family in zip(self.index.templates.families, self.index.families, strict=True):
            count_rows(family, len(shape.shifts) * T, counts, each)
        counts += _RARE
        counts *= _CURVATURE
        return counts

    def _place_counts(self) -> np.ndarray | None:
        """float32 [N]: the weight of each place of the table; None if all are 1."""
        if self.sentence_counts is None or np.all(self.sentence_counts == 1):
            return None
        ends = self.bounds[:, 1]
        counts = np.ones(self.gold.size, dtype=np.float32)
        counts[: ends[-1]] = np.repeat(self.sentence_counts, np.diff(ends, prepend=0))
        return counts

    def __call__(self, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The value at float32 ``weights``; the gradient is written to ``gradient``."""
        T = self.scheme.size
        scores = weights[self.index.layout.transitions].reshape(T, T)
        results = self.run(lambda shard: self._shard(shard, weights, scores), self.shards)
        self.run(lambda piece: self._gradient(piece, gradient), self.pieces)
        gradient[: self.index.layout.zeros] = 0
        pairs = np.sum([pair for _, pair in results], axis=0)
        if not (self.sequential and self.index.templates.transitions):
            pairs[:] = 0
        gradient[self.index.layout.transitions] = pairs.ravel()
        return float(sum(loss for loss, _ in results))

    def _shard(
        self, shard: Shard, weights: np.ndarray, scores: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """The loss of some sentences, and their expected minus gold transitions."""
        if shard.partly:
            loss, pairs = self._partial(shard.bounds, weights, scores)
        elif self.sequential:
            loss, pairs = self._crf(shard.bounds, weights, scores)
        else:
            loss, pairs = self._softmax(shard.bounds, weights)
        if shard.count != 1:
            partial_loss.weigh(self.residuals, shard.bounds, np.float32(shard.count))
        return shard.count * loss, shard.count * pairs

    def _chances(self, scores: np.ndarray) -> tuple[np.ndarray | np.float32, ...]:
        """The potentials of `dense_loss.crf_shard`: exponentiated scores, scores, margin."""
        return (
            np.where(self.scheme.legal, np.exp(scores.astype(np.float64)), 0.0),
            self.scheme.begins.astype(np.float64),
            self.scheme.ends.astype(np.float64),
            np.ascontiguousarray(scores),
            self.margin,
        )

    def _crf(
        self, bounds: np.ndarray, weights: np.ndarray, scores: np.ndarray
    ) -> tuple[float, np.ndarray]:
        pairs = np.zeros((len(self.tags), len(self.tags)))
        shape = self._shape(bounds)
        scratch = np.empty(shape, dtype=np.float32), np.empty((2, *shape))
        loss = dense_loss.crf_shard(
            self.rows, bounds, self.gold, self.index.plan, weights, self._chances(scores),
            self.tags, self.residuals, pairs, scratch,
        )  # fmt: skip
        return loss, pairs

    def _softmax(self, bounds: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
        loss = dense_loss.softmax_shard(
            self.rows, bounds, self.gold, self.index.plan, weights, self.margin, self.tags,
            self.residuals, np.empty(self._shape(bounds), dtype=np.float32),
        )  # fmt: skip
        return loss, np.zeros((len(self.tags), len(self.tags)))

    def _partial(
        self, bounds: np.ndarray, weights: np.ndarray, scores: np.ndarray
    ) -> tuple[float, np.ndarray]:
        pairs = np.zeros((len(self.tags), len(self.tags)))
        shape, plan = self._shape(bounds), self.index.plan
        both = np.empty((2, *shape), dtype=np.float32)
        if not self.sequential:
            loss = partial_loss.softmax_shard(
                self.rows, bounds, self.allowed, plan, weights, self.margin, self.tags,
                self.residuals, both[0],
            )  # fmt: skip
            return loss, pairs
        loss = partial_loss.crf_shard(
            self.rows, bounds, self.allowed, plan, weights, self._chances(scores), self.tags,
            self.residuals, pairs, (both, np.empty_like(both), np.empty((2, *shape))),
        )  # fmt: skip
        return loss, pairs

    def _shape(self, bounds: np.ndarray) -> tuple[int, int]:
        """The length of the longest sentence, and the number of tags."""
        return int((bounds[:, 1] - bounds[:, 0]).max(initial=0)), len(self.tags)

    def _gradient(self, piece: tuple[int, int, int], gradient: np.ndarray) -> None:
        f, first, last = piece
        family = self.index.families[f]
        shifts = np.array(self.index.templates.families[f].shifts, dtype=np.int64)
        gradient_rows(
            family.starts, family.places, self.residuals, shifts, self.tags, first, last,
            gradient[family.base :],
        )  # fmt: skip


@dataclass(frozen=True)
class Shard:
    """Sentences processed together: all or none partly annotated, all with one weight."""

    bounds: np.ndarray
    partly: bool = False
    count: float = 1.0


def _shards(
    bounds: np.ndarray, partly: np.ndarray | None, counts: np.ndarray | None
) -> list[Shard]:
    """Splits the sentences of each kind and weight into shards of about equal size."""
    none = np.zeros(len(bounds), dtype=np.bool_)
    partly = none if partly is None else partly
    counts = none + np.float32(1) if counts is None else counts
    shards = []
    for kind in (False, True):
        for count in np.unique(counts[partly == kind]).tolist():
            here = bounds[(partly == kind) & (counts == count)]
            cuts = cut(here[:, 1] - here[:, 0])
            shards += [Shard(here[a:b], kind, count) for a, b in cuts]
    return shards
