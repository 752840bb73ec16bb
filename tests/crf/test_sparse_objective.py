"""The objective of taggers: enumeration, finite differences, any number of threads."""

from __future__ import annotations

from itertools import product

import naive
import numpy as np
import pytest

from crfseg.common.threads import workers
from crfseg.corpus.schemes import LabelScheme
from crfseg.crf.decode import decode_labels, label_marginals
from crfseg.crf.sparse_objective import SparseObjective
from crfseg.features.sparse_index import build_sparse_index
from crfseg.features.token_encoder import TokenEncoder, gold_labels, parse_templates

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
        named = [[self.scheme.names[t] for t in path] for path in self.paths]
        gold = gold_labels(named, self.scheme, table)
        self.index, self.rows = build_sparse_index(
            table, self.encoder.plans, self.encoder.templates, gold, self.scheme, run
        )
        self.bounds = table.bounds
        self.objective = SparseObjective(
            self.index, self.rows, table.bounds, gold, self.scheme, run=run, margin=margin
        )
        weights = np.random.default_rng(0).normal(scale=0.5, size=self.index.size)
        self.weights = weights.astype(np.float32)

    def value_and_gradient(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.full_like(weights, np.nan)
        return self.objective(weights, gradient), gradient

    def legal_paths(self, n: int) -> list[naive.Path]:
        names = self.scheme.names
        every = product(range(len(names)), repeat=n)
        return [path for path in every if self.scheme.allows([names[t] for t in path])]

    def weight(self, slot: int, label: int) -> float:
        """Of an n-gram and place, for a label; 0 for one it was not seen with."""
        for j in range(self.index.starts[slot], self.index.starts[slot + 1]):
            if self.index.labels[j] == label:
                return self.weights[j]
        return 0.0

    def score(self, s: int, path: naive.Path) -> float:
        """Template by template, position by position."""
        T = self.scheme.size
        begin, total = self.bounds[s, 0], 0.0
        for i, t in enumerate(path):
            for f, shape in enumerate(self.index.templates.families):
                for place, shift in enumerate(shape.shifts):
                    total += self.weight(self.rows[0][f, begin + i + shift] + place, t)
            if i == 0:
                continue
            pair = path[i - 1] * T + t
            total += self.weights[pair]
            for f, shape in enumerate(self.index.templates.pairs):
                for place, shift in enumerate(shape.shifts):
                    total += self.weight(self.rows[1][f, begin + i + shift] + place, pair)
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
        assert np.isfinite(gradient).all()
        random = np.random.default_rng(1)

        def difference(direction: np.ndarray) -> float:
            ahead = problem.value_and_gradient(problem.weights + direction)[0]
            return (ahead - problem.value_and_gradient(problem.weights - direction)[0]) / 2

        for _ in range(5):
            direction = random.normal(scale=0.01, size=gradient.size).astype(np.float32)
            assert difference(direction) == pytest.approx(gradient @ direction, rel=2e-3, abs=1e-3)
        for place in random.integers(0, gradient.size, 40):
            direction = np.zeros_like(gradient)
            direction[place] = 0.02
            assert difference(direction) / 0.02 == pytest.approx(gradient[place], abs=3e-3)


@forms
@lines
def test_best_labels_by_enumeration(form: str, lines: list[str]) -> None:
    with workers(1) as run:
        problem = Problem(form, lines, run)
    best = []
    for s, gold in enumerate(problem.paths):
        best += max(problem.legal_paths(len(gold)), key=lambda path, s=s: problem.score(s, path))
    index, scheme = problem.index, problem.scheme
    found = decode_labels(index, problem.rows, problem.bounds, problem.weights, scheme)
    assert found.tolist() == best
    # In integers, and with rows that are looked up.
    whole = np.rint(problem.weights * 512).astype(np.int16)
    rows = index.rows(problem.encoder.table(SENTENCES))
    assert decode_labels(index, rows, problem.bounds, whole, scheme).tolist() == best


@forms
@lines
def test_marginals_by_enumeration(form: str, lines: list[str]) -> None:
    with workers(1) as run:
        problem = Problem(form, lines, run)
    found = label_marginals(
        problem.index, problem.rows, problem.bounds, problem.weights, problem.scheme
    )
    expected = []
    for s, gold in enumerate(problem.paths):
        paths = problem.legal_paths(len(gold))
        odds = np.exp([problem.score(s, path) for path in paths])
        places = np.zeros((len(gold), problem.scheme.size))
        for path, p in zip(paths, odds / odds.sum(), strict=True):
            places[np.arange(len(gold)), path] += p
        expected.append(places)
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-5)


def test_weights_are_those_of_labels_that_were_seen() -> None:
    with workers(1) as run:
        problem = Problem("free", BIGRAMS, run)
    index, T = problem.index, problem.scheme.size
    single = {(row[0][0], label) for rows, one in zip(SENTENCES, GOLD["free"], strict=True)
              for row, label in zip(rows, one, strict=True)}  # fmt: skip
    words = index.families[0]
    assert index.starts[words.base + len(words.keys)] - index.starts[words.base] == len(single)
    assert index.size == len(index.labels) == index.starts[-1]
    assert (index.labels[T * T :] < T * T).all()


def test_equal_paths_go_to_the_smaller_labels() -> None:
    with workers(1) as run:
        problem = Problem("free", BIGRAMS, run)
    none = np.zeros_like(problem.weights)
    assert not decode_labels(
        problem.index, problem.rows, problem.bounds, none, problem.scheme
    ).any()


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
