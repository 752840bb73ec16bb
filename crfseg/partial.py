"""Partly segmented text, as KyTea and Vaporetto write it: ``火-星 猫|の|生-態``.

Between any two characters stands what is known: ``|`` a boundary, ``-`` none, a space (or
``?``) nothing. A tag behind a character (``/noun``) is left out.
"""

from __future__ import annotations

from crfseg.errors import SettingsError

_MARKS = {"|": True, "-": False, " ": None, "?": None}
_EXPECTED = "expected one of | - space between any two characters"


def read_partial(line: str) -> tuple[str, dict[int, bool]]:
    """The text of a line, and the boundaries that are given: by place, whether there is one.

    Raises SettingsError for a line that is not of this form.
    """
    text, given = line[:1], {}
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
            given[len(text)] = known
        text += line[at + 1]
        at += 2
    return text, given
