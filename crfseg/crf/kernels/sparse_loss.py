"""Forward-backward for any number of labels, with transitions that may differ by position.

`dense_loss` is for a few tags and unrolls each sum over them; these sums are loops over the
following label, four preceding labels at a time, so that they vectorise. `tags` is again
(0, .., T-1): T is a constant to the compiler.

Weights are sparse: an n-gram seen from a position (a *slot*) has weights only for the labels it
was seen with in training. The transition scores of `B` are the same everywhere; bigram templates
with cells add the weights of their n-grams at each position; the labels of their slots are
pairs, label before * T + label.
"""

from __future__ import annotations

from crfseg.crf.kernels.forward_backward import (
    backward,
    demand_margin,
    expect,
    expect_fixed,
    exponentiate,
    forward,
    right_path,
)
from crfseg.crf.kernels.sparse_scores import (
    odds_at,
    odds_of,
    sparse_emissions,
    spread,
    spread_moves,
)
from crfseg.jit.decorators import kernel


@kernel
def chain_shard(rows, bounds, gold, slots, weights, potentials, tags, residuals, gradient, scratch):
    """Negative log-likelihood of some sentences; their gradient is added.

    bounds int64 [S, 2]: begin and end of each sentence; gold uint8 [N]; tuples: rows (of
    unigrams int32 [F, N], of bigrams [P, N]); `Slots` of both; potentials (transition scores,
    legal transitions, starts, ends, all float64, margin; see `demand_margin`); scratch (scores
    float32 [longest, T], then float64: alpha, flows [longest, T], odds [longest, T, T], or
    [1, T, T] without bigram templates, three [T, T], and beta [T]). residuals float32 out: p(t at
    i) - [t is gold at i], [N, T], or [longest, T], reused for each sentence; gradient float32, as
    long as the weights, or empty.
    """
    T = len(tags)
    base, legal, starts, ends, margin = potentials
    scores, alpha, flows, odds, turned, here, expected, beta = scratch
    fixed = len(slots[1].plan.templates) == 0
    loss = 0.0
    if fixed:
        odds_of(base, legal, odds[0], tags)
    for s in range(T):
        for t in range(T):
            expected[s, t] = 0
    for k in range(len(bounds)):
        begin, end = bounds[k, 0], bounds[k, 1]
        n = end - begin
        at = begin if len(residuals) == len(gold) else 0
        marginals, right = residuals[at : at + n], gold[begin:end]
        sparse_emissions(rows[0], begin, end, slots[0], weights, tags, scores)
        demand_margin(scores, right, n, margin)
        if not fixed:
            odds_at(rows[1], begin, n, slots[1], weights, base, legal, here, odds, tags)
        loss -= right_path(scores, right, n, base, odds, fixed, expected)
        loss += exponentiate(scores, n, tags, marginals)
        loss += forward(scores, n, odds, fixed, starts, ends, alpha, flows, tags)
        backward(n, odds, fixed, turned, alpha, flows, beta, marginals, tags)
        for i in range(n):
            marginals[i, right[i]] -= 1.0
        if len(gradient) == 0:
            continue
        spread(rows[0], begin, n, slots[0], marginals, gradient, tags)
        if fixed:
            expect_fixed(alpha, flows, n, expected, tags)
        else:
            expect(alpha, flows, odds, n, expected, tags)
            spread_moves(rows[1], begin, n, slots[1], right, alpha, flows, odds, gradient, tags)
    if len(gradient) > 0:
        for s in range(T):
            for t in range(T):
                gradient[s * T + t] += expected[s, t] * (odds[0, s, t] if fixed else 1.0)
    return loss


@kernel
def add_up(parts, first, last, out):
    """Sum parts float32 [G, size] over G into out, for the weights first .. last - 1."""
    for j in range(first, last):
        total = 0.0
        for g in range(len(parts)):
            total += parts[g, j]
        out[j] = total
