"""Best paths and marginals for all three sources of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crfseg.common.threads import workers
from crfseg.corpus.schemes import Scheme
from crfseg.crf.kernels import attribute_loss, dense_loss, partial_loss, viterbi
from crfseg.crf.kernels.sparse_scores import Items, score_items
from crfseg.crf.linear_chain import LinearChain
from crfseg.crf.sparse_objective import SparseObjective

if TYPE_CHECKING:
    from crfseg.features.index import Index
    from crfseg.features.sparse_index import SlotRows, SparseIndex

#: A score that no sum of real scores makes up for.
ILLEGAL = np.float32(-1e9)


def decode_attributes(
    items: Items, lengths: np.ndarray, weights: np.ndarray, tags: int
) -> np.ndarray:
    """int32 [n]: the best labels of concatenated, non-empty sequences."""
    ends, longest = np.cumsum(lengths), int(lengths.max(initial=0))
    paths = np.empty(len(items.ends) - 1, dtype=np.int32)
    attribute_loss.best_of_items(
        items, np.stack([ends - lengths, ends], axis=1), weights,
        weights[: tags * tags].reshape(tags, tags), np.zeros(tags, dtype=np.float32),
        np.arange(tags), np.empty((longest, tags), dtype=np.float32),
        np.empty(tags, dtype=np.float32), paths,
    )  # fmt: skip
    return paths


def attribute_marginals(
    items: Items, lengths: np.ndarray, weights: np.ndarray, tags: int
) -> np.ndarray:
    """float64 [n, T]: the probability of each label."""
    scores = np.empty((len(items.ends) - 1, tags), dtype=np.float32)
    score_items(items, weights, np.arange(tags), scores)
    moves = weights[: tags * tags].reshape(tags, tags)
    chain = LinearChain(moves.astype(np.float64))
    return chain.marginals(scores.astype(np.float64), lengths)


def label_marginals(
    index: SparseIndex, rows: SlotRows, bounds: np.ndarray, weights: np.ndarray, scheme: Scheme
) -> np.ndarray:
    """float32 [tokens, T]: the probability of each label, for all sequences concatenated."""
    gold = np.zeros(rows[0].shape[1], dtype=np.uint8)
    with workers(1) as run:
        objective = SparseObjective(index, rows, bounds, gold, scheme, run=run)
    residuals = np.empty((len(gold), scheme.size), dtype=np.float32)
    objective.forward_backward(bounds, weights, residuals, np.empty(0, dtype=np.float32))
    parts = [residuals[begin:end] for begin, end in bounds.tolist()]
    marginals = np.concatenate(parts)
    marginals[:, 0] += 1  # residuals are marginals minus gold, and gold is label 0 everywhere
    return marginals


def decode_labels(
    index: SparseIndex, rows: SlotRows, bounds: np.ndarray, weights: np.ndarray, scheme: Scheme
) -> np.ndarray:
    """uint8 [tokens]: the best labels of all sequences, concatenated.

    weights: float32, or int16; then scores are int32.
    """
    T = scheme.size
    dtype = np.float32 if weights.dtype == np.float32 else np.int32
    illegal = dtype(ILLEGAL / 4)  # the sum of two still fits an int32
    moves = weights[index.transitions].reshape(T, T)
    transitions = np.where(scheme.legal, moves, illegal).astype(dtype)
    starts = np.where(scheme.begins, 0, illegal).astype(dtype)
    ends = np.where(scheme.ends, 0, illegal).astype(dtype)
    lengths = bounds[:, 1] - bounds[:, 0]
    longest = int(lengths.max(initial=0))
    path = np.empty(int(lengths.sum()), dtype=np.uint8)
    scratch = (
        np.empty((longest, T), dtype=dtype),
        np.empty((T, T), dtype=dtype),
        np.empty(T, dtype=dtype),
    )
    viterbi.best_chains(
        rows, bounds, index.slots, weights, (transitions, starts, ends), tuple(range(T)),
        scratch, path,
    )  # fmt: skip
    return path


def decode_tags(
    index: Index,
    rows: np.ndarray,
    bounds: np.ndarray,
    weights: np.ndarray,
    scheme: Scheme,
    *,
    sequential: bool,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """uint8 [characters]: the best tags of all sequences, concatenated.

    allowed: uint8 [N], the tags allowed at each place, as bits; all if omitted.
    """
    T = scheme.size
    tags = tuple(range(T))
    transitions = np.where(scheme.legal, np.float32(0), ILLEGAL)
    if sequential:
        transitions += weights[index.layout.transitions].reshape(T, T)
    starts = np.where(scheme.begins, np.float32(0), ILLEGAL)
    ends = np.where(scheme.ends, np.float32(0), ILLEGAL)
    lengths = bounds[:, 1] - bounds[:, 0]
    longest = int(lengths.max(initial=0))
    scratch = np.empty((longest, T), dtype=np.float32), np.empty((longest, T), dtype=np.uint8)
    path = np.empty(int(lengths.sum()), dtype=np.uint8)
    moves = (transitions, starts, ends)
    if allowed is None:
        dense_loss.best_paths(rows, bounds, index.plan, weights, moves, tags, scratch, path)
    else:
        partial_loss.best_paths(
            rows, bounds, allowed, index.plan, weights, moves, tags, scratch, path
        )
    return path
