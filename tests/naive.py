"""Slow, obvious references: what the library computes fast, computed by enumeration."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import numpy as np

from crfseg.model import Model
from crfseg.text import normal_forms, types

Path = tuple[int, ...]


def spell(length: int, tags: str) -> str:
    """The tags of a word: s, be, bme, ...; with six tags s, be, bce, bcde, bcdme, ..."""
    if length == 1:
        return "s"
    inner = ("cd" if "c" in tags else "") + "m" * length
    return "b" + inner[: length - 2] + "e"


def spell_words(lengths: Sequence[int], tags: str) -> Path:
    """The tag numbers of words of these lengths."""
    return tuple(tags.index(tag) for length in lengths for tag in spell(length, tags))


def legal_paths(n: int, tags: str) -> Iterator[Path]:
    """Every legal path over n characters: all 2^(n - 1) ways to cut them into words."""
    for cuts in product((False, True), repeat=n - 1):
        edges = [0, *(i for i, cut in enumerate(cuts, 1) if cut), n]
        yield spell_words([b - a for a, b in pairwise(edges)], tags)


def path_score(path: Path, emissions: np.ndarray, transitions: np.ndarray) -> float:
    """The sum of the emission [n, T] and transition [T, T] scores on a path."""
    score = sum(float(emissions[i, t]) for i, t in enumerate(path))
    return score + sum(float(transitions[s, t]) for s, t in pairwise(path))


def log_z(emissions: np.ndarray, transitions: np.ndarray, tags: str) -> float:
    """The logarithm of the sum over all legal paths of exp(score)."""
    scores = [path_score(p, emissions, transitions) for p in legal_paths(len(emissions), tags)]
    return _log_sum_exp(scores)


def marginals(
    emissions: np.ndarray, transitions: np.ndarray, tags: str
) -> tuple[np.ndarray, np.ndarray]:
    """p(t at i) [n, T] and the expected number of transitions s -> t [T, T]."""
    z = log_z(emissions, transitions, tags)
    places, pairs = np.zeros(emissions.shape), np.zeros(transitions.shape)
    for path in legal_paths(len(emissions), tags):
        p = math.exp(path_score(path, emissions, transitions) - z)
        for i, t in enumerate(path):
            places[i, t] += p
        for s, t in pairwise(path):
            pairs[s, t] += p
    return places, pairs


def best_path(emissions: np.ndarray, transitions: np.ndarray, tags: str) -> Path:
    """The legal path of the largest score; of equals the one whose last tags are smaller."""
    return max(
        legal_paths(len(emissions), tags),
        key=lambda p: (path_score(p, emissions, transitions), [-t for t in reversed(p)]),
    )


def log_softmax(emissions: np.ndarray) -> np.ndarray:
    """Of each row [n, T]: scores minus the logarithm of the sum of their exponentials."""
    return np.array([[x - _log_sum_exp(row) for x in row] for row in emissions.tolist()])


def _log_sum_exp(scores: Sequence[float]) -> float:
    top = max(scores)
    return top + math.log(math.fsum(math.exp(score - top) for score in scores))


def lexicon_codes(
    ids: Sequence[int], words: dict[tuple[int, ...], int], tiers: int
) -> list[tuple[int, int]]:
    """At each place the code of the longest word that begins there, and that ends there.

    words: each word's tier, below `tiers`.
    """

    def code(a: int, b: int) -> int:
        return (min(b - a, 6) - 2) * tiers + 1 + words[tuple(ids[a:b])]

    n = len(ids)
    found = [(a, b) for a in range(n) for b in range(a + 2, n + 1) if tuple(ids[a:b]) in words]
    found.sort(key=lambda place: place[1] - place[0])  # the longest last
    begin = {a: code(a, b) for a, b in found}
    end = {b - 1: code(a, b) for a, b in found}
    return [(begin.get(i, 0), end.get(i, 0)) for i in range(n)]


def cells_of(line: str) -> tuple[tuple[int, int], ...]:
    """The cells of a template line: "U05:%x[-1,0]/%x[0,0]" -> ((-1, 0), (0, 0))."""
    return tuple((int(a), int(b)) for a, b in re.findall(r"%x\[(-?\d+),(\d+)\]", line))


def cell_rows(model: Model, text: str) -> list[list[int]]:
    """The feature table of one sequence without glued characters: a row for each character."""
    numbers = {int(code): k for k, code in enumerate(model.alphabet.characters, start=2)}

    def spelled(word: str) -> list[int]:
        return [numbers.get(int(normal_forms()[ord(c)]), 0) for c in word]

    rows = [[k, int(types()[ord(c)])] for k, c in zip(spelled(text), text, strict=True)]
    words = bytes(model.words).decode().split("\n")[:-1]
    for lexicon, tiers in enumerate(model.tiers):
        ranks = [members >> 2 * lexicon & 3 for members in model.members.tolist()]
        inside = {tuple(spelled(w)): r - 1 for w, r in zip(words, ranks, strict=True) if r}
        codes = lexicon_codes(spelled(text), inside, tiers)
        for row, pair in zip(rows, codes, strict=True):
            row += pair
    return rows


def weights_by_feature(model: Model) -> dict[tuple[object, ...], np.ndarray]:
    """(cells of the template, their values) -> int weights [T]."""
    radix = [model.alphabet.size, 7] + [5 * t + 1 for t in model.tiers for _ in range(2)]
    weights = {}
    for shape, family in zip(model.templates.families, model.families, strict=True):
        for key, row in zip(family.keys.tolist(), family.weights, strict=True):
            values = []
            for _, column in reversed(shape.pattern):
                key, value = divmod(key, radix[column])
                values.append(value)
            for place, shift in enumerate(shape.shifts):
                cells = tuple((offset + shift, column) for offset, column in shape.pattern)
                weights[cells, tuple(reversed(values))] = row[place].astype(np.int64)
    return weights


def emissions(model: Model, text: str) -> np.ndarray:
    """int64 [n, T]: the sum of the weights of every template at every character."""
    rows, weights = cell_rows(model, text), weights_by_feature(model)
    beyond = [1] + [0] * (model.columns - 1)
    out = np.zeros((len(text), model.scheme.size), dtype=np.int64)
    for line in model.templates.lines:
        cells = cells_of(line)
        for i in range(len(text) if cells else 0):
            values = tuple(
                (rows[i + offset] if 0 <= i + offset < len(rows) else beyond)[column]
                for offset, column in cells
            )
            out[i] += weights.get((cells, values), 0)
    return out


def cut(model: Model, text: str) -> list[str]:
    """The words of one short sequence without glued characters, by enumeration."""
    path = best_path(emissions(model, text), model.transitions, model.scheme.tags)
    starts = [i for i, t in enumerate(path) if model.scheme.tags[t] in "sb"]
    return [text[a:b] for a, b in pairwise([*starts, len(text)])]
