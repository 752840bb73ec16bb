"""Slow, obvious reference implementations, by enumeration."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product

import numpy as np

from crfseg.model.segmentation_model import Model
from crfseg.text import characters
from crfseg.text.characters import normal_forms, types
from crfseg.text.codes import DIGIT, EXTEND, JOINER, LETTER, SPACE

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
    return best_of(legal_paths(len(emissions), tags), emissions, transitions)


def best_of(paths: Iterable[Path], emissions: np.ndarray, transitions: np.ndarray) -> Path:
    """The same of some paths."""
    return max(
        paths,
        key=lambda p: (path_score(p, emissions, transitions), [-t for t in reversed(p)]),
    )


def lattice_score(
    path: Path,
    emissions: np.ndarray,
    transitions: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    first: Sequence[bool],
) -> float:
    """The score of a path over several sequences, which begin where `first` says."""
    score = float(starts[path[0]]) + float(ends[path[-1]])
    for i, t in enumerate(path):
        score += float(emissions[i, t])
        if i and first[i]:
            score += float(ends[path[i - 1]]) + float(starts[t])
        elif i:
            score += float(transitions[path[i - 1], t])
    return score


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


def fold(character: str) -> str:
    """What stands for a character where a text is compared with a user's words."""
    if "\uff01" <= character <= "\uff5e":
        character = chr(ord(character) - 0xFEE0)
    if character > "\u3000":
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    lower = character.lower()
    return lower if len(lower) == 1 else character


def begins_position(text: str) -> list[bool]:
    """For each character, and the end: whether a position or whitespace begins there."""
    kinds = characters.classes()[characters.code_points(text)]
    answer, run = [], 0
    for i, kind in enumerate(kinds):
        run = 0 if kind == SPACE else run + 1  # characters of the sequence so far
        sequence = characters.code_points(text[i + 1 - run : i + 1])
        answer.append(run == 0 or bool(characters.positions(sequence, np.array([0]))[-1]))
    return [*answer, True]


def word_edges(text: str) -> list[bool]:
    """For each character, and the end: whether a user's word may begin or end there."""
    latin: list[bool] = []
    kinds = characters.classes()[characters.code_points(text)]
    for i, c in enumerate(text):
        glued = kinds[i] in (EXTEND, JOINER)
        is_latin = types()[ord(c)] in (LETTER, DIGIT)
        latin.append(bool(is_latin or (glued and i > 0 and latin[i - 1])))
    starts = begins_position(text)
    inner = [starts[i] and not (latin[i - 1] and latin[i]) for i in range(1, len(text))]
    return [True, *inner, True] if text else [True]


def user_matches(text: str, words: set[str]) -> list[tuple[int, int]]:
    """Everywhere a user's words (folded) stand, in characters, in order."""
    folded, edges = "".join(map(fold, text)), word_edges(text)
    places = [i for i, edge in enumerate(edges) if edge]
    return [(a, b) for a in places for b in places if a < b and folded[a:b] in words]


def forced_spans(text: str, words: set[str]) -> list[tuple[int, int]]:
    """Leftmost first, longest first."""
    spans: list[tuple[int, int]] = []
    for a, b in sorted(user_matches(text, words), key=lambda span: (span[0], -span[1])):
        if not spans or a >= spans[-1][1]:
            spans.append((a, b))
    return spans


def preferred_spans(text: str, words: set[str]) -> set[tuple[int, int]]:
    """The longest that begins and the longest that ends at each place."""
    matches = user_matches(text, words)
    begins = {a: (a, b) for a, b in matches}
    ends = {b: (a, b) for a, b in reversed(matches)}
    return {*begins.values(), *ends.values()}


def cut_with_words(
    model: Model, text: str, prefer: set[str], force: set[str], gains: tuple[int, int]
) -> list[str]:
    """The words of a short text with a user's (folded), by enumeration.

    gains: of a preferred word that no lexicon of the model has, and of one that has.
    """
    starts = begins_position(text)[:-1]
    spaces = [bool(characters.classes()[ord(c)] == SPACE) for c in text]
    forced = forced_spans(text, force | {word for word in prefer if " " in word})
    inside = {i for a, b in forced for i in range(a + 1, b)}
    edges = {i for span in forced for i in span}
    preferred = preferred_spans(text, {word for word in prefer if " " not in word})
    cuts = {i for i in range(len(text)) if spaces[i] and not (i and spaces[i - 1])}
    i = 0
    while i < len(text):
        if spaces[i]:
            i += 1
            continue
        end = next((k for k in range(i, len(text)) if spaces[k]), len(text))
        places = [k for k in range(i, end) if starts[k]]
        path = _best_with_words(model, text, places, end, preferred, (edges, inside), gains)
        cuts |= {k for k, t in zip(places, path, strict=True) if model.scheme.tags[t] in "sb"}
        i = end
    edges_of_words = [*sorted(cuts - inside), len(text)]
    return [text[a:b] for a, b in pairwise(edges_of_words)]


def _best_with_words(
    model: Model,
    text: str,
    places: list[int],
    end: int,
    preferred: set[tuple[int, int]],
    forced: tuple[set[int], set[int]],
    gains: tuple[int, int],
) -> Path:
    """The best path of the sequence that has positions at some places and ends at another."""
    sequence = "".join(text[k] for k in places)
    scores, rows, n = emissions(model, sequence), cell_rows(model, sequence), len(places)
    number = {k: i for i, k in enumerate([*places, end])}
    gain, loss = [0] * (n + 1), [0] * (n + 1)
    for a, b in preferred:
        if a not in number or number.get(b, 0) - number[a] < 2:
            continue
        first, last = number[a], number[b]
        size, known = min(last - first, 6) - 2, False
        for k, tiers in enumerate(model.tiers):
            begin, end_ = rows[first][2 + 2 * k] - 1, rows[last - 1][3 + 2 * k] - 1
            known |= begin // tiers == size or end_ // tiers == size
        worth = gains[known]
        for i in (first, last):
            gain[i] = max(gain[i], worth)
        for i in range(first + 1, last):
            loss[i] = max(loss[i], worth)
    opens = np.array([tag in "sb" for tag in model.scheme.tags])
    scores[:, opens] += (np.array(gain) - np.array(loss))[:n, None]

    edges, inside = forced

    def obeys(path: Path) -> bool:
        starting = {k for k, t in zip(places, path, strict=True) if opens[t]}
        return starting.issuperset(edges & {*places}) and not starting & inside - {places[0]}

    paths = filter(obeys, legal_paths(n, model.scheme.tags))
    return best_of(paths, scores, model.transitions)


def entities(labels: Sequence[str]) -> set[tuple[str, int, int]]:
    """Type, begin and end of the entities of B I E S O labels, whether or not these are legal."""
    found = set()
    for i, label in enumerate(labels):
        before = labels[i - 1] if i else "O"
        if label == "O" or (label[0] in "IE" and before[0] in "BI" and before[1:] == label[1:]):
            continue  # none begins here
        end = i + 1
        while labels[end - 1][0] in "BI" and end < len(labels):
            if labels[end][0] not in "IE" or labels[end][1:] != label[1:]:
                break
            end += 1
        found.add((label[2:], i, end))
    return found
