"""Spans kept whole whatever the model says: web addresses and e-mail addresses."""

from __future__ import annotations

import re

import numpy as np

# The last character is not punctuation that belongs to the sentence around.
_ADDRESS = re.compile(
    r"(?:(?:https?|ftp)://|www\.)[!-~]*[A-Za-z0-9/#&=_%+~-]"
    r"|[A-Za-z0-9](?:[A-Za-z0-9._%+-]*[A-Za-z0-9_%+-])?@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    re.IGNORECASE,
)
_SIGNS = ("://", "@", "www.", "WWW.")
NOTHING = np.zeros((0, 2), dtype=np.int64)
NOTHING.setflags(write=False)


def addresses(text: str) -> np.ndarray:
    """int64 [L, 2]: begin and end of each address in the text, ascending."""
    if not any(sign in text for sign in _SIGNS):
        return NOTHING
    return np.array([match.span() for match in _ADDRESS.finditer(text)], np.int64).reshape(-1, 2)
