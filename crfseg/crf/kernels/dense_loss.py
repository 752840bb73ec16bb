"""Forward-backward over sentences: log-likelihood, residuals, expected transitions.

Probabilities are scaled, not logarithmic: at each position the largest emission score is
subtracted before exponentiating, and alpha is normalised to sum to one where it gets too small
or too large (after Rabiner 1989, section V.A).
"""

from __future__ import annotations

import numpy as np

from crfseg.crf.kernels.dense_scores import emissions
from crfseg.crf.kernels.forward_backward import demand_margin, exponentiate, forward_backward
from crfseg.crf.kernels.viterbi import viterbi
from crfseg.jit.decorators import kernel


@kernel
def crf_shard(rows, bounds, gold, plan, weights, potentials, tags, residuals, pairs, scratch):
    """Negative log-likelihood of some sentences, and their residuals.

    bounds int64 [S, 2]: begin and end of each sentence; gold uint8 [N]; potentials: the
    tuple (transitions, starts, ends, transition scores, margin), see `forward_backward`
    and `demand_margin`; residuals float32 [N, T] out: p(t at i) - [t is gold at i]; pairs
    float64 [T, T]: expected minus gold transitions are added; scratch: (float32 [longest, T],
    float64 [2, longest, T]).
    """
    T = len(tags)
    transitions, starts, ends, transition_scores, margin = potentials
    scores, work = scratch
    expected = np.zeros((T, T))
    loss = 0.0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        n = end - begin
        emissions(rows, begin, end, plan, weights, tags, scores)
        demand_margin(scores, gold[begin:end], n, margin)
        for i in range(n):
            loss -= scores[i, gold[begin + i]]
        for i in range(begin + 1, end):
            pairs[gold[i - 1], gold[i]] -= 1.0
            loss -= transition_scores[gold[i - 1], gold[i]]
        marginals = residuals[begin:end]
        loss += exponentiate(scores, n, tags, marginals)
        loss += forward_backward(
            scores, n, transitions, starts, ends, tags, work, marginals, expected
        )
        for i in range(n):
            marginals[i, gold[begin + i]] -= 1.0
    for s in range(T):
        for t in range(T):
            pairs[s, t] += expected[s, t] * transitions[s, t]
    return loss


@kernel
def softmax_shard(rows, bounds, gold, plan, weights, margin, tags, residuals, scratch):
    """Like `crf_shard`, for the maximum-entropy model: each character is independent.

    scratch float32 [longest, T].
    """
    T = len(tags)
    scores = scratch
    loss = 0.0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        emissions(rows, begin, end, plan, weights, tags, scores)
        demand_margin(scores, gold[begin:end], end - begin, margin)
        for i in range(end - begin):
            loss -= scores[i, gold[begin + i]]
        loss += exponentiate(scores, end - begin, tags, residuals[begin:end])
        for i in range(end - begin):
            total = np.float32(0.0)
            for t in range(T):
                total += scores[i, t]
            loss += np.log(total)
            for t in range(T):
                residuals[begin + i, t] = scores[i, t] / total
            residuals[begin + i, gold[begin + i]] -= 1.0
    return loss


@kernel
def best_paths(rows, bounds, plan, weights, moves, tags, scratch, paths):
    """Write the best tags of some sentences, concatenated, to uint8 `paths`.

    moves: the tuple (transitions, starts, ends) of scores, ILLEGAL where illegal;
    scratch: the tuple (scores float32 [longest, T], back uint8 [longest, T]).
    """
    transitions, starts, ends = moves
    scores, back = scratch
    done = 0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        emissions(rows, begin, end, plan, weights, tags, scores)
        viterbi(scores, end - begin, transitions, starts, ends, tags, back, paths[done:])
        done += end - begin
