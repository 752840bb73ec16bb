"""The objective of taggers: enumeration, finite differences, any number of threads."""

from __future__ import annotations

from itertools import product

import naive
import numpy as np
import pytest

from crfseg.chain_objective import ChainObjective, build_chain_index, decode_chains
from crfseg.labels import LabelScheme
from crfseg.threads import workers
from crfseg.token_features import TokenEncoder, gold_labels, parse_templates

SENTENCES = [
    [["我", "r"], ["爱", "v"], ["北京", "ns"]],
    [["中国", "ns"], ["人民", "n"]],
    [["我", "r"]],
    [["人民", "n"], ["爱", "v"], ["我", "r"], ["爱", "v"]],
]
SCHEMES = {
    "free": LabelScheme(("a", "b", "c"), "free"),
    "bio": LabelScheme(("O", "B-x", "I-x", "B-y", "I-y"), "bio"),
    "bmes": LabelScheme(("O", "B-x", "M-x", "E-x", "S-x"), "bmes"),
}
GOLD = {
    "free": ["abc", "ba", "c", "aabb"],
    "bio": [(0, 1, 2), (1, 3), (0,), (3, 4, 4, 0)],
    "bmes": [(1, 2, 3), (4, 0), (0,), (0, 1, 3, 4)],
}
UNIGRAMS = ["U00:%x[0,0]", "U01:%x[-1,1]/%x[0,1]", "U02:%x[0,1]/%x[1,1]", "B"]
BIGRAMS = [*UNIGRAMS, "B00:%x[0,0]", "B01:%x[-1,1]", "B02:%x[0,1]"]

forms = pytest.mark.parametrize("form", SCHEMES)
lines = pytest.mark.parametrize("lines", [UNIGRAMS, BIGRAMS], ids=["unigrams", "bigrams"])
margins = pytest.mark.parametrize("margin", [0.0, 1.5])


class Problem:
    """The objective of the sentences above, and random weights."""

    def __init__(self, form: str, lines: list[str], run, margin: float = 0.0) -> None:
        self.scheme, self.lines, self.margin = SCHEMES[form], lines, margin
        labels = GOLD[form]
        if form == "free":
            labels = [["abc".index(label) for label in one] for one in labels]
        self.paths = [tuple(one) for one in labels]
        self.encoder = TokenEncoder.of(SENTENCES, 2, parse_templates(lines, "templates", 2))
        table = self.encoder.table(SENTENCES)
        self.index, self.rows = build_chain_index(
            table, self.encoder.plans, self.encoder.templates, self.scheme, run
        )
        named = [[self.scheme.names[t] for t in path] for path in self.paths]
        gold = gold_labels(named, self.scheme, table)
        self.bounds = table.bounds
        self.objective = ChainObjective(
            self.index, self.rows, table.bounds, gold, self.scheme, run=run, margin=margin
        )
        weights = np.random.default_rng(0).normal(scale=0.5, size=self.index.layout.size)
        weights[: self.index.layout.zeros] = 0
        self.weights = weights.astype(np.float32)

    def value_and_gradient(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.full_like(weights, np.nan)
        return self.objective(weights, gradient), gradient

    def legal_paths(self, n: int) -> list[naive.Path]:
        names = self.scheme.names
        every = product(range(len(names)), repeat=n)
        return [path for path in every if self.scheme.allows([names[t] for t in path])]

    def score(self, s: int, path: naive.Path) -> float:
        """Template by template, position by position."""
        T = self.scheme.size
        begin, total = self.bounds[s, 0], 0.0
        moves = self.weights[self.index.layout.transitions].reshape(T, T)
        for i, t in enumerate(path):
            for f, shape in enumerate(self.index.templates.families):
                for place, shift in enumerate(shape.shifts):
                    total += self.weights[self.rows[0][f, begin + i + shift] + place * T + t]
            if i == 0:
                continue
            before = path[i - 1]
            total += moves[before, t]
            for f, shape in enumerate(self.index.templates.pairs):
                for place, shift in enumerate(shape.shifts):
                    row = self.rows[1][f, begin + i + shift] + place * T * T
                    total += self.weights[row + before * T + t]
        return total


@forms
@lines
@margins
def test_value_by_enumeration(form: str, lines: list[str], margin: float) -> None:
    with workers(1) as run:
        problem = Problem(form, lines, run, margin)
    expected = 0.0
    for s, gold in enumerate(problem.paths):
        scores = []
        for path in problem.legal_paths(len(gold)):
            wrong = sum(a != b for a, b in zip(path, gold, strict=True))
            scores.append(problem.score(s, path) + margin * wrong)
        expected += np.logaddexp.reduce(scores) - problem.score(s, gold)
    assert problem.value_and_gradient(problem.weights)[0] == pytest.approx(expected, rel=1e-5)


@forms
@lines
@margins
def test_gradient_by_finite_differences(form: str, lines: list[str], margin: float) -> None:
    with workers(1) as run:
        problem = Problem(form, lines, run, margin)
        _, gradient = problem.value_and_gradient(problem.weights)
        zeros = problem.index.layout.zeros
        assert np.isfinite(gradient).all()
        assert not gradient[:zeros].any()
        random = np.random.default_rng(1)

        def difference(direction: np.ndarray) -> float:
            ahead = problem.value_and_gradient(problem.weights + direction)[0]
            return (ahead - problem.value_and_gradient(problem.weights - direction)[0]) / 2

        for _ in range(5):
            direction = random.normal(scale=0.01, size=gradient.size).astype(np.float32)
            direction[:zeros] = 0
            assert difference(direction) == pytest.approx(gradient @ direction, rel=2e-3, abs=1e-3)
        for place in random.integers(zeros, gradient.size, 40):
            direction = np.zeros_like(gradient)
            direction[place] = 0.02
            assert difference(direction) / 0.02 == pytest.approx(gradient[place], abs=3e-3)


@forms
@lines
def test_best_labels_by_enumeration(form: str, lines: list[str]) -> None:
    with workers(1) as run:
        problem = Problem(form, lines, run)
    T = problem.scheme.size
    best = []
    for s, gold in enumerate(problem.paths):
        best += max(problem.legal_paths(len(gold)), key=lambda path, s=s: problem.score(s, path))
    moves = problem.weights[problem.index.layout.transitions].reshape(T, T)
    plans, index = problem.encoder.plans, problem.index
    found = decode_chains(
        problem.rows, plans, problem.bounds, problem.weights, moves, problem.scheme
    )
    assert found.tolist() == best
    # In integers, and with rows that are looked up.
    whole = np.rint(problem.weights * 512).astype(np.int16)
    rows = index.chain_rows(problem.encoder.table(SENTENCES))
    moves = whole[index.layout.transitions].reshape(T, T)
    found = decode_chains(rows, plans, problem.bounds, whole, moves, problem.scheme)
    assert found.tolist() == best


def test_equal_paths_go_to_the_smaller_labels() -> None:
    with workers(1) as run:
        problem = Problem("free", BIGRAMS, run)
    none = np.zeros_like(problem.weights)
    found = decode_chains(
        problem.rows, problem.encoder.plans, problem.bounds, none, np.zeros((3, 3)), problem.scheme
    )
    assert not found.any()


@lines
def test_the_same_bits_for_any_number_of_threads(lines: list[str]) -> None:
    results = []
    for threads in (1, 2, 3):
        with workers(threads) as run:
            value, gradient = (problem := Problem("bio", lines, run)).value_and_gradient(
                problem.weights
            )
            results.append((value, gradient.tobytes()))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("form", ["free", "bmes"])
def test_scores_far_apart_stay_numbers(form: str) -> None:
    with workers(1) as run:
        problem = Problem(form, BIGRAMS, run)
        value, gradient = problem.value_and_gradient(problem.weights * 2000)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
