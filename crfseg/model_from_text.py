"""A model from the text that `model_text` writes, perhaps edited since."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from crfseg import templates
from crfseg.container import sound
from crfseg.errors import DataError
from crfseg.files import Path, read_lines
from crfseg.lexicon import MAX_WORD, pack_words
from crfseg.model import Model
from crfseg.model_text import FIRST_LINE, LARGEST, SECTIONS, Numbers
from crfseg.spelling import Spelling, unescape
from crfseg.tags import SCHEMES
from crfseg.text import FIRST_CHARACTER

_NO_WORD = re.compile("[\n\ud800-\udfff]")
_MEMBERS, _DIGITS = re.compile("[0-3]{1,16}"), "a digit from 0 to 3 for each lexicon, such as 01"
_HEADER = re.compile(r"\[(\w+)\]")


@dataclass
class _Section:
    """The lines of a section and the number of the first."""

    path: Path
    first: int
    lines: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Number and text of the lines that say something."""
        for number, line in enumerate(self.lines, self.first):
            if line and not line.isspace() and line[0] != "#":
                yield number, line


def load_dump(path: Path) -> Model:
    """The model that a text describes.

    Raises DataError naming the line that is wrong, ModelError where only the whole is.
    """
    sections = _sections(path)
    description = sections["description"]
    metadata = _read_description(description)
    alphabet = _read_alphabet(sections["alphabet"])
    with sound(f"{os.fspath(path)}:{description.first}"):
        # What the description says of the model; the other sections are read by it.
        bare = Model.make(metadata, _empty_arrays(metadata, alphabet))
    numbers = Numbers(bare.scale)
    arrays = {
        **bare.arrays(),
        **_read_words(sections["words"], bare),
        "transitions": _read_transitions(sections["transitions"], bare, numbers),
        **_read_features(sections["features"], bare, numbers),
    }
    with sound(os.fspath(path)):
        return Model.make(metadata, arrays)


def _sections(path: Path) -> dict[str, _Section]:
    lines = enumerate(read_lines(path), 1)
    _, first = next(lines, (1, ""))
    if first.rstrip() != FIRST_LINE:
        raise DataError(path, 1, "not a model as text", f"{FIRST_LINE!r} in the first line")
    found: dict[str, _Section] = {}
    here = _Section(path, 2)
    for number, line in lines:
        header = _HEADER.fullmatch(line.rstrip())
        if header is None:
            here.lines.append(line)
            if not found:
                for at, stray in here:
                    _fail(here, at, f"{_clip(stray)} stands before any section", "[description]")
            continue
        name, here = header[1], _Section(path, number + 1)
        if name not in SECTIONS:
            _fail(here, number, f"there is no section [{name}]", f"one of {', '.join(SECTIONS)}")
        if name in found:
            _fail(here, number, f"a second section [{name}]", "each section once")
        found[name] = here
    for name in SECTIONS:
        if name not in found:
            raise DataError(path, None, f"there is no section [{name}]", "all of them")
    return found


def _fail(section: _Section, number: int, problem: str, expected: str) -> NoReturn:
    raise DataError(section.path, number, problem, expected) from None


def _clip(line: str) -> str:
    line = line.strip()
    return repr(line if len(line) <= 40 else line[:39] + "…")


def _read_description(section: _Section) -> dict[str, Any]:
    try:
        metadata = json.loads("\n".join(section.lines))
    except json.JSONDecodeError as error:
        number = section.first + error.lineno - 1
        _fail(section, number, f"not JSON: {error.msg} (column {error.colno})", "a JSON object")
    except RecursionError:
        _fail(section, section.first, "nested too deeply", "a JSON object")
    if not isinstance(metadata, dict):
        _fail(section, section.first, "not a JSON object", "the description of a model")
    return metadata


def _read_alphabet(section: _Section) -> np.ndarray:
    """uint32: the code points."""
    seen: dict[str, int] = {}
    for number, line in section:
        for text in line.split():
            character = _unescape(section, number, text)
            if len(character) != 1:
                _fail(
                    section,
                    number,
                    f"{_clip(text)} is not one character",
                    "a character; two have a space between",
                )
            if character in seen:
                problem = f"{text} is in line {seen[character]} already"
                _fail(section, number, problem, "each character once")
            seen[character] = number
    return np.array(list(map(ord, seen)), dtype=np.uint32)


def _unescape(section: _Section, number: int, text: str) -> str:
    try:
        return unescape(text)
    except (ValueError, OverflowError):
        expected = r"\\ for itself, \uXXXX or \UXXXXXXXX for a character"
        _fail(section, number, f"a backslash in {_clip(text)}", expected)


def _empty_arrays(metadata: dict[str, Any], alphabet: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of a model without words, transitions and n-grams."""
    T = SCHEMES[metadata["tags"]].size if metadata.get("tags") in SCHEMES else 0
    arrays = {
        "alphabet": alphabet,
        "transitions": np.zeros((T, T), dtype=np.int16),
        "lexicon.words": pack_words([]),
        "lexicon.members": np.zeros(0, dtype=np.uint32),
    }
    for f, shape in enumerate(templates.parse(metadata["templates"]).families):
        arrays[f"family.{f}.keys"] = np.zeros(0, dtype=np.uint64)
        arrays[f"family.{f}.weights"] = np.zeros((0, len(shape.shifts), T), dtype=np.int16)
    return arrays


def _read_words(section: _Section, model: Model) -> dict[str, np.ndarray]:
    known = set(map(chr, np.flatnonzero(model.alphabet.table >= FIRST_CHARACTER).tolist()))
    seen: dict[str, int] = {}
    members = []
    for number, line in section:
        *told, text = line.split()
        if len(told) != 1:
            _fail(section, number, f"{_clip(line)} cannot be read", f"{_DIGITS}, then a word")
        if not _MEMBERS.fullmatch(told[0]):
            _fail(section, number, f"{_clip(told[0])} cannot be read", _DIGITS)
        word = _unescape(section, number, text)
        if not 2 <= len(word) <= MAX_WORD:
            problem = f"{_clip(text)} has {len(word)} characters"
            _fail(section, number, problem, f"2 to {MAX_WORD}")
        if _NO_WORD.search(word):
            _fail(section, number, f"a line end or half a character in {_clip(text)}", "a word")
        if not known.issuperset(word):
            problem = f"{_clip(text)} has a character that is not in the alphabet"
            _fail(section, number, problem, "it at the end of [alphabet]")
        if word in seen:
            _fail(section, number, f"{text} is in line {seen[word]} already", "each word once")
        seen[word] = number
        members.append(int(told[0][::-1], 4))
    found = np.array(members, dtype=np.uint32)
    return {"lexicon.words": pack_words(seen), "lexicon.members": found}


def _read_weights(section: _Section, number: int, texts: list[str], numbers: Numbers) -> list[int]:
    try:
        return [numbers.parse(text) for text in texts]
    except OverflowError:  # also of infinity
        most = LARGEST * numbers.scale
        expected = f"from -{most:g} to {most:g}"
        _fail(section, number, f"a weight in {_clip(' '.join(texts))} is too large", expected)
    except ValueError:
        problem = f"not only numbers in {_clip(' '.join(texts))}"
        _fail(section, number, problem, f"{len(texts)} numbers")


def _read_transitions(section: _Section, model: Model, numbers: Numbers) -> np.ndarray:
    """int16 [T, T]; what is not there is 0."""
    tags = model.scheme.tags
    found: dict[tuple[int, int], int] = {}
    for number, line in section:
        parts = line.split()
        if len(parts) != 3 or not {parts[1], parts[2]} <= set(tags):
            expected = f"a weight and two of the tags {' '.join(tags)}"
            _fail(section, number, f"{_clip(line)} cannot be read", expected)
        pair = tags.index(parts[1]), tags.index(parts[2])
        if pair in found:
            _fail(section, number, f"{_clip(line)} is there already", "each transition once")
        found[pair] = _read_weights(section, number, parts[:1], numbers)[0]
    transitions = np.zeros((len(tags), len(tags)), dtype=np.int16)
    for pair, weight in found.items():
        transitions[pair] = weight
    return transitions


@dataclass
class _Template:
    """The n-grams of a family as seen from one place: key -> line, and their weights."""

    family: int
    place: int
    columns: list[int]
    lines: dict[int, int] = field(default_factory=dict)
    weights: list[list[int]] = field(default_factory=list)


def _read_features(section: _Section, model: Model, numbers: Numbers) -> dict[str, np.ndarray]:
    """The keys and weights of all families."""
    T, radix, spelling = model.scheme.size, model.radix, Spelling(model)
    values = [{name: k for k, name in enumerate(names)} for names in spelling.values]
    found = {
        spelling.names(f, shift): _Template(f, place, [column for _, column in shape.pattern])
        for f, shape in enumerate(model.templates.families)
        for place, shift in enumerate(shape.shifts)
    }
    for number, line in section:
        *texts, feature = line.split(None, T)
        if len(texts) != T or "=" not in feature:
            expected = f"{T} numbers ({' '.join(model.scheme.tags)}), then an n-gram: C-1=人 C0=民"
            _fail(section, number, f"{_clip(line)} cannot be read", expected)
        weights = _read_weights(section, number, texts, numbers)
        cells = [cell.partition("=") for cell in feature.split()]
        template = found.get(tuple(name for name, _, _ in cells))
        if template is None:
            expected = "the cells of one of them, in its order"
            _fail(section, number, f"no template has the cells of {_clip(feature)}", expected)
        key = 0
        for (name, _, value), column in zip(cells, template.columns, strict=True):
            digit = values[column].get(value)
            if digit is None:
                _fail(section, number, f"{name} cannot be {_clip(value)}", _some(values[column]))
            key = key * radix[column] + digit
        if key in template.lines:
            problem = f"{_clip(feature)} is in line {template.lines[key]} already"
            _fail(section, number, problem, "each n-gram once")
        template.lines[key] = number
        template.weights.append(weights)
    arrays: dict[str, np.ndarray] = {}
    for f, shape in enumerate(model.templates.families):
        parts = [template for template in found.values() if template.family == f]
        each = [np.array(list(part.lines), dtype=np.uint64) for part in parts]
        keys = np.unique(np.concatenate(each))
        table = np.zeros((len(keys), len(shape.shifts), T), dtype=np.int16)
        for part, here in zip(parts, each, strict=True):
            rows = np.array(part.weights, dtype=np.int16).reshape(-1, T)
            table[np.searchsorted(keys, here), part.place] = rows
        arrays[f"family.{f}.keys"], arrays[f"family.{f}.weights"] = keys, table
    return arrays


def _some(names: Collection[str]) -> str:
    """What a cell can hold: all of it, or where that is much, where to find it."""
    names = list(names)
    return f"one of {', '.join(names)}" if len(names) <= 20 else "a character of [alphabet]"
