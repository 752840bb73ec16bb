"""Forward-backward over items with attributes; apart from the scores it is that of `sparse_loss`.

An item is a sparse row: attributes, and a value for each. An attribute has weights for some labels,
as a slot has in `sparse_loss`.
"""

from __future__ import annotations

from crfseg.crf.kernels.forward_backward import (
    backward,
    expect_fixed,
    exponentiate,
    forward,
    right_path,
)
from crfseg.crf.kernels.sparse_scores import item_scores, odds_of, spread_items
from crfseg.crf.kernels.viterbi import best_path
from crfseg.jit.decorators import kernel


@kernel
def item_shard(items, bounds, gold, weights, moves, tags, gradient, scratch):
    """Negative log-likelihood of some sequences; their gradient is added.

    bounds int64 [S, 2]: begin and end of each; gold int32 [N]; moves: the tuple (ones float64
    [T, T]: all transitions are legal; ones [T]: so are all first and last labels; transition
    scores float64 [T, T]); tags int64 [T]: 0 .. T - 1; scratch: the tuple (marginals, scores
    float32 [longest, T], then float64: alpha, flows [longest, T], odds [1, T, T], two [T, T] and
    beta [T]). The first T * T weights are the transition scores.
    """
    T = len(tags)
    legal, ends, base = moves
    marginals, scores, alpha, flows, odds, turned, expected, beta = scratch
    loss = 0.0
    odds_of(base, legal, odds[0], tags)
    for s in range(T):
        for t in range(T):
            expected[s, t] = 0
    for k in range(len(bounds)):
        begin, end = bounds[k, 0], bounds[k, 1]
        n, right = end - begin, gold[begin:end]
        item_scores(items, begin, n, weights, scores, tags)
        loss -= right_path(scores, right, n, base, odds, True, expected)
        loss += exponentiate(scores, n, tags, marginals)
        loss += forward(scores, n, odds, True, ends, ends, alpha, flows, tags)
        backward(n, odds, True, turned, alpha, flows, beta, marginals, tags)
        for i in range(n):
            marginals[i, right[i]] -= 1.0
        spread_items(items, begin, n, marginals, gradient)
        expect_fixed(alpha, flows, n, expected, tags)
    for s in range(T):
        for t in range(T):
            gradient[s * T + t] += expected[s, t] * odds[0, s, t]
    return loss


@kernel
def best_of_items(items, bounds, weights, moves, ends, tags, scores, best, paths):
    """Write the best labels of some sequences to int32 `paths` [N].

    weights, moves [T, T], ends [T] (zeros), scores [longest, T], best [T]: float32.
    """
    for k in range(len(bounds)):
        begin, end = bounds[k, 0], bounds[k, 1]
        item_scores(items, begin, end - begin, weights, scores, tags)
        best_path(scores, moves, ends, best, paths[begin:end], tags)
