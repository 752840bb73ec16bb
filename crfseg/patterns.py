"""Spans kept whole whatever the model says: addresses, grouped numbers, times and dates.

A corpus of 1998 has no web address, and what it has of 10:30 or 1,000 is written in
full-width characters or in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

# The last character is not punctuation that belongs to the sentence around. Bounds and
# look-behinds keep the time linear: no run of letters is tried from each of its letters.
_ADDRESS = re.compile(
    r"(?:(?:https?|ftp)://|(?<![A-Za-z0-9])www\.)[!-~]*[A-Za-z0-9/#&=_%+~-]"
    r"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{0,63}[A-Za-z0-9_%+-]"
    r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    re.IGNORECASE,
)
_SIGNS = ("://", "@", "w.", "W.")
_NUMBER = re.compile(
    r"(?<![\d,:.-])(?:"
    r"\d{1,3}(?:[,，]\d{3})+(?:[.．]\d+)?[%％]?"  # 1,234,567.8
    r"|\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"  # 10:30, 10:30:59
    r"|\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}"  # 2024-05-08
    r")(?!\d|[,:.-]\d)"
)
_INNER = ",，:：-/"
_NUMBER_SIGNS = frozenset("0123456789０１２３４５６７８９,，:：-/.．%％")
#: No number is longer than this; what looks like one is left to the model.
_LONGEST_NUMBER = 60

NOTHING = np.zeros((0, 3), dtype=np.int64)


def spans(text: str, codes: np.ndarray) -> np.ndarray:
    """int64 [L, 3]: begin, end and hardness of each span of a text, ascending.

    No word boundary falls inside a span. A hard one (an address) is a word of its own; a
    soft one (a number) may be part of a longer word: 1,000万. codes: uint32, the text's
    code points.
    """
    addresses = [(*match.span(), 1) for match in _addresses(text)]
    numbers = [(*span, 0) for span in _numbers(text, codes)]
    if not addresses or not numbers:
        return np.array(addresses or numbers, dtype=np.int64).reshape(-1, 3)
    hard, soft = np.array(addresses, dtype=np.int64), np.array(numbers, dtype=np.int64)
    # Overlaps an address: the first one to end after the number begins, begins before it ends.
    after = np.searchsorted(hard[:, 1], soft[:, 0], side="right")
    begins = np.append(hard[:, 0], len(text))
    both = np.concatenate([hard, soft[begins[after] >= soft[:, 1]]])
    return both[np.argsort(both[:, 0])]


def _addresses(text: str) -> Iterator[re.Match[str]]:
    # Looking for the signs first costs nothing next to the regular expression.
    return _ADDRESS.finditer(text) if any(sign in text for sign in _SIGNS) else iter(())


def _numbers(text: str, codes: np.ndarray) -> Iterator[tuple[int, int]]:
    done = 0
    for sign in _signs_inside(text, codes):
        if sign < done or not text[sign - 1 : sign].isdecimal():
            continue
        begin = end = sign
        while begin > done and text[begin - 1] in _NUMBER_SIGNS and sign - begin < _LONGEST_NUMBER:
            begin -= 1
        while end < len(text) and text[end] in _NUMBER_SIGNS and end - sign < _LONGEST_NUMBER:
            end += 1
        done = end
        for match in _NUMBER.finditer(text, begin, end):
            yield match.span()


def _signs_inside(text: str, codes: np.ndarray) -> list[int]:
    """Where the signs stand that can be inside a number."""
    found = np.zeros(0, dtype=np.int64)
    for sign in _INNER:
        if sign in text:  # a tenth of the time of looking where
            found = np.append(found, np.flatnonzero(codes == ord(sign)))
    return np.sort(found).tolist()
