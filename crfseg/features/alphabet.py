"""Maps characters and the values of token columns to ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crfseg.common.errors import CrfsegError
from crfseg.text import characters as characters_module
from crfseg.text.codes import CODE_POINTS, FIRST_CHARACTER

#: More than any language has; limits the tables of a model, which grow with each character.
_MOST_CHARACTERS = 1 << 17


@dataclass(frozen=True)
class Alphabet:
    """The characters a model knows, by id.

    characters: uint32 [K - 2], code points of normal forms; the first has id 2. Raises
    CrfsegError for more than _MOST_CHARACTERS.
    """

    characters: np.ndarray

    def __post_init__(self) -> None:
        if len(self.characters) > _MOST_CHARACTERS:
            raise CrfsegError(
                f"{len(self.characters):,} different characters; expected text, which has at most "
                f"{_MOST_CHARACTERS:,}"
            )

    @property
    def size(self) -> int:
        """The number of ids K."""
        return len(self.characters) + FIRST_CHARACTER

    @cached_property
    def table(self) -> np.ndarray:
        """int32 [0x110000]: the id of every code point."""
        ids = np.zeros(CODE_POINTS, dtype=np.int32)
        ids[self.characters] = np.arange(FIRST_CHARACTER, self.size, dtype=np.int32)
        return ids[characters_module.normal_forms()]

    @classmethod
    def of(cls, codes: np.ndarray, more: np.ndarray) -> Alphabet:
        """The alphabet of a corpus and of further text, in order of frequency in the corpus."""
        normal = characters_module.normal_forms()
        counts = np.bincount(normal[codes], minlength=CODE_POINTS)
        extra = np.bincount(normal[more], minlength=CODE_POINTS)
        known = np.flatnonzero((counts > 0) | (extra > 0))
        order = np.lexsort((known, -counts[known]))
        return cls(known[order].astype(np.uint32))


def concatenate_ids(words: Sequence[str], alphabet: Alphabet) -> tuple[np.ndarray, np.ndarray]:
    """The concatenated character ids of words (int32), and where each word ends (int64)."""
    ids = alphabet.table[characters_module.code_points("".join(words))]
    return ids, np.cumsum([len(word) for word in words], dtype=np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """The known values of a token column, by id; the first has id FIRST_CHARACTER."""

    words: list[str]

    @property
    def size(self) -> int:
        """The number of ids."""
        return len(self.words) + FIRST_CHARACTER

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The id of each value."""
        return {word: k for k, word in enumerate(self.words, FIRST_CHARACTER)}
