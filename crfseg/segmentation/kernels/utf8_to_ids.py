"""Decode UTF-8 into positions with character ids, gathering several sequences at a time.

A sequence is a run of characters without whitespace. Loops over single short sequences would be
dominated by overhead, so several are gathered, with gaps between them.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.layout import CHARACTER, TYPE
from crfseg.jit.decorators import part, stage
from crfseg.jit.memory import array_at, vector
from crfseg.segmentation.kernels.layout import (
    CHARACTERS,
    CLASS_SHIFT,
    GATHERED,
    NUMBERS,
    PAGES,
    SPACE,
    TYPE_SHIFT,
)
from crfseg.segmentation.kernels.table_views import gap_of, header_at, work_at
from crfseg.text.codes import BOUNDARY, EXTEND, FLAG, JOINER, OUTSIDE
from crfseg.text.codes import SPACE as SPACE_CLASS

_ID = np.uint32((1 << TYPE_SHIFT) - 1)
_TYPE = np.uint32((1 << (CLASS_SHIFT - TYPE_SHIFT)) - 1)
_TYPE_SHIFT, _CLASS_SHIFT = np.uint32(TYPE_SHIFT), np.uint32(CLASS_SHIFT)
_SPACE_CLASS, _EXTEND_CLASS, _JOINER_CLASS = SPACE_CLASS, EXTEND, JOINER
_FLAG_CLASS = FLAG
_BOUNDARY, _OUTSIDE = BOUNDARY, OUTSIDE


@part
def continuation(text, at):
    """Whether there is a UTF-8 continuation byte at an index."""
    return at < len(text) and text[at] & 0xC0 == 0x80


@part
def character(text, at):
    """The code point at a byte and its length in bytes; length 0 if it is not UTF-8.

    Surrogates are accepted, because Python strings may contain them.
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
def class_of(code, pages, characters):
    """The class of a code point, see `text.characters.classes`."""
    return characters[pages[code >> 8] + (code & 0xFF)] >> _CLASS_SHIFT


@part
def is_set_apart(locks, lock, at):
    """Whether the span with index `lock` is hard and begins at a byte."""
    return lock < len(locks) and locks[lock, 0] == at and locks[lock, 2] != 0


@part
def begin(h, work):
    """Initialise the state, and the boundary positions before the first position of the text."""
    for j in range(gap_of(vector(h, NUMBERS, np.int64)[0])):
        for c in range(len(work.columns)):
            work.columns[c, j] = 0
        work.columns[CHARACTER, j] = _BOUNDARY
    for k in range(4):
        work.state[k] = 0


@stage
def gather(header, text_at, size, locks_at, lock_count, work_place, marks_at, tags):
    """Gather sequences from the byte in the state on, and mark runs of whitespace.

    text uint8 [size]; locks int64 [lock_count, 3]: ascending spans (begin, end, hard) of bytes
    with no boundary inside; marks uint8 [size]. Returns -1, or the byte that is not UTF-8.
    """
    h = header_at(header)
    text, marks = array_at(text_at, (size,), np.uint8), array_at(marks_at, (size,), np.uint8)
    locks = array_at(locks_at, (lock_count, 3), np.int64)
    work = work_at(h, work_place, size, tags)
    pages, characters = vector(h, PAGES, np.uint32), vector(h, CHARACTERS, np.uint32)
    gap = gap_of(vector(h, NUMBERS, np.int64)[0])
    ids, types = work.columns[CHARACTER, gap:], work.columns[TYPE, gap:]
    places, sequences = work.places, work.sequences
    at, lock = work.state[0], work.state[1]
    m = count = 0  # positions and sequences gathered
    while at < size and m < GATHERED:
        # One sequence. Characters glued to the preceding one get no position of their own.
        first = m
        glued = half_flag = False  # glued: does this character belong to the preceding one?
        while at < size:
            code, length = character(text, at)
            if length == 0:
                return at
            entry = characters[pages[code >> 8] + (code & 0xFF)]
            kind = entry >> _CLASS_SHIFT
            if kind == _SPACE_CLASS:
                break
            if kind or lock < lock_count:
                while lock < lock_count and locks[lock, 1] <= at:
                    lock += 1
                glued |= lock < lock_count and locks[lock, 0] < at
                glued |= kind in (_EXTEND_CLASS, _JOINER_CLASS)
                glued |= kind == _FLAG_CLASS and half_flag
                glued &= not is_set_apart(locks, lock, at)
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
                if class_of(code, pages, characters) != _SPACE_CLASS:
                    break
                at += length
    work.state[0], work.state[1], work.state[2], work.state[3] = at, lock, m, count
    return -1
