"""The objective over items with attributes: enumeration, finite differences."""

from __future__ import annotations

from itertools import product

import naive
import numpy as np
import pytest

from crfseg.common.threads import workers
from crfseg.crf.attribute_objective import AttributeObjective, Features
from crfseg.crf.decode import attribute_marginals, decode_attributes
from crfseg.features.attribute_ids import NewAttributeIds
from crfseg.features.attributes import sparse_rows

SEQUENCES = [
    [{"a": 1.0, "b": 0.5}, {"a": -2.0}, {}],
    [["b", "c"], {"c": 0.25, "a": "x"}],
    [{"d": 3.0}],
]
GOLD = np.array([0, 1, 2, 1, 0, 2])
LENGTHS = np.array([3, 2, 1])
T = 3
every = pytest.mark.parametrize("every", [False, True], ids=["seen", "all"])


class Problem:
    """The objective of the sequences above, and random weights."""

    def __init__(self, every: bool) -> None:
        names = NewAttributeIds()
        rows = sparse_rows(SEQUENCES, names)
        numbers = names.numbers
        self.features = Features.of(
            rows, len(numbers), GOLD, LENGTHS, T, all_states=every, all_transitions=every
        )
        with workers(1) as run:
            self.objective = AttributeObjective(
                rows, len(numbers), GOLD, LENGTHS, self.features, run=run
            )
            normal = np.random.default_rng(1).normal(size=self.objective.size)
            self.weights = normal.astype(np.float32)
            self.weights[: T * T][~self.features.moves.ravel()] = 0
            self.gradient = np.full_like(self.weights, np.nan)
            self.value = self.objective(self.weights, self.gradient)
        scores = np.zeros((len(numbers), T))
        scores.ravel()[self.features.codes] = self.weights[T * T :]
        self.emissions = np.zeros((len(GOLD), T))
        for i in range(len(GOLD)):
            for k in range(rows.ends[i], rows.ends[i + 1]):
                self.emissions[i] += rows.values[k] * scores[rows.columns[k]]
        self.moves = self.weights[: T * T].reshape(T, T)

    def sequences(self) -> list[tuple[np.ndarray, np.ndarray]]:
        ends = np.cumsum(LENGTHS)[:-1]
        return list(zip(np.split(self.emissions, ends), np.split(GOLD, ends), strict=True))


@every
def test_value_by_enumeration(every: bool) -> None:
    problem, expected = Problem(every), 0.0
    for emissions, gold in problem.sequences():
        paths = product(range(T), repeat=len(gold))
        scores = [naive.path_score(path, emissions, problem.moves) for path in paths]
        right = naive.path_score(tuple(gold.tolist()), emissions, problem.moves)
        expected += np.logaddexp.reduce(scores) - right
    assert problem.value == pytest.approx(expected, rel=1e-5)


@every
def test_gradient_by_finite_differences(every: bool) -> None:
    problem, step = Problem(every), 1e-2
    with workers(1) as run:
        problem.objective.run = run
        for j in range(problem.objective.size):
            if j < T * T and not problem.features.moves.flat[j]:
                assert problem.gradient[j] == 0
                continue
            found = []
            for change in (-step, step):
                weights = problem.weights.copy()
                weights[j] += change
                found.append(problem.objective(weights, np.empty_like(weights)))
            slope = (found[1] - found[0]) / (2 * step)
            assert problem.gradient[j] == pytest.approx(slope, abs=2e-3)


@every
def test_labels_and_marginals_by_enumeration(every: bool) -> None:
    problem = Problem(every)
    arguments = problem.objective.items, LENGTHS, problem.weights, T
    labels, marginals = decode_attributes(*arguments), attribute_marginals(*arguments)
    place = 0
    for emissions, _ in problem.sequences():
        paths = list(product(range(T), repeat=len(emissions)))
        scores = np.array([naive.path_score(path, emissions, problem.moves) for path in paths])
        chances = np.exp(scores - np.logaddexp.reduce(scores))
        best = paths[int(scores.argmax())]
        assert tuple(labels[place : place + len(best)].tolist()) == best
        expected = np.zeros_like(emissions)
        for path, chance in zip(paths, chances, strict=True):
            expected[np.arange(len(path)), path] += chance
        assert marginals[place : place + len(best)] == pytest.approx(expected, abs=1e-5)
        place += len(best)
