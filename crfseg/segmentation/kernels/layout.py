"""What both sides of the kernels agree on: arrays and numbers. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crfseg.features.kernels.layout import BEYOND, FIRST_LEXICON, gap_of

if TYPE_CHECKING:
    import numpy as np

    from crfseg.features.kernels.layout import Levels, Plan

#: What is said of the first byte of a character.
INSIDE, WORD, SPACE = 0, 1, 2
#: What becomes of whitespace: it is kept and separates by itself; its runs are tokens like
#: words; it is left out.
KEEP, TOKENS, DROP = 0, 1, 2
#: The score of what is ruled out: larger than any difference real scores make up for, small
#: enough that two of them and a sentence's scores stay within int32.
NEVER = -(1 << 28)
#: The strings of 2^CACHED words are kept, see `words.word_lists`.
CACHED = 15
#: Results below this: there are so many runs that could be kept whole, look at them first.
RUNS = -(1 << 60)
#: What a run of characters could be: an address or a number.
ADDRESS, NUMBER = 1, 0
#: Positions gathered before they are worked on, and worked on at once: buffers that stay
#: in the cache, loops long enough to overlap look-ups.
GATHERED, STEP = 1024, 512
# A character's entry in `Tables.characters`: id, then type, then class.
TYPE_SHIFT, CLASS_SHIFT = 21, 26
# How the rows of a family are found: by its cells, by the number of two neighbouring
# characters, by a character's bitmaps of the values of the other cells, by hashing.
TABLE, PAIR, BITMAP, HASHED = 0, 1, 2, 3
#: Numbers before the places of the tables in an image: reach, families, lexicons, tags;
#: what `work_bytes` is told of a model.
HEAD = 4


def room_of(size: int, reach: int) -> int:
    """Positions there can be at once in a text of so many bytes: one sequence may be all of it."""
    gap = max(reach, BEYOND)
    return min(GATHERED, size * (gap + 1)) + size + 2 * gap


def work_bytes(size: int, reach: int, families: int, lexicons: int, tags: int) -> int:
    """Bytes of scratch memory for a text of so many bytes; what is not used costs nothing."""
    room = room_of(size, reach) + gap_of(reach)
    each = 4 * (FIRST_LEXICON + 2 * lexicons) + 4 + 20 + 4 * tags + 2
    fixed = STEP * 16 + (STEP + 2 * reach) * (4 * families + 8) + (GATHERED + 1) * 8
    return room * each + 8 * size + words_bytes(size) + fixed + 2048


def words_bytes(size: int) -> int:
    """Bytes of what is known of the characters of a text for a user's words."""
    return (4 * (size + 1) + 63) // 64 * 64


# Places of the arrays of Tables, and of those of its Plan and Levels, in a header.
PAGES, CHARACTERS, PLAN, FAMILIES, WEIGHTS, BITMAPS, DISPLACEMENTS = 0, 1, 2, 6, 7, 8, 9
LEVELS, MASKS, TIERS, NUMBERS, TRANSITIONS, BEGINS = 10, 18, 19, 20, 21, 22
TABLES = 23


class Tables(NamedTuple):
    """A model laid out for speed.

    pages uint32 [0x1100]: where the block of each 256 code points starts in characters
    uint32; plan: its templates with places in words; families int64 [F, 6]: how rows are
    found (TABLE, PAIR, BITMAP, HASHED), where the family starts in `weights`, the distance
    from one row (or slot) to the next; then, if HASHED, the number of slots, first
    displacement and number of displacements, and if BITMAP the first of its bitmaps and how
    many each character has; weights uint64: rows of zeros, then rows, see `packed`; bitmaps
    uint64 [B, 2]: for each 64 values of a character those there are, and 1 + how many there
    are before; displacements uint8;
    levels, masks and tiers: see `trie.match`; numbers int64 [6]: reach, bits of a lane,
    words of a row, what a user's word gains that no lexicon has, and one that has, the bits
    of a float64: what a score of 1 is worth;
    transitions int32 [T, T]; begins uint8 [T].
    """

    pages: np.ndarray
    characters: np.ndarray
    plan: Plan
    families: np.ndarray
    weights: np.ndarray
    bitmaps: np.ndarray
    displacements: np.ndarray
    levels: Levels
    masks: np.ndarray
    tiers: np.ndarray
    numbers: np.ndarray
    transitions: np.ndarray
    begins: np.ndarray
