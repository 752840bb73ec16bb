"""The probability distribution over all segmentations of a text.

Scores are the same as in `Segmenter.cut`, including the user's words and the spans that are
kept whole. Forced words, kept spans and prescribed boundaries rule segmentations out; the
probability of each remaining one is exp(score), normalised by the sum over all of them.
Runs of whitespace separate independent sequences.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.corpus.schemes import FOUR, SIX
from crfseg.crf.lattice import Lattice, Seed
from crfseg.segmentation.engine import Engine, Style
from crfseg.segmentation.kernels import layout
from crfseg.segmentation.protected_spans import Span


class Segmentation(NamedTuple):
    """The tokens of a segmentation (whitespace runs included) and its log-probability."""

    words: list[str]
    log_probability: float

    @property
    def probability(self) -> float:
        """The probability; it underflows to 0.0 for most long texts."""
        return math.exp(self.log_probability)


class Word(NamedTuple):
    """A word of the best segmentation, its span in characters and its marginal probability."""

    word: str
    begin: int
    end: int
    probability: float


@dataclass(frozen=True, eq=False)
class Marginals:
    """Marginal probabilities of words, boundaries and tags.

    words: those of the best segmentation, without whitespace; boundaries: float64
    [characters + 1], the probability of a boundary (of a word or a whitespace run) before each
    character and at the end; tags: float64 [characters, T], the probability of each tag in
    `names` ("sbme" or "sbcdme") for each character. Whitespace has zeros, and so do characters
    that belong to the one before (combining marks, the rest of an address kept whole).
    """

    text: str
    words: list[Word]
    boundaries: np.ndarray
    tags: np.ndarray
    names: str
    _of: Segmentations = field(repr=False)

    def word(self, begin: int, end: int) -> float:
        """The probability that the characters from `begin` to `end` are a word."""
        return self._of.probability_of(begin, end)


class Segmentations:
    """The segmentations of one text that satisfy the given constraints.

    boundaries: maps an offset in characters to True (a boundary is required there) or False (it
    is forbidden); words: spans of characters (begin, end) that must be words. Constraints
    override spans that would be kept whole, but not the user's forced words. Raises
    SettingsError for offsets outside the text and for constraints that cannot be met: a boundary
    inside a character or a forced word, no boundary beside whitespace, contradictions.
    """

    def __init__(
        self,
        engine: Engine,
        text: str,
        keep_whole: bool = True,
        *,
        boundaries: Mapping[int, bool] | None = None,
        words: Iterable[tuple[int, int]] = (),
    ) -> None:
        self.text = text
        constraints = _constraints(len(text), boundaries or {}, words)
        data = text.encode("utf-8", "surrogatepass")
        starts = np.frombuffer(data + b" ", dtype=np.uint8) & 0xC0 != 0x80
        at = np.flatnonzero(starts)  # the first byte of each character, and the end
        by_byte = {int(at[place]): cut for place, cut in constraints.items()}
        style = Style(b"", layout.KEEP, keep_whole)
        emissions = engine.emissions(data, style, lambda spans: _kept_spans(spans, by_byte))
        character = np.cumsum(starts) - 1  # index of the character that each byte belongs to
        self._places = character[emissions.places].astype(np.int64)
        self._first = emissions.first
        self._fixed = character[np.flatnonzero(emissions.marks)].astype(np.int64)
        self._scheme = FOUR if emissions.scores.shape[1] == FOUR.size else SIX
        self._begins = self._scheme.begins
        allowed = emissions.scores != layout.NEVER
        for place, cut in constraints.items():
            self._demand(place, cut, allowed)
        transitions = engine.table(layout.TRANSITIONS, "i4")
        edges = (np.where(can, 0.0, -np.inf) for can in (self._scheme.begins, self._scheme.ends))
        scale = engine.table(layout.NUMBERS, "i8")[5:6].view(np.float64)[0]
        self.lattice = Lattice(
            emissions.scores, np.where(self._scheme.legal, transitions, -np.inf), *edges,
            allowed=allowed, first=self._first, scale=scale,
        )  # fmt: skip

    def best(self) -> list[str]:
        """The words of the most probable segmentation; whitespace runs are tokens too."""
        return self._words_of(self._best)

    def nbest(self, k: int) -> list[Segmentation]:
        """The k most probable segmentations, best first; fewer if fewer exist."""
        paths, scores = self.lattice.nbest(k)
        logs = scores * self.lattice.scale - self.lattice.log_partition
        return [
            Segmentation(self._words_of(path), log)
            for path, log in zip(paths, logs.tolist(), strict=True)
        ]

    def sample(self, k: int, seed: Seed = None) -> list[list[str]]:
        """Draw k random segmentations from the distribution; a seed makes them reproducible."""
        return [self._words_of(path) for path in self.lattice.sample(k, seed)]

    def log_likelihood(self, words: Sequence[str]) -> float:
        """The log-probability of a segmentation; -inf if the constraints rule it out.

        words: tokens as `best` returns them. Raises SettingsError if they do not make up the text.
        """
        if "".join(words) != self.text:
            raise SettingsError("the words must be those of the text, with its whitespace")
        cuts = {0, *accumulate(map(len, words))} - {len(self.text)}
        if not cuts >= self._known or not cuts <= self._known | self._open:
            return -math.inf
        return self.lattice.log_likelihood(self._path(np.array(sorted(cuts), dtype=np.int64)))

    def marginals(self) -> Marginals:
        """Marginals of all boundaries and tags, and of the words of the best segmentation."""
        n = len(self.text)
        tags, boundaries = np.zeros((n, self._scheme.size)), np.zeros(n + 1)
        at_positions = self.lattice.tag_marginals()
        tags[self._places] = at_positions
        inner = ~self._first
        boundaries[self._places[inner]] = at_positions[inner] @ self._begins
        boundaries[self._fixed] = 1
        boundaries[[0, n]] = 1
        return Marginals(self.text, self._words(), boundaries, tags, self._scheme.tags, self)

    def probability_of(self, begin: int, end: int) -> float:
        """The probability that the characters from `begin` to `end` are a word or whitespace."""
        if not 0 <= begin < end <= len(self.text):
            raise SettingsError(f"({begin}, {end}): must be a span of {len(self.text)} characters")
        possible = self._known | self._open | {len(self.text)}
        if not {begin, end} <= possible or any(k in self._known for k in range(begin + 1, end)):
            return 0.0
        a, b = np.searchsorted(self._places, [begin, end]).tolist()
        if a == b:
            return 1.0  # a run of whitespace
        begins = self._first[a:b].copy()
        begins[0] = True
        path = self._scheme.encode(begins).astype(np.int64)
        return float(np.exp(self.lattice.log_probabilities([a], [path.tolist()])[0]))

    def _demand(self, place: int, cut: bool, allowed: np.ndarray) -> None:
        """Require (cut) or forbid a boundary at a place: clears tags in `allowed`."""
        k = int(np.searchsorted(self._places, place))
        is_position = k < len(self._places) and self._places[k] == place
        if place in self._known:
            if not cut:
                raise _contradicted(place, cut, "it is beside whitespace")
        elif is_position and not self._first[k]:
            allowed[k] &= self._begins == cut
            if not allowed[k].any():
                raise _contradicted(place, cut, "a forced word says otherwise")
        elif cut:
            where = "it is inside of one character, of whitespace or of a forced word"
            raise _contradicted(place, cut, where)

    @cached_property
    def _known(self) -> set[int]:
        """Places where every segmentation has a boundary, except the end of the text."""
        return set(self._fixed.tolist())

    @cached_property
    def _open(self) -> set[int]:
        """Places where a segmentation may or may not have a boundary."""
        return set(self._places[~self._first].tolist())

    @cached_property
    def _best(self) -> np.ndarray:
        return self.lattice.best()

    def _path(self, cuts: np.ndarray) -> np.ndarray:
        """The tags of the segmentation with these boundaries."""
        begins = self._first | np.isin(self._places, cuts)
        return self._scheme.encode(begins).astype(np.int64)

    def _cuts(self, path: np.ndarray) -> np.ndarray:
        """Where the tokens of a path begin, and the end of the text."""
        begins = self._places[self._begins[path] & ~self._first]
        return np.concatenate([np.union1d(begins, self._fixed), [len(self.text)]]).astype(np.int64)

    def _words_of(self, path: np.ndarray) -> list[str]:
        cuts = self._cuts(path).tolist()
        return [self.text[a:b] for a, b in pairwise(cuts)]

    def _words(self) -> list[Word]:
        """The words of the best segmentation."""
        cuts = self._cuts(self._best)
        at = np.searchsorted(self._places, cuts)
        lengths = np.diff(at)
        there = np.flatnonzero(lengths)  # runs of whitespace have no positions
        logs = self.lattice.log_probabilities_of(at[there], lengths[there], self._best)
        return [
            Word(self.text[a:b], a, b, min(p, 1.0))
            for a, b, p in zip(
                cuts[there].tolist(), cuts[there + 1].tolist(), np.exp(logs).tolist(), strict=True
            )
        ]


def _constraints(
    length: int, boundaries: Mapping[int, bool], words: Iterable[tuple[int, int]]
) -> dict[int, bool]:
    """All constraints as boundaries, without those at the ends of the text."""
    constraints: dict[int, bool] = {}
    demands = [(place, bool(cut), f"place {place}") for place, cut in boundaries.items()]
    for begin, end in words:
        if not begin < end:
            raise SettingsError(f"({begin}, {end}): must be a span of characters")
        name = f"word ({begin}, {end})"
        demands += [(begin, True, name), (end, True, name)]
        demands += [(place, False, name) for place in range(begin + 1, end)]
    for place, cut, name in demands:
        if not 0 <= place <= length:
            raise SettingsError(f"{name}: must be within the {length} characters of the text")
        if constraints.setdefault(place, cut) != cut or (not cut and place in (0, length)):
            raise SettingsError(f"{name}: contradicts another boundary at {place}")
    return {place: cut for place, cut in constraints.items() if 0 < place < length}


def _kept_spans(spans: list[Span], constraints: dict[int, bool]) -> list[Span]:
    """The spans to keep whole that no constraint contradicts; all places are bytes."""
    cuts = [at for at, cut in constraints.items() if cut]
    joined = {at for at, cut in constraints.items() if not cut}
    if cuts:
        places = np.array(sorted(cuts))
        spans = [
            (a, b, hard)
            for a, b, hard in spans
            if np.searchsorted(places, a, "right") == np.searchsorted(places, b, "left")
        ]
    return [(a, b, hard and not {a, b} & joined) for a, b, hard in spans]


def _contradicted(place: int, cut: bool, why: str) -> SettingsError:
    demand = "there can be no boundary" if cut else "there is a boundary in any case"
    return SettingsError(f"place {place}: {demand}: {why}")
