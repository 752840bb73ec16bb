"""Spans kept whole regardless of the model: addresses, grouped numbers, times and dates.

The training corpus of 1998 has no web addresses, and writes times and numbers such as 10:30 or
1,000 in full-width characters or in words. All offsets are in UTF-8 bytes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from crfseg.segmentation.kernels.layout import ADDRESS, NUMBER

# An address does not end with punctuation of the surrounding sentence. Bounded repeats and
# look-behinds keep the time linear: a run of letters is not tried from each of its letters.
_ADDRESS = re.compile(
    rb"(?:(?:https?|ftp)://|(?<![A-Za-z0-9])www\.)[!-~]*[A-Za-z0-9/#&=_%+~-]"
    rb"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{0,63}[A-Za-z0-9_%+-]"
    rb"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    re.IGNORECASE,
)
# Digits and signs, half-width and full-width.
_FORMS = {
    "D": "(?:[0-9]|\\xef\\xbc[\\x90-\\x99])",
    "COMMA": "(?:,|\\xef\\xbc\\x8c)",
    "COLON": "(?::|\\xef\\xbc\\x9a)",
    "POINT": "(?:\\.|\\xef\\xbc\\x8e)",
    "PERCENT": "(?:%|\\xef\\xbc\\x85)",
}
_NUMBER = re.compile(
    (
        "(?<![0-9,:.])(?<!\\xef\\xbc[\\x90-\\x99])(?:"
        "{D}{{1,2}}{COLON}{D}{{2}}(?:{COLON}{D}{{2}})?"  # 10:30, 10:30:59, 9:00-21:30
        "|(?<!-)(?:{D}{{1,3}}(?:{COMMA}{D}{{3}})+(?:{POINT}{D}+)?{PERCENT}?"  # 1,234,567.8
        "|{D}{{4}}-{D}{{1,2}}-{D}{{1,2}}|{D}{{4}}/{D}{{1,2}}/{D}{{1,2}})(?!-{D})"  # 2024-05-08
        ")(?!{D}|[,:.]{D})"
    )
    .format(**_FORMS)
    .encode("ascii")
)
#: Longest number in bytes; longer candidates are left to the model.
_LONGEST_NUMBER = 180
Span = tuple[int, int, int]


def spans(data: bytes, runs: Iterable[Span]) -> list[Span]:
    """The spans to keep whole, ascending: first byte, end, and 1 if hard or 0 if soft.

    runs: candidates as first byte, end and kind, from `kernels.candidate_spans`.

    No word boundary falls inside a span. A hard span (an address) is a word of its own; a
    soft one (a number) may be part of a longer word: 1,000万.
    """
    runs = list(runs)
    addresses = [(a, b, 1) for a, b in _matches(_ADDRESS, data, runs, ADDRESS)]
    numbers = [(a, b, 0) for a, b in _matches(_NUMBER, data, runs, NUMBER)]
    if not addresses or not numbers:
        return addresses or numbers
    ends = [end for _, end, _ in addresses] + [len(data)]
    begins = [begin for begin, _, _ in addresses] + [len(data)]
    # Drop numbers that overlap an address: the first address that ends after the number's begin
    # must begin at or after its end.
    apart = [span for span in numbers if begins[bisect_right(ends, span[0])] >= span[1]]
    return sorted(addresses + apart)


def _matches(
    pattern: re.Pattern[bytes], data: bytes, runs: Iterable[Span], kind: int
) -> Iterator[tuple[int, int]]:
    for begin, end, what in runs:
        if what == kind and (kind == ADDRESS or end - begin <= _LONGEST_NUMBER):
            for match in pattern.finditer(data, begin, end):
                yield match.span()
