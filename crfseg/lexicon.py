"""Word lists and where their words match: the lexicon columns of the feature table.

A lexicon gives two codes for each position: the length of its longest word that begins
there and of its longest that ends there (0 for none, lengths above LONGEST count as
LONGEST). The words of the training corpus are jackknifed: a sentence is matched with the
words of the other folds only, or every training word would look known and the model
would trust the lexicon too much (see "Jackknife" in docs/how-it-works.md).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from crfseg import hashing, text
from crfseg.errors import CrfsegError, DataError
from crfseg.files import Path, read_lines
from crfseg.kernels import layout
from crfseg.kernels.keys import EMPTY
from crfseg.kernels.layout import Levels
from crfseg.pairs import number_pairs

#: Word lengths are coded 0 (no word), 2 .. LONGEST; longer words count as LONGEST.
LONGEST = 6
CODES = LONGEST + 1
#: Longer words are left out of a lexicon: they are names of one document.
MAX_WORD = 12
#: The bits 0 .. FOLDS - 1 of a word say in which folds of the training corpus it occurs;
#: bit FOLDS + k - 1 says that it is in the k-th lexicon after the first (a trie has
#: room for layout.FLAG_BITS of them).
FOLDS = 10
MAX_LEXICONS = 9


def masks(lexicons: int) -> np.ndarray:
    """uint64 [lexicons]: for each lexicon the flags that say a word is in it."""
    return np.array([flag_bits(k) for k in range(lexicons)], dtype=np.uint64)


def flag_bits(k: int) -> int:
    """The flags of a word of lexicon k that is in all folds."""
    return 1 << (FOLDS + k - 1) if k else (1 << FOLDS) - 1


def build_trie(
    words: np.ndarray,
    ends: np.ndarray,
    flags: np.ndarray,
    radix: int,
    more: np.ndarray | None = None,
) -> tuple[Levels, np.ndarray]:
    """The trie of words given as character ids one after another.

    words: int32 [M] ids in [0, radix); ends: int64 [W] ascending; flags: uint32 [W];
    more: uint64 [P, 2], pairs of ids to be numbered along with those that words begin
    with. Returns the trie and their numbers, int64 [P]. Words have 2 .. MAX_WORD
    characters; one given twice gets both flags. Raises CrfsegError for more words than
    the trie has room for.
    """
    bits = (radix - 1).bit_length()
    ids = words.astype(np.uint64)
    starts = np.concatenate(([0], ends[:-1])).astype(np.int64)
    lengths = ends - starts
    here = np.arange(len(ends))  # the words that are long enough, and their nodes

    def said(nodes: int, node: np.ndarray, depth: int) -> np.ndarray:
        """uint64 [nodes]: the flags of words that end, and what can follow."""
        entries = np.zeros(nodes, dtype=np.uint64)
        ended = lengths[here] == depth
        np.bitwise_or.at(entries, node[ended], flags[here[ended]].astype(np.uint64))
        follow = ids[starts[here[~ended]] + depth] & np.uint64(7)
        np.bitwise_or.at(entries, node[~ended], np.uint64(1 << layout.FLAG_BITS) << follow)
        return entries

    seen = ids[starts] << np.uint64(bits) | ids[starts + 1] if len(ends) else ids
    others = ids[:0] if more is None else more[:, 0] << np.uint64(bits) | more[:, 1]
    openings, node = np.unique(np.concatenate([seen, others]), return_inverse=True)
    node, numbers = node[: len(ends)], node[len(ends) :] + 1
    second = np.uint64((1 << bits) - 1)
    pairs = number_pairs(openings >> np.uint64(bits), openings & second, radix)
    opening_entries = np.append(np.uint64(0), said(len(openings), node, 2)).astype(np.uint32)
    state = node.astype(np.uint64) + np.uint64(1)
    entries, displacements, tables = [np.zeros(0, "u8")], [np.zeros(0, "u1")], []
    first = before = 0
    for depth in range(3, int(lengths.max(initial=2)) + 1):
        keep = lengths[here] >= depth
        here, state = here[keep], state[keep]
        long = state << np.uint64(bits) | ids[starts[here] + depth - 1]
        keys, node = np.unique(long, return_inverse=True)
        shifts, slots, size = hashing.perfect_slots(keys)
        if max(size, len(openings)) << bits >> layout.KEY_BITS:
            raise CrfsegError(f"a lexicon of {len(ends):,} words is too large; expected fewer")
        table = np.full(size, EMPTY, dtype=np.uint64)
        table[slots] = keys << np.uint64(64 - layout.KEY_BITS) | said(len(keys), node, depth)
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


def read_words(path: Path) -> list[str]:
    """The words of a UTF-8 word list: one on a line, whatever follows a blank is ignored.

    Reads jieba's dictionary (``word frequency tag``) as it is. Raises DataError.
    """
    words = [columns[0] for line in read_lines(path) if (columns := line.split(None, 1))]
    if not words:
        raise DataError(path, None, "no words", "one word on a line")
    return words


def usable(words: Iterable[str]) -> list[str]:
    """The distinct words a lexicon can use (2 .. MAX_WORD characters), sorted."""
    return sorted({word for word in words if 2 <= len(word) <= MAX_WORD})


def pack_words(words: Iterable[str]) -> np.ndarray:
    """uint8: the words in UTF-8, each followed by a line end."""
    return np.frombuffer("".join(word + "\n" for word in words).encode("utf-8"), dtype=np.uint8)


def unpack_words(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The code points of packed words one after another (uint32), and where each ends (int64).

    Raises ValueError for bytes that are not UTF-8 or do not end with a line end.
    """
    codes = text.code_points(bytes(packed).decode("utf-8"))
    line_ends = np.flatnonzero(codes == _LINE_END)
    if len(codes) and codes[-1] != _LINE_END:
        raise ValueError("the last word has no line end")
    return codes[codes != _LINE_END], line_ends - np.arange(len(line_ends))


_LINE_END = ord("\n")
