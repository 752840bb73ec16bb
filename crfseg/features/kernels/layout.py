"""Layouts shared by feature code and kernels: columns, plans, tries. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

#: Columns of the feature table: character, character type, then two for each lexicon: the
#: codes of its longest word that begins at the position and of its longest that ends there.
CHARACTER, TYPE, FIRST_LEXICON = 0, 1, 2
#: Lexicon words have at least 2 characters; lengths above LONGEST count as LONGEST.
LONGEST = 6
#: The least number of folds of the training corpus in which words of the second tier, and of
#: the third, occur.
COMMON, WIDE = 2, 5
# A trie entry is a key (the parent node, then a character id; a pair has none), then which
# characters can follow (a bit for each value of their last three bits), then the flags of the
# word that ends at this node.
FLAG_BITS, FOLLOW_BITS = 19, 8
KEY_BITS = 64 - FLAG_BITS - FOLLOW_BITS
#: The number of ids that `trie.match` reads beyond the end of a sequence.
BEYOND = 2


class Slots(NamedTuple):
    """Templates, and the layout of their weights.

    plan: of the templates; starts int32 [S + 1]: where the weights of each slot begin; labels
    uint16: the label of each weight.
    """

    plan: Plan
    starts: np.ndarray
    labels: np.ndarray


def gap_of(reach: int) -> int:
    """The number of positions kept free between two sequences."""
    return max(reach, BEYOND)


class Plan(NamedTuple):
    """The templates as arrays.

    cells int64 [cells, 3]: offset from the anchor, column, radix of the column;
    cell_starts int64 [F + 1]: the cells of each family;
    windows int64 [F, 2]: first anchor relative to a sequence's first position, last
    anchor relative to its last position;
    templates int64 [G, 3]: family, shift (anchor minus position), place in the row.
    """

    cells: np.ndarray
    cell_starts: np.ndarray
    windows: np.ndarray
    templates: np.ndarray


class Pairs(NamedTuple):
    """A numbering of pairs of ids below K by two levels of bitmaps.

    groups uint64 [K * width, 2]: a bitmap of which of 64 blocks of 64 second ids have a pair,
    and 1 + the number of blocks before; blocks uint64 [1 + B, 2]: an empty one, then a bitmap
    of the ids of each block, and 1 + the number of pairs before; width uint64 [1]: groups per
    first id.
    """

    groups: np.ndarray
    blocks: np.ndarray
    width: np.ndarray


class Levels(NamedTuple):
    """The tables of a trie.

    pairs: the pairs of characters that words begin with, and further pairs numbered along
    with them; openings uint32: the entry of each pair, by its number; entries uint64 [N];
    displacements uint8 [M]; tables int64 [depths, 4]: first entry, number of entries, first
    displacement and number of displacements of each depth, starting with words of three
    characters; bits uint64 [1]: the width of a character id.
    """

    pairs: Pairs
    openings: np.ndarray
    entries: np.ndarray
    displacements: np.ndarray
    tables: np.ndarray
    bits: np.ndarray
