"""Partly segmented text in the format of KyTea and Vaporetto: ``火-星 猫|の|生-態``.

A mark separates any two characters: ``|`` a boundary, ``-`` no boundary, a space (or ``?``)
unknown. A tag after a character (``/noun``) is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.files import Path

FORM = "一-个|字 符 with a mark between any two characters: | - or a space"
_MARKS = {"|": True, "-": False, " ": None, "?": None}
_EXPECTED = "expected one of | - space between any two characters"


def read_partial(line: str) -> tuple[str, dict[int, bool]]:
    """The text of a line, and for each position that is known whether a word begins there.

    Raises SettingsError for a line that is not in this format.
    """
    text, boundaries = line[:1], {}
    at = 1
    while at < len(line):
        if line[at] == "/":
            while at < len(line) and line[at] not in _MARKS:
                at += 1
            if at == len(line):
                break
        mark = line[at]
        if mark not in _MARKS:
            raise SettingsError(f"{mark!r} at character {at + 1}; {_EXPECTED}")
        if at + 1 == len(line):
            raise SettingsError(f"nothing behind the last {mark!r}; {_EXPECTED}")
        known = _MARKS[mark]
        if known is not None:
            boundaries[len(text)] = known
        text += line[at + 1]
        at += 2
    return text, boundaries


class Partial(list[str]):
    """A partly annotated sentence, cut where words are known to begin.

    unknown: the character positions where it is unknown whether a word begins.
    """

    def __init__(self, pieces: Iterable[str], unknown: Sequence[int]) -> None:
        super().__init__(pieces)
        self.unknown = unknown


def partial_reader(path: Path, lines: Iterable[str], guess: bool) -> Iterator[list[str]]:
    """Sentences of characters separated by marks: lists of words, or `Partial`."""
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line:
            continue
        try:
            text, boundaries = read_partial(line)
        except SettingsError as error:
            problem, _, _ = str(error).partition(";")
            raise DataError(path, number, problem, FORM) from None
        if _blank(text):
            raise DataError(path, number, "a blank in place of a character", FORM)
        edges = [0, *(place for place, begins in boundaries.items() if begins), len(text)]
        pieces = [text[a:b] for a, b in pairwise(edges)]
        unknown = [i for i in range(1, len(text)) if i not in boundaries]
        yield Partial(pieces, unknown) if unknown else pieces


def fits(line: str) -> bool:
    """Whether a line may have this format; true for a line of one-character words, too."""
    line = line.strip()
    return len(line) % 2 == 1 and set("|- ").issuperset(line[1::2]) and not _blank(line[::2])


def is_marked(line: str) -> bool:
    """Whether a line that `fits` has any mark but spaces."""
    return not set(line.strip()[1::2]) <= {" "}


def _blank(text: str) -> bool:
    return text.split() != [text]


def spell(words: Sequence[str], unknown: Iterable[int] = ()) -> str:
    """Writes a sentence in this format; unknown: positions whose boundary is unknown."""
    marks = ["|" if i == 0 else "-" for word in words for i in range(len(word))]
    for place in unknown:
        marks[place] = " "
    text = "".join(words)
    return text[:1] + "".join(m + c for m, c in zip(marks[1:], text[1:], strict=True))
