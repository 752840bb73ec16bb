"""Scaled forward-backward over exponentiated scores, and what all losses share."""

from __future__ import annotations

import math

import numpy as np

from crfseg.jit.decorators import part

# Alpha is rescaled when its sum leaves these bounds.
_SMALL, _LARGE = 1e-20, 1e20
# The least exponent of 2: every legal path stays possible, with a float32 probability.
_LEAST = np.float32(-99)
_LOG2_E, _HALF = np.float32(1 / math.log(2)), np.float32(0.5)
_C0, _C1, _C2, _C3, _C4, _C5, _C6 = (
    np.float32(math.log(2) ** k / math.factorial(k)) for k in range(7)
)
_BIAS, _MANTISSA = np.int32(127), np.int32(23)  # of a float32


@part
def through(before, moves, out, tags):
    """out [T] = before [T] @ moves [T, T]."""
    T = len(tags)
    for t in range(T):
        out[t] = 0
    for s in range(0, T - 3, 4):
        a, b, c, d = before[s], before[s + 1], before[s + 2], before[s + 3]
        for t in range(T):
            out[t] += (
                a * moves[s, t] + b * moves[s + 1, t] + c * moves[s + 2, t] + d * moves[s + 3, t]
            )
    for s in range(T - T % 4, T):
        a = before[s]
        for t in range(T):
            out[t] += a * moves[s, t]


@part
def transpose(matrix, out, tags):
    """out [T, T] = matrix.T."""
    for s in range(len(tags)):
        for t in range(len(tags)):
            out[t, s] = matrix[s, t]


@part
def forward(scores, n, odds, fixed, starts, ends, alpha, flows, tags):
    """Write alpha [n, T], and to flows the scores, rescaled as alpha was.

    scores float32 [n, T] from `exponentiate`, all else float64; odds [n, T, T], or [1, T, T] if
    fixed: the same everywhere; starts, ends [T]: 0 where illegal. Returns the logarithm of the
    scaled partition function. `forward_backward` explains why it is float64.
    """
    T = len(tags)
    logz = 0.0
    for i in range(n):
        if i == 0:
            for t in range(T):
                alpha[i, t] = starts[t]
        else:
            through(alpha[i - 1], odds[0 if fixed else i], alpha[i], tags)
        total = 0.0
        for t in range(T):
            flows[i, t] = scores[i, t] * (ends[t] if i == n - 1 else 1.0)
            alpha[i, t] *= flows[i, t]
            total += alpha[i, t]
        if i == n - 1 or total < _SMALL or total > _LARGE:
            inverse = 1.0 / total
            for t in range(T):
                alpha[i, t] *= inverse
                flows[i, t] *= inverse
            logz += np.log(total)
    return logz


@part
def backward(n, odds, fixed, turned, alpha, flows, beta, marginals, tags):
    """Write marginals float32 [n, T]; multiply flows [n, T] by beta.

    turned [T, T] and beta [T]: scratch. alpha[i - 1, s] * odds[s, t] * flows[i, t] is then the
    probability of a transition.
    """
    T = len(tags)
    if fixed:
        transpose(odds[0], turned, tags)
    for t in range(T):
        beta[t] = 1.0
    for i in range(n - 1, -1, -1):
        for t in range(T):
            marginals[i, t] = alpha[i, t] * beta[t]
            flows[i, t] *= beta[t]
        if i > 0:
            if not fixed:
                transpose(odds[i], turned, tags)
            through(flows[i], turned, beta, tags)


@part
def expect_fixed(alpha, flows, n, expected, tags):
    """Add the expected transitions divided by their odds: alpha[i - 1, s] * flows[i, t]."""
    T = len(tags)
    i = 1
    while i + 3 < n:
        for s in range(T):
            a, b, c, d = alpha[i - 1, s], alpha[i, s], alpha[i + 1, s], alpha[i + 2, s]
            for t in range(T):
                expected[s, t] += (
                    a * flows[i, t] + b * flows[i + 1, t] + c * flows[i + 2, t]
                    + d * flows[i + 3, t]
                )  # fmt: skip
        i += 4
    while i < n:
        for s in range(T):
            a = alpha[i - 1, s]
            for t in range(T):
                expected[s, t] += a * flows[i, t]
        i += 1


@part
def expect(alpha, flows, odds, n, expected, tags):
    """Add the expected transitions, with the odds of each position."""
    T = len(tags)
    for i in range(1, n):
        for s in range(T):
            a = alpha[i - 1, s]
            for t in range(T):
                expected[s, t] += a * flows[i, t] * odds[i, s, t]


@part
def right_path(scores, right, n, base, odds, fixed, expected):
    """The score of the gold labels of a sentence; subtract their transitions from expected."""
    score = 0.0
    for i in range(n):
        score += scores[i, right[i]]
    for i in range(1, n):
        s, t = right[i - 1], right[i]
        expected[s, t] -= 1.0 / odds[0, s, t] if fixed else 1.0
        score += base[s, t] if fixed else np.log(odds[i, s, t])
    return score


@part
def exponentiate(scores, n, tags, spare):
    """Replace scores [n, T] by exp(score - largest of the position); return the sum subtracted.

    All float32; spare [n, T] is scratch. exp(x) = 2^k 2^f with integer k and |f| <= 1/2:
    2^k is written as the exponent of a float, 2^f is a Taylor series (relative error
    below 1e-6). It takes a third of the time of np.exp, which LLVM does not vectorise.
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
    """Subtract `margin` from the score of each gold tag; scores [n, T], gold [n].

    This raises every wrong tag by `margin` relative to it: the likelihood then requires a path
    with k wrong tags to score k * margin below the gold path (softmax-margin with the Hamming
    cost; Gimpel & Smith 2010, "Softmax-Margin CRFs", equation 3).
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

    All else is float64: with six tags float32 gave NaN, and was no faster. Nearly all paths to
    a position may have a tag from which the text cannot continue, and reaching another tag from
    it takes several steps (b c d m e), each of which may cost 2^-99.
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
        # Rescaling is rarely needed, and each position would have to wait for the division.
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
    """Sum of alpha[i - 1] * flows[i], as four independent sums to shorten the latency."""
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
