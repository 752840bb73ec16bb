"""Segmentation: UTF-8 in, UTF-8 with separators out. Stage after stage, for some
thousand characters at a time.

A stage is a function of its own (`policy.stage`), and is passed addresses.
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
    """The emission scores of n positions of `columns` from `start` on, which reach on both sides.

    pairs: the numbers of neighbouring characters, see `pairs.number`.
    Rows of a table are sliced from the whole of it: a slice of a slice would have a
    stride that LLVM does not know, and its loops would not be vectorised (table_rows
    took 8 ns a character instead of 1).
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
    """`runs.find_runs` with addresses."""
    return find_runs(
        array_at(text, (size,), np.uint8), array_at(runs, (size // 2 + 2, 3), np.int32)
    )


@stage
def find(header, work_place, size, tags):
    """Number the pairs of characters of what is gathered, and find the words of the lexicons."""
    h = header_at(header)
    work, levels = work_at(h, work_place, size, tags), levels_at(h)
    reach = vector(h, NUMBERS, np.int64)[0]
    masks, tiers = vector(h, MASKS, np.uint64), vector(h, TIERS, np.int64)
    gap = gap_of(reach)
    n = work.state[2] - gap  # what is beyond the last gap is not known
    columns, numbers = work.columns, work.numbers
    number(columns, gap - reach, gap + n + max(reach - 1, 0), levels, numbers)
    if len(masks):
        match(columns, gap, n, numbers, levels, masks, tiers, work.scratch)
        for c in range(FIRST_LEXICON, len(columns)):
            for j in range(gap + n, gap + n + gap):
                columns[c, j] = 0


@stage
def weigh(header, work_place, size, tags):
    """The emission scores of what is gathered."""
    h = header_at(header)
    work = work_at(h, work_place, size, tags)
    gap = gap_of(vector(h, NUMBERS, np.int64)[0])
    score(
        work.columns, gap, work.state[2] - gap, work.numbers, h, tags,
        work.rows, work.keys, work.sums, work.scores,
    )  # fmt: skip


@stage
def decide(header, work_place, size, marks_at, tags):
    """Find the best path of each sequence gathered, and mark where its words begin."""
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

    Unless a forced word has the place inside. lock: the span to look at first; returns the
    one to go on with.
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
            while k < lock_count and locks[k, 0] <= place:  # two at most: one ends, one begins
                apart |= locks[k, 2] != 0 and place in (locks[k, 0], locks[k, 1])
                k += 1
            if apart:
                demand_word(work.scores[i], begins, tags)
    return lock


@stage
def hand_out(header, work_place, size, marks_at, emissions_at, tags):
    """Append the positions gathered and their scores to what is asked for; see `segment`."""
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
    """Write a text with separators; everything is an address or a number.

    request: int64 [5], the addresses of the places of the Tables (int64 [TABLES, 3]:
    address and shape of each array), of scratch memory of `layout.work_bytes`, of
    room for the text and a separator after each byte, of the words of a user or 0 (int64
    [5]: address of `text.lower_forms`, address and slots of the trie of the words to force,
    and of that of the words to prefer, see `wordtrie`), and of what is asked for instead of
    words or 0; style: int64 [5], address and
    length of the separator, what becomes of whitespace, joint (see `write`), whether to
    look first for what could be kept whole; locks: int64 [1 + 3 * L], their number and
    then as in `gather`, or 0; text: `size` bytes of UTF-8; tags: (0, .., 3) for those of
    `tags.FOUR`, (0, .., 5) for those of `tags.SIX`.

    What can be asked for are the emission scores that the best path is found with (layout.NEVER
    where a tag is ruled out). int64 [4]: addresses of room for as many positions as the text has
    characters, int32 [N, T] scores, int32 [N] the byte each begins at, uint8 [N] whether it is
    the first of a sequence; and how many are there, at first 0. The scratch memory then begins
    with the marks, uint8 [size], of what begins anyhow: runs of whitespace and sequences.

    Returns the length of what was written; or -1 - i, the text is not UTF-8 at byte i; or
    RUNS - k, and k runs (`runs.find_runs`) are at the beginning of the scratch memory.
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
