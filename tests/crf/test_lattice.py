"""Inference over bare arrays against enumeration of every path."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise, product

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.common.errors import SettingsError
from crfseg.crf.lattice import Lattice

NEVER = -math.inf


class Drawn:
    """A random lattice, whole numbers or not, and all paths of it that are not ruled out."""

    def __init__(self, n: int, T: int, seed: int, whole: bool, rules: float) -> None:
        random = np.random.default_rng(seed)

        def scores(*shape: int) -> np.ndarray:
            drawn = random.normal(scale=3, size=shape)
            drawn = np.round(drawn) if whole else drawn  # whole numbers: ties
            return np.where(random.random(shape) < rules, NEVER, drawn)

        emissions, transitions = scores(n, T), scores(T, T)
        starts, ends = scores(T), scores(T)
        self.first = random.random(n) < 0.3
        allowed = random.random((n, T)) < 0.9
        self.scale = 0.5
        self.lattice = Lattice(
            emissions, transitions, starts, ends,
            allowed=allowed, first=self.first, scale=self.scale,
        )  # fmt: skip
        emissions = np.where(allowed, emissions, NEVER)
        scored = (
            (naive.lattice_score(path, emissions, transitions, starts, ends, self.first), path)
            for path in product(range(T), repeat=n)
        )
        self.paths = {path: score for score, path in scored if score > NEVER}
        z = [score * self.scale for score in self.paths.values()]
        self.log_z = max(z) + math.log(sum(math.exp(s - max(z)) for s in z)) if z else NEVER

    def p(self, path: naive.Path) -> float:
        return math.exp(self.paths[path] * self.scale - self.log_z)


lattices = st.builds(
    Drawn,
    n=st.integers(1, 5),
    T=st.integers(1, 4),
    seed=st.integers(0, 2**32),
    whole=st.booleans(),
    rules=st.sampled_from([0, 0.1, 0.3]),
)
possible = lattices.filter(lambda drawn: bool(drawn.paths))


@given(drawn=possible)
def test_sums(drawn: Drawn) -> None:
    lattice = drawn.lattice
    n, T = len(lattice), lattice.size
    assert lattice.log_partition == pytest.approx(drawn.log_z, abs=1e-9)
    tags, moves = np.zeros((n, T)), np.zeros((T, T))
    for path in drawn.paths:
        p = drawn.p(path)
        assert lattice.score(path) == pytest.approx(drawn.paths[path], abs=1e-9)
        assert lattice.log_likelihood(path) == pytest.approx(math.log(p), abs=1e-9)
        for i, t in enumerate(path):
            tags[i, t] += p
        for i, (s, t) in enumerate(pairwise(path), 1):
            moves[s, t] += 0 if drawn.first[i] else p
    np.testing.assert_allclose(lattice.tag_marginals(), tags, atol=1e-9)
    np.testing.assert_allclose(lattice.transition_marginals(), moves, atol=1e-9)


@given(drawn=possible, data=st.data())
def test_pieces_of_paths(drawn: Drawn, data: st.DataObject) -> None:
    n, T = len(drawn.lattice), drawn.lattice.size
    begins = data.draw(st.lists(st.integers(0, n - 1), max_size=4))
    pieces = [
        data.draw(st.lists(st.integers(0, T - 1), min_size=1, max_size=n - begin))
        for begin in begins
    ]
    found = np.exp(drawn.lattice.log_probabilities(begins, pieces))
    expected = [
        sum(drawn.p(path) for path in drawn.paths if [*path[begin : begin + len(piece)]] == piece)
        for begin, piece in zip(begins, pieces, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@given(drawn=possible, k=st.integers(1, 30))
def test_best_paths(drawn: Drawn, k: int) -> None:
    paths, scores = drawn.lattice.nbest(k)
    found = [tuple(path) for path in paths.tolist()]
    assert len(set(found)) == len(found) == min(k, len(drawn.paths))
    expected = sorted(drawn.paths.values(), reverse=True)[:k]
    np.testing.assert_allclose(scores, expected, atol=1e-9)
    np.testing.assert_allclose([drawn.paths[path] for path in found], scores, atol=1e-9)
    assert tuple(drawn.lattice.best()) == found[0]


@given(drawn=possible)
def test_ties_go_to_the_smaller_tag(drawn: Drawn) -> None:
    top = max(drawn.paths.values())
    equal = [path[::-1] for path, score in drawn.paths.items() if score == top]
    assert tuple(drawn.lattice.best()) == min(equal)[::-1]


@given(drawn=lattices.filter(lambda drawn: not drawn.paths))
def test_nothing_left(drawn: Drawn) -> None:
    lattice = drawn.lattice
    for ask in (lattice.best, lattice.tag_marginals, lambda: lattice.sample(1)):
        with pytest.raises(SettingsError, match="ruled out"):
            ask()
    assert lattice.score([0] * len(lattice)) == NEVER


def test_samples() -> None:
    drawn = Drawn(4, 3, seed=5, whole=False, rules=0.2)
    count = 20_000
    samples = drawn.lattice.sample(count, seed=1)
    assert (samples == drawn.lattice.sample(count, seed=1)).all()
    assert (samples[:20] != drawn.lattice.sample(20, seed=2)).any()
    counts = Counter(map(tuple, samples.tolist()))
    assert set(counts) <= set(drawn.paths)
    for path in drawn.paths:
        p = drawn.p(path)
        assert abs(counts[path] - count * p) < 5 * math.sqrt(count * p) + 1


def test_unlikely_is_not_impossible() -> None:
    """Where all that is likely is ruled out later, and over a length that sums cannot span."""
    n = 5000
    emissions = np.zeros((n, 2))
    emissions[:, 0] = -2000.0
    lattice = Lattice(emissions, np.array([[0.0, NEVER], [NEVER, 0.0]]), ends=np.array([0, NEVER]))
    assert lattice.log_partition == pytest.approx(-2000.0 * n)
    assert lattice.tag_marginals()[:, 0].tolist() == [1.0] * n
    assert lattice.log_probabilities([0], [[0] * n]).tolist() == [0.0]
    assert lattice.transition_marginals().tolist() == [[n - 1, 0], [0, 0]]
    assert not lattice.best().any()
    assert not lattice.sample(2).any()


def test_no_positions() -> None:
    lattice = Lattice(np.zeros((0, 2)), np.zeros((2, 2)))
    assert (lattice.log_partition, lattice.log_likelihood([]), len(lattice.best())) == (0, 0, 0)
    assert lattice.sample(3, 1).shape == (3, 0)
    assert lattice.nbest(5)[1].tolist() == [0.0]
    assert lattice.tag_marginals().shape == (0, 2)
    assert not lattice.transition_marginals().any()


def test_bad_arrays() -> None:
    good = np.zeros((3, 2)), np.zeros((2, 2))
    for bad in (
        lambda: Lattice(np.zeros(3), good[1]),
        lambda: Lattice(np.zeros((3, 0)), np.zeros((0, 0))),
        lambda: Lattice(good[0], np.zeros((2, 3))),
        lambda: Lattice(*good, np.zeros(3)),
        lambda: Lattice(good[0] * np.nan, good[1]),
        lambda: Lattice(good[0], good[1] + np.inf),
        lambda: Lattice(*good, allowed=np.ones((2, 2))),
        lambda: Lattice(*good, first=np.ones(2)),
        lambda: Lattice(*good, scale=0.0),
        lambda: Lattice(*good).score([0, 1]),
        lambda: Lattice(*good).score([0, 1, 2]),
        lambda: Lattice(*good).nbest(0),
        lambda: Lattice(*good).nbest(10**9),
        lambda: Lattice(*good).sample(-1),
        lambda: Lattice(*good).log_probabilities([2], [[0, 0]]),
        lambda: Lattice(*good).log_probabilities([2], [[]]),
        lambda: Lattice(*good).log_probabilities([-1], [[0]]),
        lambda: Lattice(*good).log_probabilities([0, 1], [[0]]),
    ):
        with pytest.raises(SettingsError):
            bad()
