"""Scores labels against gold labels: tokens, and the entities that labels mark."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any

from crfseg.common.errors import CrfsegError, DataError
from crfseg.common.files import Path
from crfseg.corpus.schemes import entities, mark_entities
from crfseg.corpus.tokens import Rows

Labels = Sequence[str]
Pair = tuple[Labels, Labels]


@dataclass(frozen=True)
class EntityScores:
    """Precision, recall and F1 (0 if the denominator is 0), and their counts."""

    correct: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """The share of predicted entities that are correct."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of gold entities that were predicted."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.predicted + self.gold
        return 2 * self.correct / total if total else 0.0

    def as_dict(self) -> dict[str, float | int]:
        """The scores and counts by name."""
        names = "precision recall f1 correct predicted gold"
        return {name: getattr(self, name) for name in names.split()}


@dataclass(frozen=True)
class LabelScores:
    """Scores from 0 to 1 and the counts they come from.

    confusions: (gold label, predicted label, count), most frequent first; entities and by_type:
    None and empty if the labels mark no entities.
    """

    accuracy: float
    tokens: int
    correct_tokens: int
    sentences: int
    entities: EntityScores | None = None
    by_type: dict[str, EntityScores] = field(default_factory=dict)
    confusions: list[tuple[str, str, int]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The scores and counts by name, as ``crfseg eval --labels --json`` prints them."""
        names = "accuracy tokens correct_tokens sentences"
        scores = {name: getattr(self, name) for name in names.split()}
        if self.entities is not None:
            scores["entities"] = self.entities.as_dict()
            scores["by_type"] = {name: one.as_dict() for name, one in self.by_type.items()}
        return scores


def score_labels(gold: Iterable[Labels], predicted: Iterable[Labels]) -> LabelScores:
    """Scores the labels of sentences against gold ones.

    An entity is correct if gold has one of the same type and span (see `schemes.entities`), as
    in conlleval and seqeval. Raises CrfsegError naming the first sentence whose length differs.
    """
    return score_label_pairs(_paired(gold, predicted, "gold", "predicted"))


def labelled(path: Path, sentences: Iterable[Rows]) -> Iterator[Rows]:
    """Passes sentences through; raises DataError for tokens with only one column."""
    for rows in sentences:
        if len(rows[0]) < 2:
            raise DataError(path, None, "one column only", "a token and, last, its label")
        yield rows


def pair_labels(
    gold: Iterable[Rows], pred: Iterable[Rows], gold_path: Path, pred_path: Path
) -> Iterator[Pair]:
    names = os.fspath(gold_path), os.fspath(pred_path)
    for number, (g, p) in enumerate(_paired(gold, pred, *names), 1):
        at = next((i for i, (a, b) in enumerate(zip(g, p, strict=True)) if a[0] != b[0]), None)
        if at is not None:
            problem = f"{names[1]}: sentence {number} has '{p[at][0]}' as token {at + 1}"
            raise CrfsegError(f"{problem}; expected '{g[at][0]}' as in {names[0]}")
        yield [row[-1] for row in g], [row[-1] for row in p]


def _paired(gold: Iterable[Any], predicted: Iterable[Any], name: str, other: str) -> Iterator[Any]:
    """Yields pairs of sentences of the same length; raises CrfsegError if lengths differ."""
    for number, (g, p) in enumerate(zip_longest(gold, predicted), 1):
        if g is None or p is None:
            more, fewer = (other, name) if g is None else (name, other)
            problem = f"{fewer}: ends after {number - 1} sentences, {more} does not"
            raise CrfsegError(f"{problem}; expected as many in both")
        if len(g) != len(p):
            problem = f"{other}: sentence {number} has {len(p)} tokens"
            raise CrfsegError(f"{problem}; expected {len(g)} as in {name}")
        yield g, p


def score_label_pairs(pairs: Iterable[Pair]) -> LabelScores:
    kept = list(pairs)
    confusions: Counter[tuple[str, str]] = Counter()
    for gold, predicted in kept:
        confusions.update(zip(gold, predicted, strict=True))
    tokens = sum(confusions.values())
    right = sum(count for (g, p), count in confusions.items() if g == p)
    wrong = [(*pair, count) for pair, count in confusions.most_common() if pair[0] != pair[1]]
    whole, by_type = None, {}
    if mark_entities(chain.from_iterable(confusions)):
        by_type = _score_entities(kept)
        counts = [(one.correct, one.predicted, one.gold) for one in by_type.values()]
        whole = EntityScores(*map(sum, zip(*counts, strict=True)))
    accuracy = right / tokens if tokens else 0.0
    return LabelScores(accuracy, tokens, right, len(kept), whole, by_type, wrong)


def _score_entities(pairs: Iterable[Pair]) -> dict[str, EntityScores]:
    """The scores of each entity type, by name."""
    right: Counter[str] = Counter()
    proposals: Counter[str] = Counter()
    truths: Counter[str] = Counter()
    for gold, predicted in pairs:
        expected, proposed = entities(gold), entities(predicted)
        truths.update(kind for kind, _, _ in expected)
        proposals.update(kind for kind, _, _ in proposed)
        right.update(kind for kind, _, _ in set(expected) & set(proposed))
    kinds = sorted({*truths, *proposals})
    return {kind: EntityScores(right[kind], proposals[kind], truths[kind]) for kind in kinds}


def accuracy(gold: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> float:
    """The share of all labels that are right."""
    pairs = list(zip(chain.from_iterable(gold), chain.from_iterable(predicted), strict=True))
    return sum(one == other for one, other in pairs) / len(pairs)
