"""Models as text: the sections, weights and n-grams that all kinds of models share.

See `dump.segmentation` and `dump.tagger`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from crfseg.common.errors import DataError
from crfseg.common.files import Path, read_lines
from crfseg.model.feature_names import Names, unescape

LARGEST = 32767
_HEADER = re.compile(r"\[(\w+)\]")


@dataclass(frozen=True)
class Form:
    """The text format of a kind of model.

    first_line: of the text; sections: required ones; more: optional ones.
    """

    first_line: str
    sections: tuple[str, ...]
    more: tuple[str, ...] = ()


@dataclass
class Section:
    """The lines of a section and the number of the first."""

    path: Path
    first: int
    lines: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yields number and text of all lines that are not blank and not comments."""
        for number, line in enumerate(self.lines, self.first):
            if line and not line.isspace() and line[0] != "#":
                yield number, line

    def fail(self, number: int, problem: str, expected: str) -> NoReturn:
        """Raises DataError for a line."""
        raise DataError(self.path, number, problem, expected) from None

    def json(self) -> dict[str, Any]:
        """The section parsed as a JSON object; raises DataError."""
        try:
            found = json.loads("\n".join(self.lines))
        except json.JSONDecodeError as error:
            number = self.first + error.lineno - 1
            self.fail(number, f"not JSON: {error.msg} (column {error.colno})", "a JSON object")
        except RecursionError:
            self.fail(self.first, "nested too deeply", "a JSON object")
        if not isinstance(found, dict):
            self.fail(self.first, "not a JSON object", "the description of a model")
        return found

    def unescaped(self, number: int, text: str, undo: Callable[[str], str] = unescape) -> str:
        """Unescapes a text in a line; raises DataError."""
        try:
            return undo(text)
        except (ValueError, OverflowError):
            expected = r"\\ for itself, \uXXXX or \UXXXXXXXX for a character"
            self.fail(number, f"a backslash in {clip(text)}", expected)

    def weights(self, number: int, texts: Sequence[str], numbers: Numbers) -> list[int]:
        """Parses the weights in a line; raises DataError."""
        try:
            return [numbers.parse(text) for text in texts]
        except OverflowError:  # also of infinity
            most = LARGEST * numbers.scale
            expected = f"from -{most:g} to {most:g}"
            self.fail(number, f"a weight in {clip(' '.join(texts))} is too large", expected)
        except ValueError:
            count = f"{len(texts)} numbers" if len(texts) > 1 else "a number"
            self.fail(number, f"not only numbers in {clip(' '.join(texts))}", count)


def read_sections(path: Path, forms: Sequence[Form]) -> tuple[Form, dict[str, Section]]:
    """The form of a text and its sections; raises DataError for a text of no form."""
    lines = enumerate(read_lines(path), 1)
    _, first = next(lines, (1, ""))
    form = next((form for form in forms if form.first_line == first.rstrip()), None)
    if form is None:
        expected = " or ".join(repr(form.first_line) for form in forms)
        raise DataError(path, 1, "not a model as text", f"{expected} in the first line")
    known = form.sections + form.more
    sections: dict[str, Section] = {}
    section = Section(path, 2)
    for number, line in lines:
        header = _HEADER.fullmatch(line.rstrip())
        if header is None:
            section.lines.append(line)
            if not sections:
                for at, stray in section:
                    section.fail(at, f"{clip(stray)} stands before any section", "[description]")
            continue
        name, section = header[1], Section(path, number + 1)
        if name not in known:
            section.fail(number, f"there is no section [{name}]", f"one of {', '.join(known)}")
        if name in sections:
            section.fail(number, f"a second section [{name}]", "each section once")
        sections[name] = section
    for name in form.sections:
        if name not in sections:
            raise DataError(path, None, f"there is no section [{name}]", "all of them")
    return form, sections


def described(metadata: dict[str, Any]) -> list[str]:
    """The lines of the section [description]."""
    return ["[description]", json.dumps(metadata, ensure_ascii=False, sort_keys=True, indent=1)]


def encoded(blocks: Iterable[list[str]]) -> Iterator[bytes]:
    """Encodes blocks of lines in UTF-8."""
    for lines in blocks:
        # Only strings of the description may have lone surrogates; JSON has \uXXXX for them.
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def clip(line: str) -> str:
    """The beginning of a line, for an error."""
    line = line.strip()
    return repr(line if len(line) <= 40 else line[:39] + "…")


class Template(NamedTuple):
    """A template: its family, its place in the family, the columns of its cells."""

    family: int
    place: int
    columns: list[int]


class NGrams:
    """Parses the n-grams in lines; values: for each column the number of each cell value."""

    def __init__(self, names: Names, families: Iterable[int]) -> None:
        self._radix = names.radix
        self.values = [{name: k for k, name in enumerate(known)} for known in names.values]
        self.templates = {
            names.names(f, shift): Template(f, place, [c for _, c in names.families[f].pattern])
            for f in families
            for place, shift in enumerate(names.families[f].shifts)
        }

    def read(
        self, section: Section, number: int, cells: Sequence[str], others: str
    ) -> tuple[Template, int]:
        """The template and the key of an n-gram; others: what else a cell can be, for errors."""
        parts = [cell.partition("=") for cell in cells]
        template = self.templates.get(tuple(name for name, _, _ in parts))
        if template is None:
            problem = f"no template has the cells of {clip(' '.join(cells))}"
            section.fail(number, problem, "the cells of one of them, in its order")
        key = 0
        for (name, _, value), column in zip(parts, template.columns, strict=True):
            digit = self.values[column].get(value)
            if digit is None:
                expected = _some(self.values[column], others)
                section.fail(number, f"{name} cannot be {clip(value)}", expected)
            key = key * self._radix[column] + digit
        return template, key


def _some(names: Collection[str], others: str) -> str:
    """The values of a cell, for an error; if there are many, where to find them."""
    return f"one of {', '.join(names)}" if len(names) <= 20 else others


class Numbers:
    """Converts weights from multiples of the scale to decimal numbers and back."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        digits = max(0, math.ceil(-math.log10(scale)) + 1)  # a tenth of the scale, or less
        self.width = len(f"{-99:+.{digits}f}")
        self.format = f"{{:+.{digits}f}}"
        self.spelled: dict[int, str] = {}
        self.parsed: dict[str, int] = {}

    def spell(self, weight: int) -> str:
        """A weight as it is written, padded."""
        text = self.spelled.get(weight)
        if text is None:
            text = (self.format.format(weight * self.scale) if weight else "0").rjust(self.width)
            self.spelled[weight] = text
        return text

    def parse(self, text: str) -> int:
        """The nearest multiple; raises ValueError for no number, OverflowError if too large."""
        weight = self.parsed.get(text)
        if weight is None:
            weight = round(float(text) / self.scale)
            if not -LARGEST - 1 <= weight <= LARGEST:
                raise OverflowError(text)
            self.parsed[text] = weight
        return weight
