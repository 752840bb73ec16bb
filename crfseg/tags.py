"""Tag schemes: how the characters of a word are labelled, and which paths are legal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np

from crfseg.errors import SettingsError


class Scheme(Protocol):
    """Labels 0 .. size - 1 and which of them may follow which, begin and end a sentence.

    legal: bool [T, T]; begins, ends: bool [T].
    """

    @property
    def size(self) -> int: ...
    @property
    def legal(self) -> np.ndarray: ...
    @property
    def begins(self) -> np.ndarray: ...
    @property
    def ends(self) -> np.ndarray: ...


@dataclass(frozen=True)
class TagScheme:
    """One way to label the characters of a word, and the label paths that spell words.

    A word of n > 1 characters is ``b``, then the letters of ``early`` while they last,
    then ``m`` as often as needed, then ``e``; a word of one character is ``s``.
    """

    name: str
    tags: str
    early: str = ""

    @property
    def size(self) -> int:
        """The number of tags T."""
        return len(self.tags)

    def spell(self, length: int) -> str:
        """The tags of a word of ``length`` characters: 3 -> "bme"."""
        if length == 1:
            return "s"
        early = self.early[: length - 2]
        return "b" + early + "m" * (length - 2 - len(early)) + "e"

    @cached_property
    def legal(self) -> np.ndarray:
        """bool [T, T]: legal[s, t] says whether tag t may follow tag s."""
        legal = np.zeros((self.size, self.size), dtype=np.bool_)
        longest = len(self.early) + 4
        for left in range(1, longest + 1):
            word = [self.tags.index(tag) for tag in self.spell(left)]
            for s, t in pairwise(word):
                legal[s, t] = True
            for right in (1, 2):
                legal[word[-1], self.tags.index(self.spell(right)[0])] = True
        return legal

    @cached_property
    def begins(self) -> np.ndarray:
        """bool [T]: the tags that begin a word; also the tags a sentence may begin with."""
        return np.array([tag in "sb" for tag in self.tags])

    @cached_property
    def ends(self) -> np.ndarray:
        """bool [T]: the tags that end a word; also the tags a sentence may end with."""
        return np.array([tag in "se" for tag in self.tags])

    def encode(self, begins: np.ndarray) -> np.ndarray:
        """Tags of characters whose word beginnings are marked.

        begins: bool [N], True where a word begins; begins[0] must be True and every
        sentence must begin a word. Returns uint8 [N] tag indices.
        """
        starts = np.flatnonzero(begins)
        lengths = np.diff(np.append(starts, len(begins)))
        place = np.arange(len(begins)) - np.repeat(starts, lengths)
        size = np.repeat(lengths, lengths)
        index = {tag: i for i, tag in enumerate(self.tags)}
        tags = np.full(len(begins), index["m"], dtype=np.uint8)
        for step, tag in enumerate(self.early, start=1):
            tags[place == step] = index[tag]
        tags[place == size - 1] = index["e"]
        tags[place == 0] = index["b"]
        tags[size == 1] = index["s"]
        return tags


FOUR = TagScheme("4", "sbme")
#: Zhao, Huang & Li (2006), "Effective tag set selection in Chinese word segmentation":
#: b, second (c), third (d), m, e, s.
SIX = TagScheme("6", "sbcdme", early="cd")

SCHEMES = {scheme.name: scheme for scheme in (FOUR, SIX)}


def scheme_by_name(name: str | int) -> TagScheme:
    """The scheme called ``name`` ("4" or "6"); raises SettingsError for another."""
    try:
        return SCHEMES[str(name)]
    except KeyError:
        raise SettingsError(f"--tags {name}: must be one of {', '.join(SCHEMES)}") from None


def tags_of_words(words: list[str]) -> str:
    """The 4-tag string of a segmented sentence: ["为", "人民"] -> "sbe"."""
    return "".join(FOUR.spell(len(word)) for word in words)
