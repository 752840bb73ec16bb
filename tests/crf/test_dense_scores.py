"""Emission sums over anchored families, and Viterbi in integers."""

from __future__ import annotations

from collections.abc import Callable

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.corpus.schemes import FOUR, SIX, TagScheme
from crfseg.crf.kernels.dense_scores import emissions
from crfseg.crf.kernels.viterbi import viterbi
from crfseg.features.kernels.layout import Plan
from crfseg.segmentation.kernels import layout
from crfseg.segmentation.kernels.scores_to_tags import viterbi_of_long_words, viterbi_of_words

_ILLEGAL = -(1 << 28)


def test_emissions_fetch_each_template_from_its_anchor() -> None:
    """Two families, one seen from two places; position 1 of the sequence by hand."""
    plan = Plan(
        cells=np.array([[0, 0, 10], [0, 1, 7]]),
        cell_starts=np.array([0, 1, 2]),
        windows=np.array([[-1, 1], [0, 0]]),
        templates=np.array([[0, 1, 0], [0, -1, 1], [1, 0, 0]]),
    )
    weights = np.arange(100, dtype=np.int16)
    rows = np.array([[0, 10, 20, 30, 40, 0], [0, 50, 60, 70, 80, 0]], dtype=np.int32)
    out = np.empty((2, 4), dtype=np.int32)
    emissions(rows, 2, 4, plan, weights, (0, 1, 2, 3), out)
    # Anchor i + 1 at place 0, anchor i - 1 at place 1, anchor i at place 0.
    assert out[0].tolist() == [30 + 14 + 60 + 3 * t for t in range(4)]
    assert out[1].tolist() == [40 + 24 + 70 + 3 * t for t in range(4)]


def best(scheme: TagScheme, scores: np.ndarray, transitions: np.ndarray) -> tuple[int, ...]:
    """The library's best path for int32 scores."""
    n, T = scores.shape
    path = np.empty(n, dtype=np.uint8)
    viterbi(
        scores.astype(np.int32), n, np.where(scheme.legal, transitions, _ILLEGAL).astype(np.int32),
        np.where(scheme.begins, 0, _ILLEGAL).astype(np.int32),
        np.where(scheme.ends, 0, _ILLEGAL).astype(np.int32),
        tuple(range(T)), np.empty((n, T), dtype=np.uint8), path,
    )  # fmt: skip
    return tuple(path.tolist())


def best_of_words(
    scheme: TagScheme, scores: np.ndarray, transitions: np.ndarray
) -> tuple[int, ...]:
    """The same as the decoder finds it, which knows the scheme."""
    n = len(scores)
    path = np.empty(n, dtype=np.uint8)
    find = viterbi_of_words if scheme is FOUR else viterbi_of_long_words
    moves = np.where(scheme.legal, transitions, _ILLEGAL).astype(np.int32)
    find(scores.astype(np.int32), n, moves, np.empty(n, dtype=np.uint8), path)
    return tuple(path.tolist())


@pytest.mark.parametrize("find", [best, best_of_words])
@pytest.mark.parametrize("scheme", [FOUR, SIX], ids=["4", "6"])
@given(n=st.integers(1, 7), seed=st.integers(0, 1000), spread=st.sampled_from([1, 3, 30_000]))
def test_viterbi_is_the_best_of_all_paths(
    find: Callable, scheme: TagScheme, n: int, seed: int, spread: int
) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(-spread, spread + 1, (n, scheme.size))
    transitions = random.integers(-spread, spread + 1, (scheme.size, scheme.size))
    assert find(scheme, scores, transitions) == naive.best_path(scores, transitions, scheme.tags)


@pytest.mark.parametrize("find", [best, best_of_words])
@pytest.mark.parametrize("scheme", [FOUR, SIX], ids=["4", "6"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 1.0])
def test_viterbi_of_a_long_sequence_of_extreme_scores(
    find: Callable, scheme: TagScheme, share: float
) -> None:
    """20,000 characters with the largest sums 20 templates can give: int32 does not overflow.

    share: of the characters for which all tags are ruled out but that of a path of long words.
    """
    n, T = 20_000, scheme.size
    random = np.random.default_rng(5)
    scores = random.choice([-20 * 32767, 20 * 32767], size=(n, T))
    transitions = random.choice([-32767, 32767], size=(T, T))
    kept = scheme.encode(np.arange(n) % random.integers(1, 60, n) == 0)
    pinned = random.random(n) < share
    scores = np.where(pinned[:, None] & (np.arange(T) != kept[:, None]), layout.NEVER, scores)
    path = find(scheme, scores, transitions)
    assert np.array_equal(np.array(path)[pinned], kept[pinned])
    moves = np.where(scheme.legal, transitions, -(10**15))
    total = np.where(scheme.begins, 0, -(10**15)) + scores[0]
    for row in scores[1:]:
        total = (total[:, None] + moves).max(axis=0) + row
    assert naive.path_score(path, scores, moves) == total[scheme.ends].max()
