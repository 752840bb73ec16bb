"""A tagger from the text that `tagger_text` writes, perhaps edited since."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from crfseg.container import sound
from crfseg.files import Path
from crfseg.spelling import UNKNOWN, TokenNames, escape_token, unescape_token
from crfseg.tagger_model import MOST_COLUMNS, SparseFamily, TaggerModel, pack
from crfseg.tagger_text import NONE
from crfseg.text_sections import NGrams, Numbers, Section, clip
from crfseg.token_features import parse_templates

_IN_COLUMNS = "a value in [columns]"
_NOWHERE = Section("", 0)
#: The names of the arrays of a family.
_FAMILY = [part.name for part in fields(SparseFamily)]


def read_tagger(path: Path, sections: dict[str, Section]) -> TaggerModel:
    """The tagger that sections describe.

    Raises DataError naming the line that is wrong, ModelError where only the whole is.
    """
    description = sections["description"]
    metadata = description.json()
    with sound(f"{os.fspath(path)}:{description.first}"):
        bare = TaggerModel.make(metadata, _empty_arrays(metadata))
    words = _read_columns(sections["columns"], bare.columns)
    arrays = bare.arrays() | {f"column.{c}": pack(list(seen)) for c, seen in enumerate(words)}
    with sound(os.fspath(path)):
        bare = TaggerModel.make(metadata, arrays)
    numbers = Numbers(bare.scale)
    labels = {escape_token(label): t for t, label in enumerate(bare.scheme.names)}
    arrays["transitions"] = _read_transitions(sections["transitions"], labels, numbers)
    if "dictionary" in sections:
        arrays |= _read_dictionary(sections["dictionary"], labels, list(words[0]))
    arrays |= _read_features(sections["features"], bare, labels, numbers)
    with sound(os.fspath(path)):
        return TaggerModel.make(metadata, arrays)


def _empty_arrays(metadata: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of a tagger without values, transitions and n-grams."""
    T, columns = len(metadata["labels"]), metadata["columns"]
    if not 1 <= columns <= MOST_COLUMNS:
        return {}  # what is made of it says so
    arrays = {f"column.{c}": pack([]) for c in range(columns)}
    arrays["transitions"] = np.zeros((T, T), dtype=np.int16)
    shapes = parse_templates(metadata["templates"], "templates of the model", columns)
    for f, shape in enumerate((*shapes.families, *shapes.pairs)):
        parts = _Weights().arrays(_NOWHERE, len(shape.shifts), T, f >= len(shapes.families))
        arrays |= {f"family.{f}.{name}": part for name, part in zip(_FAMILY, parts, strict=True)}
    return arrays


def _read_columns(section: Section, columns: int) -> list[dict[str, int]]:
    """The values of each column, in order, and the lines they are in."""
    found: list[dict[str, int]] = [{} for _ in range(columns)]
    for number, line in section:
        parts = line.split()
        if len(parts) != 2 or not parts[0].isdecimal():
            expected = "the number of a column, then a value"
            section.fail(number, f"{clip(line)} cannot be read", expected)
        column = int(parts[0]) if len(parts[0]) < 9 else columns
        if column >= columns:
            section.fail(number, f"there is no column {clip(parts[0])}", f"0 to {columns - 1}")
        value = section.unescaped(number, parts[1], unescape_token)
        if "\0" in value:
            section.fail(number, f"a NUL in {clip(parts[1])}", "any other characters")
        if value in found[column]:
            problem = f"{clip(line)} is in line {found[column][value]} already"
            section.fail(number, problem, "each value of a column once")
        found[column][value] = number
    return found


def _label(section: Section, number: int, text: str, labels: dict[str, int]) -> int:
    found = labels.get(text)
    if found is None:
        known = f"one of {', '.join(labels)}" if len(labels) <= 20 else "one in [description]"
        section.fail(number, f"there is no label {clip(text)}", known)
    return found


def _read_transitions(section: Section, labels: dict[str, int], numbers: Numbers) -> np.ndarray:
    """int16 [T, T]; what is not there is 0."""
    transitions = np.zeros((len(labels), len(labels)), dtype=np.int16)
    seen: dict[tuple[int, int], int] = {}
    for number, line in section:
        parts = line.split()
        if len(parts) != 3:
            section.fail(number, f"{clip(line)} cannot be read", "a weight and two labels")
        s, t = (_label(section, number, part, labels) for part in parts[1:])
        if (s, t) in seen:
            problem = f"{clip(line)} is in line {seen[s, t]} already"
            section.fail(number, problem, "each transition once")
        seen[s, t] = number
        (transitions[s, t],) = section.weights(number, parts[:1], numbers)
    return transitions


def _read_dictionary(
    section: Section, labels: dict[str, int], words: list[str]
) -> dict[str, np.ndarray]:
    """The arrays of the dictionary: each word has a line, and one is of unknown words."""
    values = {UNKNOWN: -1, **{escape_token(word): k for k, word in enumerate(words)}}
    found: dict[int, list[int]] = {}
    for number, line in section:
        *told, word = line.split()
        if word not in values:
            section.fail(number, f"there is no value {clip(word)}", f"{_IN_COLUMNS} of column 0")
        given = [_label(section, number, text, labels) for text in told]
        if not given or len(set(given)) != len(given):
            problem = f"{clip(line)} cannot be read"
            section.fail(number, problem, "different labels, then a word")
        if values[word] in found:
            section.fail(number, f"a second line of {clip(word)}", "each word once")
        found[values[word]] = given
    for word, k in values.items():
        if k not in found:
            problem = f"no labels of {clip(word)}"
            section.fail(section.first, problem, "a line of [dictionary] for each word")
    kinds = [found[k] for k in range(len(words))]
    arrays = [list(map(len, kinds)), [t for kind in kinds for t in kind], found[-1]]
    names = ("counts", "labels", "open")
    return {
        f"dictionary.{name}": np.array(array, dtype=np.uint8)
        for name, array in zip(names, arrays, strict=True)
    }


@dataclass
class _Weights:
    """The weights of a family, line by line; empty: n-grams said to have none."""

    keys: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)

    def arrays(self, section: Section, window: int, T: int, of_pairs: bool) -> list[np.ndarray]:
        """Those of a `SparseFamily`; the weights of a slot are in the order of their lines."""
        keys = np.unique(np.array(self.keys + self.empty, dtype=np.uint64))
        rows = np.searchsorted(keys, np.array(self.keys, dtype=np.uint64))
        slots = rows * window + np.array(self.places, dtype=np.int64)
        labels = np.array(self.labels, dtype=np.uint16 if of_pairs else np.uint8)
        self._check(section, slots * T**2 + labels)
        counts = np.bincount(slots, minlength=len(keys) * window).astype(np.uint16)
        order = np.argsort(slots, kind="stable")
        weights = np.array(self.weights, dtype=np.int16)
        return [keys, counts.reshape(-1, window), labels[order], weights[order]]

    def _check(self, section: Section, codes: np.ndarray) -> None:
        """Raises DataError for a weight that is there twice."""
        order = np.argsort(codes, kind="stable")
        again = np.flatnonzero(np.diff(codes[order]) == 0)
        if len(again):
            one, other = (self.lines[order[again[0] + k]] for k in (0, 1))
            problem = f"a second weight of what is in line {one}"
            section.fail(other, problem, "each n-gram once with each label")


def _read_features(
    section: Section, model: TaggerModel, labels: dict[str, int], numbers: Numbers
) -> dict[str, np.ndarray]:
    """The arrays of all families."""
    T, shapes, names = len(labels), model.encoder.shapes, TokenNames(model.encoder)
    split = len(model.encoder.templates.families)
    ngrams = NGrams(names, range(split)), NGrams(names, range(split, len(shapes)))
    found = [_Weights() for _ in shapes]
    for number, line in section:
        weight, *rest = line.split()
        k = next((k for k, part in enumerate(rest) if part[0] == "%"), 0)
        if not 1 <= k <= 2:
            expected = "a weight, a label (two of bigram templates), an n-gram such as %x[0,0]=人"
            section.fail(number, f"{clip(line)} cannot be read", expected)
        template, key = ngrams[k - 1].read(section, number, rest[k:], _IN_COLUMNS)
        here = found[template.family]
        if rest[:k] == [NONE] * k:
            here.empty.append(key)
            continue
        label = 0
        for text in rest[:k]:
            label = label * T + _label(section, number, text, labels)
        here.weights += section.weights(number, [weight], numbers)
        here.keys.append(key)
        here.places.append(template.place)
        here.labels.append(label)
        here.lines.append(number)
    arrays: dict[str, np.ndarray] = {}
    for f, (shape, here) in enumerate(zip(shapes, found, strict=True)):
        parts = here.arrays(section, len(shape.shifts), T, f >= split)
        arrays |= {f"family.{f}.{name}": part for name, part in zip(_FAMILY, parts, strict=True)}
    return arrays
