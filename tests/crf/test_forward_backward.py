"""Forward-backward, softmax and segmented sums, compared with enumeration."""

from __future__ import annotations

import naive
import numpy as np
import pytest

from crfseg.corpus.schemes import FOUR, SIX, TagScheme
from crfseg.crf.kernels import dense_loss
from crfseg.crf.kernels.dense_scores import gradient_rows
from crfseg.features.kernels.layout import Plan

both = pytest.mark.parametrize("scheme", [FOUR, SIX], ids=["4", "6"])

#: One template that looks at the character itself.
PLAN = Plan(
    cells=np.array([[0, 0, 10]]),
    cell_starts=np.array([0, 1]),
    windows=np.array([[0, 0]]),
    templates=np.array([[0, 0, 0]]),
)


def random_path(scheme: TagScheme, n: int, random: np.random.Generator) -> naive.Path:
    """A path of words of one to seven characters."""
    edges = [0]
    while edges[-1] < n:
        edges.append(min(n, edges[-1] + int(random.integers(1, 8))))
    return naive.spell_words(np.diff(edges).tolist(), scheme.tags)


class Problem:
    """Sentences in which every position has random scores of its own."""

    def __init__(self, scheme: TagScheme, lengths: list[int], spread: float = 1.0) -> None:
        random = np.random.default_rng(sum(lengths))
        T, n = scheme.size, sum(lengths)
        self.scheme, self.tags = scheme, tuple(range(T))
        self.scores = (spread * random.normal(size=(n, T))).astype(np.float32)
        self.transitions = random.normal(size=(T, T)).astype(np.float32)
        self.rows = T * np.arange(n, dtype=np.int32)[None]
        ends = np.cumsum(lengths)
        self.bounds = np.stack([ends - lengths, ends], axis=1)
        self.paths = [random_path(scheme, length, random) for length in lengths]
        self.gold = np.array([t for path in self.paths for t in path], dtype=np.uint8)
        self.residuals = np.zeros((n, T), dtype=np.float32)
        self.scratch = np.empty((max(lengths), T), dtype=np.float32)

    def crf(self) -> tuple[float, np.ndarray]:
        pairs = np.zeros((self.scheme.size, self.scheme.size))
        potentials = (
            np.where(self.scheme.legal, np.exp(self.transitions.astype(float)), 0.0),
            self.scheme.begins.astype(np.float64),
            self.scheme.ends.astype(np.float64),
            self.transitions,
            np.float32(0),
        )
        loss = dense_loss.crf_shard(
            self.rows, self.bounds, self.gold, PLAN, self.scores.ravel(), potentials, self.tags,
            self.residuals, pairs, (self.scratch, np.empty((2, *self.scratch.shape))),
        )  # fmt: skip
        return loss, pairs

    def softmax(self) -> float:
        return dense_loss.softmax_shard(
            self.rows, self.bounds, self.gold, PLAN, self.scores.ravel(), np.float32(0),
            self.tags, self.residuals, self.scratch,
        )  # fmt: skip


@both
def test_loss_and_expectations_are_those_of_all_paths(scheme: TagScheme) -> None:
    problem = Problem(scheme, [1, 2, 7, 3])
    loss, pairs = problem.crf()
    expected_loss, expected_pairs = 0.0, np.zeros_like(pairs)
    for (begin, end), path in zip(problem.bounds.tolist(), problem.paths, strict=True):
        scores = problem.scores[begin:end]
        expected_loss += naive.log_z(scores, problem.transitions, scheme.tags)
        expected_loss -= naive.path_score(path, scores, problem.transitions)
        places, moves = naive.marginals(scores, problem.transitions, scheme.tags)
        places[np.arange(end - begin), path] -= 1
        np.testing.assert_allclose(problem.residuals[begin:end], places, atol=1e-5)
        np.subtract.at(moves, (path[:-1], path[1:]), 1)
        expected_pairs += moves
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    np.testing.assert_allclose(pairs, expected_pairs, atol=1e-5)


@both
def test_marginals_sum_to_one(scheme: TagScheme) -> None:
    problem = Problem(scheme, [5000, 1, 300], spread=3)
    problem.crf()
    np.testing.assert_allclose(problem.residuals.sum(axis=1), 0, atol=2e-5)


def log_z(problem: Problem) -> float:
    """The logarithm of the sum over all paths of the one sentence, in log space."""
    with np.errstate(divide="ignore"):
        moves = np.where(problem.scheme.legal, problem.transitions, -np.inf).astype(float)
        alpha = np.log(problem.scheme.begins) + problem.scores[0]
        for row in problem.scores[1:]:
            alpha = np.logaddexp.reduce(alpha[:, None] + moves, axis=0) + row
        return float(np.logaddexp.reduce(alpha + np.log(problem.scheme.ends)))


@both
@pytest.mark.parametrize(("length", "spread"), [(20_000, 4), (402, 10), (402, 30), (419, 1000)])
def test_long_sentences_neither_overflow_nor_vanish(
    scheme: TagScheme, length: int, spread: float
) -> None:
    """Six tags were NaN once, with 402 characters and scores that spread by 30."""
    problem = Problem(scheme, [length], spread)
    loss, pairs = problem.crf()
    gold = naive.path_score(problem.paths[0], problem.scores, problem.transitions)
    expected = log_z(problem) - gold
    if spread <= 10:
        assert loss == pytest.approx(expected, rel=1e-4)
    else:  # some tags have less than the least probability, and are given that
        assert expected <= loss < 2 * expected
    np.testing.assert_allclose(problem.residuals.sum(axis=1), 0, atol=2e-5)
    assert pairs.sum() == pytest.approx(0, abs=1e-3 * length)


@both
def test_scores_far_apart_stay_numbers(scheme: TagScheme) -> None:
    """Scores that differ by thousands leave every legal path a probability."""
    problem = Problem(scheme, [40, 3, 1], spread=1000)
    loss, pairs = problem.crf()
    assert np.isfinite(loss)
    assert np.isfinite(pairs).all()
    assert np.isfinite(problem.residuals).all()


@both
def test_softmax(scheme: TagScheme) -> None:
    problem = Problem(scheme, [1, 4, 2])
    loss = problem.softmax()
    logs = naive.log_softmax(problem.scores)
    gold = np.arange(len(logs)), problem.gold
    assert loss == pytest.approx(-logs[gold].sum(), rel=1e-5)
    expected = np.exp(logs)
    expected[gold] -= 1
    np.testing.assert_allclose(problem.residuals, expected, atol=1e-6)


@both
def test_best_paths_with_ties(scheme: TagScheme) -> None:
    """The best of all paths; of equals the one with the smaller tags, the last first."""
    for seed in range(20):
        lengths = [1, 6, 3, 2]
        problem = Problem(scheme, lengths)
        random = np.random.default_rng(seed)
        # Of three values only, so that many paths are equally good.
        scores = random.integers(-1, 2, problem.scores.shape).astype(np.float32)
        moves = random.integers(-1, 2, problem.transitions.shape).astype(np.float32)
        illegal = np.float32(-1e9)
        found = np.empty(len(scores), dtype=np.uint8)
        dense_loss.best_paths(
            problem.rows, problem.bounds, PLAN, scores.ravel(),
            (
                np.where(scheme.legal, moves, illegal),
                np.where(scheme.begins, np.float32(0), illegal),
                np.where(scheme.ends, np.float32(0), illegal),
            ),
            problem.tags,
            (problem.scratch, np.empty((max(lengths), scheme.size), dtype=np.uint8)),
            found,
        )  # fmt: skip
        for begin, end in problem.bounds.tolist():
            expected = naive.best_path(scores[begin:end], moves, scheme.tags)
            assert tuple(found[begin:end]) == expected


@both
def test_gradient_rows_sum_residuals_over_occurrences(scheme: TagScheme) -> None:
    T = scheme.size
    residuals = np.random.default_rng(0).normal(size=(30, T)).astype(np.float32)
    occurrences = [[5], [7, 9, 20], [4, 6, 8, 10], [25]]
    starts = np.cumsum([0, *map(len, occurrences)])
    places = np.concatenate(occurrences).astype(np.int32)
    shifts = np.array([2, 0, -3])
    gradient = np.full(4 * 3 * T, 99, dtype=np.float32)
    gradient_rows(starts, places, residuals, shifts, tuple(range(T)), 1, 4, gradient)
    found = gradient.reshape(4, 3, T)
    assert (found[0] == 99).all()  # n-gram 0 was not asked for
    for g in range(1, 4):
        for place, shift in enumerate(shifts.tolist()):
            expected = sum(residuals[anchor - shift].astype(float) for anchor in occurrences[g])
            np.testing.assert_allclose(found[g, place], expected, atol=1e-5)
