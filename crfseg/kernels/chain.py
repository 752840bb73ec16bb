"""Forward-backward and Viterbi for any number of labels, with moves that may differ by place.

As `crf` and `scores`, which are for a few tags and unroll each sum over them; here sums are
loops over the labels that follow, four labels before at a time, so that they vectorise.
`tags` is again (0, .., T-1): T is a constant to the compiler.

A move is one label after another. What `B` says of moves is the same everywhere; bigram
templates with cells add the rows [T, T] of their n-grams where these stand (`moves_at`).
"""

from __future__ import annotations

import numpy as np

from crfseg.kernels.crf import demand_margin, exponentiate
from crfseg.kernels.policy import kernel, part
from crfseg.kernels.scores import emissions

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


@part
def moves_at(rows, i, plan, weights, out, tags):
    """Add to out [T, T] the rows of all bigram templates at place i."""
    T = len(tags)
    for g in range(len(plan.templates)):
        row = rows[plan.templates[g, 0], i + plan.templates[g, 1]]
        at = np.uint64(row + plan.templates[g, 2] * T * T)
        for s in range(T):
            for t in range(T):
                out[s, t] += weights[at + np.uint64(s * T + t)]


@part
def odds_of(scores, legal, out, tags):
    """out [T, T] = exp(scores), 0 where legal [T, T] is 0."""
    T = len(tags)
    for s in range(T):
        for t in range(T):
            out[s, t] = np.exp(min(max(scores[s, t], -_MOST), _MOST)) * legal[s, t]


@part
def odds_at(rows, begin, n, plan, weights, base, legal, spare, out, tags):
    """Write exp of the moves into positions 1 .. n - 1 of a sentence; out [n, T, T]."""
    T = len(tags)
    for i in range(1, n):
        for s in range(T):
            for t in range(T):
                spare[s, t] = base[s, t]
        moves_at(rows, begin + i, plan, weights, spare, tags)
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


@kernel
def chain_shard(rows, bounds, gold, plans, weights, potentials, tags, out, pairs, scratch):
    """Negative log-likelihood of some sentences, and their residuals.

    As `crf.crf_shard`, but for these tuples: rows (of unigrams int32 [F, N], of bigrams
    [P, N]); plans of both; potentials (scores of moves, legal ones, starts, ends, all float64,
    margin); out (residuals float32 [N, T], and alpha, flows float64 that `gradient_moves` reads:
    [N, T], or where there are no bigram templates [longest, T]); scratch (scores float32 [longest,
    T], then float64: odds [longest, T, T] or [1, T, T], three [T, T], and beta [T]).
    """
    T = len(tags)
    base, legal, starts, ends, margin = potentials
    scores, odds, turned, here, expected, beta = scratch
    fixed = len(plans[1].templates) == 0
    loss = 0.0
    if fixed:
        odds_of(base, legal, odds[0], tags)
    for s in range(T):
        for t in range(T):
            expected[s, t] = 0
    for k in range(len(bounds)):
        begin, end = bounds[k, 0], bounds[k, 1]
        n = end - begin
        at = 0 if fixed else begin
        marginals, alpha, flows = out[0][begin:end], out[1][at : at + n], out[2][at : at + n]
        emissions(rows[0], begin, end, plans[0], weights, tags, scores)
        demand_margin(scores, gold[begin:end], n, margin)
        for i in range(n):
            loss -= scores[i, gold[begin + i]]
        if not fixed:
            odds_at(rows[1], begin, n, plans[1], weights, base, legal, here, odds, tags)
        for i in range(1, n):
            s, t = gold[begin + i - 1], gold[begin + i]
            pairs[s, t] -= 1.0
            loss -= base[s, t] if fixed else np.log(odds[i, s, t])
        loss += exponentiate(scores, n, tags, marginals)
        loss += forward(scores, n, odds, fixed, starts, ends, alpha, flows, tags)
        backward(n, odds, fixed, turned, alpha, flows, beta, marginals, tags)
        if fixed:
            expect_fixed(alpha, flows, n, expected, tags)
        else:
            expect(alpha, flows, odds, n, expected, tags)
        for i in range(n):
            marginals[i, gold[begin + i]] -= 1.0
    for s in range(T):
        for t in range(T):
            pairs[s, t] += expected[s, t] * (odds[0, s, t] if fixed else 1.0)
    return loss


@kernel
def gradient_moves(family, pair_rows, plan, weights, potentials, tags, out, gold, span, gradient):
    """The gradient of some n-grams of one bigram family: segmented sums.

    family: the tuple (starts int64 [n + 1], places int32, shifts int64 [W] descending), span:
    (first, last) n-gram, as in `crf.gradient_rows`; out: the tuple (alpha, flows float64 [N, T]
    from `chain_shard`, inside uint8 [N]: which places have one before them in their sentence,
    three float64 [T, T]: scratch); gradient float32 [n * W * T * T].
    """
    T = len(tags)
    starts, places, shifts = family
    base, legal = potentials[0], potentials[1]
    alpha, flows, inside, here, odds, sums = out
    W = len(shifts)
    for g in range(span[0], span[1]):
        for k in range(W):
            for s in range(T):
                for t in range(T):
                    sums[s, t] = 0
            for o in range(starts[g], starts[g + 1]):
                i = places[o] - shifts[k]
                if inside[i] == 0:
                    continue
                for s in range(T):
                    for t in range(T):
                        here[s, t] = base[s, t]
                moves_at(pair_rows, i, plan, weights, here, tags)
                odds_of(here, legal, odds, tags)
                for s in range(T):
                    a = alpha[i - 1, s]
                    for t in range(T):
                        sums[s, t] += a * flows[i, t] * odds[s, t]
                sums[gold[i - 1], gold[i]] -= 1.0
            at = (g * W + k) * T * T
            for s in range(T):
                for t in range(T):
                    gradient[at + s * T + t] = sums[s, t]


@part
def best_path(scores, n, transitions, rows, begin, plan, weights, ends, work, path, tags):
    """`scores.viterbi` for many labels; scores [n, T] hold the starts already.

    work: the tuple (back uint8 [n, T], moves [T, T], best [T], where [T]), the last of the type
    of the scores.
    """
    T = len(tags)
    back, moves, best, where = work
    for i in range(1, n):
        if i % 64 == 0:  # int32 would overflow in a very long sequence
            top = scores[i - 1, 0]
            for t in range(1, T):
                top = max(top, scores[i - 1, t])
            for t in range(T):
                scores[i - 1, t] -= top
        if i == 1 or len(plan.templates) > 0:
            for s in range(T):
                for t in range(T):
                    moves[s, t] = transitions[s, t]
            moves_at(rows, begin + i, plan, weights, moves, tags)
        for t in range(T):
            best[t] = scores[i - 1, 0] + moves[0, t]
            where[t] = 0
        for s in range(1, T):
            before = scores[i - 1, s]
            for t in range(T):
                other = before + moves[s, t]
                better = other > best[t]
                best[t] = other if better else best[t]
                where[t] = s if better else where[t]
        for t in range(T):
            scores[i, t] += best[t]
            back[i, t] = np.uint8(where[t])
    tag = 0
    for t in range(1, T):
        if scores[n - 1, t] + ends[t] > scores[n - 1, tag] + ends[tag]:
            tag = t
    for i in range(n - 1, -1, -1):
        path[i] = tag
        tag = back[i, tag]


@kernel
def best_chains(rows, bounds, plans, weights, moves, tags, scratch, paths):
    """The best labels of some sentences, one after another in uint8 `paths`.

    rows, plans: as in `chain_shard`; weights and scores float32, or int16 and int32; moves: the
    tuple (transitions, starts, ends) of scores, very low where illegal; scratch: the tuple (scores
    [longest, T], and the work of `best_path`).
    """
    transitions, starts, ends = moves
    scores, work = scratch
    done = 0
    for k in range(len(bounds)):
        begin, end = bounds[k, 0], bounds[k, 1]
        emissions(rows[0], begin, end, plans[0], weights, tags, scores)
        for t in range(len(tags)):
            scores[0, t] += starts[t]
        best_path(
            scores, end - begin, transitions, rows[1], begin, plans[1], weights, ends, work,
            paths[done:], tags,
        )  # fmt: skip
        done += end - begin
