"""What feature code and kernels agree on: columns, plans and tries. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

#: Columns of the feature table: character, character type, then two for each lexicon: the
#: code of its longest word that begins here, and of its longest that ends here.
CHARACTER, TYPE, FIRST_LEXICON = 0, 1, 2
#: Lexicon words have lengths from 2 on; those above LONGEST count as LONGEST.
LONGEST = 6
#: In how many folds of the training corpus a word occurs at least if it is in the second
#: tier, and in the third.
COMMON, WIDE = 2, 5
# An entry of a trie is a key (the node above, then a character id; a pair has none), then
# which characters can follow (a bit for each value of their last three bits), then the
# flags of the word that ends here.
FLAG_BITS, FOLLOW_BITS = 19, 8
KEY_BITS = 64 - FLAG_BITS - FOLLOW_BITS
#: Ids that `trie.match` reads beyond the end.
BEYOND = 2


class Slots(NamedTuple):
    """Templates, and where their weights stand.

    plan: of the templates; starts int32 [S + 1]: where in the weights those of each slot begin;
    labels uint16: of each weight.
    """

    plan: Plan
    starts: np.ndarray
    labels: np.ndarray


def gap_of(reach: int) -> int:
    """Positions kept free between two sequences."""
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
    """Pairs of ids below K.

    groups uint64 [K * width, 2]: for 64 blocks of 64 second ids each, which have a pair,
    and 1 + the number of blocks before; blocks uint64 [1 + B, 2]: an empty one, then the
    same for the ids of a block and the pairs before; width uint64 [1]: groups of one first id.
    """

    groups: np.ndarray
    blocks: np.ndarray
    width: np.ndarray


class Levels(NamedTuple):
    """The tables of a trie.

    pairs: the pairs of characters that words begin with, and others that are to be numbered
    along with them; openings uint32: by the number of a pair, its entry; entries uint64
    [N]; displacements uint8 [M]; tables int64 [depths, 4]: first entry, number of entries,
    first displacement and number of displacements of each depth, from words of three
    characters on; bits uint64 [1]: the width of a character id.
    """

    pairs: Pairs
    openings: np.ndarray
    entries: np.ndarray
    displacements: np.ndarray
    tables: np.ndarray
    bits: np.ndarray
