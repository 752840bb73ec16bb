"""Constants and array layouts shared by the kernels and their callers; imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crfseg.features.kernels.layout import BEYOND, FIRST_LEXICON, gap_of

if TYPE_CHECKING:
    import numpy as np

    from crfseg.features.kernels.layout import Levels, Plan

#: Marks on bytes: inside a token, begin of a word, begin of a run of whitespace.
INSIDE, WORD, SPACE = 0, 1, 2
#: Treatment of whitespace: keep it (no separator beside it); treat its runs as tokens like
#: words; drop it.
KEEP, TOKENS, DROP = 0, 1, 2
#: The score of a tag that is ruled out: its magnitude exceeds any difference of real scores, but
#: two of them plus a sentence's scores stay within int32.
NEVER = -(1 << 28)
#: The strings of 2^CACHED words are cached, see `string_lists.word_lists`.
CACHED = 15
#: A result of RUNS - k means: k candidate spans were found and must be checked first.
RUNS = -(1 << 60)
#: Kinds of candidate spans.
ADDRESS, NUMBER = 1, 0
#: Positions gathered before scoring, and positions scored per step: small enough for buffers to
#: stay in the cache, large enough for loops to overlap look-ups.
GATHERED, STEP = 1024, 512
# Bit fields of an entry in `Tables.characters`: id, then type, then class.
TYPE_SHIFT, CLASS_SHIFT = 21, 26
# How the rows of a family are found: direct index from its cells, number of a character bigram,
# a character's bitmaps over the values of the other cells, perfect hash.
TABLE, PAIR, BITMAP, HASHED = 0, 1, 2, 3
#: Numbers before the offsets of the tables in an image: reach, families, lexicons, tags (the
#: arguments of `work_bytes` that depend on the model).
HEAD = 4


def room_of(size: int, reach: int) -> int:
    """The most positions gathered at once from `size` bytes: one sequence may be all of them."""
    gap = max(reach, BEYOND)
    return min(GATHERED, size * (gap + 1)) + size + 2 * gap


def work_bytes(size: int, reach: int, families: int, lexicons: int, tags: int) -> int:
    """Bytes of scratch memory for a text of `size` bytes; unused pages cost nothing."""
    room = room_of(size, reach) + gap_of(reach)
    each = 4 * (FIRST_LEXICON + 2 * lexicons) + 4 + 20 + 4 * tags + 2
    fixed = STEP * 16 + (STEP + 2 * reach) * (4 * families + 8) + (GATHERED + 1) * 8
    return room * each + 8 * size + words_bytes(size) + fixed + 2048


def words_bytes(size: int) -> int:
    """Bytes of the per-character flags that matching a user's words needs (`user_words`)."""
    return (4 * (size + 1) + 63) // 64 * 64


# Indices of the arrays of Tables, and of its Plan and Levels, in a header.
PAGES, CHARACTERS, PLAN, FAMILIES, WEIGHTS, BITMAPS, DISPLACEMENTS = 0, 1, 2, 6, 7, 8, 9
LEVELS, MASKS, TIERS, NUMBERS, TRANSITIONS, BEGINS = 10, 18, 19, 20, 21, 22
TABLES = 23


class Tables(NamedTuple):
    """The lookup tables of a compiled model.

    pages uint32 [0x1100]: where each block of 256 code points starts in characters uint32
    (id, type and class of each code point); plan: with offsets of templates in words; families
    int64 [F, 6]: how rows are found (TABLE, PAIR, BITMAP, HASHED), start of the family in
    `weights`, stride of its rows (or slots); then, if HASHED, the number of slots, first
    displacement and number of displacements, or, if BITMAP, its first bitmap and the number of
    bitmaps per character; weights uint64: rows of zeros, then rows packed as in
    `ids_to_scores`; bitmaps uint64 [B, 2]: a bit for each of 64 values of a character that
    occurs, and 1 + the number of those in earlier bitmaps; displacements uint8: of the perfect
    hash tables; levels, masks and tiers: see `features.kernels.trie.match`; numbers int64 [6]:
    reach, bits per lane, words per row, bonus of a user's word that no lexicon has and of one
    that a lexicon has, and the bits of a float64, the log-odds that a score of 1 stands for;
    transitions int32 [T, T]; begins uint8 [T]: whether a tag begins a word.
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
