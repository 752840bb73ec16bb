"""Inference over one lattice of tags: forward-backward, the k best paths, samples.

A lattice consists of scores: of tags at positions (`emissions` float64 [N, T]), of transitions
between neighbours, of first and last tags; -inf rules out. It may hold several concatenated
sequences, each scored independently: `first` uint8 [N] marks where one begins.

Sums are in log space, so that no unlikely path is lost. For most of them each score is
exponentiated once, and the sums are products of a vector and a matrix; only a sum that
underflows this way (below _LOST) is computed term by term.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg.jit.decorators import kernel, part

#: Terms below 1e-308 vanish; in a sum above this bound they are less than its last bit.
_LOST = 1e-280


class Moves(NamedTuple):
    """The scores of transitions, starts and ends, -inf where ruled out.

    transitions float64 [T, T], from row to column; odds float64 [T, T]:
    exp(transitions - top); top float64 [1]: the largest of them; starts, ends float64 [T].
    """

    transitions: np.ndarray
    odds: np.ndarray
    top: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


@part
def largest(values):
    top = values[0]
    for t in range(1, len(values)):
        top = max(top, values[t])
    return top


@part
def log_sum(values):
    """The logarithm of the sum of exp(values); -inf if all values are."""
    top = largest(values)
    if top == -np.inf:
        return top
    total = 0.0
    for t in range(len(values)):
        total += np.exp(values[t] - top)
    return top + np.log(total)


@part
def level(values):
    """Subtract the largest of the values from all; return it, or 0 if all are -inf."""
    top = largest(values)
    if top == -np.inf:
        return 0.0
    for t in range(len(values)):
        values[t] -= top
    return top


@part
def flow(before, transitions, odds, top, shares, after):
    """after[t] = log of the sum over s of exp(before[s] + transitions[s, t]); shares: scratch."""
    T = len(before)
    highest = largest(before)
    for s in range(T):
        shares[s] = np.exp(before[s] - highest) if highest > -np.inf else 0.0
    for t in range(T):
        total = 0.0
        for s in range(T):
            total += shares[s] * odds[s, t]
        after[t] = highest + top + np.log(total) if total > _LOST else -np.inf
    if highest == -np.inf:
        return
    for t in range(T):
        if after[t] == -np.inf:
            for s in range(T):
                shares[s] = before[s] + transitions[s, t]
            after[t] = log_sum(shares)


@kernel
def forward(emissions, first, moves, shares, alpha):
    """Write alpha float64 [N, T]; return the logarithm of the partition function.

    alpha[i, t]: the log of the sum over all paths up to tag t at i, minus a number for each
    position, so that the largest is 0. shares float64 [T]: scratch.
    """
    T = len(shares)
    total = 0.0
    for i in range(len(emissions)):
        if i == 0:
            for t in range(T):
                alpha[i, t] = moves.starts[t]
        elif first[i]:
            for t in range(T):
                shares[t] = alpha[i - 1, t] + moves.ends[t]
            total += log_sum(shares)
            for t in range(T):
                alpha[i, t] = moves.starts[t]
        else:
            flow(alpha[i - 1], moves.transitions, moves.odds, moves.top[0], shares, alpha[i])
        for t in range(T):
            alpha[i, t] += emissions[i, t]
        total += level(alpha[i])
    for t in range(T):
        shares[t] = alpha[len(emissions) - 1, t] + moves.ends[t]
    return total + log_sum(shares)


@kernel
def backward(emissions, first, moves, scratch, beta):
    """Write beta float64 [N, T]: like alpha of `forward`, over all paths after tag t at i.

    scratch float64 [2, T].
    """
    T = scratch.shape[1]
    shares, inflow = scratch[0], scratch[1]
    for i in range(len(emissions) - 1, -1, -1):
        if i == len(emissions) - 1 or first[i + 1]:
            for t in range(T):
                beta[i, t] = moves.ends[t]
        else:
            for t in range(T):
                inflow[t] = emissions[i + 1, t] + beta[i + 1, t]
            transitions, odds = moves.transitions.T, moves.odds.T
            flow(inflow, transitions, odds, moves.top[0], shares, beta[i])
        level(beta[i])


@kernel
def tag_marginals(alpha, beta, out):
    """Write p(tag t at i), float64 [N, T]."""
    for i in range(len(alpha)):
        total = 0.0
        for t in range(alpha.shape[1]):
            out[i, t] = alpha[i, t] + beta[i, t]
        level(out[i])
        for t in range(alpha.shape[1]):
            out[i, t] = np.exp(out[i, t])
            total += out[i, t]
        for t in range(alpha.shape[1]):
            out[i, t] /= total


@part
def step_exactly(left, right, transitions, here):
    """Write exp(left[s] + transitions[s, t] + right[t] - largest) to here; return the sum."""
    T = len(left)
    top = -np.inf
    for s in range(T):
        for t in range(T):
            here[s, t] = left[s] + transitions[s, t] + right[t]
            top = max(top, here[s, t])
    total = 0.0
    for s in range(T):
        for t in range(T):
            here[s, t] = np.exp(here[s, t] - top)
            total += here[s, t]
    return total


@kernel
def transition_marginals(emissions, first, moves, alpha, beta, scratch, out):
    """Add the expected count of each transition to out, float64 [T, T].

    scratch: the tuple (float64 [T, T], float64 [4, T]).
    """
    here, vectors = scratch
    left, right, before, after = vectors[0], vectors[1], vectors[2], vectors[3]
    T = len(here)
    for i in range(1, len(emissions)):
        if first[i]:
            continue
        for t in range(T):
            left[t], right[t] = alpha[i - 1, t], emissions[i, t] + beta[i, t]
        level(left)
        level(right)
        for t in range(T):
            before[t], after[t] = np.exp(left[t]), np.exp(right[t])
        total = 0.0
        for s in range(T):
            for t in range(T):
                here[s, t] = before[s] * moves.odds[s, t] * after[t]
                total += here[s, t]
        if total <= _LOST:
            total = step_exactly(left, right, moves.transitions, here)
        for s in range(T):
            for t in range(T):
                out[s, t] += here[s, t] / total


@kernel
def log_probabilities(emissions, first, moves, alpha, beta, pieces, shares, out):
    """Write the log-probability that a path contains each piece, float64 [M].

    pieces: the tuple (begins int64 [M]: the first position of each piece; ends int64 [M]: where
    its tags end in tags; tags int64: of all pieces). p(piece) = p(first tag) p(second | first)
    ...: sums of local terms, so that precision does not depend on the length of the lattice.
    """
    begins, stops, tags = pieces
    T = len(shares)
    at = 0
    for m in range(len(begins)):
        i, tag = begins[m], tags[at]
        for t in range(T):
            shares[t] = alpha[i, t] + beta[i, t]
        out[m] = shares[tag] - log_sum(shares)
        for k in range(at + 1, stops[m]):
            i += 1
            for t in range(T):
                move = moves.starts[t] if first[i] else moves.transitions[tag, t]
                shares[t] = move + emissions[i, t] + beta[i, t]
            tag = tags[k]
            if out[m] > -np.inf:
                out[m] += shares[tag] - log_sum(shares)
        at = stops[m]


@part
def best_before(scores, transitions, t, ranks, K, out, places):
    """The K best paths into tag t: a merge of the sorted lists of the tags before."""
    T = len(scores)
    for s in range(T):
        ranks[s] = 0
    for k in range(K):
        top, where = -np.inf, 0
        for s in range(T):
            if ranks[s] < K:
                score = scores[s, ranks[s]] + transitions[s, t]
                if score > top:
                    top, where = score, s
        out[k] = top
        places[k] = where * K + min(ranks[where], K - 1)
        ranks[where] += 1


@kernel
def best_paths(emissions, first, moves, scratch, back, paths, out):
    """Write the K best paths, int64 [K, N], best first, and their scores, float64 [K].

    scratch: the tuple (scores float64 [2, T, K]; ranks int64 [T]; joints float64 [T, 1]: the
    scores of last tags); back int32 [N, T, K]: tag * K + rank before. Ties go to the smaller
    tag, from the last position backwards, as in `viterbi.viterbi`. A path that does not exist
    has the score -inf. (Seshadri & Sundberg 1994, "List Viterbi decoding algorithms with
    applications".)
    """
    scores, ranks, joints = scratch
    N, T = emissions.shape
    K = len(out)
    for t in range(T):
        for k in range(K):
            scores[0, t, k] = moves.starts[t] + emissions[0, t] if k == 0 else -np.inf
    for i in range(1, N):
        before, here = scores[(i - 1) % 2], scores[i % 2]
        if first[i]:  # the best paths before are the same for all first tags
            best_before(before, joints, 0, ranks, K, out, back[i, 0])
            for t in range(T):
                for k in range(K):
                    here[t, k] = out[k] + moves.starts[t] + emissions[i, t]
                    back[i, t, k] = back[i, 0, k]
            continue
        for t in range(T):
            best_before(before, moves.transitions, t, ranks, K, here[t], back[i, t])
            for k in range(K):
                here[t, k] += emissions[i, t]
    best_before(scores[(N - 1) % 2], joints, 0, ranks, K, out, back[0, 0])
    for k in range(K):
        place = np.int64(back[0, 0, k])
        for i in range(N - 1, -1, -1):
            tag, rank = place // K, place % K
            paths[k, i] = tag
            if i > 0:
                place = np.int64(back[i, tag, rank])


@part
def drawn(values, chance):
    """Draw an index with probability ~ exp(value); chance: uniform in [0, 1)."""
    top = largest(values)
    total = 0.0
    for t in range(len(values)):
        values[t] = np.exp(values[t] - top)
        total += values[t]
    rest, where = chance * total, 0
    for t in range(len(values)):
        if values[t] > 0:
            where = t
            rest -= values[t]
            if rest < 0:
                break
    return where


@kernel
def sample_path(alpha, first, moves, chances, shares, path):
    """Draw one path (int64 [N]) from the posterior, last tag first; chances float64 [N]."""
    T = len(shares)
    tag = 0
    for i in range(len(alpha) - 1, -1, -1):
        last = i == len(alpha) - 1 or first[i + 1]
        for t in range(T):
            shares[t] = alpha[i, t] + (moves.ends[t] if last else moves.transitions[t, tag])
        tag = drawn(shares, chances[i])
        path[i] = tag
