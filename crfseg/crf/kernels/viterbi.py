"""Viterbi decoding for sparse slots (`best_chains`), attributes (`best_path`), dense scores.

For any number of labels, only the scores of the best paths are kept, and back-pointers are
recomputed along the path: storing them for all labels takes twice the time. `viterbi`, for a
few tags, stores them.
"""

from __future__ import annotations

from crfseg.crf.kernels.sparse_scores import moves_at, sparse_emissions
from crfseg.jit.decorators import kernel, part


@part
def best_step(scores, i, moves, best, tags):
    """Add the scores of the best paths up to position i - 1 to the scores [T] of position i.

    moves [T, T]; best [T]: scratch; all of the type of the scores.
    """
    T = len(tags)
    before = scores[i - 1]
    if i % 64 == 0:  # int32 would overflow in a very long sequence
        top = before[0]
        for t in range(1, T):
            top = max(top, before[t])
        for t in range(T):
            before[t] -= top
    for t in range(T):
        best[t] = before[0] + moves[0, t]
    for s in range(1, T - 3, 4):
        a, b, c, d = before[s], before[s + 1], before[s + 2], before[s + 3]
        for t in range(T):
            first = max(a + moves[s, t], b + moves[s + 1, t])
            second = max(c + moves[s + 2, t], d + moves[s + 3, t])
            best[t] = max(best[t], max(first, second))
    for s in range(T - (T - 1) % 4, T):
        a = before[s]
        for t in range(T):
            best[t] = max(best[t], a + moves[s, t])
    for t in range(T):
        scores[i, t] += best[t]


@part
def best_before(before, moves, t, tags):
    """The label before t on the best path, the smallest on ties; before [T]: their scores."""
    best = 0
    top = before[0] + moves[0, t]
    for s in range(1, len(tags)):
        score = before[s] + moves[s, t]
        best = s if score > top else best
        top = max(top, score)
    return best


@part
def best_last(scores, ends, tags):
    """The last label of the best path."""
    best = 0
    for t in range(1, len(tags)):
        if scores[t] + ends[t] > scores[best] + ends[best]:
            best = t
    return best


@part
def moves_into(rows, i, slots, weights, moves, out, tags):
    """Write the scores of the transitions into position i to out [T, T]."""
    for s in range(len(tags)):
        for t in range(len(tags)):
            out[s, t] = moves[s, t]
    moves_at(rows, i, slots, weights, out, tags)


@part
def best_path(scores, moves, ends, best, path, tags):
    """Write the best labels of a sentence to path [n]; scores [n, T] include the starts.

    moves [T, T], ends and the scratch best [T] are of the type of the scores.
    """
    n = len(path)
    for i in range(1, n):
        best_step(scores, i, moves, best, tags)
    path[n - 1] = best_last(scores[n - 1], ends, tags)
    for i in range(n - 1, 0, -1):
        path[i - 1] = best_before(scores[i - 1], moves, path[i], tags)


@part
def best_path_of_pairs(scores, begin, pairs, weights, moves, ends, scratch, path, tags):
    """Like `best_path`, with the transition scores of bigram templates, from position begin on.

    pairs: the tuple (rows [P, N], `Slots`); scratch: the tuple (transition scores into a position
    [T, T], best [T]).
    """
    rows, slots = pairs
    here, best = scratch
    n = len(path)
    for i in range(1, n):
        moves_into(rows, begin + i, slots, weights, moves, here, tags)
        best_step(scores, i, here, best, tags)
    path[n - 1] = best_last(scores[n - 1], ends, tags)
    for i in range(n - 1, 0, -1):
        moves_into(rows, begin + i, slots, weights, moves, here, tags)
        path[i - 1] = best_before(scores[i - 1], here, path[i], tags)


@kernel
def best_chains(rows, bounds, slots, weights, potentials, tags, scratch, paths):
    """Write the best labels of some sentences, concatenated, to uint8 `paths`.

    rows, slots: as in `sparse_loss.chain_shard`; weights and scores float32, or int16 and int32;
    potentials: the tuple (transitions, starts, ends) of scores, very low where illegal; scratch:
    the tuple (scores [longest, T], transition scores [T, T], best [T]).
    """
    transitions, starts, ends = potentials
    scores, here, best = scratch
    done = 0
    for k in range(len(bounds)):
        begin, end = bounds[k, 0], bounds[k, 1]
        path = paths[done : done + end - begin]
        sparse_emissions(rows[0], begin, end, slots[0], weights, tags, scores)
        for t in range(len(tags)):
            scores[0, t] += starts[t]
        if len(slots[1].plan.templates) == 0:
            best_path(scores, transitions, ends, best, path, tags)
        else:
            pairs = (rows[1], slots[1])
            best_path_of_pairs(
                scores, begin, pairs, weights, transitions, ends, (here, best), path, tags
            )
        done += end - begin


@part
def viterbi(scores, n, transitions, starts, ends, tags, back, path):
    """The best path of one sequence; ties go to the smaller tag.

    scores [n, T], overwritten by the best score of a path ending in each tag;
    transitions [T, T]; starts, ends [T]; back uint8 [n, T]; path uint8 [n].
    Illegal transitions have scores so low that a path with one never wins.
    """
    T = len(tags)
    for t in range(T):
        scores[0, t] += starts[t]
    for i in range(1, n):
        if i % 64 == 0:  # int32 would overflow in a very long sequence
            top = scores[i - 1, 0]
            for t in range(1, T):
                top = max(top, scores[i - 1, t])
            for t in range(T):
                scores[i - 1, t] -= top
        for t in range(T):
            best = scores[i - 1, 0] + transitions[0, t]
            where = 0
            for s in range(1, T):
                other = scores[i - 1, s] + transitions[s, t]
                if other > best:
                    best = other
                    where = s
            scores[i, t] += best
            back[i, t] = where
    tag = 0
    for t in range(1, T):
        if scores[n - 1, t] + ends[t] > scores[n - 1, tag] + ends[tag]:
            tag = t
    for i in range(n - 1, -1, -1):
        path[i] = tag
        tag = back[i, tag]
