"""A model as text that people read, search, compare and edit; nothing is lost.

`model_from_text` makes the same model of it again.

Five sections follow a first line that says what the file is:

[description]  the JSON description of the model
[alphabet]     its characters, the order is that of their ids
[words]        the words of the lexicons, each after a digit for each lexicon: 0 if it is not in it,
               else 1 + its tier there (see `Model`)
[transitions]  a weight, then the two tags
[features]     one weight for each tag, then an n-gram as seen from a position

Blank lines and lines that begin with # mean nothing. Characters that cannot be seen are
written as `spelling.escape` does. The text of a tagger is that of `tagger_text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from crfseg.files import Path, atomic_write
from crfseg.lexicon import has_own
from crfseg.model import Model
from crfseg.spelling import Spelling, escape
from crfseg.tagger_model import TaggerModel
from crfseg.tagger_text import tagger_blocks
from crfseg.text_sections import Form, Numbers, described, encoded

FORM = Form(
    "crfseg model as text, format 1",
    ("description", "alphabet", "words", "transitions", "features"),
)
_PER_LINE = 32


def dump(model: Model | TaggerModel, path: Path) -> None:
    """Write a model as text, whole or not at all; raises CrfsegError where it cannot."""
    with atomic_write(path) as file:
        for block in text_of(model):
            file.write(block)


def text_of(model: Model | TaggerModel) -> Iterator[bytes]:
    """A model as text in UTF-8, in blocks of lines."""
    return encoded(tagger_blocks(model) if isinstance(model, TaggerModel) else _blocks(model))


def _blocks(model: Model) -> Iterator[list[str]]:
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
    """What each digit of a word's memberships stands for."""
    names = list(map(escape, map(str, model.metadata["lexicons"])))
    if model.standards and has_own(model.tiers):
        return [f"{names[0]}, {escape(name)}" for name in model.standards] + names[1:]
    return names


def _feature_lines(
    model: Model, spelling: Spelling, f: int, number: Callable[[int], str]
) -> list[str]:
    """A line for each n-gram and place it is seen from, but for those whose weights are 0.

    In the order of their spelling, so that models with other alphabets can be compared.
    """
    family, shape = model.families[f], model.templates.families[f]
    cells = spelling.cells(f, family.keys)
    names = [spelling.names(f, shift) for shift in shape.shifts]
    seen: np.ndarray = (family.weights != 0).any(axis=2)  # [n, W]
    seen[~seen.any(axis=1), 0] = True  # an n-gram without any weight is there all the same
    weights = family.weights.tolist()
    lines = []
    for row in sorted(range(len(cells)), key=cells.__getitem__):
        for place in np.flatnonzero(seen[row]).tolist():
            numbers = " ".join(map(number, weights[row][place]))
            lines.append(f"{numbers}  {spelling.join(names[place], cells[row])}")
    return lines
