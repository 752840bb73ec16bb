"""Forward-backward for any number of labels, with moves that may differ by place.

As `crf` and `scores`, which are for a few tags and unroll each sum over them; here sums are
loops over the labels that follow, four labels before at a time, so that they vectorise.
`tags` is again (0, .., T-1): T is a constant to the compiler.

Weights are sparse: an n-gram seen from a place (a *slot*) has weights only for the labels it
was seen with in training. A move is one label after another. What `B` says of moves is the
same everywhere; bigram templates with cells add the weights of their n-grams where these stand;
the labels of their slots are pairs, before * T + here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg.kernels.crf import demand_margin, exponentiate
from crfseg.kernels.layout import Plan
from crfseg.kernels.policy import kernel, part

# The sum of alpha is rescaled when it leaves these bounds.
_SMALL, _LARGE = 1e-20, 1e20
# Beyond these no score of a move counts, so that nothing under- or overflows in one step.
_MOST = 100.0


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


class Slots(NamedTuple):
    """Templates, and where their weights stand.

    plan: of the templates; starts int32 [S + 1]: where in the weights those of each slot begin;
    labels uint16: of each weight.
    """

    plan: Plan
    starts: np.ndarray
    labels: np.ndarray


@part
def emissions(rows, begin, end, slots, weights, tags, out):
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
    """Add to out [T, T] the weights of all bigram templates at place i."""
    flat = out.reshape(len(tags) * len(tags))
    templates = slots.plan.templates
    for g in range(len(templates)):
        slot = rows[templates[g, 0], i + templates[g, 1]] + templates[g, 2]
        for j in range(slots.starts[slot], slots.starts[slot + 1]):
            flat[slots.labels[j]] += weights[j]


@kernel
def seen_labels(family, codes, inside, stamps, slot, counts, labels):
    """Count the labels each slot of a family was seen with; list them if `labels` has room.

    family: the tuple (starts int64 [n + 1], places int32, shifts int64 [W] descending); codes
    uint16 [N]: the label of each place; inside uint8 [N]: which places count; stamps int32, one
    for each label, none of which is -1 - slot .. ; slot: the number of the first slot; counts
    int32 [n * W] out; labels uint16 out: of all slots, each in the order of first occurrence.
    """
    starts, places, shifts = family
    W = len(shifts)
    total = 0
    for g in range(len(starts) - 1):
        for k in range(W):
            before = total
            for o in range(starts[g], starts[g + 1]):
                i = places[o] - shifts[k]
                if inside[i] and stamps[codes[i]] != slot + g * W + k:
                    stamps[codes[i]] = slot + g * W + k
                    if len(labels) > 0:
                        labels[total] = codes[i]
                    total += 1
            counts[g * W + k] = total - before


@part
def spread(rows, begin, n, slots, residuals, gradient, tags):
    """Add the residuals [n, T] of a sentence to the gradient of the weights at work in it."""
    templates = slots.plan.templates
    for g in range(len(templates)):
        row = rows[templates[g, 0], begin + templates[g, 1] : begin + n + templates[g, 1]]
        for i in range(n):
            slot = row[i] + templates[g, 2]
            for j in range(slots.starts[slot], slots.starts[slot + 1]):
                gradient[j] += residuals[i, slots.labels[j]]


@part
def spread_moves(rows, begin, n, slots, gold, alpha, flows, odds, gradient, tags):
    """The same for bigram templates; odds [n, T, T] of the moves into each position."""
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
    """exp, within bounds."""
    return np.exp(min(max(score, -_MOST), _MOST))


@part
def odds_of(scores, legal, out, tags):
    """out [T, T] = exp(scores), 0 where legal [T, T] is 0."""
    T = len(tags)
    for s in range(T):
        for t in range(T):
            out[s, t] = odds_of_move(scores[s, t]) * legal[s, t]


@part
def odds_at(rows, begin, n, slots, weights, base, legal, spare, out, tags):
    """Write exp of the moves into positions 1 .. n - 1 of a sentence; out [n, T, T]."""
    T = len(tags)
    for i in range(1, n):
        for s in range(T):
            for t in range(T):
                spare[s, t] = base[s, t]
        moves_at(rows, begin + i, slots, weights, spare, tags)
        odds_of(spare, legal, out[i], tags)


@part
def transpose(matrix, out, tags):
    """out [T, T] = matrix.T."""
    for s in range(len(tags)):
        for t in range(len(tags)):
            out[t, s] = matrix[s, t]


@part
def forward(scores, n, odds, fixed, starts, ends, alpha, flows, tags):
    """Write alpha [n, T], and in flows the scores as alpha was rescaled.

    scores float32 [n, T] from `exponentiate`, all else float64; odds [n, T, T], or [1, T, T] if
    fixed: the same everywhere; starts, ends [T]: 0 where illegal. Returns the logarithm of the
    scaled partition function. float64 for the reason given in `crf.forward_backward`.
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
    """Write marginals float32 [n, T]; flows [n, T] become what flows to the left of each place.

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
    """Add alpha[i - 1, s] * flows[i, t] over i: expected transitions, before their odds."""
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
    """The same with the odds of each place in it."""
    T = len(tags)
    for i in range(1, n):
        for s in range(T):
            a = alpha[i - 1, s]
            for t in range(T):
                expected[s, t] += a * flows[i, t] * odds[i, s, t]


@part
def right_path(scores, right, n, base, odds, fixed, expected):
    """The score of the right labels of a sentence; their moves are taken off those expected."""
    score = 0.0
    for i in range(n):
        score += scores[i, right[i]]
    for i in range(1, n):
        s, t = right[i - 1], right[i]
        expected[s, t] -= 1.0 / odds[0, s, t] if fixed else 1.0
        score += base[s, t] if fixed else np.log(odds[i, s, t])
    return score


@kernel
def chain_shard(rows, bounds, gold, slots, weights, potentials, tags, residuals, gradient, scratch):
    """Negative log-likelihood of some sentences; their gradient is added.

    bounds int64 [S, 2]: begin and end of each sentence; gold uint8 [N]; tuples: rows (of
    unigrams int32 [F, N], of bigrams [P, N]); `Slots` of both; potentials (scores of moves, legal
    ones, starts, ends, all float64, margin; see `crf.demand_margin`); scratch (scores float32
    [longest, T], then float64: alpha, flows [longest, T], odds [longest, T, T], or [1, T, T]
    without bigram templates, three [T, T], and beta [T]). residuals float32 out: p(t at i) - [t is
    gold at i], [N, T], or of the last sentence [longest, T] if it is no longer than that;
    gradient float32, as long as the weights, or empty.
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
        emissions(rows[0], begin, end, slots[0], weights, tags, scores)
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
    """out = the sum of parts float32 [G, size] over G, from first to last - 1."""
    for j in range(first, last):
        total = 0.0
        for g in range(len(parts)):
            total += parts[g, j]
        out[j] = total
