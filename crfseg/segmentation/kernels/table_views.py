"""Array views of a model's tables and of scratch memory, given their addresses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg.features.kernels.layout import FIRST_LEXICON, Levels, Pairs, Plan
from crfseg.features.kernels.layout import gap_of as _gap_of
from crfseg.jit.decorators import part
from crfseg.jit.memory import array_at, matrix, vector
from crfseg.segmentation.kernels import layout
from crfseg.segmentation.kernels.layout import (
    FAMILIES,
    GATHERED,
    LEVELS,
    MASKS,
    NUMBERS,
    PLAN,
    STEP,
    TABLES,
)

gap_of, room_of = part(_gap_of), part(layout.room_of)


class Work(NamedTuple):
    """Scratch memory for one text; `gap` unused positions separate two sequences.

    state int64 [4]: the byte to continue at, the index of the next locked span, the numbers of
    positions and sequences gathered; sequences int32 [GATHERED + 1, 2]: begin and end of each;
    columns int32 [C, room + gap]: the feature table, whose first `gap` positions are before the
    text; places int32 [room]: byte offset of each position; numbers uint32 [room + gap]: see
    `features.kernels.pairs.number`; scratch uint32 [4, room]: see
    `features.kernels.trie.match`; keys uint64, sums uint64, rows uint32 [F, ..]: for STEP
    positions, see `ids_to_scores`; scores int32 [room, T]; back uint8 [room] and path uint8
    [room]: see `scores_to_tags.viterbi_of_words`.
    """

    state: np.ndarray
    sequences: np.ndarray
    columns: np.ndarray
    places: np.ndarray
    numbers: np.ndarray
    scratch: np.ndarray
    keys: np.ndarray
    sums: np.ndarray
    rows: np.ndarray
    scores: np.ndarray
    back: np.ndarray
    path: np.ndarray


@part
def header_at(address):
    """The header of the Tables: int64 [TABLES, 3], address and shape of each array."""
    return array_at(address, (TABLES, 3), np.int64)


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
def work_at(h, at, size, tags):
    """The scratch memory at an address for a text of `size` bytes; see `layout.work_bytes`."""
    reach, T = vector(h, NUMBERS, np.int64)[0], len(tags)
    gap, room = gap_of(reach), room_of(size, reach)
    width, columns = room + gap, FIRST_LEXICON + 2 * h[MASKS, 1]
    step, families = STEP + 2 * reach, h[FAMILIES, 1]
    state = array_at(at, (4,), np.int64)
    at += 32
    keys = array_at(at, (step,), np.uint64)
    at += 8 * step
    sums = array_at(at, (STEP,), np.uint64)
    at += 8 * STEP
    sequences = array_at(at, (GATHERED + 1, 2), np.int32)
    at += 8 * (GATHERED + 1)
    table = array_at(at, (columns, width), np.int32)
    at += 4 * columns * width
    rows = array_at(at, (families, step), np.uint32)
    at += 4 * families * step
    places = array_at(at, (room,), np.int32)
    at += 4 * room
    scratch = array_at(at, (4, room), np.uint32)
    at += 16 * room
    numbers = array_at(at, (width,), np.uint32)
    at += 4 * width
    scores = array_at(at, (room, T), np.int32)
    at += 4 * T * room
    back, path = array_at(at, (room,), np.uint8), array_at(at + room, (room,), np.uint8)
    return Work(
        state,
        sequences,
        table,
        places,
        numbers,
        scratch,
        keys,
        sums,
        rows,
        scores,
        back,
        path,
    )
