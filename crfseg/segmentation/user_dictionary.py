"""The user's dictionary: fast to search, and changeable at any time.

docs/guide/user-dictionary.md describes what its words do, `kernels.user_words` how.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.jit import native
from crfseg.text import characters
from crfseg.text.codes import SPACE

_SMALLEST = 1 << 6


@dataclass(frozen=True, eq=False)
class Words:
    """Words as concatenated code points (uint32) and the end of each word (int64)."""

    codes: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Words in folded form, as they are compared; raises SettingsError for invalid words."""
        stripped = [word.strip() for word in words]
        codes = characters.folded(characters.code_points("".join(stripped)))
        ends = np.cumsum([len(word) for word in stripped], dtype=np.int64)
        spaces = (characters.classes()[codes] == SPACE) & (codes != ord(" "))
        empty = np.diff(ends, prepend=0) == 0
        first = np.append(np.flatnonzero(spaces), 2**62)[0]  # the first forbidden whitespace
        for bad in (empty, ends > first):
            if bad.any():
                word = stripped[int(np.argmax(bad))]
                shown = repr(word if len(word) <= 60 else word[:59] + "…")
                raise SettingsError(
                    f"{shown}: cannot be a word of a dictionary; expected characters, "
                    "perhaps with spaces between them"
                )
        return cls(codes, ends)

    def split(self) -> tuple[Words, Words]:
        """The words with a space, and those without."""
        spaces = np.append(0, np.cumsum(self.codes == ord(" ")))[np.append(0, self.ends)]
        spaced = np.diff(spaces) > 0
        return self._chosen(spaced), self._chosen(~spaced)

    def _chosen(self, which: np.ndarray) -> Words:
        lengths = np.diff(self.ends, prepend=0)
        return Words(self.codes[np.repeat(which, lengths)], np.cumsum(lengths[which]))


@dataclass(frozen=True, eq=False)
class Trie:
    """A trie as in `kernels.user_trie`: table uint64 [slots, 2]; filled: occupied slots."""

    table: np.ndarray
    filled: int

    @classmethod
    def empty(cls) -> Trie:
        return cls(np.zeros((_SMALLEST, 2), dtype=np.uint64), 0)

    def changed(self, words: Words, adding: bool) -> Trie:
        """A copy of the trie with the words added, or removed if not ``adding``."""
        if not len(words.ends) or not (adding or self.filled):
            return self
        table, state = self.table.copy(), np.array([self.filled, adding], dtype=np.int64)
        old, done, start = table[:0], 0, 0
        while True:
            codes, ends = words.codes[start:], words.ends[done:] - start
            done += native.entry("enter_words")(
                table.ctypes.data, len(table), old.ctypes.data, len(old), state.ctypes.data,
                codes.ctypes.data, ends.ctypes.data, len(ends),
            )  # fmt: skip
            if done == len(words.ends):
                return Trie(table, int(state[0]))
            start = int(words.ends[done - 1]) if done else 0
            slots, needed = 2 * len(table), 2 * int(state[0] + words.ends[done] - start)
            old, table = table, np.zeros((max(slots, 1 << needed.bit_length()), 2), dtype=np.uint64)


class Snapshot:
    """Immutable tries; `kernels.pipeline` describes the numbers at the address."""

    def __init__(self, forced: Trie, preferred: Trie) -> None:
        self.forced, self.preferred = forced, preferred
        self._lower = characters.lower_forms()
        numbers = [self._lower.ctypes.data]
        for trie in (forced, preferred):
            numbers += [trie.table.ctypes.data, len(trie.table) if trie.filled else 0]
        self._numbers = array("q", numbers)
        self.address = self._numbers.buffer_info()[0]


class UserDictionary:
    """Preferred words and forced words; threads may share it.

    Changes are queued and applied by the next call that segments, which sees all earlier ones.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: list[tuple[Words, bool, bool]] = []  # words, whether forced, preferred
        self._snapshot = Snapshot(Trie.empty(), Trie.empty())

    def add(self, words: Iterable[str], force: bool = False) -> None:
        """Add words, or change their strength; those with a space are always forced."""
        spaced, others = Words.of(words).split()
        self._ask((spaced, True, False), (others, force, not force))

    def remove(self, words: Iterable[str]) -> None:
        """Remove words; those not in the dictionary are ignored."""
        self._ask((Words.of(words), False, False))

    def _ask(self, *changes: tuple[Words, bool, bool]) -> None:
        with self._lock:
            self._asked += [change for change in changes if len(change[0].ends)]

    def snapshot(self) -> Snapshot:
        """The current words, after applying queued changes."""
        if self._asked:
            with self._lock:
                forced, preferred = self._snapshot.forced, self._snapshot.preferred
                for words, force, prefer in self._asked:
                    forced = forced.changed(words, force)
                    preferred = preferred.changed(words, prefer)
                # The order matters: a thread that sees no queued change reads the snapshot
                # without the lock.
                self._snapshot = Snapshot(forced, preferred)
                self._asked = []
        return self._snapshot

    def __getstate__(self) -> dict[str, Any]:
        now = self.snapshot()
        return {"forced": now.forced, "preferred": now.preferred}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        self._snapshot = Snapshot(state["forced"], state["preferred"])
