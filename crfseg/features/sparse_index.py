"""The n-grams of a tagger's corpus, each with the labels it was seen with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.common.threads import Map
from crfseg.corpus.schemes import Scheme
from crfseg.features.index import FamilyIndex, look_up_rows, number_families
from crfseg.features.kernels.layout import Plan, Slots
from crfseg.features.kernels.sparse_index import seen_labels
from crfseg.features.table import Table
from crfseg.features.templates import Family, Templates

#: The first slot of the n-gram at each anchor, for the families of unigram and of bigram
#: templates: int32 [F, N] and [P, N].
SlotRows = tuple[np.ndarray, np.ndarray]
Plans = tuple[Plan, Plan]
#: The corpus is cut into groups of sentences, each with its own gradient: at most _GROUPS, and
#: as many as fit into _ROOM numbers, but at least two.
_GROUPS, _ROOM = 16, 1 << 26


@dataclass(frozen=True)
class SparseIndex:
    """The n-grams of a model or a training corpus.

    families: of unigrams, then of bigrams, numbered in slots; starts int32 [S + 1], labels
    uint16: as in `Slots`. Unknown n-grams start at slot 0; the slots below `first_slot` have
    no weights.
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
        """The slots of unigrams and of bigrams, for kernels."""
        first, second = self.plans
        return Slots(first, self.starts, self.labels), Slots(second, self.starts, self.labels)

    @property
    def transitions(self) -> slice:
        """The T * T transition scores in the weights."""
        return slice(0, self.tags * self.tags)

    def rows(self, table: Table) -> SlotRows:
        """The first slots of the n-grams of any table."""
        split = len(self.templates.families)
        parts = (self.families[:split], self.families[split:])
        shapes = (self.templates.families, self.templates.pairs)
        unigrams, bigrams = (
            look_up_rows(table, plan, part, [len(shape.shifts) for shape in of])
            for plan, part, of in zip(self.plans, parts, shapes, strict=True)
        )
        return unigrams, bigrams


def first_slot(shapes: Sequence[Family]) -> int:
    """The first slot of a known n-gram: the widest window is reserved for unknown ones."""
    return max(len(shape.shifts) for shape in shapes)


def build_sparse_index(
    table: Table, plans: Plans, templates: Templates, gold: np.ndarray, scheme: Scheme, run: Map
) -> tuple[SparseIndex, SlotRows]:
    """Numbers the n-grams of a corpus and lists the labels they are seen with.

    gold: uint8 [N], labels at the places of the table. Returns the index and the corpus' rows.
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
            seen_labels(family, codes, inside, stamps, 0, counts, found)
            found = found if len(found) else np.zeros(int(counts.sum()), dtype=np.uint16)
        return counts, found

    parts = run(seen, range(len(shapes)))
    counts = np.concatenate([np.zeros(zeros, dtype=np.int32), *(part[0] for part in parts)])
    labels = np.concatenate([np.zeros(T * T, dtype=np.uint16), *(part[1] for part in parts)])
    starts = np.concatenate(([0], np.cumsum(counts, dtype=np.int64))) + T * T
    if starts[-1] > np.iinfo(np.int32).max:
        problem = f"{starts[-1]:,} weights are too many"
        raise SettingsError(f"{problem}; expected fewer templates or less text")
    index = SparseIndex(plans, templates, families, starts.astype(np.int32), labels, T)
    return index, (rows, pair_rows)


def insides(bounds: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [N], twice: places with a token, and those except the first of each sentence."""
    steps = np.zeros(size + 1, dtype=np.int8)
    steps[bounds[:, 0]] = 1
    steps[bounds[:, 1]] = -1
    single = np.cumsum(steps[:-1]).astype(np.uint8)
    double = single.copy()
    double[bounds[:, 0]] = 0
    return single, double


def occurrences(family: FamilyIndex, shape: Family) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A family in the form that kernels take: starts, places, shifts."""
    return family.starts, family.places, np.array(shape.shifts, dtype=np.int64)
