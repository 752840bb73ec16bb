"""Guesses the encoding of bytes, to suggest it in an error message."""

from __future__ import annotations

import codecs
from contextlib import suppress

_LIKELY = ("utf-8", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be")
# Nearly every byte string is valid gb18030, so encodings are ranked by how many of the most
# frequent Chinese characters the decoded text contains.
_FREQUENT = (
    "的一是不了在有人我他这這中大来來上个個国國为為们們到说說时時要就出会會可也你对對生能而子得"
    "于於着著下自之年过過发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒"
    "动動面起看定天分还還进進好小部其些主样樣理心今日月很气氣语語文字，。、"
)


def likely_encoding(data: bytes, given: str) -> str | None:
    """An encoding that fits ``data`` better than ``given``, or None if there is none.

    ``data`` may be cut off at its end; ``given`` must be a known encoding.
    """
    plain = data.decode(given, "replace")
    scores = {}
    for name in _LIKELY:
        with suppress(UnicodeError):
            text = codecs.getincrementaldecoder(name)().decode(data)
            if "\0" not in text and not plain.startswith(text):
                scores[name] = _plausibility(text)
    best = max(scores, key=scores.__getitem__, default=given)
    return best if best != given and scores[best] > _plausibility(plain) else None


def _plausibility(text: str) -> float:
    return sum(map(text.count, _FREQUENT)) / max(1, len(text))
