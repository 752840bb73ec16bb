"""A model for segmentation as text for people to read, search, compare and edit.

Nothing is lost: `read_segmentation` restores the same model.

Five sections follow a first line that names the format:

[description]  the JSON description of the model
[alphabet]     its characters, in the order of their ids
[words]        the words of the lexicons, each after a digit for each lexicon: 0 if it is not in it,
               else 1 + its tier there (see `Model`)
[transitions]  a weight, then the two tags
[features]     one weight for each tag, then an n-gram as seen from a position

Blank lines and lines that begin with # are ignored. Invisible characters are escaped by
`feature_names.escape`. `dump.tagger` has the text format of taggers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crfseg.common.files import Path
from crfseg.corpus.schemes import SCHEMES
from crfseg.features import templates
from crfseg.features.lexicon import MAX_WORD, has_own
from crfseg.features.strings import pack_words
from crfseg.model.container import sound
from crfseg.model.dump.sections import (
    Form,
    NGrams,
    Numbers,
    Section,
    clip,
    described,
)
from crfseg.model.feature_names import Spelling, escape
from crfseg.model.segmentation_model import Model
from crfseg.text.codes import FIRST_CHARACTER

FORM = Form(
    "crfseg model as text, format 1",
    ("description", "alphabet", "words", "transitions", "features"),
)
_PER_LINE = 32
_NO_WORD = re.compile("[\n\ud800-\udfff]")
_MEMBERS, _DIGITS = re.compile("[0-3]{1,16}"), "a digit from 0 to 3 for each lexicon, such as 01"


def segmentation_blocks(model: Model) -> Iterator[list[str]]:
    tags = model.scheme.tags
    number = Numbers(model.scale).spell
    yield [FORM.first_line, "", *described(model.metadata)]
    yield ["", "[alphabet]", *_alphabet_lines(model)]
    yield ["", "[words]", *_word_lines(model)]
    rows = enumerate(model.transitions.tolist())
    moves = [(weight, s, t) for s, row in rows for t, weight in enumerate(row)]
    yield [
        "",
        "[transitions]",
        *(
            f"{number(weight)} {tags[s]} {tags[t]}"
            for weight, s, t in moves
            if weight or model.scheme.legal[s, t]
        ),
    ]
    width = len(number(0))
    yield ["", "[features]", "#" + "".join(f"{tag:>{width + 1}}" for tag in tags)[2:]]
    spelling = Spelling(model)
    for f in range(len(model.families)):
        yield _feature_lines(model, spelling, f, number)


def _alphabet_lines(model: Model) -> list[str]:
    # A line that begins with # would be a comment.
    characters = [
        escape(chr(code)).replace("#", r"\u0023") for code in model.alphabet.characters.tolist()
    ]
    lines = range(0, len(characters), _PER_LINE)
    return [" ".join(characters[k : k + _PER_LINE]) for k in lines]


def _word_lines(model: Model) -> list[str]:
    lists = _word_lists(model)
    legend = [f"# {'.' * k}1{'.' * (len(lists) - k - 1)}  {x}" for k, x in enumerate(lists)]
    legend = [line.replace(r"\u0020", " ") for line in legend]
    members = model.members.tolist()
    size = max(1, len(lists), (max(members, default=0).bit_length() + 1) // 2)
    digits = ["".join(str(bits >> 2 * k & 3) for k in range(size)) for bits in members]
    words = map(escape, bytes(model.words).decode("utf-8").split("\n")[:-1])
    return legend + [f"{told} {word}" for told, word in zip(digits, words, strict=True)]


def _word_lists(model: Model) -> list[str]:
    """The meaning of each digit of a word's memberships."""
    names = list(map(escape, map(str, model.metadata["lexicons"])))
    if model.standards and has_own(model.tiers):
        return [f"{names[0]}, {escape(name)}" for name in model.standards] + names[1:]
    return names


def _feature_lines(
    model: Model, spelling: Spelling, f: int, number: Callable[[int], str]
) -> list[str]:
    """A line for each n-gram and place it is seen from, unless all its weights are 0.

    Sorted by name, so that models with different alphabets can be compared.
    """
    family, shape = model.families[f], model.templates.families[f]
    cells = spelling.cells(f, family.keys)
    names = [spelling.names(f, shift) for shift in shape.shifts]
    seen: np.ndarray = (family.weights != 0).any(axis=2)  # [n, W]
    seen[~seen.any(axis=1), 0] = True  # an n-gram without weights still has a line
    weights = family.weights.tolist()
    lines = []
    for row in sorted(range(len(cells)), key=cells.__getitem__):
        for place in np.flatnonzero(seen[row]).tolist():
            numbers = " ".join(map(number, weights[row][place]))
            lines.append(f"{numbers}  {spelling.join(names[place], cells[row])}")
    return lines


def read_segmentation(path: Path, sections: dict[str, Section]) -> Model:
    """Reads a model from its sections.

    Raises DataError naming the invalid line, ModelError for errors that no single line has.
    """
    description = sections["description"]
    metadata = description.json()
    alphabet = _read_alphabet(sections["alphabet"])
    with sound(f"{os.fspath(path)}:{description.first}"):
        # The description alone as a model; it is needed to read the other sections.
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


def _read_alphabet(section: Section) -> np.ndarray:
    """uint32: the code points."""
    seen: dict[str, int] = {}
    for number, line in section:
        for text in line.split():
            character = section.unescaped(number, text)
            if len(character) != 1:
                section.fail(
                    number,
                    f"{clip(text)} is not one character",
                    "a character; two have a space between",
                )
            if character in seen:
                problem = f"{text} is in line {seen[character]} already"
                section.fail(number, problem, "each character once")
            seen[character] = number
    return np.array(list(map(ord, seen)), dtype=np.uint32)


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


def _read_words(section: Section, model: Model) -> dict[str, np.ndarray]:
    known = set(map(chr, np.flatnonzero(model.alphabet.table >= FIRST_CHARACTER).tolist()))
    seen: dict[str, int] = {}
    members = []
    for number, line in section:
        *told, text = line.split()
        if len(told) != 1:
            section.fail(number, f"{clip(line)} cannot be read", f"{_DIGITS}, then a word")
        if not _MEMBERS.fullmatch(told[0]):
            section.fail(number, f"{clip(told[0])} cannot be read", _DIGITS)
        word = section.unescaped(number, text)
        if not 2 <= len(word) <= MAX_WORD:
            problem = f"{clip(text)} has {len(word)} characters"
            section.fail(number, problem, f"2 to {MAX_WORD}")
        if _NO_WORD.search(word):
            section.fail(number, f"a line end or half a character in {clip(text)}", "a word")
        if not known.issuperset(word):
            problem = f"{clip(text)} has a character that is not in the alphabet"
            section.fail(number, problem, "it at the end of [alphabet]")
        if word in seen:
            section.fail(number, f"{text} is in line {seen[word]} already", "each word once")
        seen[word] = number
        members.append(int(told[0][::-1], 4))
    found = np.array(members, dtype=np.uint32)
    return {"lexicon.words": pack_words(seen), "lexicon.members": found}


def _read_transitions(section: Section, model: Model, numbers: Numbers) -> np.ndarray:
    """int16 [T, T]; missing transitions are 0."""
    tags = model.scheme.tags
    found: dict[tuple[int, int], int] = {}
    for number, line in section:
        parts = line.split()
        if len(parts) != 3 or not {parts[1], parts[2]} <= set(tags):
            expected = f"a weight and two of the tags {' '.join(tags)}"
            section.fail(number, f"{clip(line)} cannot be read", expected)
        pair = tags.index(parts[1]), tags.index(parts[2])
        if pair in found:
            section.fail(number, f"{clip(line)} is there already", "each transition once")
        found[pair] = section.weights(number, parts[:1], numbers)[0]
    transitions = np.zeros((len(tags), len(tags)), dtype=np.int16)
    for pair, weight in found.items():
        transitions[pair] = weight
    return transitions


@dataclass
class _Lines:
    """The n-grams of a family as seen from one place: key -> line, and their weights."""

    lines: dict[int, int] = field(default_factory=dict)
    weights: list[list[int]] = field(default_factory=list)


def _read_features(section: Section, model: Model, numbers: Numbers) -> dict[str, np.ndarray]:
    """The keys and weights of all families."""
    T, shapes = model.scheme.size, model.templates.families
    ngrams = NGrams(Spelling(model), range(len(shapes)))
    lines_of = {(t.family, t.place): _Lines() for t in ngrams.templates.values()}
    for number, line in section:
        *texts, feature = line.split(None, T)
        if len(texts) != T or "=" not in feature:
            expected = f"{T} numbers ({' '.join(model.scheme.tags)}), then an n-gram: C-1=人 C0=民"
            section.fail(number, f"{clip(line)} cannot be read", expected)
        weights = section.weights(number, texts, numbers)
        template, key = ngrams.read(section, number, feature.split(), "a character of [alphabet]")
        lines = lines_of[template.family, template.place]
        if key in lines.lines:
            problem = f"{clip(feature)} is in line {lines.lines[key]} already"
            section.fail(number, problem, "each n-gram once")
        lines.lines[key] = number
        lines.weights.append(weights)
    arrays: dict[str, np.ndarray] = {}
    for f, shape in enumerate(shapes):
        parts = [lines_of[f, place] for place in range(len(shape.shifts))]
        each = [np.array(list(part.lines), dtype=np.uint64) for part in parts]
        keys = np.unique(np.concatenate(each))
        table = np.zeros((len(keys), len(shape.shifts), T), dtype=np.int16)
        for place, (part, of_part) in enumerate(zip(parts, each, strict=True)):
            rows = np.array(part.weights, dtype=np.int16).reshape(-1, T)
            table[np.searchsorted(keys, of_part), place] = rows
        arrays[f"family.{f}.keys"], arrays[f"family.{f}.weights"] = keys, table
    return arrays
