"""The objective of taggers: any number of labels, sparse weights, bigram templates with cells.

The weights are one float32 vector: the transition scores, then the weights of each slot (an n-gram
seen from one place of its family's window) for the labels it was seen with in training; those
of bigram templates for pairs of labels. See `kernels.chain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crfseg import lbfgs
from crfseg.errors import SettingsError
from crfseg.features import Table
from crfseg.kernels import best, chain
from crfseg.kernels.chain import Slots
from crfseg.kernels.layout import Plan
from crfseg.objective import ILLEGAL, FamilyIndex, cut, look_up_rows, number_families
from crfseg.tags import Scheme
from crfseg.templates import Family, Templates
from crfseg.threads import Map, workers

#: The first slots of the n-grams at each anchor, of the families of unigrams and of bigrams: int32
#: [F, N] and [P, N].
Rows = tuple[np.ndarray, np.ndarray]
Plans = tuple[Plan, Plan]
#: As in `objective`. Smaller, because most n-grams leave little doubt which of many labels it is;
#: but with half of it every step has to be cut, and takes two evaluations.
_CURVATURE, _RARE = 0.2, 50
#: The corpus is cut into groups of sentences, each with a gradient of its own: so many, or as
#: many as take up room for so many numbers, but two at least.
_GROUPS, _ROOM = 16, 1 << 26


@dataclass(frozen=True)
class ChainIndex:
    """The n-grams of a model or a training corpus.

    families: of unigrams, then of bigrams, numbered in slots; starts int32 [S + 1], labels
    uint16: as in `Slots`; unknown n-grams have slot 0 and, as those after it, no weights.
    """

    plans: Plans
    templates: Templates
    families: list[FamilyIndex]
    starts: np.ndarray
    labels: np.ndarray
    tags: int

    @property
    def size(self) -> int:
        """The number of weights."""
        return len(self.labels)

    @property
    def shapes(self) -> tuple[Family, ...]:
        """The shape of each family."""
        return (*self.templates.families, *self.templates.pairs)

    @property
    def slots(self) -> tuple[Slots, Slots]:
        """Of unigrams and of bigrams, for kernels."""
        first, second = self.plans
        return Slots(first, self.starts, self.labels), Slots(second, self.starts, self.labels)

    @property
    def transitions(self) -> slice:
        """Where the T * T transition scores stand in the weights."""
        return slice(0, self.tags * self.tags)

    def rows(self, table: Table) -> Rows:
        """The rows of any table."""
        split = len(self.templates.families)
        parts = (self.families[:split], self.families[split:])
        shapes = (self.templates.families, self.templates.pairs)
        unigrams, bigrams = (
            look_up_rows(table, plan, part, [len(shape.shifts) for shape in of])
            for plan, part, of in zip(self.plans, parts, shapes, strict=True)
        )
        return unigrams, bigrams


def first_slot(shapes: Sequence[Family]) -> int:
    """How many slots there are for unknown n-grams: as many as the widest window has places."""
    return max(len(shape.shifts) for shape in shapes)


def build_chain_index(
    table: Table, plans: Plans, templates: Templates, gold: np.ndarray, scheme: Scheme, run: Map
) -> tuple[ChainIndex, Rows]:
    """Number the n-grams of a corpus and list the labels they are seen with.

    gold: uint8 [N] labels in the places of the table. Returns the index and the corpus' rows.
    """
    T = scheme.size
    shapes = (*templates.families, *templates.pairs)
    zeros = first_slot(shapes)
    windows = [len(shape.shifts) for shape in shapes]
    split = len(templates.families)
    unigrams, rows, base = number_families(table, plans[0], windows[:split], zeros, run)
    bigrams, pair_rows, _ = number_families(table, plans[1], windows[split:], base, run)
    families = unigrams + bigrams
    single, double = insides(table.bounds, len(gold))
    pairs = gold.astype(np.uint16)
    pairs[1:] += T * gold[:-1].astype(np.uint16)

    def seen(f: int) -> tuple[np.ndarray, np.ndarray]:
        of_labels = f < split
        codes, inside = (gold.astype(np.uint16), single) if of_labels else (pairs, double)
        counts = np.zeros(len(families[f].counts) * windows[f], dtype=np.int32)
        found = np.zeros(0, dtype=np.uint16)
        for _ in range(2):
            stamps = np.full(T if of_labels else T * T, -1, dtype=np.int32)
            family = occurrences(families[f], shapes[f])
            chain.seen_labels(family, codes, inside, stamps, 0, counts, found)
            found = found if len(found) else np.zeros(int(counts.sum()), dtype=np.uint16)
        return counts, found

    parts = run(seen, range(len(shapes)))
    counts = np.concatenate([np.zeros(zeros, dtype=np.int32), *(part[0] for part in parts)])
    labels = np.concatenate([np.zeros(T * T, dtype=np.uint16), *(part[1] for part in parts)])
    starts = np.concatenate(([0], np.cumsum(counts, dtype=np.int64))) + T * T
    if starts[-1] > np.iinfo(np.int32).max:
        problem = f"{starts[-1]:,} weights are too many"
        raise SettingsError(f"{problem}; expected fewer templates or less text")
    index = ChainIndex(plans, templates, families, starts.astype(np.int32), labels, T)
    return index, (rows, pair_rows)


def insides(bounds: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N]: which places hold a token, and which one that is not the first of a sentence."""
    steps = np.zeros(size + 1, dtype=np.int8)
    steps[bounds[:, 0]] = 1
    steps[bounds[:, 1]] = -1
    single = np.cumsum(steps[:-1]).astype(np.uint8)
    double = single.copy()
    double[bounds[:, 0]] = 0
    return single, double


def occurrences(family: FamilyIndex, shape: Family) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A family as the kernels take it."""
    return family.starts, family.places, np.array(shape.shifts, dtype=np.int64)


class GroupedObjective:
    """An objective that is a sum over groups of sequences, each with a gradient of its own.

    bounds: int64 [S, 2], begin and end of each sequence.
    """

    def __init__(self, size: int, bounds: np.ndarray, run: Map) -> None:
        self.size, self.run = size, run
        # As many whatever the number of threads, so that sums come out the same.
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
        edges = [*range(0, self.size, lbfgs.BLOCK), self.size]
        self.run(lambda block: chain.add_up(self.gradients, *block, gradient), pairwise(edges))
        return float(sum(losses))

    def loss_of(self, bounds: np.ndarray, weights: np.ndarray, gradient: np.ndarray) -> float:
        """The loss of some sequences; their gradient is added."""
        raise NotImplementedError


class ChainObjective(GroupedObjective):
    """`objective.Objective` for taggers; gold and margin as there."""

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
        super().__init__(index.size, bounds, run)
        self.index, self.rows, self.gold, self.scheme = index, rows, gold, scheme
        self.margin = np.float32(margin)
        self.tags = tuple(range(scheme.size))

    def curvature(self) -> np.ndarray:
        """float32 [size]: the diagonal of the Hessian, roughly, from the counts of n-grams."""
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
        """The loss of some sentences; their gradient is added."""
        residuals = np.empty((self.longest, len(self.tags)), dtype=np.float32)
        return self.forward_backward(bounds, weights, residuals, gradient)

    def forward_backward(
        self,
        bounds: np.ndarray,
        weights: np.ndarray,
        residuals: np.ndarray,
        gradient: np.ndarray,
    ) -> float:
        """The loss of some sentences; residuals, gradient: see `kernels.chain.chain_shard`."""
        T, longest = self.scheme.size, self.longest
        odds = np.empty((longest if self.index.templates.pairs else 1, T, T))
        scratch = (
            np.empty((longest, T), dtype=np.float32), *np.empty((2, longest, T)), odds,
            *np.empty((3, T, T)), np.empty(T),
        )  # fmt: skip
        loss: float = chain.chain_shard(
            self.rows, bounds, self.gold, self.index.slots, weights, self._potentials(weights),
            self.tags, residuals, gradient, scratch,
        )  # fmt: skip
        return loss

    def _potentials(self, weights: np.ndarray) -> tuple[np.ndarray | np.float32, ...]:
        scheme = self.scheme
        scores = weights[self.index.transitions].reshape(scheme.size, scheme.size)
        kinds = (scores, scheme.legal, scheme.begins, scheme.ends)
        return (*(np.ascontiguousarray(kind, dtype=np.float64) for kind in kinds), self.margin)


def chain_marginals(
    index: ChainIndex, rows: Rows, bounds: np.ndarray, weights: np.ndarray, scheme: Scheme
) -> np.ndarray:
    """float32 [tokens, T]: the probability of each label, of all sequences one after another."""
    gold = np.zeros(rows[0].shape[1], dtype=np.uint8)
    with workers(1) as run:
        objective = ChainObjective(index, rows, bounds, gold, scheme, run=run)
    residuals = np.empty((len(gold), scheme.size), dtype=np.float32)
    objective.forward_backward(bounds, weights, residuals, np.empty(0, dtype=np.float32))
    parts = [residuals[begin:end] for begin, end in bounds.tolist()]
    found = np.concatenate(parts)
    found[:, 0] += 1  # from each the gold label was taken, which is said to be 0 everywhere
    return found


def decode_chains(
    index: ChainIndex, rows: Rows, bounds: np.ndarray, weights: np.ndarray, scheme: Scheme
) -> np.ndarray:
    """uint8 [tokens]: the best labels of all sequences, one after another.

    weights: float32, or int16: then scores are int32.
    """
    T = scheme.size
    dtype = np.float32 if weights.dtype == np.float32 else np.int32
    illegal = dtype(ILLEGAL / 4)  # two of them are still an int32
    moves = weights[index.transitions].reshape(T, T)
    transitions = np.where(scheme.legal, moves, illegal).astype(dtype)
    starts = np.where(scheme.begins, 0, illegal).astype(dtype)
    ends = np.where(scheme.ends, 0, illegal).astype(dtype)
    lengths = bounds[:, 1] - bounds[:, 0]
    longest = int(lengths.max(initial=0))
    path = np.empty(int(lengths.sum()), dtype=np.uint8)
    scratch = (
        np.empty((longest, T), dtype=dtype),
        np.empty((T, T), dtype=dtype),
        np.empty(T, dtype=dtype),
    )
    best.best_chains(
        rows, bounds, index.slots, weights, (transitions, starts, ends), tuple(range(T)),
        scratch, path,
    )  # fmt: skip
    return path
