"""Explain a segmentation: the features for and against each boundary.

The score of a boundary is a difference of max-marginals: the score of the best segmentation with
it minus that of the best one without it. The model cuts where it is above 0, and its magnitude
measures the confidence. Both scores are sums over features; a feature's vote is its contribution
to the first minus its contribution to the second, so the votes add up to the score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from crfseg.features.kernels.keys import EMPTY
from crfseg.features.table import make_plan, make_table
from crfseg.model.feature_names import Spelling
from crfseg.model.segmentation_model import Model
from crfseg.segmentation.compiler import levels_of
from crfseg.text import characters
from crfseg.text.codes import SPACE

#: Score of illegal paths: further below any real score than two real scores can differ.
_ILLEGAL = -(1 << 40)
TRANSITIONS = "transitions"
#: Characters of a text shown on either side of a boundary.
_SHOWN = 3


@dataclass(frozen=True)
class Vote:
    """A feature's contribution to the score of a boundary.

    Its cells are named relative to the character after the boundary, C0; C-1 is the character
    before it. ``transitions`` stands for the transition weights.
    """

    feature: str
    weight: float


@dataclass(frozen=True)
class Boundary:
    """A possible boundary between two characters of a text.

    place: offset in characters; cut: whether the segmentation has a boundary there;
    probability: of the boundary; score: see the module; with_cut, without_cut: the words around
    the place in the best segmentations with and without the boundary; votes: largest first.
    """

    place: int
    cut: bool
    probability: float
    score: float
    with_cut: list[str]
    without_cut: list[str]
    votes: list[Vote]

    def left(self, text: str) -> str:
        """The last few characters before the place, back to the nearest whitespace."""
        return text[max(0, self.place - _SHOWN) : self.place].split()[-1]

    def right(self, text: str) -> str:
        """The first few characters after the place, up to the nearest whitespace."""
        return text[self.place : self.place + _SHOWN].split()[0]

    @property
    def overruled(self) -> bool:
        """Whether a span kept whole (`protected_spans`) or a user's word overruled the model."""
        return self.score != 0 and self.cut != (self.score > 0)


@dataclass(frozen=True)
class Explanation:
    """The words of a text and its possible boundaries in order, except those at whitespace."""

    text: str
    words: list[str]
    boundaries: list[Boundary]


def explain(
    text: str, words: Sequence[str], model: Model, probabilities: np.ndarray
) -> Explanation:
    """Explain why a text was cut into these words; see `Segmenter.explain`.

    model: a plain model, of one standard; probabilities: float64, of a boundary
    before each character.
    """
    cuts = set(accumulate(map(len, words)))
    boundaries = [
        boundary
        for sequence in _sequences(model, text)
        for boundary in sequence.boundaries(cuts, probabilities)
    ]
    return Explanation(text, list(words), boundaries)


def strongest(boundary: Boundary, most: int) -> list[Vote]:
    """The ``most`` largest votes, and the sum of the others as one more vote."""
    shown, others = boundary.votes[:most], boundary.votes[most:]
    if not others:
        return shown
    return [*shown, Vote(f"{len(others)} others", sum(vote.weight for vote in others))]


@dataclass(frozen=True)
class _Firing:
    """An n-gram of the model that occurs at an anchor.

    positions: those whose emissions it adds to; weights int64 [W, T]: one row for each of them.
    """

    family: int
    key: int
    anchor: int
    positions: list[int]
    weights: np.ndarray


def _sequences(model: Model, text: str) -> Iterator[_Sequence]:
    """The whitespace-free runs of a text, with the n-grams of the model that occur in them."""
    codes = characters.code_points(text).astype(np.uint32)
    inside = np.flatnonzero(characters.classes()[codes] != SPACE)
    if not len(inside):
        return
    starts = np.flatnonzero(np.diff(inside, prepend=-2) > 1)
    kept = characters.positions(codes[inside], starts)
    before = np.concatenate([[0], np.cumsum(kept)])
    offsets = before[np.append(starts, len(inside))]
    plan = make_plan(model.templates.families, model.radix)
    tries = [(slice(None), levels_of(model)[0])] if model.lexicons else []
    table = make_table(
        codes[inside][kept], offsets, model.alphabet, model.templates.reach, tries, model.tiers
    )
    keys = [table.keys(plan, f) for f in range(len(model.families))]
    spelling, places, ends = Spelling(model), inside[kept], inside[np.append(starts[1:], 0) - 1]
    for (first, last), end, (begin, _) in zip(
        pairwise(offsets.tolist()), ends.tolist(), table.bounds.tolist(), strict=True
    ):
        firings = list(_firings(model, keys, begin, last - first))
        yield _Sequence(model, spelling, text, [*places[first:last].tolist(), end + 1], firings)


def _firings(model: Model, keys: list[np.ndarray], begin: int, n: int) -> Iterator[_Firing]:
    """The n-grams that add to the emissions of n positions, from row ``begin`` of the table."""
    for f, (shape, family) in enumerate(zip(model.templates.families, model.families, strict=True)):
        for anchor in range(min(shape.shifts), n + max(shape.shifts)):
            key = keys[f][begin + anchor]
            row = int(np.searchsorted(family.keys, key))
            if key == EMPTY or row == len(family.keys) or family.keys[row] != key:
                continue
            positions = [anchor - shift for shift in shape.shifts]
            yield _Firing(f, int(key), anchor, positions, family.weights[row].astype(np.int64))


class _Sequence:
    """One whitespace-free run; places: the offsets of its positions in the text, and its end."""

    def __init__(
        self, model: Model, spelling: Spelling, text: str, places: list[int], firings: list[_Firing]
    ) -> None:
        self.model, self.spelling, self.text, self.places = model, spelling, text, places
        self.firings = firings
        self.at: dict[int, list[_Firing]] = defaultdict(list)
        n = len(places) - 1
        self.emissions = np.zeros((n, model.scheme.size), dtype=np.int64)
        for firing in firings:
            for position, weights in zip(firing.positions, firing.weights, strict=True):
                if 0 <= position < n:
                    self.emissions[position] += weights
                    self.at[position].append(firing)
        self._search()

    def _search(self) -> None:
        """Max-marginals by Viterbi in both directions, with back pointers.

        before, after: int64 [n, T], score of the best path up to and from a tag, both including
        its emission; back, forth: the preceding and the following tag on that path.
        """
        scheme, scores = self.model.scheme, self.emissions
        moves = np.where(scheme.legal, self.model.transitions.astype(np.int64), _ILLEGAL)
        before, after = scores.copy(), scores.copy()
        back, forth = np.zeros(scores.shape, int), np.zeros(scores.shape, int)
        before[0] += np.where(scheme.begins, 0, _ILLEGAL)
        after[-1] += np.where(scheme.ends, 0, _ILLEGAL)
        for i in range(1, len(scores)):
            paths = before[i - 1][:, None] + moves
            back[i] = paths.argmax(axis=0)
            before[i] += paths.max(axis=0)
            j = len(scores) - 1 - i
            paths = moves + after[j + 1][None, :]
            forth[j] = paths.argmax(axis=1)
            after[j] += paths.max(axis=1)
        self.best = before + after - scores
        self.back, self.forth = back, forth

    def boundaries(self, cuts: set[int], probabilities: np.ndarray) -> Iterator[Boundary]:
        """All possible boundaries inside the run.

        cuts: the word boundaries of the text; probabilities: of a boundary at each place.
        """
        begins = self.model.scheme.begins
        for i in range(1, len(self.places) - 1):
            split = self._path(i, begins)
            joined = self._path(i, ~begins)
            votes = self._votes(i, split, joined)
            votes.sort(key=lambda vote: (-abs(vote.weight), vote.feature))
            low, high = self._stretch(i, split, joined)
            yield Boundary(
                place=self.places[i],
                cut=self.places[i] in cuts,
                probability=float(probabilities[self.places[i]]),
                score=sum(vote.weight for vote in votes),
                with_cut=self._words(split, low, high),
                without_cut=self._words(joined, low, high),
                votes=votes,
            )

    def _path(self, i: int, allowed: np.ndarray) -> np.ndarray:
        """int64 [n]: the tags of the best path whose tag at i is allowed."""
        path = np.zeros(len(self.emissions), dtype=np.int64)
        path[i] = np.where(allowed, self.best[i], 2 * _ILLEGAL).argmax()
        for j in range(i, 0, -1):
            path[j - 1] = self.back[j, path[j]]
        for j in range(i, len(path) - 1):
            path[j + 1] = self.forth[j, path[j]]
        return path

    def _votes(self, i: int, split: np.ndarray, joined: np.ndarray) -> list[Vote]:
        scale, votes = self.model.scale, []
        differing = np.flatnonzero(split != joined).tolist()
        firings = {id(firing): firing for j in differing for firing in self.at[j]}
        for firing in firings.values():
            weight = sum(
                int(weights[split[j]] - weights[joined[j]])
                for j, weights in zip(firing.positions, firing.weights, strict=True)
                if 0 <= j < len(split)
            )
            if weight:
                votes.append(Vote(self._name(firing, i), weight * scale))
        moves = self.model.transitions.astype(np.int64)
        weight = int((moves[split[:-1], split[1:]] - moves[joined[:-1], joined[1:]]).sum())
        return [*votes, Vote(TRANSITIONS, weight * scale)] if weight else votes

    def _name(self, firing: _Firing, i: int) -> str:
        names = self.spelling.names(firing.family, firing.anchor - i)
        keys = np.array([firing.key], dtype=np.uint64)
        return self.spelling.join(names, self.spelling.cells(firing.family, keys)[0])

    def _stretch(self, i: int, split: np.ndarray, joined: np.ndarray) -> tuple[int, int]:
        """The nearest positions around i where both paths begin a word."""
        begins = self.model.scheme.begins
        common = np.append(begins[split] & begins[joined], True)
        low = np.flatnonzero(common[:i])[-1]
        return int(low), int(i + np.flatnonzero(common[i:])[0])

    def _words(self, path: np.ndarray, low: int, high: int) -> list[str]:
        begins = np.flatnonzero(self.model.scheme.begins[path[low:high]]) + low
        edges = [self.places[j] for j in (*begins.tolist(), high)]
        return [self.text[a:b] for a, b in pairwise(edges)]
