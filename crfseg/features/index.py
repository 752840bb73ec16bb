"""The n-grams of a training corpus, numbered by first occurrence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.common.threads import Map
from crfseg.corpus.schemes import Scheme
from crfseg.features.hashing import empty_slots
from crfseg.features.kernels import hashing
from crfseg.features.kernels.layout import Plan
from crfseg.features.table import Table
from crfseg.features.templates import Templates


@dataclass(frozen=True)
class FamilyIndex:
    """The n-grams of one family, numbered by first occurrence in the training corpus.

    keys uint64 [n]; counts int32 [n]; starts int64 [n + 1] and places int32: the anchors of
    each (CSR); base: where the rows of the family start in the weights.
    """

    keys: np.ndarray
    counts: np.ndarray
    starts: np.ndarray
    places: np.ndarray
    base: int

    @cached_property
    def slots(self) -> np.ndarray:
        """int32: the hash table of the keys, see `kernels.hashing`."""
        slots = empty_slots(len(self.keys))
        hashing.fill(self.keys, slots)
        return slots


@dataclass(frozen=True)
class Layout:
    """The layout of the weight vector: zeros, transition scores, rows of n-grams."""

    zeros: int
    tags: int
    size: int

    @property
    def transitions(self) -> slice:
        """The T * T transition scores."""
        return slice(self.zeros, self.zeros + self.tags * self.tags)


@dataclass(frozen=True)
class Index:
    """The n-grams of a training corpus and the layout of their weights."""

    plan: Plan
    templates: Templates
    families: list[FamilyIndex]
    layout: Layout

    def rows(self, table: Table) -> np.ndarray:
        """int32 [F, N]: where the row of the n-gram at each anchor of any table starts.

        See `look_up_rows`.
        """
        widths = [len(shape.shifts) * self.layout.tags for shape in self.templates.families]
        return look_up_rows(table, self.plan, self.families, widths)


def look_up_rows(
    table: Table, plan: Plan, families: Sequence[FamilyIndex], widths: Sequence[int]
) -> np.ndarray:
    """int32 [F, N]: where the row of the n-gram at each anchor starts; 0 if it is unknown.

    widths: weights per row of each family.
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
    """Numbers the n-grams of a corpus; returns the index and the rows of the corpus [F, N]."""
    T = scheme.size
    widths = [len(family.shifts) * T for family in templates.families]
    zeros = max(widths)
    families, rows, size = number_families(table, plan, widths, zeros + T * T, run)
    return Index(plan, templates, families, Layout(zeros, T, size)), rows


def number_families(
    table: Table, plan: Plan, widths: Sequence[int], base: int, run: Map
) -> tuple[list[FamilyIndex], np.ndarray, int]:
    """Numbers the n-grams of some families; their rows in the weights start at ``base``.

    widths: weights per row of each family. Returns the families, the rows of the corpus
    [F, N], and the end of the weights; raises SettingsError if that is not an int32.
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
    if base > np.iinfo(np.int32).max:  # rows are int32, and kernels do not check them
        raise SettingsError(f"{base:,} weights are too many; expected fewer templates or less text")
    return families, rows, base


def count_rows(
    family: FamilyIndex, width: int, counts: np.ndarray, each: np.ndarray | None = None
) -> None:
    """Writes the count of each n-gram for each of its weights.

    each: float32 [N], the weight of each place, if not 1.
    """
    found = family.counts
    if each is not None:
        found = np.add.reduceat(each[family.places], family.starts[:-1])
    counts[family.base : family.base + len(found) * width] = np.repeat(found, width)
