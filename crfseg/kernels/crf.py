"""Forward-backward over sentences: log-likelihood, residuals, expected transitions.

Probabilities are scaled, not logarithmic: at each position the largest emission score
is taken out before exponentiating and alpha is normalised to sum to one (Rabiner 1989,
section V.A).
"""

from __future__ import annotations

import math

import numpy as np

from crfseg.kernels.policy import kernel, part
from crfseg.kernels.scores import emissions, viterbi

# Keeps every legal path possible, and its probability a float32.
_LEAST = np.float32(-99)
_LOG2_E, _HALF = np.float32(1 / math.log(2)), np.float32(0.5)
_C0, _C1, _C2, _C3, _C4, _C5, _C6 = (
    np.float32(math.log(2) ** k / math.factorial(k)) for k in range(7)
)
_BIAS, _MANTISSA = np.int32(127), np.int32(23)  # of a float32
# The sum of alpha is rescaled when it leaves these bounds.
_SMALL, _LARGE = 1e-20, 1e20


@part
def exponentiate(scores, n, tags, spare):
    """Replace scores [n, T] by exp(score - largest of the position); return the sum taken out.

    All float32; spare [n, T] is scratch. exp(x) = 2^k 2^f with integer k and |f| <= 1/2:
    2^k is written as the exponent of a float, 2^f is a Taylor series (relative error
    below 1e-6). A third of the time of np.exp, which LLVM does not vectorise.
    """
    T = len(tags)
    total = 0.0
    for i in range(n):
        top = scores[i, 0]
        for t in range(1, T):
            top = max(top, scores[i, t])
        for t in range(T):
            scores[i, t] = (scores[i, t] - top) * _LOG2_E
        total += top
    flat = scores[:n].reshape(n * T)
    power = spare[:n].reshape(n * T)
    bits = power.view(np.int32)
    for j in range(n * T):
        x = max(flat[j], _LEAST)
        k = np.floor(x + _HALF)
        f = x - k
        bits[j] = (np.int32(k) + _BIAS) << _MANTISSA
        flat[j] = _C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * _C6)))))
    for j in range(n * T):
        flat[j] *= power[j]
    return total


@part
def demand_margin(scores, gold, n, margin):
    """Take `margin` off the score of the gold tag of each position; scores [n, T], gold [n].

    Against it every wrong tag gains `margin`: the likelihood then asks a path with k wrong
    tags to lie k * margin below the gold one (softmax-margin with the Hamming cost; Gimpel &
    Smith 2010, "Softmax-Margin CRFs", equation 3).
    """
    for i in range(n):
        scores[i, gold[i]] -= margin


@part
def forward_backward(scores, n, transitions, starts, ends, tags, work, marginals, pairs):
    """Marginals of one sequence; returns the logarithm of its scaled partition function.

    scores float32 [n, T] from `exponentiate`; transitions [T, T], starts and ends [T]: float64,
    exponentiated, 0 where illegal; work float64 [2, n, T] scratch; marginals float32 [n, T]
    out; pairs float64 [T, T]: expected transitions, before multiplication by `transitions`,
    are added.

    All else is float64. The tag that nearly all paths to a place have may be one from which
    the text cannot go on, and getting from it to another takes several steps (b c d m e),
    each of which may cost 2^-99: six tags were NaN in float32, at no less time.
    """
    T = len(tags)
    alpha, flows = work[0], work[1]
    logz = 0.0
    for t in range(T):
        alpha[0, t] = scores[0, t] * starts[t]
    for i in range(n):
        if i > 0:
            for t in range(T):
                inflow = 0.0
                for s in range(T):
                    inflow += alpha[i - 1, s] * transitions[s, t]
                alpha[i, t] = inflow * scores[i, t]
        if i == n - 1:
            for t in range(T):
                alpha[i, t] *= ends[t]
        total = 0.0
        for t in range(T):
            total += alpha[i, t]
        flows[i, 0] = 1.0
        # Rescaling is seldom needed, and would be a division each position waits for.
        if i == n - 1 or total < _SMALL or total > _LARGE:
            inverse = 1.0 / total
            for t in range(T):
                alpha[i, t] *= inverse
            flows[i, 0] = inverse
            logz += np.log(total)
    beta = np.empty(T)
    for t in range(T):
        beta[t] = ends[t]
    for i in range(n - 1, -1, -1):
        inverse = flows[i, 0]
        for t in range(T):
            flows[i, t] = scores[i, t] * inverse * beta[t]
            marginals[i, t] = alpha[i, t] * beta[t]
        if i == n - 1:
            for t in range(T):
                marginals[i, t] = alpha[i, t]
        if i > 0:
            for s in range(T):
                inflow = 0.0
                for t in range(T):
                    inflow += transitions[s, t] * flows[i, t]
                beta[s] = inflow
    for s in range(T):
        for t in range(T):
            if transitions[s, t] > 0:
                pairs[s, t] += _flow(alpha[:, s], flows[:, t], n)
    return logz


@part
def _flow(alpha, flows, n):
    """Sum of alpha[i - 1] * flows[i]; in four sums, or each would wait for the one before."""
    a = b = c = d = 0.0
    i = 1
    while i + 3 < n:
        a += alpha[i - 1] * flows[i]
        b += alpha[i] * flows[i + 1]
        c += alpha[i + 1] * flows[i + 2]
        d += alpha[i + 2] * flows[i + 3]
        i += 4
    while i < n:
        a += alpha[i - 1] * flows[i]
        i += 1
    return a + b + c + d


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
    """As `crf_shard` for the maximum-entropy model: each character on its own.

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
