"""Segmentation: UTF-8 in, word beginnings out; and the writing of the result.

The whole of a text goes through here without touching Python. Its sequences (runs of
characters without whitespace) are gathered, with some room between them, until there are
enough to work on: short loops would cost more than what they do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg import text as classes
from crfseg.kernels.packed import found_rows, pair_rows, sum_rows, table_rows, unpack
from crfseg.kernels.pairs import Pairs
from crfseg.kernels.policy import kernel, part
from crfseg.kernels.scores import Plan, ngram_keys, viterbi, viterbi_of_words
from crfseg.kernels.trie import BEYOND, Levels, match

# A character's entry in `Tables.characters`: id, then type, then class.
TYPE_SHIFT, CLASS_SHIFT = 21, 26
_ID = np.uint32((1 << TYPE_SHIFT) - 1)
_TYPE = np.uint32((1 << (CLASS_SHIFT - TYPE_SHIFT)) - 1)
_TYPE_SHIFT, _CLASS_SHIFT = np.uint32(TYPE_SHIFT), np.uint32(CLASS_SHIFT)

# How the rows of a family are found.
TABLE, PAIR, HASHED = 0, 1, 2

# What `mark` says of the first byte of a character.
INSIDE, WORD, SPACE = 0, 1, 2

_SPACE_CLASS, _EXTEND_CLASS, _JOINER_CLASS = classes.SPACE, classes.EXTEND, classes.JOINER
_FLAG_CLASS = classes.FLAG
_BOUNDARY, _OUTSIDE = classes.BOUNDARY, classes.OUTSIDE
#: Positions gathered before they are worked on, and worked on at once: buffers that stay
#: in the first-level cache, loops long enough to overlap look-ups.
_GATHERED, _STEP = 1024, 512


class Tables(NamedTuple):
    """A model laid out for speed.

    pages uint32 [0x1100]: where the block of each 256 code points starts in characters
    uint32; plan: see scores.Plan, its templates with places in words; families int64
    [F, 6]: how rows are found (TABLE, PAIR, HASHED), where the family starts in `weights`,
    the distance from one row (or slot) to the next; then the number of slots, first
    displacement and number of displacements (HASHED), or the first
    of its groups of pairs and the offsets of the two characters (PAIR); pairs: see pairs.join_pairs; weights uint64: rows of zeros, then rows, see `packed`;
    displacements uint8; levels and masks: see `trie.match`; numbers int64 [5]: reach,
    longest lexicon code, bits of a lane, words of a row, whether the tags are s, b, m, e; transitions int32 [T, T], starts
    and ends int32 [T]; begins bool [T].
    """

    pages: np.ndarray
    characters: np.ndarray
    plan: Plan
    families: np.ndarray
    pairs: Pairs
    weights: np.ndarray
    displacements: np.ndarray
    levels: Levels
    masks: np.ndarray
    numbers: np.ndarray
    transitions: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    begins: np.ndarray


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
def score(columns, n, tables, tags, rows, keys, sums, scores):
    """The emission scores of the positions 0 .. n - 1 of `columns`, which reach on both sides."""
    reach, bits, words = tables.numbers[0], tables.numbers[2], tables.numbers[3]
    plan = tables.plan
    for done in range(0, n, _STEP):
        size = min(_STEP, n - done)
        here = columns[:, done:]
        for f in range(len(tables.families)):
            low, high = plan.windows[f, 0] + reach, size + plan.windows[f, 1] + reach
            base, stride = tables.families[f, 1], tables.families[f, 2]
            if tables.families[f, 0] == PAIR:
                first, second = tables.families[f, 4], tables.families[f, 5]
                pair_rows(
                    here[0, low + first : high + first], here[0, low + second : high + second],
                    base, stride, tables.pairs.groups[tables.families[f, 3] :],
                    tables.pairs.blocks, tables.pairs.width[0], rows[f, low:],
                )  # fmt: skip
            elif tables.families[f, 0] == HASHED:
                ngram_keys(here, plan, f, low, high, keys)
                first, count = tables.families[f, 4], tables.families[f, 5]
                displacements = tables.displacements[first : first + count]
                found_rows(
                    keys[low:high], base, stride, tables.families[f, 3], displacements,
                    tables.weights, rows[f, low:],
                )  # fmt: skip
            else:
                table_rows(here, plan, f, low, high, base, stride, rows[f, low:])
        for word in range(words):
            sum_rows(rows, reach, size, plan.templates, word, tables.weights, sums)
            unpack(sums, size, bits, tags, word, scores[done:])


@kernel
def mark(text, locks, tables, tags, marks):
    """Say of each character whether a word or a run of whitespace begins there.

    text uint8 [n] UTF-8; locks int64 [L, 3]: ascending spans of bytes (begin, end, hard)
    without a boundary inside, hard ones being words of their own; marks uint8 [n], zeros
    (INSIDE): WORD or SPACE is written where one begins. Returns -1, or where the text is
    not UTF-8.
    """
    size = len(text)
    T = len(tags)
    reach, longest = tables.numbers[0], tables.numbers[1]
    lexicons = len(tables.masks)
    gap = max(reach, BEYOND)
    # No sequence is longer than the text. What is not written to costs no memory.
    room = min(_GATHERED, size * (gap + 1)) + size + 2 * gap
    columns = np.empty((2 + 2 * lexicons, room + gap), np.int32)
    rows = np.empty((len(tables.families), _STEP + 2 * reach), np.uint32)
    keys = np.empty(_STEP + 2 * reach, np.uint64)
    sums = np.empty(_STEP, np.uint64)
    places = np.empty(room, np.int32)
    sequences = np.empty((_GATHERED + 1, 2), np.int32)
    scratch = np.empty((4, room), np.uint32)
    scores = np.empty((room, T), np.int32)
    back = np.empty((room, T), np.uint8)
    path = np.empty(room, np.uint8)
    columns[:, :gap] = 0
    columns[0, :gap] = _BOUNDARY
    ids, types, codes = columns[0, gap:], columns[1, gap:], columns[2:, gap:]
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
            entry = tables.characters[tables.pages[code >> 8] + (code & 0xFF)]
            kind = entry >> _CLASS_SHIFT
            if kind == _SPACE_CLASS:
                break
            if kind or lock < len(locks):
                while lock < len(locks) and locks[lock, 1] <= at:
                    lock += 1
                glued |= lock < len(locks) and locks[lock, 0] < at
                glued |= kind == _EXTEND_CLASS or kind == _JOINER_CLASS
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
            sequences[count] = first, m
            count += 1
            ids[m : m + gap] = _BOUNDARY
            types[m : m + gap] = _OUTSIDE
            m += gap
        if at < size:
            marks[at] = SPACE
            while at < size:
                code, length = character(text, at)
                if length == 0:
                    return at
                entry = tables.characters[tables.pages[code >> 8] + (code & 0xFF)]
                if entry >> _CLASS_SHIFT != _SPACE_CLASS:
                    break
                at += length
        if m < _GATHERED and at < size:
            continue
        if m > 0:
            m -= gap  # what is beyond the last gap is not known
            if lexicons:
                match(ids, m, tables.levels, tables.masks, longest, codes, scratch)
                codes[:, m : m + gap] = 0
            score(columns[:, gap - reach :], m, tables, tags, rows, keys, sums, scores)
        for s in range(count):
            begin, end = sequences[s, 0], sequences[s, 1]
            if T == 4 and tables.numbers[4]:
                bits = back[begin:end].reshape(T * (end - begin))
                viterbi_of_words(scores[begin:end], end - begin, tables.transitions, bits, path)
            else:
                viterbi(
                    scores[begin:end], end - begin, tables.transitions, tables.starts,
                    tables.ends, tags, back, path,
                )  # fmt: skip
            for i in range(end - begin):
                marks[places[begin + i]] = tables.begins[path[i]]  # True is WORD
        m = count = 0
    for k in range(len(locks)):
        if locks[k, 2] == 0:
            continue
        marks[locks[k, 0]] = WORD
        if locks[k, 1] < size and marks[locks[k, 1]] != SPACE:
            marks[locks[k, 1]] = WORD
    return -1


# What `write` does with whitespace.
KEEP, TOKENS, DROP = 0, 1, 2


@kernel
def write(text, marks, separator, spaces, joint, out):
    """Copy UTF-8 text with a separator between neighbouring words; returns the length.

    text uint8 [n]; marks uint8 [n] from `mark`; separator uint8 [k]; spaces: KEEP
    whitespace, which separates by itself, or treat its runs as TOKENS like words, or DROP
    it; joint: a whitespace byte that joins texts, after each of which the first token
    begins anew (-1: none); out uint8, at least n + k * (words and spaces) long.
    """
    at = 0
    after_token = in_space = False
    for i in range(len(text)):
        if marks[i] != INSIDE:
            in_space = marks[i] == SPACE
            if not in_space or spaces == TOKENS:
                if after_token and text[i] != joint:
                    for k in range(len(separator)):
                        out[at] = separator[k]
                        at += 1
                after_token = True
            elif spaces == KEEP:
                after_token = False
        if text[i] == joint:
            after_token = False
        elif in_space and spaces == DROP:
            continue
        elif in_space and spaces == TOKENS:
            after_token = True
        out[at] = text[i]
        at += 1
    return at
