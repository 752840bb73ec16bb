"""Negative log-likelihood of a corpus and its gradient.

The weights are one float32 vector: a row of zeros (for n-grams a model does not have),
the transition scores, then for each family one row [window, T] for each n-gram.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from crfseg.errors import SettingsError
from crfseg.features import Table
from crfseg.hashing import empty_slots
from crfseg.kernels import crf, hashing, partial
from crfseg.kernels.layout import Plan
from crfseg.tags import Scheme
from crfseg.templates import Templates
from crfseg.threads import Map

#: The work is cut into this many shards whatever the number of threads, so that sums
#: come out the same; more than the threads of most machines, so that all stay busy.
SHARDS = 64
#: The curvature of an n-gram's weights is estimated as _CURVATURE * (count + _RARE). The
#: variance p (1 - p) of a tag is some 0.2; the n-grams of one place move together, the
#: rare ones most of all: without _RARE the same objective takes twice the evaluations.
_CURVATURE, _RARE = 0.35, 100
#: A score no sum of real scores makes up for.
ILLEGAL = np.float32(-1e9)


@dataclass(frozen=True)
class FamilyIndex:
    """The n-grams of one family, numbered by first occurrence in the training corpus.

    keys uint64 [n]; counts int32 [n]; starts int64 [n + 1] and places int32: where each
    occurs; base: where its rows start in the weights.
    """

    keys: np.ndarray
    counts: np.ndarray
    starts: np.ndarray
    places: np.ndarray
    base: int

    @cached_property
    def slots(self) -> np.ndarray:
        """int32: the hash table of the keys, see `hashing`."""
        slots = empty_slots(len(self.keys))
        hashing.fill(self.keys, slots)
        return slots


@dataclass(frozen=True)
class Layout:
    """Where things stand in the weight vector."""

    zeros: int
    tags: int
    size: int

    @property
    def transitions(self) -> slice:
        """The T * T transition scores."""
        return slice(self.zeros, self.zeros + self.tags * self.tags)


@dataclass(frozen=True)
class Index:
    """The n-grams of a training corpus: what there is to learn."""

    plan: Plan
    templates: Templates
    families: list[FamilyIndex]
    layout: Layout

    def rows(self, table: Table) -> np.ndarray:
        """int32 [F, N]: where the row of the n-gram at each anchor of any table starts."""
        widths = [len(shape.shifts) * self.layout.tags for shape in self.templates.families]
        return look_up_rows(table, self.plan, self.families, widths)


def look_up_rows(
    table: Table, plan: Plan, families: Sequence[FamilyIndex], widths: Sequence[int]
) -> np.ndarray:
    """int32 [F, N]: where the row of the n-gram at each anchor starts; of an unknown one 0.

    widths: how many weights a row of each family has.
    """
    rows = np.zeros((len(families), table.columns.shape[1]), dtype=np.int32)
    for f, (family, width) in enumerate(zip(families, widths, strict=True)):
        hashing.look_up(table.keys(plan, f), family.slots, family.keys, rows[f])
        _to_rows(rows[f], family.base, width)
    return rows


def _to_rows(ids: np.ndarray, base: int, width: int) -> None:
    known = ids >= 0
    ids *= width
    ids += base
    ids[~known] = 0


def build_index(
    table: Table, plan: Plan, templates: Templates, scheme: Scheme, run: Map
) -> tuple[Index, np.ndarray]:
    """Number the n-grams of a corpus; returns the index and the corpus' rows [F, N]."""
    T = scheme.size
    widths = [len(family.shifts) * T for family in templates.families]
    zeros = max(widths)
    families, rows, size = number_families(table, plan, widths, zeros + T * T, run)
    return Index(plan, templates, families, Layout(zeros, T, size)), rows


def number_families(
    table: Table, plan: Plan, widths: Sequence[int], base: int, run: Map
) -> tuple[list[FamilyIndex], np.ndarray, int]:
    """Number the n-grams of some families; their rows stand in the weights from ``base`` on.

    widths: how many weights a row of each family has. Returns the families, the rows of the
    corpus [F, N], and where the weights end; raises SettingsError if that is too far.
    """
    rows = np.empty((len(widths), table.columns.shape[1]), dtype=np.int32)

    def number(f: int) -> tuple[np.ndarray, ...]:
        keys = table.keys(plan, f)
        slots = empty_slots(len(keys))
        found = np.empty(len(keys), dtype=np.uint64)
        counts = np.empty(len(keys), dtype=np.int32)
        n = hashing.number(keys, slots, rows[f], found, counts)
        starts = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(counts[:n], out=starts[1:])
        places = np.empty(starts[-1], dtype=np.int32)
        hashing.occurrences(rows[f], starts, places)
        return found[:n].copy(), counts[:n].copy(), starts, places

    families = []
    for f, numbered in enumerate(run(number, range(len(widths)))):
        families.append(FamilyIndex(*numbered, base=base))  # type: ignore[misc]
        _to_rows(rows[f], base, widths[f])
        base += len(numbered[0]) * widths[f]
    if base > np.iinfo(np.int32).max:  # rows are numbered in 32 bits, and kernels trust them
        raise SettingsError(f"{base:,} weights are too many; expected fewer templates or less text")
    return families, rows, base


class Objective:
    """The function training minimises, without its penalty: weights -> (value, gradient).

    gold: uint8 [N] tags, in the places of the table; margin: by how much the right path
    has to win for each tag in which another one differs (`crf.demand_margin`); 0 for the
    likelihood; allowed: uint8 [N], which tags may be right at each place, as bits, for the
    sentences that are ``partly`` (bool [S]) annotated; counts: float32 [S], what each
    sentence counts, 1 if omitted.
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
        allowed: np.ndarray | None = None,
        partly: np.ndarray | None = None,
        counts: np.ndarray | None = None,
    ) -> None:
        self.index, self.rows, self.gold, self.scheme = index, rows, gold, scheme
        self.sequential, self.run, self.margin = sequential, run, np.float32(margin)
        self.tags = tuple(range(scheme.size))
        self.allowed, self.bounds, self.sentence_counts = allowed, bounds, counts
        self.shards = _shards(bounds, partly, counts)
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
        """float32 [size]: the diagonal of the Hessian, roughly, from the counts of n-grams."""
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
        """float32 [N]: what each place of the table counts; None if all count 1."""
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
            partial.weigh(self.residuals, shard.bounds, np.float32(shard.count))
        return shard.count * loss, shard.count * pairs

    def _chances(self, scores: np.ndarray) -> tuple[np.ndarray | np.float32, ...]:
        """Transitions, beginnings and ends as the kernels want them, and the margin."""
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
        loss = crf.crf_shard(
            self.rows, bounds, self.gold, self.index.plan, weights, self._chances(scores),
            self.tags, self.residuals, pairs, scratch,
        )  # fmt: skip
        return loss, pairs

    def _softmax(self, bounds: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
        loss = crf.softmax_shard(
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
            loss = partial.softmax_shard(
                self.rows, bounds, self.allowed, plan, weights, self.margin, self.tags,
                self.residuals, both[0],
            )  # fmt: skip
            return loss, pairs
        loss = partial.crf_shard(
            self.rows, bounds, self.allowed, plan, weights, self._chances(scores), self.tags,
            self.residuals, pairs, (both, np.empty_like(both), np.empty((2, *shape))),
        )  # fmt: skip
        return loss, pairs

    def _shape(self, bounds: np.ndarray) -> tuple[int, int]:
        """Characters of the longest sentence, and tags."""
        return int((bounds[:, 1] - bounds[:, 0]).max(initial=0)), len(self.tags)

    def _gradient(self, piece: tuple[int, int, int], gradient: np.ndarray) -> None:
        f, first, last = piece
        family = self.index.families[f]
        shifts = np.array(self.index.templates.families[f].shifts, dtype=np.int64)
        crf.gradient_rows(
            family.starts, family.places, self.residuals, shifts, self.tags, first, last,
            gradient[family.base :],
        )  # fmt: skip


def count_rows(
    family: FamilyIndex, width: int, counts: np.ndarray, each: np.ndarray | None = None
) -> None:
    """Write how often each n-gram occurs in the places of its weights.

    each: float32 [N], what each place counts, if not 1.
    """
    found = family.counts
    if each is not None:
        found = np.add.reduceat(each[family.places], family.starts[:-1])
    counts[family.base : family.base + len(found) * width] = np.repeat(found, width)


def decode(
    index: Index,
    rows: np.ndarray,
    bounds: np.ndarray,
    weights: np.ndarray,
    scheme: Scheme,
    *,
    sequential: bool,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """uint8 [characters]: the best tags of all sequences, one after another.

    allowed: uint8 [N], which tags may be at each place, as bits; any if omitted.
    """
    T = scheme.size
    tags = tuple(range(T))
    transitions = np.where(scheme.legal, np.float32(0), ILLEGAL)
    if sequential:
        transitions += weights[index.layout.transitions].reshape(T, T)
    starts = np.where(scheme.begins, np.float32(0), ILLEGAL)
    ends = np.where(scheme.ends, np.float32(0), ILLEGAL)
    lengths = bounds[:, 1] - bounds[:, 0]
    longest = int(lengths.max(initial=0))
    scratch = np.empty((longest, T), dtype=np.float32), np.empty((longest, T), dtype=np.uint8)
    path = np.empty(int(lengths.sum()), dtype=np.uint8)
    moves = (transitions, starts, ends)
    if allowed is None:
        crf.best_paths(rows, bounds, index.plan, weights, moves, tags, scratch, path)
    else:
        partial.best_paths(rows, bounds, allowed, index.plan, weights, moves, tags, scratch, path)
    return path


@dataclass(frozen=True)
class Shard:
    """Sentences that are worked on together: all partly annotated or none, and of one count."""

    bounds: np.ndarray
    partly: bool = False
    count: float = 1.0


def _shards(
    bounds: np.ndarray, partly: np.ndarray | None, counts: np.ndarray | None
) -> list[Shard]:
    """All sentences in runs of about equal size, those of a kind together."""
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


def cut(sizes: np.ndarray, most: int = SHARDS) -> list[tuple[int, int]]:
    """Cut items into so many runs at most, of about equal total size."""
    ends = np.cumsum(sizes, dtype=np.int64)
    if len(ends) == 0:
        return []
    marks = ends[-1] * np.arange(1, most) // most
    cuts = np.unique(np.concatenate(([0], np.searchsorted(ends, marks, side="right"), [len(ends)])))
    return [(int(a), int(b)) for a, b in pairwise(cuts)]
