"""The columns of words for tagging parts of speech."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from crfseg.tagging.kernels.layout import LONGEST
from crfseg.text import characters

#: The number of columns of a word.
COLUMNS = 5
#: Templates over the word, its neighbours, and the shape of unknown words.
TEMPLATES = (
    "U00:%x[-1,0]", "U01:%x[0,0]", "U02:%x[1,0]", "U03:%x[0,1]", "U04:%x[0,2]", "U05:%x[0,3]",
    "U06:%x[0,4]", "U07:%x[-1,2]", "U08:%x[1,1]", "B",
)  # fmt: skip


def word_columns(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Each word, its first character, its last one, its last two, its length (at most 5).

    In normal forms, see `characters.normal_forms`.
    """
    codes = characters.normal_forms()[characters.code_points("".join(words))].astype("<u4")
    spelled = codes.tobytes().decode("utf-32-le", "surrogatepass")
    ends = accumulate(map(len, words))
    return [columns_of(spelled[e - len(w) : e]) for w, e in zip(words, ends, strict=True)]


def columns_of(word: str) -> tuple[str, ...]:
    """The columns of a word in normal forms."""
    return word, word[:1], word[-1:], word[-2:], str(min(len(word), LONGEST))
