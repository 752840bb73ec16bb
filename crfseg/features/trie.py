"""Builds the trie for lexicon matching."""

from __future__ import annotations

import numpy as np

from crfseg.common.errors import CrfsegError
from crfseg.features import hashing
from crfseg.features.bitmaps import number_pairs
from crfseg.features.kernels.keys import EMPTY
from crfseg.features.kernels.layout import FLAG_BITS, KEY_BITS, Levels


def build_trie(
    words: np.ndarray,
    ends: np.ndarray,
    flags: np.ndarray,
    radix: int,
    more: np.ndarray | None = None,
) -> tuple[Levels, np.ndarray]:
    """Builds the trie of words, which are concatenated character ids.

    words: int32 [M] ids in [0, radix); ends: int64 [W] ascending; flags: uint32 [W];
    more: uint64 [P, 2], further pairs of ids to number along with the first pairs of words.
    Returns the trie and the numbers of the further pairs, int64 [P]. Words have 2 .. MAX_WORD
    characters; a word that occurs twice gets both flags. Raises CrfsegError for more words
    than the trie has room for.
    """
    bits = (radix - 1).bit_length()
    growing = _Growing(words.astype(np.uint64), ends, flags)
    ids, starts = growing.ids, growing.starts
    seen = ids[starts] << np.uint64(bits) | ids[starts + 1] if len(ends) else ids
    others = ids[:0] if more is None else more[:, 0] << np.uint64(bits) | more[:, 1]
    openings, node = np.unique(np.concatenate([seen, others]), return_inverse=True)
    node, numbers = node[: len(ends)], node[len(ends) :] + 1
    second = np.uint64((1 << bits) - 1)
    pairs = number_pairs(openings >> np.uint64(bits), openings & second, radix)
    first_entries = growing.entries(len(openings), node, 2)
    opening_entries = np.append(np.uint64(0), first_entries).astype(np.uint32)
    state = node.astype(np.uint64) + np.uint64(1)
    entries, displacements, tables = [np.zeros(0, "u8")], [np.zeros(0, "u1")], []
    first = before = 0
    for depth in range(3, int(growing.lengths.max(initial=2)) + 1):
        state = state[growing.keep(depth)]
        long = state << np.uint64(bits) | ids[starts[growing.words] + depth - 1]
        keys, node = np.unique(long, return_inverse=True)
        shifts, slots, size = hashing.perfect_slots(keys)
        if max(size, len(openings)) << bits >> KEY_BITS:
            raise CrfsegError(f"a lexicon of {len(ends):,} words is too large; expected fewer")
        table = np.full(size, EMPTY, dtype=np.uint64)
        said = growing.entries(len(keys), node, depth)
        table[slots] = keys << np.uint64(64 - KEY_BITS) | said
        tables.append((first, size, before, len(shifts)))
        entries.append(table)
        displacements.append(shifts)
        first, before = first + size, before + len(shifts)
        state = slots[node].astype(np.uint64)
    levels = Levels(
        pairs,
        opening_entries,
        np.concatenate(entries),
        np.concatenate(displacements),
        np.array(tables, dtype=np.int64).reshape(-1, 4),
        np.array([bits], dtype=np.uint64),
    )
    return levels, numbers


class _Growing:
    """The words that reach the current depth of the trie.

    ids uint64 [M]: characters; starts, lengths int64 [W]: of each word; words int64: the
    indices of those that are long enough.
    """

    def __init__(self, ids: np.ndarray, ends: np.ndarray, flags: np.ndarray) -> None:
        self.ids, self.flags = ids, flags
        self.starts = np.concatenate(([0], ends[:-1])).astype(np.int64)
        self.lengths = ends - self.starts
        self.words = np.arange(len(ends))

    def keep(self, depth: int) -> np.ndarray:
        """Drops the words shorter than ``depth``; returns bool: which ones are kept."""
        kept: np.ndarray = self.lengths[self.words] >= depth
        self.words = self.words[kept]
        return kept

    def entries(self, nodes: int, node: np.ndarray, depth: int) -> np.ndarray:
        """uint64 [nodes]: the flags of words that end at each node, and what can follow."""
        entries = np.zeros(nodes, dtype=np.uint64)
        ended = self.lengths[self.words] == depth
        flags = self.flags[self.words[ended]].astype(np.uint64)
        np.bitwise_or.at(entries, node[ended], flags)
        follow = self.ids[self.starts[self.words[~ended]] + depth] & np.uint64(7)
        np.bitwise_or.at(entries, node[~ended], np.uint64(1 << FLAG_BITS) << follow)
        return entries
