"""The definition of whitespace. Imports nothing, so that segmenting starts quickly."""

from __future__ import annotations

#: Code points for which ``str.isspace`` holds, and the byte-order mark.
SPACES = (
    *range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
    0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF,
)  # fmt: skip
_SPACES = frozenset(SPACES)


def is_space(token: str) -> bool:
    """Whether a token of a segmented text is a run of whitespace; False for ""."""
    return ord(token[0]) in _SPACES if token else False
