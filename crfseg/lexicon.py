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
from pathlib import Path

import numpy as np

from crfseg.errors import DataError, SettingsError
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
NO_FOLD = 0


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
    A word given twice gets both flags.
    """
    capacity = 16
    while capacity < 2 * len(words):
        capacity *= 2
    slots = np.zeros((capacity, 2), dtype=np.uint64)
    slots[:, 0] = kernels.EMPTY
    kernels.insert(words, ends, flags, np.uint64(radix), slots)
    return Trie(slots, radix)


def read_words(path: str | Path, encoding: str = "utf-8") -> list[str]:
    """The words of a word list: one on a line, whatever follows a blank is ignored.

    Reads jieba's dictionary (``word frequency tag``) as it is. Raises DataError.
    """
    words = []
    try:
        with open(path, encoding="utf-8-sig" if encoding == "utf-8" else encoding) as lines:
            for number, line in enumerate(lines, start=1):
                if "\0" in line:
                    raise DataError(path, number, "NUL character", "one word on a line")
                word = line.split(None, 1)
                if word:
                    words.append(word[0])
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"not {encoding} at byte {error.start}", "a word list") from None
    except LookupError:
        raise SettingsError(f"--encoding {encoding}: not an encoding Python knows") from None
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from None
    if not words:
        raise DataError(path, None, "no words", "one word on a line")
    return words


def usable(words: Iterable[str]) -> list[str]:
    """The distinct words a lexicon can use (2 .. MAX_WORD characters), sorted."""
    return sorted({word for word in words if 2 <= len(word) <= MAX_WORD})
