"""The objective and its gradient: finite differences, enumeration, any number of threads."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from objectives import build, emissions, value_and_gradient

from crfseg.common.sharding import SHARDS, cut
from crfseg.common.threads import workers
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import folds_of
from crfseg.corpus.schemes import FOUR, SIX, TagScheme
from crfseg.crf.decode import decode_tags
from crfseg.features.character_encoder import Encoder, Sequences, collect_lexicons
from crfseg.features.templates import parse

kinds = pytest.mark.parametrize("sequential", [True, False], ids=["crf", "softmax"])
margins = pytest.mark.parametrize("margin", [0.0, 1.5])
both = pytest.mark.parametrize("scheme", [FOUR, SIX], ids=["4", "6"])


@both
@kinds
@margins
def test_gradient_by_finite_differences(scheme: TagScheme, sequential: bool, margin: float) -> None:
    with workers(1) as run:
        objective, weights, _ = build(scheme, sequential, run, margin=margin)
        _, gradient = value_and_gradient(objective, weights)
        assert np.isfinite(gradient).all()
        assert not gradient[: objective.index.layout.zeros].any()
        random = np.random.default_rng(1)

        def difference(direction: np.ndarray) -> float:
            ahead = value_and_gradient(objective, weights + direction)[0]
            return (ahead - value_and_gradient(objective, weights - direction)[0]) / 2

        # Along random directions, and along the transitions and some weights of each family.
        for _ in range(5):
            direction = random.normal(scale=0.01, size=weights.size).astype(np.float32)
            direction[: objective.index.layout.zeros] = 0
            assert difference(direction) == pytest.approx(gradient @ direction, rel=2e-3, abs=1e-3)
        moves = objective.index.layout.transitions
        legal = moves.start + np.flatnonzero(scheme.legal.ravel())
        some = [
            place
            for family in objective.index.families
            for place in random.integers(family.base, family.base + len(family.keys), 5)
        ]
        for place in [*legal, *some]:
            direction = np.zeros_like(weights)
            direction[place] = 0.02
            assert difference(direction) / 0.02 == pytest.approx(gradient[place], abs=3e-3)


@both
@kinds
@margins
def test_value_by_enumeration(scheme: TagScheme, sequential: bool, margin: float) -> None:
    with workers(1) as run:
        objective, weights, bounds = build(scheme, sequential, run, margin=margin)
    index, gold = objective.index, objective.gold
    moves = weights[index.layout.transitions].reshape(scheme.size, scheme.size)
    expected = 0.0
    for begin, end in bounds.tolist():
        scores = emissions(index, objective.rows, begin, end, weights)
        path = tuple(gold[begin:end].tolist())
        scores += margin  # every wrong tag gains the margin
        scores[np.arange(end - begin), path] -= margin
        if sequential:
            expected += naive.log_z(scores, moves, scheme.tags)
            expected -= naive.path_score(path, scores, moves)
        else:
            expected -= naive.log_softmax(scores)[np.arange(end - begin), path].sum()
    assert value_and_gradient(objective, weights)[0] == pytest.approx(expected, rel=1e-5)


@both
def test_decode_by_enumeration(scheme: TagScheme) -> None:
    with workers(1) as run:
        objective, weights, bounds = build(scheme, True, run)
    index = objective.index
    found = decode_tags(index, objective.rows, bounds, weights, scheme, sequential=True)
    moves = weights[index.layout.transitions].reshape(scheme.size, scheme.size)
    expected = []
    for begin, end in bounds.tolist():
        scores = emissions(index, objective.rows, begin, end, weights)
        expected += naive.best_path(scores, moves, scheme.tags)
    assert found.tolist() == expected


def test_without_b_transitions_are_not_learnt() -> None:
    with workers(1) as run:
        objective, weights, _ = build(FOUR, True, run, ["U00:%x[0,0]", "U01:%x[1,1]"])
        _, gradient = value_and_gradient(objective, weights)
    assert not gradient[objective.index.layout.transitions].any()
    assert gradient.any()


@kinds
def test_the_same_bits_for_any_number_of_threads(sequential: bool) -> None:
    results = []
    for threads in (1, 2, 3):
        with workers(threads) as run:
            objective, weights, _ = build(FOUR, sequential, run)
            value, gradient = value_and_gradient(objective, weights)
            results.append((value, gradient.tobytes(), objective.rows.tobytes()))
    assert results[0] == results[1] == results[2]


def test_unknown_n_grams_have_no_weight() -> None:
    """Text of which the corpus holds nothing gets the row of zeros everywhere."""
    lines = ["U00:%x[0,0]/%x[1,0]", "U01:%x[-1,0]/%x[0,0]/%x[1,0]"]
    with workers(1) as run:
        objective, *_ = build(FOUR, True, run, lines)
    corpus = Corpus.from_sentences([["龘", "靐齉"]])
    sequences = Sequences.of(corpus)
    lexicons = collect_lexicons(corpus, folds_of(1), own=True, paths=[])
    encoder = Encoder.make(sequences, lexicons, parse(lines))
    table = encoder.table(sequences)
    table.columns[0] = np.where(table.columns[0] > 1, 0, table.columns[0])  # all unknown
    assert not objective.index.rows(table).any()


@pytest.mark.parametrize("sizes", [[], [5], [1] * 7, [1000, 1, 1], [0, 0, 3], list(range(500))])
def test_shards_cover_everything_once(sizes: list[int]) -> None:
    pieces = cut(np.array(sizes, dtype=np.int64))
    assert [i for a, b in pieces for i in range(a, b)] == list(range(len(sizes)))
    assert len(pieces) <= SHARDS
    assert all(a < b for a, b in pieces)
