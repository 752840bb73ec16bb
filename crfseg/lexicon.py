"""Word lists and where their words match: the lexicon columns of the feature table.

A lexicon gives two codes for each position, one of its longest word that begins there and
one of its longest that ends there: how long it is and, for a lexicon of several tiers, how
widely it is used (`kernels.trie.code_of`). The words of the training corpus are jackknifed:
a sentence is matched with the words of the other folds only, or every training word would
look known and the model would trust the lexicon too much; a word's tier says in how many
folds it occurs (see "Jackknife" in docs/how-it-works.md).
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence

import numpy as np

from crfseg import hashing, text
from crfseg.errors import CrfsegError, DataError
from crfseg.files import Path, read_lines
from crfseg.kernels import layout
from crfseg.kernels.keys import EMPTY
from crfseg.kernels.layout import COMMON, WIDE, Levels
from crfseg.pairs import number_pairs

#: Longer words are left out of a lexicon: they are names of one document.
MAX_WORD = 12
#: The flags of a word: bits 0 .. FOLDS - 1 say in which folds of the training corpus it
#: occurs, bit FOLDS + k that it is in the k-th word list (a trie has room for
#: layout.FLAG_BITS of them).
FOLDS = 10
MAX_LEXICONS = 9
#: In how many folds a word of the training corpus occurs at least, by its tier.
TIERS = (1, COMMON, WIDE)
#: Whitespace that no word can have; blanks it can.
_NO_BLANK = re.compile("[\x09-\x0d\x1c-\x1f\x85\u2028\u2029\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER_AND_TAG = re.compile(r" +[0-9]+(\.[0-9]+)?( +[a-z]{1,5})?$")
_TAG = re.compile(r"(?<=[^\x00-\x7f]) +[a-z]{1,4}$")


def masks(tiers: Sequence[int]) -> np.ndarray:
    """uint64 [lexicons]: for each lexicon the flags that say a word is in it.

    tiers: how many each lexicon has; only that of the training words has more than one.
    """
    lists = [1 << (FOLDS + k) for k in range(len(tiers))]
    own = [(1 << FOLDS) - 1] if has_own(tiers) else []
    return np.array([*own, *lists][: len(tiers)], dtype=np.uint64)


def has_own(tiers: Sequence[int]) -> bool:
    """Whether the first lexicon is that of the training words."""
    return bool(tiers) and tiers[0] == len(TIERS)


def tier_of(folds: int) -> int:
    """The tier of a word of the training corpus, from the bits of the folds it occurs in."""
    return bisect(TIERS, folds.bit_count()) - 1


def flags_of(members: np.ndarray, tiers: Sequence[int]) -> np.ndarray:
    """uint32 [W]: the flags of the words of a plain model, whose folds are all the same now.

    members uint32 [W]: see `Model`. As many folds as a word's tier asks for.
    """
    ranks = [(members >> (2 * k)) & 3 for k in range(len(tiers))]
    flags = np.zeros(len(members), dtype=np.uint32)
    if has_own(tiers):
        folds = np.array([0, *((1 << count) - 1 for count in TIERS)], dtype=np.uint32)
        flags |= folds[ranks.pop(0)]
    for k, rank in enumerate(ranks):
        flags |= (rank > 0).astype(np.uint32) << (FOLDS + k)
    return flags


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
    """The words of a UTF-8 word list, one on a line; blank lines are left out.

    A tab ends a word. Without one, a number at the end of the line (after a space), and a tag
    of lower-case letters after it, are left out: jieba's dictionary (``word frequency tag``)
    is read as it is; so is a tag of up to four letters alone after a character that is not
    ASCII. All else is the word, spaces included. Raises DataError.
    """
    words = []
    for number, line in enumerate(read_lines(path), 1):
        if word := _word_of(line):
            if not word.isprintable() and (strange := _NO_BLANK.search(word)):
                problem = f"U+{ord(strange[0]):04X} inside of a word"
                raise DataError(path, number, problem, "one word on a line")
            words.append(word)
    if not words:
        raise DataError(path, None, "no words", "one word on a line")
    return words


def _word_of(line: str) -> str:
    word, tab, _ = line.partition("\t")
    word = word.strip()
    if tab or " " not in word:
        return word
    return _TAG.sub("", _NUMBER_AND_TAG.sub("", word))


def usable(words: Iterable[str]) -> list[str]:
    """The distinct words a lexicon can use, sorted.

    Of 2 .. MAX_WORD characters, without spaces and lone surrogates (which UTF-8 cannot write).
    """
    fitting = {w for w in words if 2 <= len(w) <= MAX_WORD and "".join(w.split()) == w}
    return sorted(w for w in fitting if not _SURROGATE.search(w))


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
