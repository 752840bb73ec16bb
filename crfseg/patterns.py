"""Spans kept whole whatever the model says: addresses, grouped numbers, times and dates.

A corpus of 1998 has no web address, and what it has of 10:30 or 1,000 is written in
full-width characters or in words. Everything here is about UTF-8 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from crfseg.kernels.layout import ADDRESS, NUMBER

# The last character is not punctuation that belongs to the sentence around. Bounds and
# look-behinds keep the time linear: no run of letters is tried from each of its letters.
_ADDRESS = re.compile(
    rb"(?:(?:https?|ftp)://|(?<![A-Za-z0-9])www\.)[!-~]*[A-Za-z0-9/#&=_%+~-]"
    rb"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{0,63}[A-Za-z0-9_%+-]"
    rb"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    re.IGNORECASE,
)
# Digits and signs, half and full width.
_FORMS = {
    "D": "(?:[0-9]|\\xef\\xbc[\\x90-\\x99])",
    "COMMA": "(?:,|\\xef\\xbc\\x8c)",
    "COLON": "(?::|\\xef\\xbc\\x9a)",
    "POINT": "(?:\\.|\\xef\\xbc\\x8e)",
    "PERCENT": "(?:%|\\xef\\xbc\\x85)",
}
_NUMBER = re.compile(
    (
        "(?<![0-9,:.-])(?<!\\xef\\xbc[\\x90-\\x99])(?:"
        "{D}{{1,3}}(?:{COMMA}{D}{{3}})+(?:{POINT}{D}+)?{PERCENT}?"  # 1,234,567.8
        "|{D}{{1,2}}{COLON}{D}{{2}}(?:{COLON}{D}{{2}})?"  # 10:30, 10:30:59
        "|{D}{{4}}-{D}{{1,2}}-{D}{{1,2}}|{D}{{4}}/{D}{{1,2}}/{D}{{1,2}}"  # 2024-05-08
        ")(?!{D}|[,:.-]{D})"
    )
    .format(**_FORMS)
    .encode("ascii")
)
#: No number has more bytes than this; what looks like one is left to the model.
_LONGEST_NUMBER = 180


def spans(data: bytes, runs: np.ndarray) -> np.ndarray:
    """int64 [L, 3]: first byte, end and hardness of each span of UTF-8, ascending.

    runs: int32 [k, 3], where to look (`kernels.runs`).

    No word boundary falls inside a span. A hard one (an address) is a word of its own; a
    soft one (a number) may be part of a longer word: 1,000万.
    """
    places = runs.tolist()
    addresses = [(a, b, 1) for a, b in _matches(_ADDRESS, data, places, ADDRESS)]
    numbers = [(a, b, 0) for a, b in _matches(_NUMBER, data, places, NUMBER)]
    if not addresses or not numbers:
        return np.array(addresses or numbers, dtype=np.int64).reshape(-1, 3)
    hard, soft = np.array(addresses, dtype=np.int64), np.array(numbers, dtype=np.int64)
    # Overlaps an address: the first one to end after the number begins, begins before it ends.
    after = np.searchsorted(hard[:, 1], soft[:, 0], side="right")
    begins = np.append(hard[:, 0], len(data))
    both = np.concatenate([hard, soft[begins[after] >= soft[:, 1]]])
    return both[np.argsort(both[:, 0])]


def _matches(
    pattern: re.Pattern[bytes], data: bytes, runs: list[list[int]], kind: int
) -> Iterator[tuple[int, int]]:
    for begin, end, what in runs:
        if what == kind and (kind == ADDRESS or end - begin <= _LONGEST_NUMBER):
            for match in pattern.finditer(data, begin, end):
                yield match.span()
