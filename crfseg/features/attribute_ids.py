"""Maps attribute names to ids: those of a model, or new ones during training.

Names are passed as prefixes, and for each name the index of its prefix and its suffix: there
are many attribute names, but most share their prefix with others.
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
from crfseg.features.strings import pack_strings


class AttributeIds(Protocol):
    """Maps attribute names to ids."""

    def find(self, beginnings: Sequence[str], which: np.ndarray, rests: list[str]) -> np.ndarray:
        """int32 [n]: the id of each name, negative for an unknown name.

        beginnings: the prefixes; which int32 [n]: the prefix of each name; rests: the suffixes.
        A name with a NUL never has an id.
        """


class NewAttributeIds:
    """Assigns ids to names in order of first occurrence."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def find(self, beginnings: Sequence[str], which: np.ndarray, rests: list[str]) -> np.ndarray:
        """See `AttributeIds`; every name gets an id. Raises SettingsError for a name with a NUL."""
        names = list(map(add, map(beginnings.__getitem__, which.tolist()), rests))
        for name in dict.fromkeys(names):
            if "\0" in name:
                raise SettingsError(f"attribute {name!r}: must be a string without NUL")
            self.numbers.setdefault(name, len(self.numbers))
        return np.fromiter(map(self.numbers.__getitem__, names), np.int32, len(names))


class KnownAttributeIds:
    """Maps distinct names to their indices in a list."""

    def __init__(self, names: Sequence[str]) -> None:
        self.seed = np.uint64(secrets.randbits(64))
        self.names = self._packed(names)
        self.slots = empty_slots(len(names))
        fill(self.names.hashes, self.slots)

    def find(self, beginnings: Sequence[str], which: np.ndarray, rests: list[str]) -> np.ndarray:
        """See `AttributeIds`."""
        ids, text = np.empty(len(rests), dtype=np.int32), pack_strings(rests)
        with_nul: list[int] = []
        if np.count_nonzero(text == 0) != len(rests):
            with_nul = [k for k, rest in enumerate(rests) if "\0" in rest]
            text = pack_strings([rest.replace("\0", "") for rest in rests])
        find_names(self.names, self.slots, self._packed(beginnings), which, text, ids)
        ids[with_nul] = -1
        return ids

    def _packed(self, names: Sequence[str]) -> Packed:
        text = pack_strings(names)
        starts = np.concatenate(([0], np.flatnonzero(text == 0) + 1))
        packed = Packed(text, starts, np.empty(len(names), dtype=np.uint64))
        hash_names(packed, self.seed)
        return packed
