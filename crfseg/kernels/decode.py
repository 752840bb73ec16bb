"""Segmentation: characters in, word beginnings out; and the writing of the result.

The whole of a block of text goes through here without touching Python, one sequence (a
run of characters without whitespace) after another, in buffers as long as the longest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg import text
from crfseg.kernels.hashing import EMPTY, slot_of
from crfseg.kernels.policy import kernel, part
from crfseg.kernels.scores import Plan, emissions, ngram_keys, table_rows, viterbi
from crfseg.kernels.trie import match

# A character's entry in `Tables.characters`: id, then type, then class.
TYPE_SHIFT, CLASS_SHIFT = 21, 26
_ID = np.uint32((1 << TYPE_SHIFT) - 1)
_TYPE = np.uint32((1 << (CLASS_SHIFT - TYPE_SHIFT)) - 1)
_TYPE_SHIFT, _CLASS_SHIFT = np.uint32(TYPE_SHIFT), np.uint32(CLASS_SHIFT)

# What `mark` says of a character.
INSIDE, WORD, SPACE = 0, 1, 2

_SPACE_CLASS, _EXTEND_CLASS, _JOINER_CLASS = text.SPACE, text.EXTEND, text.JOINER
_FLAG_CLASS = text.FLAG
_ONE, _TWO = np.uint64(1), np.uint64(2)
_BOUNDARY, _OUTSIDE = text.BOUNDARY, text.OUTSIDE


class Tables(NamedTuple):
    """A model laid out for speed.

    characters uint32 [0x110000]; plan: see scores.Plan; families int64 [F, 4]: whether
    rows are found by hashing, where the family starts in `weights` (in int16), the
    distance from one row (or slot) to the next, slots minus one; weights int16: a row of
    zeros, then rows; a hashed row follows its 8-byte key, so that both share a cache
    line; slots uint64: the same memory; trie uint64 [2^k, 2]; radix uint64 [1];
    lexicon int64 [3]: columns of lexicon codes, low flag bits of lexicon 0, longest code;
    reach int64 [1]; transitions int32 [T, T], starts and ends int32 [T]; begins bool [T].
    """

    characters: np.ndarray
    plan: Plan
    families: np.ndarray
    weights: np.ndarray
    slots: np.ndarray
    trie: np.ndarray
    radix: np.ndarray
    lexicon: np.ndarray
    reach: np.ndarray
    transitions: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    begins: np.ndarray


@part
def hashed_rows(keys, begin, end, base, stride, last, slots, rows):
    """Where the rows of n-grams start that are found by hashing; 0 where there is none."""
    here = keys[begin:end]
    out = rows[begin:end]
    base, stride = np.uint64(base) >> _TWO, np.uint64(stride) >> _TWO
    last = np.uint64(last)
    for a in range(end - begin):
        key = here[a]
        slot = slot_of(key, last)
        at = base + slot * stride
        while slots[at] != key and slots[at] != EMPTY:
            slot = (slot + _ONE) & last
            at = base + slot * stride
        out[a] = np.int64(at << _TWO) + 4 if slots[at] == key else 0


@kernel
def mark(codes, locks, tables, tags, marks):
    """Say of each character whether a word or a run of whitespace begins there.

    codes uint32 [n] code points; locks int64 [L, 3]: ascending spans (begin, end,
    hard) without a boundary inside, hard ones being words of their own;
    marks uint8 [n] out: INSIDE, WORD or SPACE.
    """
    n = len(codes)
    T = len(tags)
    reach = tables.reach[0]
    lexicon_columns = tables.lexicon[0]
    families = len(tables.families)
    longest = 0
    run = 0
    for i in range(n):
        run = 0 if tables.characters[codes[i]] >> _CLASS_SHIFT == _SPACE_CLASS else run + 1
        longest = max(longest, run)
    size = longest + 4 * reach
    columns = np.empty((2 + lexicon_columns, size), np.int32)
    rows = np.empty((families, size), np.int32)
    keys = np.empty(size, np.uint64)
    place = np.empty(longest, np.int32)
    scores = np.empty((longest, T), np.int32)
    back = np.empty((longest, T), np.uint8)
    path = np.empty(longest, np.uint8)
    columns[:, : 2 * reach] = 0
    columns[0, : 2 * reach] = _BOUNDARY
    begin = 2 * reach
    lock = 0
    i = 0
    while i < n:
        if tables.characters[codes[i]] >> _CLASS_SHIFT == _SPACE_CLASS:
            marks[i] = SPACE
            i += 1
            while i < n and tables.characters[codes[i]] >> _CLASS_SHIFT == _SPACE_CLASS:
                marks[i] = INSIDE
                i += 1
            continue
        # Gather one sequence; characters glued to the one before have no position of their own.
        m = 0
        glued = False  # does this character belong to the one before?
        half_flag = False
        while i < n:
            entry = tables.characters[codes[i]]
            kind = entry >> _CLASS_SHIFT
            if kind == _SPACE_CLASS:
                break
            marks[i] = INSIDE
            while lock < len(locks) and locks[lock, 1] <= i:
                lock += 1
            locked = lock < len(locks) and locks[lock, 0] < i
            glued |= locked or kind in (_EXTEND_CLASS, _JOINER_CLASS)
            glued |= kind == _FLAG_CLASS and half_flag
            half_flag = kind == _FLAG_CLASS and not half_flag
            if m == 0 or not glued:
                columns[0, begin + m] = entry & _ID
                columns[1, begin + m] = (entry >> _TYPE_SHIFT) & _TYPE
                place[m] = i
                m += 1
            glued = kind == _JOINER_CLASS
            i += 1
        end = begin + m
        for c in range(2):
            for j in range(end, end + 2 * reach):
                columns[c, j] = _BOUNDARY if c == 0 else _OUTSIDE
        if lexicon_columns > 0:
            codes_of = columns[2:]
            match(
                columns[0], begin, end, 0, tables.lexicon[1], tables.trie, tables.radix[0],
                tables.lexicon[2], codes_of,
            )  # fmt: skip
            for c in range(lexicon_columns):
                for j in range(end, end + 2 * reach):
                    codes_of[c, j] = 0
        for f in range(families):
            first, last = begin + tables.plan.windows[f, 0], end + tables.plan.windows[f, 1]
            hashed, base = tables.families[f, 0], tables.families[f, 1]
            stride, mask = tables.families[f, 2], tables.families[f, 3]
            if hashed:
                ngram_keys(columns, tables.plan, f, first, last, keys)
                hashed_rows(keys, first, last, base, stride, mask, tables.slots, rows[f])
            else:
                table_rows(columns, tables.plan, f, first, last, base, stride, rows[f])
        emissions(rows, begin, end, tables.plan, tables.weights, tags, scores)
        viterbi(scores, m, tables.transitions, tables.starts, tables.ends, tags, back, path)
        for j in range(m):
            if tables.begins[path[j]]:
                marks[place[j]] = WORD
    for k in range(len(locks)):
        if locks[k, 2] == 0:
            continue
        marks[locks[k, 0]] = WORD
        if locks[k, 1] < n and marks[locks[k, 1]] != SPACE:
            marks[locks[k, 1]] = WORD


@kernel
def write_words(text, marks, separator, out):
    """Copy UTF-8 text with a separator between neighbouring words; returns the length.

    text uint8 [n]; marks uint8, one for each character; separator uint8 [k]; out uint8,
    at least n + k * words long.
    """
    character = 0
    at = 0
    after_word = False
    for i in range(len(text)):
        if text[i] & 0xC0 != 0x80:
            mark_here = marks[character]
            character += 1
            if mark_here == WORD:
                if after_word:
                    for k in range(len(separator)):
                        out[at] = separator[k]
                        at += 1
                after_word = True
            elif mark_here == SPACE:
                after_word = False
        out[at] = text[i]
        at += 1
    return at
