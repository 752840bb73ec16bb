"""Forward-backward over sentences: log-likelihood, residuals, expected transitions.

Probabilities are scaled, not logarithmic: at each position the largest emission score
is taken out before exponentiating and alpha is normalised to sum to one (Rabiner 1989,
section V.A).
"""

from __future__ import annotations

import numpy as np

from crfseg.kernels.policy import kernel, part
from crfseg.kernels.scores import emissions, viterbi

# Keeps every legal path possible: without it, two tags whose scores differ by more than
# 87 would leave a position with no probability at all in float32.
_LEAST = np.float32(1e-30)


@part
def exponentiate(scores, n, tags):
    """Replace scores [n, T] by exp(score - largest of the position); return the sum taken out."""
    T = len(tags)
    total = 0.0
    for i in range(n):
        top = scores[i, 0]
        for t in range(1, T):
            top = max(top, scores[i, t])
        for t in range(T):
            scores[i, t] = max(np.exp(scores[i, t] - top), _LEAST)
        total += top
    return total


@part
def forward_backward(potentials, n, transitions, starts, ends, tags, alpha, marginals, pairs):
    """Marginals of one sequence; returns the logarithm of its scaled partition function.

    potentials float32 [n, T] from `exponentiate`, overwritten; transitions float32
    [T, T], starts and ends float32 [T]: exponentiated, 0 where illegal; alpha float32
    [n, T] scratch; marginals float32 [n, T] out; pairs float64 [T, T]: expected
    transitions, before multiplication by `transitions`, are added.
    """
    T = len(tags)
    logz = 0.0
    product = 1.0
    for t in range(T):
        alpha[0, t] = potentials[0, t] * starts[t]
    for i in range(n):
        if i > 0:
            for t in range(T):
                inflow = np.float32(0.0)
                for s in range(T):
                    inflow += alpha[i - 1, s] * transitions[s, t]
                alpha[i, t] = inflow * potentials[i, t]
        total = np.float32(0.0)
        if i == n - 1:
            for t in range(T):
                alpha[i, t] *= ends[t]
        for t in range(T):
            total += alpha[i, t]
        inverse = np.float32(1.0) / total
        for t in range(T):
            alpha[i, t] *= inverse
            potentials[i, t] *= inverse
        product *= total
        if product < 1e-200 or product > 1e200:
            logz += np.log(product)
            product = 1.0
    logz += np.log(product)
    for t in range(T):
        marginals[n - 1, t] = ends[t]
    for i in range(n - 1, -1, -1):
        # Here marginals[i] holds beta; potentials[i] * beta is what flows to the left.
        for t in range(T):
            potentials[i, t] *= marginals[i, t]
            if i == n - 1:
                marginals[i, t] = alpha[i, t]
            else:
                marginals[i, t] *= alpha[i, t]
        if i > 0:
            for s in range(T):
                beta = np.float32(0.0)
                for t in range(T):
                    beta += transitions[s, t] * potentials[i, t]
                    pairs[s, t] += alpha[i - 1, s] * potentials[i, t]
                marginals[i - 1, s] = beta
    return logz


@kernel
def crf_shard(rows, bounds, gold, plan, weights, potentials, tags, residuals, pairs, scratch):
    """Negative log-likelihood of some sentences, and their residuals.

    bounds int64 [S, 2]: begin and end of each sentence; gold uint8 [N]; potentials: the
    tuple (transitions, starts, ends, transition scores) of the current weights;
    residuals float32 [N, T] out: p(t at i) - [t is gold at i]; pairs float64 [T, T]:
    expected minus gold transitions are added; scratch float32 [2, longest, T].
    """
    T = len(tags)
    transitions, starts, ends, transition_scores = potentials
    scores, alpha = scratch[0], scratch[1]
    expected = np.zeros((T, T))
    loss = 0.0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        n = end - begin
        emissions(rows, begin, end, plan, weights, tags, scores)
        for i in range(n):
            loss -= scores[i, gold[begin + i]]
        for i in range(begin + 1, end):
            pairs[gold[i - 1], gold[i]] -= 1.0
            loss -= transition_scores[gold[i - 1], gold[i]]
        loss += exponentiate(scores, n, tags)
        marginals = residuals[begin:end]
        loss += forward_backward(
            scores, n, transitions, starts, ends, tags, alpha, marginals, expected
        )
        for i in range(n):
            marginals[i, gold[begin + i]] -= 1.0
    for s in range(T):
        for t in range(T):
            pairs[s, t] += expected[s, t] * transitions[s, t]
    return loss


@kernel
def softmax_shard(rows, bounds, gold, plan, weights, tags, residuals, scratch):
    """As `crf_shard` for the maximum-entropy model: each character on its own."""
    T = len(tags)
    scores = scratch[0]
    loss = 0.0
    for s in range(len(bounds)):
        begin, end = bounds[s, 0], bounds[s, 1]
        emissions(rows, begin, end, plan, weights, tags, scores)
        for i in range(end - begin):
            loss -= scores[i, gold[begin + i]]
        loss += exponentiate(scores, end - begin, tags)
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
    """The best tags of some sentences, one after another in uint8 `paths`.

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


@kernel
def gradient_rows(starts, places, residuals, shifts, tags, first, last, gradient):
    """The gradient of the n-grams first .. last - 1 of one family: segmented sums.

    starts int64 [n + 1], places int32: where each n-gram's anchors stand; shifts int64
    [W] descending; gradient float32 [n * W * T], the family's part. Each n-gram's sum
    runs over its occurrences in order, so the result does not depend on who sums what.
    """
    T = len(tags)
    W = len(shifts)
    for g in range(first, last):
        for k in range(W):
            at = (g * W + k) * T
            if T == 4:  # sums in registers: half the time of the general loop below
                a = b = c = d = np.float32(0)
                for o in range(starts[g], starts[g + 1]):
                    i = places[o] - shifts[k]
                    a += residuals[i, 0]
                    b += residuals[i, 1]
                    c += residuals[i, 2]
                    d += residuals[i, 3]
                gradient[at], gradient[at + 1] = a, b
                gradient[at + 2], gradient[at + 3] = c, d
                continue
            for t in range(T):
                gradient[at + t] = 0
            for o in range(starts[g], starts[g + 1]):
                i = places[o] - shifts[k]
                for t in range(T):
                    gradient[at + t] += residuals[i, t]
