"""Word lists and where their words match: the lexicon columns of the feature table.

A lexicon gives two codes for each position: the length of its longest word that begins
there and of its longest that ends there (0 for none, lengths above LONGEST count as
LONGEST). The words of the training corpus are jackknifed: a sentence is matched with the
words of the other folds only, or every training word would look known and the model
would trust the lexicon too much (see "Jackknife" in docs/how-it-works.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from crfseg import text
from crfseg.errors import DataError
from crfseg.files import Path, read_lines
from crfseg.kernels import trie as kernels

#: Word lengths are coded 0 (no word), 2 .. LONGEST; longer words count as LONGEST.
LONGEST = 6
CODES = LONGEST + 1
#: Longer words are left out of a lexicon: they are names of one document.
MAX_WORD = 12
#: The bits 0 .. FOLDS - 1 of a word say in which folds of the training corpus it occurs;
#: bit FOLDS + k - 1 says that it is in the k-th lexicon after the first.
FOLDS = 10
MAX_LEXICONS = 9


@dataclass(frozen=True)
class Trie:
    """Words of all lexicons in one hash trie over character ids.

    slots: uint64 [2^k, 2]: (node * radix + character id, child << 32 | flags of the
    word that ends at the child). Nodes 0 .. radix - 1 are the single characters.
    """

    slots: np.ndarray
    radix: int


def build_trie(words: np.ndarray, ends: np.ndarray, flags: np.ndarray, radix: int) -> Trie:
    """The trie of words given as character ids one after another.

    words: int32 [M] ids in [0, radix); ends: int64 [W] ascending; flags: uint32 [W].
    Words have 2 .. MAX_WORD characters; one given twice gets both flags.
    """
    capacity = 16
    while capacity < 1.5 * kernels.count_nodes(words, ends):
        capacity *= 2
    slots = np.zeros((capacity, 2), dtype=np.uint64)
    slots[:, 0] = kernels.EMPTY
    path = np.zeros(MAX_WORD, dtype=np.int64)
    kernels.insert(words, ends, flags, np.uint64(radix), slots, path)
    return Trie(slots, radix)


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
