"""Likelihood of partly annotated text: all paths that the annotation allows are right.

Tsuboi, Kashima, Mori, Oda & Matsumoto (2008), "Training Conditional Random Fields Using
Incomplete Annotations", equation 3: the logarithm of the sum over the allowed paths, minus
that of the sum over all paths.
"""

from __future__ import annotations

import numpy as np

from crfseg.crf.kernels.dense_scores import emissions
from crfseg.crf.kernels.forward_backward import exponentiate, forward_backward
from crfseg.crf.kernels.viterbi import viterbi
from crfseg.jit.decorators import kernel, part

_NEVER = np.float32(-np.inf)
_ILLEGAL = np.float32(-1e9)


@part
def is_allowed(allowed, t):
    """Whether tag t is in a set of tags, which is stored as bits."""
    return (allowed >> t) & 1 != 0


@part
def demand_margin(scores, allowed, n, margin, tags):
    """Subtract `margin` from the scores of allowed tags, see `forward_backward.demand_margin`."""
    for i in range(n):
        for t in range(len(tags)):
            if is_allowed(allowed[i], t):
                scores[i, t] -= margin


@part
def clear(scores, allowed, n, value, tags):
    """Set the scores of tags that are not allowed to `value`."""
    for i in range(n):
        for t in range(len(tags)):
            if not is_allowed(allowed[i], t):
                scores[i, t] = value


@kernel
def crf_shard(rows, bounds, allowed, plan, weights, potentials, tags, residuals, pairs, scratch):
    """Like `dense_loss.crf_shard`, for sentences with a set of allowed tags at each place.

    allowed uint8 [N]: bits; residuals float32 [N, T] out: p(t at i) - p(t at i | allowed);
    pairs float64 [T, T]: the difference of the expected transitions is added; scratch:
    (float32 [2, longest, T] twice, float64 [2, longest, T]).
    """
    T = len(tags)
    transitions, starts, ends, _, margin = potentials
    scores, marginals, work = scratch
    expected = np.zeros((2, T, T))
    loss = 0.0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        n = end - begin
        here = allowed[begin:end]
        emissions(rows, begin, end, plan, weights, tags, scores[0])
        demand_margin(scores[0], here, n, margin, tags)
        for i in range(n):
            for t in range(T):
                scores[1, i, t] = scores[0, i, t]
        clear(scores[1], here, n, _NEVER, tags)
        for side in range(2):  # all paths, then the allowed ones
            sign = 1.0 - 2 * side
            loss += sign * exponentiate(scores[side], n, tags, marginals[side])
            if side == 1:
                clear(scores[1], here, n, np.float32(0), tags)
            loss += sign * forward_backward(
                scores[side],
                n,
                transitions,
                starts,
                ends,
                tags,
                work,
                marginals[side],
                expected[side],
            )
        for i in range(n):
            for t in range(T):
                residuals[begin + i, t] = marginals[0, i, t] - marginals[1, i, t]
    for s in range(T):
        for t in range(T):
            pairs[s, t] += (expected[0, s, t] - expected[1, s, t]) * transitions[s, t]
    return loss


@kernel
def softmax_shard(rows, bounds, allowed, plan, weights, margin, tags, residuals, scratch):
    """Like `crf_shard`, for the maximum-entropy model: each character is independent.

    scratch float32 [longest, T].
    """
    T = len(tags)
    scores = scratch
    loss = 0.0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        n = end - begin
        here = allowed[begin:end]
        emissions(rows, begin, end, plan, weights, tags, scores)
        demand_margin(scores, here, n, margin, tags)
        exponentiate(scores, n, tags, residuals[begin:end])
        for i in range(n):
            free, right = np.float32(0), np.float32(0)
            for t in range(T):
                free += scores[i, t]
                if is_allowed(here[i], t):
                    right += scores[i, t]
            loss += np.log(free) - np.log(right)
            for t in range(T):
                residuals[begin + i, t] = scores[i, t] / free
                if is_allowed(here[i], t):
                    residuals[begin + i, t] -= scores[i, t] / right
    return loss


@kernel
def weigh(residuals, bounds, weight):
    """Multiply the residuals of some sentences by their weight."""
    for s in range(len(bounds)):
        for i in range(bounds[s, 0], bounds[s, 1]):
            for t in range(residuals.shape[1]):
                residuals[i, t] *= weight


@kernel
def best_paths(rows, bounds, allowed, plan, weights, moves, tags, scratch, paths):
    """Like `dense_loss.best_paths`, over the allowed paths."""
    transitions, starts, ends = moves
    scores, back = scratch
    done = 0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        emissions(rows, begin, end, plan, weights, tags, scores)
        clear(scores, allowed[begin:end], end - begin, _ILLEGAL, tags)
        viterbi(scores, end - begin, transitions, starts, ends, tags, back, paths[done:])
        done += end - begin
