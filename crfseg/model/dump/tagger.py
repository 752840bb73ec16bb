"""A tagger as text for people to read, search, compare and edit; nothing is lost.

`read_tagger` restores the same model. As in `dump.segmentation`, sections follow a first line that
names the format:

[description]  the JSON description of the model
[columns]      the number of a column, then one of its values, in the order of their ids
[dictionary]   only in models for parts of speech: labels, then the value of the first column that
               was seen with them; (unknown) has the labels of all other words
[transitions]  a weight, the label before, the label; missing ones are 0
[features]     a weight, its label (for bigram templates the label before and the label), then an
               n-gram as seen from a token; the label (none) means an n-gram without weights

Tokens and labels are escaped by `feature_names.escape_token`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from crfseg.common.files import Path
from crfseg.features.strings import pack_strings
from crfseg.features.token_encoder import parse_templates
from crfseg.model.container import sound
from crfseg.model.dump.sections import Form, NGrams, Numbers, Section, clip, described
from crfseg.model.feature_names import UNKNOWN, TokenNames, escape_token, unescape_token
from crfseg.model.tagger_model import MOST_COLUMNS, SparseFamily, TagDictionary, TaggerModel

FORM = Form(
    "crfseg tagger as text, format 1",
    ("description", "columns", "transitions", "features"),
    ("dictionary",),
)
NONE = "(none)"
_IN_COLUMNS = "a value in [columns]"
_NOWHERE = Section("", 0)
#: The names of the arrays of a family.
_FAMILY = [part.name for part in fields(SparseFamily)]


def tagger_blocks(model: TaggerModel) -> Iterator[list[str]]:
    """The lines of the text, in blocks."""
    labels = list(map(escape_token, model.scheme.names))
    numbers, names = Numbers(model.scale), TokenNames(model.encoder)
    yield [FORM.first_line, "", *described(model.metadata)]
    yield ["", "[columns]"]
    for c, vocabulary in enumerate(model.encoder.vocabularies):
        yield [f"{c} {escape_token(word)}" for word in vocabulary.words]
    if model.dictionary is not None:
        words = map(escape_token, model.encoder.vocabularies[0].words)
        yield ["", "[dictionary]", *_dictionary_lines(model.dictionary, list(words), labels)]
    moves = [
        f"{numbers.spell(int(model.transitions[s, t]))} {labels[s]} {labels[t]}"
        for s, t in np.argwhere(model.transitions).tolist()
    ]
    yield ["", "[transitions]", *moves, "", "[features]"]
    pairs = [f"{before} {label}" for before in labels for label in labels]
    for f in range(len(model.families)):
        of_pairs = f >= len(model.encoder.templates.families)
        spelled = [*pairs, f"{NONE} {NONE}"] if of_pairs else [*labels, NONE]
        yield _feature_lines(model, f, names, spelled, numbers)


def _dictionary_lines(
    dictionary: TagDictionary, words: list[str], labels: list[str]
) -> Iterator[str]:
    ends = np.cumsum(dictionary.counts, dtype=np.int64)[:-1]
    groups = [dictionary.open, *np.split(dictionary.labels, ends)] if words else [dictionary.open]
    for group, word in zip(groups, [UNKNOWN, *words], strict=True):
        yield f"{' '.join(labels[t] for t in group.tolist())} {word}"


def _feature_lines(
    model: TaggerModel, f: int, names: TokenNames, labels: list[str], numbers: Numbers
) -> list[str]:
    """The lines of a family, sorted by the names of its n-grams.

    labels: the names of the labels of its weights, and last the name for no label.
    """
    family, shape = model.families[f], model.encoder.shapes[f]
    cells = names.cells(f, family.keys)
    heads = [names.names(f, shift) for shift in shape.shifts]
    W = len(heads)
    ends = np.cumsum(family.counts, dtype=np.int64).tolist()
    starts = [0, *ends]
    weights, labelled = family.weights.tolist(), family.labels.tolist()
    lines = []
    for row in sorted(range(len(cells)), key=cells.__getitem__):
        if starts[row * W] == ends[row * W + W - 1]:
            lines.append(f"{numbers.spell(0)} {labels[-1]}  {names.join(heads[0], cells[row])}")
        for place in range(W):
            slot = row * W + place
            if starts[slot] < ends[slot]:
                feature = names.join(heads[place], cells[row])
                lines += [
                    f"{numbers.spell(weights[j])} {labels[labelled[j]]}  {feature}"
                    for j in range(starts[slot], ends[slot])
                ]
    return lines


def read_tagger(path: Path, sections: dict[str, Section]) -> TaggerModel:
    """Reads a tagger from its sections.

    Raises DataError naming the invalid line, ModelError for errors that no single line has.
    """
    description = sections["description"]
    metadata = description.json()
    with sound(f"{os.fspath(path)}:{description.first}"):
        bare = TaggerModel.make(metadata, _empty_arrays(metadata))
    words = _read_columns(sections["columns"], bare.columns)
    arrays = bare.arrays() | {
        f"column.{c}": pack_strings(list(seen)) for c, seen in enumerate(words)
    }
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
        return {}  # `TaggerModel.make` raises the error
    arrays = {f"column.{c}": pack_strings([]) for c in range(columns)}
    arrays["transitions"] = np.zeros((T, T), dtype=np.int16)
    shapes = parse_templates(metadata["templates"], "templates of the model", columns)
    for f, shape in enumerate((*shapes.families, *shapes.pairs)):
        parts = _Weights().arrays(_NOWHERE, len(shape.shifts), T, f >= len(shapes.families))
        arrays |= {f"family.{f}.{name}": part for name, part in zip(_FAMILY, parts, strict=True)}
    return arrays


def _read_columns(section: Section, columns: int) -> list[dict[str, int]]:
    """The values of each column, in order, with their line numbers."""
    values: list[dict[str, int]] = [{} for _ in range(columns)]
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
        if value in values[column]:
            problem = f"{clip(line)} is in line {values[column][value]} already"
            section.fail(number, problem, "each value of a column once")
        values[column][value] = number
    return values


def _label(section: Section, number: int, text: str, labels: dict[str, int]) -> int:
    found = labels.get(text)
    if found is None:
        known = f"one of {', '.join(labels)}" if len(labels) <= 20 else "one in [description]"
        section.fail(number, f"there is no label {clip(text)}", known)
    return found


def _read_transitions(section: Section, labels: dict[str, int], numbers: Numbers) -> np.ndarray:
    """int16 [T, T]; missing transitions are 0."""
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
    """The arrays of the dictionary: one line for each word and one for unknown words."""
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
    """The weights of a family, line by line; empty: n-grams without weights."""

    keys: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)

    def arrays(self, section: Section, window: int, T: int, of_pairs: bool) -> list[np.ndarray]:
        """The arrays of a `SparseFamily`; the weights of a slot keep the order of their lines."""
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
        """Raises DataError for a duplicate weight."""
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
    families = [_Weights() for _ in shapes]
    for number, line in section:
        weight, *rest = line.split()
        k = next((k for k, part in enumerate(rest) if part[0] == "%"), 0)
        if not 1 <= k <= 2:
            expected = "a weight, a label (two of bigram templates), an n-gram such as %x[0,0]=人"
            section.fail(number, f"{clip(line)} cannot be read", expected)
        template, key = ngrams[k - 1].read(section, number, rest[k:], _IN_COLUMNS)
        family = families[template.family]
        if rest[:k] == [NONE] * k:
            family.empty.append(key)
            continue
        label = 0
        for text in rest[:k]:
            label = label * T + _label(section, number, text, labels)
        family.weights += section.weights(number, [weight], numbers)
        family.keys.append(key)
        family.places.append(template.place)
        family.labels.append(label)
        family.lines.append(number)
    arrays: dict[str, np.ndarray] = {}
    for f, (shape, family) in enumerate(zip(shapes, families, strict=True)):
        parts = family.arrays(section, len(shape.shifts), T, f >= split)
        arrays |= {f"family.{f}.{name}": part for name, part in zip(_FAMILY, parts, strict=True)}
    return arrays
