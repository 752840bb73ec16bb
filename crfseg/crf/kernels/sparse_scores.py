"""Scores from sparse slots and from attributes, and their gradients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg.jit.decorators import kernel, part

# Transition scores are clipped to +-_MOST, so that nothing under- or overflows in one step.
_MOST = 100.0


@part
def sparse_emissions(rows, begin, end, slots, weights, tags, out):
    """Sum the weights of all templates at each position of one sequence.

    rows int32 [F, N]: the first slot of each anchor's n-gram; out [end - begin, T].
    """
    T = len(tags)
    n = end - begin
    templates = slots.plan.templates
    for i in range(n):
        for t in range(T):
            out[i, t] = 0
    for g in range(len(templates)):
        row = rows[templates[g, 0], begin + templates[g, 1] : end + templates[g, 1]]
        for i in range(n):
            slot = row[i] + templates[g, 2]
            for j in range(slots.starts[slot], slots.starts[slot + 1]):
                out[i, slots.labels[j]] += weights[j]


@part
def moves_at(rows, i, slots, weights, out, tags):
    """Add the weights of all bigram templates at position i to out [T, T]."""
    flat = out.reshape(len(tags) * len(tags))
    templates = slots.plan.templates
    for g in range(len(templates)):
        slot = rows[templates[g, 0], i + templates[g, 1]] + templates[g, 2]
        for j in range(slots.starts[slot], slots.starts[slot + 1]):
            flat[slots.labels[j]] += weights[j]


@part
def spread(rows, begin, n, slots, residuals, gradient, tags):
    """Add the residuals [n, T] of a sentence to the gradient of its active weights."""
    templates = slots.plan.templates
    for g in range(len(templates)):
        row = rows[templates[g, 0], begin + templates[g, 1] : begin + n + templates[g, 1]]
        for i in range(n):
            slot = row[i] + templates[g, 2]
            for j in range(slots.starts[slot], slots.starts[slot + 1]):
                gradient[j] += residuals[i, slots.labels[j]]


@part
def spread_moves(rows, begin, n, slots, gold, alpha, flows, odds, gradient, tags):
    """Like `spread`, for bigram templates; odds [n, T, T]: of transitions into each position."""
    T = len(tags)
    templates = slots.plan.templates
    for g in range(len(templates)):
        row = rows[templates[g, 0], begin + templates[g, 1] : begin + n + templates[g, 1]]
        for i in range(1, n):
            slot = row[i] + templates[g, 2]
            right = gold[i - 1] * T + gold[i]
            for j in range(slots.starts[slot], slots.starts[slot + 1]):
                s, t = slots.labels[j] // T, slots.labels[j] % T
                p = alpha[i - 1, s] * flows[i, t] * odds[i, s, t]
                gradient[j] += p - 1.0 if slots.labels[j] == right else p


@part
def odds_of_move(score):
    """exp of a clipped transition score."""
    return np.exp(min(max(score, -_MOST), _MOST))


@part
def odds_of(scores, legal, out, tags):
    """Write exp(scores) to out [T, T], 0 where legal [T, T] is 0."""
    T = len(tags)
    for s in range(T):
        for t in range(T):
            out[s, t] = odds_of_move(scores[s, t]) * legal[s, t]


@part
def odds_at(rows, begin, n, slots, weights, base, legal, spare, out, tags):
    """Write the odds of transitions into positions 1 .. n - 1 of a sentence to out [n, T, T]."""
    T = len(tags)
    for i in range(1, n):
        for s in range(T):
            for t in range(T):
                spare[s, t] = base[s, t]
        moves_at(rows, begin + i, slots, weights, spare, tags)
        odds_of(spare, legal, out[i], tags)


class Items(NamedTuple):
    """The items of all sequences, and the layout of the weights of their attributes.

    ends, columns, values: see `attributes.Rows`; starts int64 [A + 1]: where the weights of each
    attribute begin; labels int32: the label of each weight.
    """

    ends: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    starts: np.ndarray
    labels: np.ndarray


@part
def item_scores(items, begin, n, weights, out, tags):
    """Write the scores of the labels of n items, out [n, T]."""
    for i in range(n):
        for t in range(len(tags)):
            out[i, t] = 0
        for k in range(items.ends[begin + i], items.ends[begin + i + 1]):
            a, value = items.columns[k], items.values[k]
            for j in range(items.starts[a], items.starts[a + 1]):
                out[i, items.labels[j]] += value * weights[j]


@kernel
def score_items(items, weights, tags, out):
    """Write the scores of the labels of all items, float32 [N, T]."""
    item_scores(items, 0, len(out), weights, out, tags)


@part
def spread_items(items, begin, n, residuals, gradient):
    """Add the residuals [n, T] of n items to the gradient of their active weights."""
    for i in range(n):
        for k in range(items.ends[begin + i], items.ends[begin + i + 1]):
            a, value = items.columns[k], items.values[k]
            for j in range(items.starts[a], items.starts[a + 1]):
                gradient[j] += value * residuals[i, items.labels[j]]
