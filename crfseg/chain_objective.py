"""The objective of taggers: any number of labels, and bigram templates with cells.

The weights are laid out as in `objective`; after the families of unigrams come those of bigrams,
with a row [window, T, T] for each n-gram: of the label before, then of the one here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crfseg.features import Table
from crfseg.kernels import chain
from crfseg.kernels.layout import Plan
from crfseg.objective import (
    ILLEGAL,
    FamilyIndex,
    Index,
    Layout,
    Objective,
    count_rows,
    cut,
    look_up_rows,
    number_families,
)
from crfseg.tags import Scheme
from crfseg.templates import Templates
from crfseg.threads import Map

#: Rows of the unigrams and of the bigrams at each anchor, int32 [F, N] and [P, N].
Rows = tuple[np.ndarray, np.ndarray]
Plans = tuple[Plan, Plan]


@dataclass(frozen=True)
class ChainIndex(Index):
    """The n-grams of a training corpus, those of bigram templates apart."""

    pair_plan: Plan
    pair_families: list[FamilyIndex]

    @property
    def plans(self) -> Plans:
        """Of the unigrams and of the bigrams."""
        return self.plan, self.pair_plan

    def chain_rows(self, table: Table) -> Rows:
        """The rows of any table."""
        widths = pair_widths(self.templates, self.layout.tags)
        pairs = look_up_rows(table, self.pair_plan, self.pair_families, widths)
        return self.rows(table), pairs


def pair_widths(templates: Templates, tags: int) -> list[int]:
    """How many weights an n-gram of each bigram family has."""
    return [len(family.shifts) * tags * tags for family in templates.pairs]


def build_chain_index(
    table: Table, plans: Plans, templates: Templates, scheme: Scheme, run: Map
) -> tuple[ChainIndex, Rows]:
    """Number the n-grams of a corpus; returns the index and the corpus' rows."""
    T = scheme.size
    widths = [len(family.shifts) * T for family in templates.families]
    of_pairs = pair_widths(templates, T)
    zeros = max(*widths, *of_pairs) if of_pairs else max(widths)
    base = zeros + T * T
    families, rows, base = number_families(table, plans[0], widths, base, run)
    pairs, pair_rows, size = number_families(table, plans[1], of_pairs, base, run)
    layout = Layout(zeros, T, size)
    return ChainIndex(plans[0], templates, families, layout, plans[1], pairs), (rows, pair_rows)


class ChainObjective(Objective):
    """`Objective` for taggers; ``margin`` as there."""

    index: ChainIndex

    def __init__(
        self,
        index: ChainIndex,
        rows: Rows,
        bounds: np.ndarray,
        gold: np.ndarray,
        scheme: Scheme,
        *,
        run: Map,
        margin: float = 0.0,
    ) -> None:
        super().__init__(
            index, rows[0], bounds, gold, scheme, sequential=True, run=run, margin=margin
        )
        self.both_rows = rows
        self.kept = np.zeros((0, 0))  # alpha and flows of the whole corpus, if they are needed
        if index.pair_families:
            self.kept = np.zeros((2, *self.residuals.shape))
            self.inside = np.zeros(len(gold), dtype=np.uint8)
            for begin, end in bounds.tolist():
                self.inside[begin + 1 : end] = 1
        self.pair_pieces = [
            (f, first, last)
            for f, family in enumerate(index.pair_families)
            for first, last in cut(family.counts)
        ]

    def counts(self) -> np.ndarray:
        """float32 [size]: how often what each weight stands for occurs in the corpus."""
        counts = super().counts()
        widths = pair_widths(self.index.templates, self.scheme.size)
        for width, family in zip(widths, self.index.pair_families, strict=True):
            count_rows(family, width, counts)
        return counts

    def __call__(self, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The value at float32 ``weights``; the gradient is written to ``gradient``."""
        value = super().__call__(weights, gradient)
        self.run(lambda piece: self._gradient_of_pairs(piece, weights, gradient), self.pair_pieces)
        return value

    def _potentials(self, scores: np.ndarray) -> tuple[np.ndarray | np.float32, ...]:
        scheme = self.scheme
        kinds = (scores, scheme.legal, scheme.begins, scheme.ends)
        return (*(np.ascontiguousarray(kind, dtype=np.float64) for kind in kinds), self.margin)

    def _crf(
        self, bounds: np.ndarray, weights: np.ndarray, scores: np.ndarray
    ) -> tuple[float, np.ndarray]:
        shape, T = self._shape(bounds), len(self.tags)
        pairs, squares = np.zeros((T, T)), np.empty((3, T, T))
        kept = self.kept if self.index.pair_families else np.empty((2, *shape))
        odds = np.empty((shape[0] if self.index.pair_families else 1, T, T))
        loss = chain.chain_shard(
            self.both_rows, bounds, self.gold, self.index.plans, weights, self._potentials(scores),
            self.tags, (self.residuals, kept[0], kept[1]), pairs,
            (np.empty(shape, dtype=np.float32), odds, *squares, np.empty(T)),
        )  # fmt: skip
        return loss, pairs

    def _gradient_of_pairs(
        self, piece: tuple[int, int, int], weights: np.ndarray, gradient: np.ndarray
    ) -> None:
        f, first, last = piece
        index, T = self.index, len(self.tags)
        family = index.pair_families[f]
        shifts = np.array(index.templates.pairs[f].shifts, dtype=np.int64)
        scores = weights[index.layout.transitions].reshape(T, T)
        out = (*self.kept, self.inside, *np.empty((3, T, T)))
        chain.gradient_moves(
            (family.starts, family.places, shifts), self.both_rows[1], index.pair_plan, weights,
            self._potentials(scores), self.tags, out, self.gold, (first, last),
            gradient[family.base :],
        )  # fmt: skip


def decode_chains(
    rows: Rows, plans: Plans, bounds: np.ndarray, weights: np.ndarray, moves: np.ndarray,
    scheme: Scheme,
) -> np.ndarray:  # fmt: skip
    """uint8 [tokens]: the best labels of all sequences, one after another.

    weights: float32, or int16: then scores are int32; moves [T, T]: the transition scores.
    """
    T = scheme.size
    dtype = np.float32 if weights.dtype == np.float32 else np.int32
    illegal = dtype(ILLEGAL / 4)  # two of them are still an int32
    transitions = np.where(scheme.legal, moves, illegal).astype(dtype)
    starts = np.where(scheme.begins, 0, illegal).astype(dtype)
    ends = np.where(scheme.ends, 0, illegal).astype(dtype)
    lengths = bounds[:, 1] - bounds[:, 0]
    longest = int(lengths.max(initial=0))
    path = np.empty(int(lengths.sum()), dtype=np.uint8)
    work = (
        np.empty((longest, T), dtype=np.uint8),
        np.empty((T, T), dtype=dtype),
        np.empty(T, dtype=dtype),
        np.empty(T, dtype=np.int32),
    )
    chain.best_chains(
        rows, bounds, plans, weights, (transitions, starts, ends), tuple(range(T)),
        (np.empty((longest, T), dtype=dtype), work), path,
    )  # fmt: skip
    return path
