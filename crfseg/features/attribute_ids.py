"""Numbers of names: of those that a model knows, and of those that come up in training.

What is sought is given as beginnings, and for each name which one it has and what follows it:
names of attributes are many, but most begin as others do.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from operator import add
from typing import Protocol

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.features.hashing import empty_slots
from crfseg.features.kernels.hashing import fill
from crfseg.features.kernels.strings import Packed, find_names, hash_names
from crfseg.features.strings import pack


class Names(Protocol):
    """What has numbers for names."""

    def find(self, beginnings: Sequence[str], which: np.ndarray, rests: list[str]) -> np.ndarray:
        """int32 [n]: the number of each name, below 0 for one without.

        which int32 [n]: its beginning. A name with a NUL has none, and gets none.
        """


class NewNames:
    """Names that get numbers as they come."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def find(self, beginnings: Sequence[str], which: np.ndarray, rests: list[str]) -> np.ndarray:
        """See `Names`; none is without a number: raises SettingsError for one with a NUL."""
        names = list(map(add, map(beginnings.__getitem__, which.tolist()), rests))
        for name in dict.fromkeys(names):
            if "\0" in name:
                raise SettingsError(f"attribute {name!r}: must be a string without NUL")
            self.numbers.setdefault(name, len(self.numbers))
        return np.fromiter(map(self.numbers.__getitem__, names), np.int32, len(names))


class KnownNames:
    """Names that have their numbers: their places in a list; no two are the same."""

    def __init__(self, names: Sequence[str]) -> None:
        self.seed = np.uint64(secrets.randbits(64))
        self.names = self._packed(names)
        self.slots = empty_slots(len(names))
        fill(self.names.hashes, self.slots)

    def find(self, beginnings: Sequence[str], which: np.ndarray, rests: list[str]) -> np.ndarray:
        """See `Names`."""
        found, text = np.empty(len(rests), dtype=np.int32), pack(rests)
        strange: list[int] = []
        if np.count_nonzero(text == 0) != len(rests):
            strange = [k for k, rest in enumerate(rests) if "\0" in rest]
            text = pack([rest.replace("\0", "") for rest in rests])
        find_names(self.names, self.slots, self._packed(beginnings), which, text, found)
        found[strange] = -1
        return found

    def _packed(self, names: Sequence[str]) -> Packed:
        text = pack(names)
        starts = np.concatenate(([0], np.flatnonzero(text == 0) + 1))
        packed = Packed(text, starts, np.empty(len(names), dtype=np.uint64))
        hash_names(packed, self.seed)
        return packed
