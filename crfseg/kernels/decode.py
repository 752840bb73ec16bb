"""Segmentation: UTF-8 in, word beginnings out; and the writing of the result.

The whole of a text goes through here without touching Python. Its sequences (runs of
characters without whitespace) are gathered, with some room between them, until there are
enough to work on: short loops would cost more than what they do.
"""

from __future__ import annotations

import numpy as np

from crfseg import text as classes
from crfseg.kernels import layout
from crfseg.kernels.layout import (
    BEGINS,
    CHARACTER,
    CHARACTERS,
    CLASS_SHIFT,
    DISPLACEMENTS,
    DROP,
    ENDS,
    FAMILIES,
    FIRST_LEXICON,
    GATHERED,
    HASHED,
    INSIDE,
    LEVELS,
    MASKS,
    NUMBERS,
    PAGES,
    PAIR,
    PLAN,
    RUNS,
    SPACE,
    STARTS,
    STEP,
    TABLES,
    TOKENS,
    TRANSITIONS,
    TYPE,
    TYPE_SHIFT,
    WEIGHTS,
    WORD,
    Levels,
    Pairs,
    Plan,
)
from crfseg.kernels.memory import array_at, load_word, store_word
from crfseg.kernels.packed import found_rows, pair_rows, sum_rows, table_rows, unpack
from crfseg.kernels.pairs import low_zeros, number
from crfseg.kernels.policy import part
from crfseg.kernels.runs import find_runs
from crfseg.kernels.scores import ngram_keys, viterbi, viterbi_of_words
from crfseg.kernels.trie import match

_ID = np.uint32((1 << TYPE_SHIFT) - 1)
_TYPE = np.uint32((1 << (CLASS_SHIFT - TYPE_SHIFT)) - 1)
_TYPE_SHIFT, _CLASS_SHIFT = np.uint32(TYPE_SHIFT), np.uint32(CLASS_SHIFT)

_SPACE_CLASS, _EXTEND_CLASS, _JOINER_CLASS = classes.SPACE, classes.EXTEND, classes.JOINER
_FLAG_CLASS = classes.FLAG
_BOUNDARY, _OUTSIDE = classes.BOUNDARY, classes.OUTSIDE

gap_of, room_of = part(layout.gap_of), part(layout.room_of)


@part
def vector(h, k, dtype):
    """The k-th array of the Tables a header describes, if it has one dimension."""
    return array_at(h[k, 0], (h[k, 1],), dtype)


@part
def matrix(h, k, dtype):
    """The same for an array of two dimensions."""
    return array_at(h[k, 0], (h[k, 1], h[k, 2]), dtype)


@part
def plan_at(h):
    return Plan(
        matrix(h, PLAN, np.int64),
        vector(h, PLAN + 1, np.int64),
        matrix(h, PLAN + 2, np.int64),
        matrix(h, PLAN + 3, np.int64),
    )


@part
def levels_at(h):
    pairs = Pairs(
        matrix(h, LEVELS, np.uint64),
        matrix(h, LEVELS + 1, np.uint64),
        vector(h, LEVELS + 2, np.uint64),
    )
    return Levels(
        pairs,
        vector(h, LEVELS + 3, np.uint32),
        vector(h, LEVELS + 4, np.uint64),
        vector(h, LEVELS + 5, np.uint8),
        matrix(h, LEVELS + 6, np.int64),
        vector(h, LEVELS + 7, np.uint64),
    )


@part
def continuation(text, at):
    """Whether a byte follows that continues a character."""
    return at < len(text) and text[at] & 0xC0 == 0x80


@part
def character(text, at):
    """The code point that starts at a byte and the bytes it takes; 0 bytes if it is not UTF-8.

    Surrogates pass: Python strings may hold them.
    """
    first = np.uint32(text[at])
    if first < 0x80:
        return first, 1
    if not continuation(text, at + 1):
        return first, 0
    code = np.uint32(text[at + 1] & 0x3F)
    if first < 0xE0:
        return ((first & 0x1F) << 6) | code, 2 if first >= 0xC2 else 0
    if not continuation(text, at + 2):
        return first, 0
    code = (code << 6) | np.uint32(text[at + 2] & 0x3F)
    if first < 0xF0:
        code |= (first & 0x0F) << 12
        return code, 3 if code >= 0x800 else 0
    if not continuation(text, at + 3):
        return first, 0
    code = ((first & 0x07) << 18) | (code << 6) | np.uint32(text[at + 3] & 0x3F)
    return code, 4 if 0x10000 <= code < 0x110000 and first < 0xF8 else 0


@part
def score(columns, start, n, pairs, h, tags, rows, keys, sums, scores):
    """The emission scores of n positions of `columns` from `start` on, which reach on both sides.

    pairs: the numbers of neighbouring characters, see `pairs.number`.
    Rows of a table are sliced from the whole of it: a slice of a slice would have a
    stride that LLVM does not know, and its loops would not be vectorised (table_rows
    took 8 ns a character instead of 1).
    """
    numbers = vector(h, NUMBERS, np.int64)
    reach, bits, words = numbers[0], numbers[2], numbers[3]
    plan = plan_at(h)
    families, weights = matrix(h, FAMILIES, np.int64), vector(h, WEIGHTS, np.uint64)
    displacements = vector(h, DISPLACEMENTS, np.uint8)
    for done in range(0, n, STEP):
        size = min(STEP, n - done)
        for f in range(len(families)):
            low, high = plan.windows[f, 0], size + plan.windows[f, 1]
            begin, end = start + done + low, start + done + high
            base, stride = families[f, 1], families[f, 2]
            found = rows[f, reach + low : reach + high]
            if families[f, 0] == PAIR:
                pair_rows(pairs[begin:end], base, stride, found)
            elif families[f, 0] == HASHED:
                ngram_keys(columns, plan, f, begin, end, keys)
                shifts = displacements[families[f, 4] : families[f, 4] + families[f, 5]]
                found_rows(keys, base, stride, families[f, 3], shifts, weights, found)
            else:
                table_rows(columns, plan, f, begin, end, base, stride, found)
        for word in range(words):
            sum_rows(rows, reach, size, plan.templates, word, weights, sums)
            unpack(sums, size, bits, tags, word, scores[done:])


@part
def mark(text, locks, h, tags, general, work, marks):
    """Say of each character whether a word or a run of whitespace begins there.

    text uint8 [n] UTF-8; locks int64 [L, 3]: ascending spans of bytes (begin, end, hard)
    without a boundary inside, hard ones being words of their own; h: see `segment`;
    general: None if the tags are s, b, m, e, else anything; work: the address of scratch
    memory; marks uint8 [n], zeros (INSIDE): WORD or SPACE is written where one begins.
    Returns -1, or where the text is not UTF-8.
    """
    size = len(text)
    T = len(tags)
    pages, characters = vector(h, PAGES, np.uint32), vector(h, CHARACTERS, np.uint32)
    masks, begins = vector(h, MASKS, np.uint64), vector(h, BEGINS, np.uint8)
    transitions = matrix(h, TRANSITIONS, np.int32)
    numbers = vector(h, NUMBERS, np.int64)
    reach, longest = numbers[0], numbers[1]
    lexicons = len(masks)
    gap, room = gap_of(reach), room_of(size, reach)
    F = h[FAMILIES, 1]
    at = work
    keys = array_at(at, (STEP + 2 * reach,), np.uint64)
    at += 8 * len(keys)
    sums = array_at(at, (STEP,), np.uint64)
    at += 8 * STEP
    sequences = array_at(at, (GATHERED + 1, 2), np.int32)
    at += 8 * (GATHERED + 1)
    columns = array_at(at, (FIRST_LEXICON + 2 * lexicons, room + gap), np.int32)
    at += 4 * len(columns) * (room + gap)
    rows = array_at(at, (F, STEP + 2 * reach), np.uint32)
    at += 4 * F * (STEP + 2 * reach)
    places = array_at(at, (room,), np.int32)
    at += 4 * room
    scratch = array_at(at, (4, room), np.uint32)
    at += 16 * room
    pairs = array_at(at, (room + gap,), np.uint32)
    at += 4 * len(pairs)
    scores = array_at(at, (room, T), np.int32)
    at += 4 * T * room
    choices = at  # where `back` begins
    back = array_at(at, (room, T), np.uint8)
    path = array_at(at + T * room, (room,), np.uint8)
    for j in range(gap):
        for c in range(len(columns)):
            columns[c, j] = 0
        columns[CHARACTER, j] = _BOUNDARY
    ids, types = columns[CHARACTER, gap:], columns[TYPE, gap:]
    lock = 0
    at = 0
    m, count = 0, 0  # positions and sequences gathered
    while at < size:
        # Gather one sequence; characters glued to the one before have no position of their own.
        first = m
        glued = half_flag = False  # does this character belong to the one before?
        while at < size:
            code, length = character(text, at)
            if length == 0:
                return at
            entry = characters[pages[code >> 8] + (code & 0xFF)]
            kind = entry >> _CLASS_SHIFT
            if kind == _SPACE_CLASS:
                break
            if kind or lock < len(locks):
                while lock < len(locks) and locks[lock, 1] <= at:
                    lock += 1
                glued |= lock < len(locks) and locks[lock, 0] < at
                glued |= kind in (_EXTEND_CLASS, _JOINER_CLASS)
                glued |= kind == _FLAG_CLASS and half_flag
            half_flag = kind == _FLAG_CLASS and not half_flag
            if m == first or not glued:
                ids[m] = entry & _ID
                types[m] = (entry >> _TYPE_SHIFT) & _TYPE
                places[m] = at
                m += 1
            glued = kind == _JOINER_CLASS
            at += length
        if m > first:
            sequences[count, 0], sequences[count, 1] = first, m
            count += 1
            for j in range(m, m + gap):
                ids[j], types[j] = _BOUNDARY, _OUTSIDE
            m += gap
        if at < size:
            marks[at] = SPACE
            while at < size:
                code, length = character(text, at)
                if length == 0:
                    return at
                entry = characters[pages[code >> 8] + (code & 0xFF)]
                if entry >> _CLASS_SHIFT != _SPACE_CLASS:
                    break
                at += length
        if m < GATHERED and at < size:
            continue
        if m > 0:
            m -= gap  # what is beyond the last gap is not known
            levels = levels_at(h)
            number(columns, gap - reach, gap + m + max(reach - 1, 0), levels.pairs, pairs)
            if lexicons:
                match(columns, gap, m, pairs, levels, masks, longest, scratch)
                for c in range(FIRST_LEXICON, len(columns)):
                    for j in range(gap + m, gap + m + gap):
                        columns[c, j] = 0
            score(columns, gap, m, pairs, h, tags, rows, keys, sums, scores)
        for s in range(count):
            begin, end = sequences[s, 0], sequences[s, 1]
            if general is None:
                bits = array_at(choices + begin, (end - begin,), np.uint8)
                viterbi_of_words(scores[begin:end], end - begin, transitions, bits, path)
            else:
                viterbi(
                    scores[begin:end], end - begin, transitions, vector(h, STARTS, np.int32),
                    vector(h, ENDS, np.int32), tags, back, path,
                )  # fmt: skip
            for i in range(end - begin):
                marks[places[begin + i]] = begins[path[i]]  # 1 is WORD
        m = count = 0
    for k in range(len(locks)):
        if locks[k, 2] == 0:
            continue
        marks[locks[k, 0]] = WORD
        if locks[k, 1] < size:
            code, _ = character(text, locks[k, 1])
            kind = characters[pages[code >> 8] + (code & 0xFF)] >> _CLASS_SHIFT
            if kind not in (_SPACE_CLASS, _EXTEND_CLASS, _JOINER_CLASS):
                marks[locks[k, 1]] = WORD
    return -1


@part
def write(text, marks, separator, spaces, joint, out):
    """Copy UTF-8 text with a separator between neighbouring words; returns the length.

    text uint8 [n]; marks uint8 [n] from `mark`; separator uint8 [k]; spaces: KEEP
    whitespace, which separates by itself, or treat its runs as TOKENS like words, or DROP
    it; joint: a whitespace byte that joins texts, after each of which the first token
    begins anew (-1: none); out uint8, at least n + k * (words and spaces) long.
    """
    size = len(text)
    at = i = 0
    after_token = False
    while i < size:
        # Up to the next mark, eight bytes at a time: 1.6 ns a character, 4.3 byte by byte.
        while i + 8 <= size:
            word = load_word(marks, i)
            store_word(out, at, load_word(text, i))
            step = 8 if word == 0 else low_zeros(word) >> 3
            i += step
            at += step
            if word != 0:
                break
        while i < size and marks[i] == INSIDE:
            out[at] = text[i]
            i += 1
            at += 1
        if i == size:
            break
        space = marks[i] == SPACE
        token = not space or spaces == TOKENS
        if token and after_token and text[i] != joint:
            for k in range(len(separator)):
                out[at] = separator[k]
                at += 1
        after_token = token or (after_token and spaces == DROP)
        while True:  # this byte, and the others of a run of whitespace
            if text[i] == joint:
                after_token = False
            elif token:
                after_token = True
            out[at] = text[i]
            at += not space or spaces != DROP or text[i] == joint
            i += 1
            if not space or i == size or marks[i] != INSIDE:
                break
    return at


@part
def segment(request, style, locks, text, size, tags, general):
    """Write a text with separators; everything is an address or a number.

    request: int64 [3], the addresses of the places of the Tables (int64 [TABLES, 3]:
    address and shape of each array), of scratch memory of `layout.work_bytes`, and of
    room for the text and a separator after each byte; style: int64 [5], address and
    length of the separator, what becomes of whitespace, joint (see `write`), whether to
    look first for what could be kept whole; locks: int64 [1 + 3 * L], their number and
    then as in `mark`, or 0; text: `size` bytes of UTF-8.

    Returns the length of what was written; or -1 - i, the text is not UTF-8 at byte i; or
    RUNS - k, and k runs (`runs.find_runs`) are at the beginning of the scratch memory.
    """
    given = array_at(request, (3,), np.int64)
    how = array_at(style, (5,), np.int64)
    work = given[1]
    data = array_at(text, (size,), np.uint8)
    count = np.int64(0)
    if locks != 0:
        count = array_at(locks, (1,), np.int64)[0]
    elif how[4] != 0:
        found = find_runs(data, array_at(work, (size // 2 + 2, 3), np.int32))
        if found > 0:
            return RUNS - found
    h = array_at(given[0], (TABLES, 3), np.int64)
    spans = array_at(locks + 8, (count, 3), np.int64)
    marks = array_at(work, (size,), np.uint8)
    for i in range(size):
        marks[i] = INSIDE
    wrong = mark(data, spans, h, tags, general, (work + size + 63) // 64 * 64, marks)
    if wrong >= 0:
        return -1 - wrong
    separator = array_at(how[0], (how[1],), np.uint8)
    written = array_at(given[2], (size * (1 + how[1]),), np.uint8)
    return write(data, marks, separator, how[2], how[3], written)


def segment_four(request, style, locks, text, size):
    """`segment` with the tags s, b, m, e."""
    return segment(request, style, locks, text, size, (0, 1, 2, 3), None)


def segment_six(request, style, locks, text, size):
    """`segment` with the tags s, b, c, d, m, e."""
    return segment(request, style, locks, text, size, (0, 1, 2, 3, 4, 5), True)
