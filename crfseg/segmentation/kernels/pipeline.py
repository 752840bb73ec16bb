"""The segmentation pipeline: UTF-8 in, UTF-8 with separators out.

Stages run one after another on about a thousand characters at a time. A stage is compiled as a
function of its own (`jit.decorators.stage`) and takes addresses. The entry points, `segment_four`
and `segment_six`, take addresses and numbers:

request: int64 [5], addresses of the header of the Tables (int64 [TABLES, 3]: address and shape of
each array), of scratch memory of `layout.work_bytes`, of output memory for the text and a
separator after each byte, of the user's words or 0 (int64 [5]: address of
`text.characters.lower_forms`, address and slots of the trie of forced words, and of the trie of
preferred words, see `user_trie`), and of a request for emission scores or 0.

style: int64 [5], address and length of the separator, treatment of whitespace, joint (see
`tags_to_words.write`), whether to look first for candidate spans to keep whole.

locks: int64 [1 + 3 * L], the number of spans and the spans as in `utf8_to_ids.gather`, or 0.

A request for emission scores returns, instead of text, the scores that Viterbi decoding uses
(layout.NEVER where a tag is ruled out). It is int64 [4]: addresses of memory for as many positions
as the text has characters, namely int32 [N, T] scores, int32 [N] byte offsets, uint8 [N] whether
a position is the first of a sequence; and the number of positions written, initially 0. The
scratch memory then begins with marks, uint8 [size]: where runs of whitespace and sequences begin.

The result is the length of the output; or -1 - i if the text is not UTF-8 at byte i; or RUNS - k
if k candidate spans (`candidate_spans.find_runs`) are at the start of the scratch memory.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.layout import FIRST_LEXICON
from crfseg.features.kernels.ngrams import ngram_keys
from crfseg.features.kernels.pairs import number
from crfseg.features.kernels.trie import match
from crfseg.jit.decorators import part, stage
from crfseg.jit.memory import array_at, matrix, vector
from crfseg.segmentation.kernels import layout
from crfseg.segmentation.kernels.candidate_spans import find_runs
from crfseg.segmentation.kernels.ids_to_scores import (
    bitmap_rows,
    found_rows,
    pair_rows,
    sum_rows,
    table_rows,
    unpack,
)
from crfseg.segmentation.kernels.layout import (
    BEGINS,
    BITMAP,
    BITMAPS,
    DISPLACEMENTS,
    FAMILIES,
    HASHED,
    INSIDE,
    MASKS,
    NUMBERS,
    PAIR,
    RUNS,
    STEP,
    TIERS,
    TRANSITIONS,
    WEIGHTS,
    WORD,
)
from crfseg.segmentation.kernels.scores_to_tags import viterbi_of_long_words, viterbi_of_words
from crfseg.segmentation.kernels.table_views import gap_of, header_at, levels_at, plan_at, work_at
from crfseg.segmentation.kernels.tags_to_words import write_at
from crfseg.segmentation.kernels.user_words import advise, demand_word, force, join, spell
from crfseg.segmentation.kernels.utf8_to_ids import begin, gather

words_bytes = part(layout.words_bytes)


@part
def score(columns, start, n, pairs, h, tags, rows, keys, sums, scores):
    """Emission scores of n positions of `columns` from `start` on.

    columns must extend beyond these positions by the model's reach on both sides; pairs: the
    numbers of character bigrams, see `features.kernels.pairs.number`. Rows are always sliced from
    the whole array: a slice of a slice would have a stride unknown to LLVM, which would prevent
    vectorisation (table_rows then took 8 ns per character instead of 1).
    """
    numbers = vector(h, NUMBERS, np.int64)
    reach, bits, words = numbers[0], numbers[1], numbers[2]
    plan = plan_at(h)
    families, weights = matrix(h, FAMILIES, np.int64), vector(h, WEIGHTS, np.uint64)
    displacements = vector(h, DISPLACEMENTS, np.uint8)
    bitmaps = matrix(h, BITMAPS, np.uint64)
    for done in range(0, n, STEP):
        size = min(STEP, n - done)
        for f in range(len(families)):
            low, high = plan.windows[f, 0], size + plan.windows[f, 1]
            begin, end = start + done + low, start + done + high
            base, stride = families[f, 1], families[f, 2]
            found = rows[f, reach + low : reach + high]
            if families[f, 0] == PAIR:
                pair_rows(pairs[begin:end], base, stride, weights, found)
            elif families[f, 0] == BITMAP:
                bitmap_rows(columns, plan, f, begin, end, families[f], bitmaps, weights, found)
            elif families[f, 0] == HASHED:
                ngram_keys(columns, plan, f, begin, end, keys)
                shifts = displacements[families[f, 4] : families[f, 4] + families[f, 5]]
                found_rows(keys, base, stride, families[f, 3], shifts, weights, found)
            else:
                table_rows(columns, plan, f, begin, end, base, stride, found)
        for word in range(words):
            sum_rows(rows, reach, size, plan.templates, word, weights, sums)
            unpack(sums, size, bits, tags, word, scores[done:])


@stage
def look(text, size, runs):
    """`candidate_spans.find_runs`, given addresses."""
    return find_runs(
        array_at(text, (size,), np.uint8), array_at(runs, (size // 2 + 2, 3), np.int32)
    )


@stage
def find(header, work_place, size, tags):
    """Number the bigrams of the gathered characters, and match the words of the lexicons."""
    h = header_at(header)
    work, levels = work_at(h, work_place, size, tags), levels_at(h)
    reach = vector(h, NUMBERS, np.int64)[0]
    masks, tiers = vector(h, MASKS, np.uint64), vector(h, TIERS, np.int64)
    gap = gap_of(reach)
    n = work.state[2] - gap  # memory beyond the last gap is uninitialised
    columns, numbers = work.columns, work.numbers
    number(columns, gap - reach, gap + n + max(reach - 1, 0), levels, numbers)
    if len(masks):
        match(columns, gap, n, numbers, levels, masks, tiers, work.scratch)
        for c in range(FIRST_LEXICON, len(columns)):
            for j in range(gap + n, gap + n + gap):
                columns[c, j] = 0


@stage
def weigh(header, work_place, size, tags):
    """Compute the emission scores of the gathered positions."""
    h = header_at(header)
    work = work_at(h, work_place, size, tags)
    gap = gap_of(vector(h, NUMBERS, np.int64)[0])
    score(
        work.columns, gap, work.state[2] - gap, work.numbers, h, tags,
        work.rows, work.keys, work.sums, work.scores,
    )  # fmt: skip


@stage
def decide(header, work_place, size, marks_at, tags):
    """Find the best path of each gathered sequence, and mark where words begin."""
    h = header_at(header)
    work = work_at(h, work_place, size, tags)
    marks = array_at(marks_at, (size,), np.uint8)
    begins, transitions = vector(h, BEGINS, np.uint8), matrix(h, TRANSITIONS, np.int32)
    path, places = work.path, work.places
    for s in range(work.state[3]):
        first, end = work.sequences[s, 0], work.sequences[s, 1]
        scores = work.scores[first:end]
        if len(tags) == 4:
            viterbi_of_words(scores, end - first, transitions, work.back, path)
        else:
            viterbi_of_long_words(scores, end - first, transitions, work.back, path)
        for i in range(end - first):
            marks[places[first + i]] = begins[path[i]]  # 1 is WORD


@stage
def set_apart(header, work_place, size, locks_at, lock_count, lock, tags):
    """Rule out tags so that words begin where hard spans begin and end.

    Forced words take precedence: no boundary is forced inside one. lock: index of the first span
    to consider; returns the index to continue with.
    """
    h = header_at(header)
    work = work_at(h, work_place, size, tags)
    locks = array_at(locks_at, (lock_count, 3), np.int64)
    begins = vector(h, BEGINS, np.uint8)
    for s in range(work.state[3]):
        for i in range(work.sequences[s, 0], work.sequences[s, 1]):
            place = np.int64(work.places[i])
            while lock < lock_count and locks[lock, 1] < place:
                lock += 1
            k, apart = lock, False
            while k < lock_count and locks[k, 0] <= place:  # at most two: one ending, one beginning
                apart |= locks[k, 2] != 0 and place in (locks[k, 0], locks[k, 1])
                k += 1
            if apart:
                demand_word(work.scores[i], begins, tags)
    return lock


@stage
def hand_out(header, work_place, size, marks_at, emissions_at, tags):
    """Append the gathered positions and their emission scores to the output of the request."""
    h = header_at(header)
    work, T = work_at(h, work_place, size, tags), len(tags)
    marks = array_at(marks_at, (size,), np.uint8)
    asked = array_at(emissions_at, (4,), np.int64)
    done = asked[3]
    scores = array_at(asked[0], (size, T), np.int32)
    places, firsts = array_at(asked[1], (size,), np.int32), array_at(asked[2], (size,), np.uint8)
    for s in range(work.state[3]):
        first, end = np.int64(work.sequences[s, 0]), np.int64(work.sequences[s, 1])
        marks[work.places[first]] = WORD
        for i in range(first, end):
            places[done], firsts[done] = work.places[i], i == first
            for t in range(T):
                scores[done, t] = work.scores[i, t]
            done += 1
    asked[3] = done


@part
def segment(request, style, locks, text, size, tags):
    """Write a text with separators; see the module for request, style, locks and the result.

    text: address of `size` bytes of UTF-8; tags: (0, .., 3) for `corpus.schemes.FOUR`,
    (0, .., 5) for `corpus.schemes.SIX`.
    """
    given = array_at(request, (5,), np.int64)
    header, marks_at, out, words, asked = given[0], given[1], given[2], given[3], given[4]
    count = np.int64(0)
    if locks != 0:
        count = array_at(locks, (1,), np.int64)[0]
    elif array_at(style, (5,), np.int64)[4] != 0:
        found = look(text, size, marks_at)
        if found > 0:
            return RUNS - found
    h = header_at(header)
    marks = array_at(marks_at, (size,), np.uint8)
    for i in range(size):
        marks[i] = INSIDE
    letters = place = (marks_at + size + 63) // 64 * 64
    forced, advised = np.int64(0), False
    if words != 0:
        place += words_bytes(size)
        wrong = spell(header, text, size, locks + 8, count, words, letters)
        if wrong >= 0:
            return -1 - wrong
        tries = array_at(words, (5,), np.int64)
        if tries[2] > 0:
            forced = force(text, size, letters, tries[1], tries[2])
        advised = forced > 0 or tries[4] > 0
    work = work_at(h, place, size, tags)
    begin(h, work)
    lock = np.int64(0)
    while work.state[0] < size:
        wrong = gather(header, text, size, locks + 8, count, place, marks_at, tags)
        if wrong >= 0:
            return -1 - wrong
        if work.state[2] > 0:
            find(header, place, size, tags)
            weigh(header, place, size, tags)
            if advised:
                advise(header, place, size, text, letters, words, tags)
            if count > 0:
                lock = set_apart(header, place, size, locks + 8, count, lock, tags)
            if asked != 0:
                hand_out(header, place, size, marks_at, asked, tags)
            else:
                decide(header, place, size, marks_at, tags)
    if forced > 0:
        join(text, size, letters, marks_at)
    if asked != 0:
        return 0
    return write_at(text, size, marks_at, style, out)


def segment_four(request, style, locks, text, size):
    """`segment` with the tags s, b, m, e."""
    return segment(request, style, locks, text, size, (0, 1, 2, 3))


def segment_six(request, style, locks, text, size):
    """`segment` with the tags s, b, c, d, m, e."""
    return segment(request, style, locks, text, size, (0, 1, 2, 3, 4, 5))
