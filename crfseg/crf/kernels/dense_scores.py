"""Emission scores from dense n-gram rows, and their gradient."""

from __future__ import annotations

import numpy as np

from crfseg.jit.decorators import kernel, part


@kernel
def gradient_rows(starts, places, residuals, shifts, tags, first, last, gradient):
    """Write the gradient of the n-grams first .. last - 1 of one family: segmented sums.

    starts int64 [n + 1], places int32: the anchors of each n-gram (CSR); shifts int64 [W]
    descending; gradient float32 [n * W * T], the family's part. Each n-gram's sum runs over
    its occurrences in order, so the result does not depend on how n-grams are split up.
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


@part
def emissions(rows, begin, end, plan, weights, tags, out):
    """Sum the rows of all templates at each position of one sequence.

    rows int32 [F, N]: where in `weights` the row of each anchor's n-gram starts;
    out [end - begin, T], int32 or float32.
    """
    T = len(tags)
    n = end - begin
    for i in range(n):
        for t in range(T):
            out[i, t] = 0
    for g in range(len(plan.templates)):
        shift, place = plan.templates[g, 1], np.uint64(plan.templates[g, 2] * T)
        row = rows[plan.templates[g, 0], begin + shift : end + shift]
        for i in range(n):
            # Unsigned: signed indices are tested for being negative, 1.6x the time.
            at = np.uint64(row[i]) + place
            for t in range(T):
                out[i, t] += weights[at + np.uint64(t)]
