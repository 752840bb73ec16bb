"""Feature templates in CRF++ syntax, and the n-gram families they form.

A template names cells of a table whose rows are characters: ``U05:%x[-1,0]/%x[0,0]``
is the feature made of the previous and the current character. Templates of the same shape
seen from different positions (C-1C0 and C0C+1) are one *family*: the n-gram is looked up once
at its own position (its anchor) and contributes to every position in the family's window.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from crfseg.common.errors import TemplateError
from crfseg.features.kernels.layout import FIRST_LEXICON

CHARACTER_TEMPLATES = """\
U00:%x[-1,0]
U01:%x[0,0]
U02:%x[1,0]
U03:%x[-1,0]/%x[0,0]
U04:%x[0,0]/%x[1,0]
U05:%x[-2,1]/%x[-1,1]/%x[0,1]/%x[1,1]/%x[2,1]
B
"""
#: Templates of the lexicon in the columns {0} and {1}.
LEXICON_TEMPLATES = """\
U{0}0:%x[-1,{0}]/%x[-1,{1}]/%x[0,{0}]/%x[0,{1}]
U{0}1:%x[0,{0}]/%x[0,{1}]
U{0}2:%x[0,{0}]/%x[0,{1}]/%x[1,{0}]/%x[1,{1}]
U{0}3:%x[0,0]/%x[0,{0}]/%x[0,{1}]
"""
#: Describes the columns in error messages.
COLUMNS_HELP = (
    "0 character, 1 character type, then two for each lexicon, then the standard if there are "
    "several"
)
_CELL = re.compile(r"%x\[\s*(-?\d{1,4})\s*,\s*(\d{1,4})\s*\]")
_FURTHEST = 8
#: More than anybody needs; limits the tables of a model, which grow with each template.
_MOST = 400


@dataclass(frozen=True)
class Template:
    """One feature: its cells (offset, column), in text order.

    pairs: whether it is a bigram template, over a label and the label before it.
    """

    text: str
    cells: tuple[tuple[int, int], ...]
    pairs: bool = False


@dataclass(frozen=True)
class Family:
    """An n-gram shape and the positions it is seen from.

    pattern: cells (offset from the anchor, column), offsets >= 0.
    shifts: for each template of the family, anchor minus position; descending, so that
    the positions an anchor contributes to ascend.
    """

    pattern: tuple[tuple[int, int], ...]
    shifts: tuple[int, ...]


@dataclass(frozen=True)
class Templates:
    """The templates of a model: unigram families, and whether it has tag transitions.

    pairs: families of bigram templates with cells, only in taggers.
    """

    lines: tuple[str, ...]
    families: tuple[Family, ...]
    transitions: bool
    pairs: tuple[Family, ...] = ()

    @property
    def reach(self) -> int:
        """The largest distance of a cell from its position."""
        return max(
            abs(shift + offset)
            for family in (*self.families, *self.pairs)
            for shift in family.shifts
            for offset in (0, *(offset for offset, _ in family.pattern))
        )

    @property
    def columns(self) -> int:
        """The number of columns the templates need."""
        return 1 + max(
            column for family in (*self.families, *self.pairs) for _, column in family.pattern
        )


def parse(
    lines: Iterable[str],
    name: str = "templates",
    columns: int | None = None,
    *,
    pairs: bool = False,
    columns_help: str = COLUMNS_HELP,
) -> Templates:
    """Parses templates from lines of text; ``name`` is their source in errors.

    columns: their number, if known; columns_help: what they are, for errors; pairs: whether
    bigram templates may have cells.

    Raises TemplateError, naming the line, for anything that is not a template over known
    cells or the plain bigram template ``B``.
    """
    kept: list[str] = []
    seen: dict[tuple[bool, tuple[tuple[int, int], ...]], str] = {}
    transitions = False
    for number, raw in enumerate(lines, start=1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        if line in ("B", "b"):
            transitions = True
            kept.append("B")
            continue
        template = _parse_line(line, f"{name}:{number}", pairs)
        last = max(column for _, column in template.cells)
        if columns is not None and last >= columns:
            raise TemplateError(
                f"{name}:{number}: {_shown(line)}: there is no column {last}; expected at most "
                f"{columns - 1} ({columns_help})"
            )
        feature = (template.pairs, template.cells)
        if feature not in seen:
            seen[feature] = line
            kept.append(line)
            if len(seen) > _MOST:
                raise TemplateError(f"{name}:{number}: expected at most {_MOST} templates")
    unigrams = [cells for of_pairs, cells in seen if not of_pairs]
    if not unigrams:
        raise TemplateError(f"{name}: no unigram template; expected lines like U00:%x[0,0]")
    bigrams = [cells for of_pairs, cells in seen if of_pairs]
    return Templates(tuple(kept), _families(unigrams), transitions, _families(bigrams))


def check_standard(templates: Templates, column: int, name: str = "templates") -> None:
    """Raises TemplateError for a template whose only column is that of the standard."""
    for family in templates.families:
        if all(c == column for _, c in family.pattern):
            raise TemplateError(
                f"{name}: %x[..,{column}] alone; expected a cell besides the standard"
            )


def load(path: str | os.PathLike[str]) -> list[str]:
    """The lines of a template file; raises TemplateError when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise TemplateError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TemplateError(f"{path}: not UTF-8 at byte {error.start}") from None


def default_lines(lexicons: int, standards: int = 1) -> list[str]:
    """The default templates for a model with that many lexicons and standards."""
    lines = CHARACTER_TEMPLATES.splitlines()
    for k in range(lexicons):
        lines += lexicon_lines(k)
    return lines + (private_lines(lines, FIRST_LEXICON + 2 * lexicons) if standards > 1 else [])


def lexicon_lines(k: int) -> list[str]:
    """The default templates over the columns of lexicon ``k``, counted from 0."""
    begin = FIRST_LEXICON + 2 * k
    return LEXICON_TEMPLATES.format(begin, begin + 1).splitlines()


def private_lines(lines: Iterable[str], column: int) -> list[str]:
    """The same templates with the standard as a further cell; column: of the standard.

    That cell is at the first position of the template, so that templates of one family stay
    one family (all places within reach of a sentence have its standard).
    """
    private = []
    for line in lines:
        if cells := cells_of(line):
            first = min(offset for offset, _ in cells)
            private.append(f"{line}/%x[{first},{column}]")
    return private


def cells_of(line: str) -> tuple[tuple[int, int], ...]:
    """The cells (offset, column) a template line names; none for ``B``."""
    return tuple((int(offset), int(column)) for offset, column in _CELL.findall(line))


def _parse_line(line: str, where: str, pairs: bool) -> Template:
    """Parses a template; text before and between the cells only names it and is ignored."""
    bigram = pairs and line[0] in "Bb"
    if not bigram and line[0] in "Bb*" and "%" in line:
        raise TemplateError(
            f"{where}: {_shown(line)}: bigram templates with cells are not supported; "
            "expected a plain B (tag transitions)"
        )
    cells = cells_of(line)
    if not (bigram or line[0] in "Uu%") or not cells or "%" in _CELL.sub("", line):
        expected = "expected a template like U05:%x[-1,0]/%x[0,0]"
        raise TemplateError(f"{where}: {_shown(line)}: {expected}")
    for offset, column in cells:
        if abs(offset) > _FURTHEST:
            raise TemplateError(
                f"{where}: %x[{offset},{column}]: expected an offset from -{_FURTHEST} "
                f"to {_FURTHEST}"
            )
    return Template(line, cells, bigram)


def _shown(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:59] + "…")


def _families(templates: Iterable[tuple[tuple[int, int], ...]]) -> tuple[Family, ...]:
    shapes: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for cells in templates:
        shift = min(offset for offset, _ in cells)
        pattern = tuple((offset - shift, column) for offset, column in cells)
        shapes.setdefault(pattern, []).append(shift)
    return tuple(
        Family(pattern, tuple(sorted(shifts, reverse=True))) for pattern, shifts in shapes.items()
    )
