"""Integer emission scores, with several tags packed into one 64-bit word.

The weights of a row are stored as lane 0 + lane 1 * 2^bits + ..., so that one 64-bit addition
adds up to four tags. Lanes borrow from each other while they are summed; the unpacked result is
exact as long as every sum fits its lane.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.layout import CHARACTER
from crfseg.features.kernels.pairs import number_in
from crfseg.features.kernels.perfect_hashing import slot_of
from crfseg.jit.decorators import part
from crfseg.jit.memory import prefetch

_ONE, _SIX = np.uint64(1), np.uint64(6)


@part
def table_rows(columns, plan, family, begin, end, base, stride, rows):
    """Row offsets for a family stored as a plain table, for anchors in [begin, end).

    rows uint32 [end - begin or more] out; base and stride in words.
    """
    first, last = plan.cell_starts[family], plan.cell_starts[family + 1]
    cell_rows(columns, plan, first, last, begin, end - begin, base, stride, rows)


@part
def cell_rows(columns, plan, first, last, begin, n, base, stride, rows):
    """base + stride * the mixed-radix key of the cells first .. last - 1, at n anchors.

    The same key as in `features.kernels.ngrams.ngram_keys`, but in 32 bits, which suffice for a
    table and let LLVM vectorise over eight anchors.
    """
    c = last
    out = rows[:n]
    unit = np.uint32(stride)
    start = np.uint32(base)
    if (c - first) % 2 == 1:
        c -= 1
        column = columns[plan.cells[c, 1], begin + plan.cells[c, 0] :]
        for a in range(n):
            out[a] = start + np.uint32(column[a]) * unit
        unit *= np.uint32(plan.cells[c, 2])
    else:
        for a in range(n):
            out[a] = start
    while c > first:  # two cells per pass halve the loads and stores of the sums
        c -= 2
        column = columns[plan.cells[c + 1, 1], begin + plan.cells[c + 1, 0] :]
        other = columns[plan.cells[c, 1], begin + plan.cells[c, 0] :]
        larger = unit * np.uint32(plan.cells[c + 1, 2])
        for a in range(n):
            out[a] += np.uint32(column[a]) * unit + np.uint32(other[a]) * larger
        unit = larger * np.uint32(plan.cells[c, 2])


@part
def bitmap_rows(columns, plan, family, begin, end, about, bitmaps, weights, rows):
    """Row offsets for a family stored as bitmaps: a character combined with other cells.

    The first row serves all n-grams that do not occur. about int64 [6]: the family's row of
    `Tables.families`, which locates its bitmaps. As fast as plain tables, which need 15.8 MB
    instead of 10.7 for all tables of a model with two lexicons.
    """
    n = end - begin
    others = rows[:n]
    cell_rows(columns, plan, plan.cell_starts[family] + 1, plan.cell_starts[family + 1],
              begin, n, 0, 1, others)  # fmt: skip
    characters = columns[CHARACTER, begin + plan.cells[plan.cell_starts[family], 0] :]
    start, width = np.uint64(about[1]), np.uint64(about[2])
    first, blocks = np.uint64(about[3]), np.uint64(about[4])
    for a in range(n):
        other = np.uint64(others[a])
        block = first + np.uint64(characters[a]) * blocks + (other >> _SIX)
        at = start + number_in(block, other, bitmaps) * width
        prefetch(weights, at)
        rows[a] = at


@part
def pair_rows(numbers, base, stride, weights, rows):
    """Row offsets for character bigrams; the row at `base` serves all other bigrams.

    numbers, rows uint32 [n]; see `features.kernels.pairs.number`. Like the other loops over
    tables larger than the cache, it prefetches the data of the next loop, which saves a third
    of the total time.
    """
    start, width = np.uint32(base), np.uint32(stride)
    for a in range(len(rows)):
        at = start + numbers[a] * width
        prefetch(weights, np.uint64(at))
        rows[a] = at


@part
def found_rows(keys, base, stride, size, displacements, weights, rows):
    """Row offsets for n-grams stored in a perfect hash table; 0 for an unknown n-gram.

    keys uint64 [len(rows) or more]; weights uint64: a slot holds a key followed by its row.
    """
    buckets, slots = np.uint64(len(displacements)), np.uint64(size)
    start, width = np.uint64(base), np.uint64(stride)
    for a in range(len(rows)):
        at = start + slot_of(keys[a], displacements, buckets, slots) * width
        rows[a] = at + _ONE if weights[at] == keys[a] else np.uint64(0)


@part
def sum_rows(rows, shift, n, templates, word, weights, sums):
    """Sum one word of the rows of all templates at n positions.

    rows uint32 [F, shift + n or more]: position i is at index i + shift; templates int64 [G, 3]:
    family, anchor minus position, offset in the row; sums uint64 [n or more] out. Four templates
    per pass halve the loads and stores of the sums.
    """
    out = sums[:n]
    for i in range(n):
        out[i] = 0
    groups = len(templates) // 4 * 4
    for g in range(0, groups, 4):
        a, b, c, d = templates[g], templates[g + 1], templates[g + 2], templates[g + 3]
        row_a, place_a = rows[a[0], shift + a[1] :], np.uint64(a[2] + word)
        row_b, place_b = rows[b[0], shift + b[1] :], np.uint64(b[2] + word)
        row_c, place_c = rows[c[0], shift + c[1] :], np.uint64(c[2] + word)
        row_d, place_d = rows[d[0], shift + d[1] :], np.uint64(d[2] + word)
        for i in range(n):
            at_a, at_b = np.uint64(row_a[i]) + place_a, np.uint64(row_b[i]) + place_b
            at_c, at_d = np.uint64(row_c[i]) + place_c, np.uint64(row_d[i]) + place_d
            out[i] += (weights[at_a] + weights[at_b]) + (weights[at_c] + weights[at_d])
    for g in range(groups, len(templates)):
        row, place = rows[templates[g, 0], shift + templates[g, 1] :], templates[g, 2] + word
        for i in range(n):
            out[i] += weights[np.uint64(row[i]) + np.uint64(place)]


@part
def unpack(sums, n, bits, tags, word, scores):
    """Unpack the lanes of one word of the sums into scores int32 [n, T]; bits is 16 or 32."""
    T = len(tags)
    lanes = 64 // bits
    first = word * lanes
    if bits == 16 and T == 4:
        for i in range(n):
            rest = np.int64(sums[i])
            a = np.int64(np.int16(rest))
            rest = (rest - a) >> 16
            b = np.int64(np.int16(rest))
            rest = (rest - b) >> 16
            c = np.int64(np.int16(rest))
            scores[i, 0], scores[i, 1], scores[i, 2], scores[i, 3] = a, b, c, (rest - c) >> 16
        return
    for i in range(n):
        rest = np.int64(sums[i])
        for lane in range(min(lanes, T - first)):
            value = np.int64(np.int16(rest)) if bits == 16 else np.int64(np.int32(rest))
            scores[i, first + lane] = value
            rest = (rest - value) >> bits
