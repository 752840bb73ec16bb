"""Lists of strings packed into byte arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from crfseg.text import characters

_LINE_END = ord("\n")


def pack_words(words: Iterable[str]) -> np.ndarray:
    """uint8: the words in UTF-8, each followed by a line end."""
    return np.frombuffer("".join(word + "\n" for word in words).encode("utf-8"), dtype=np.uint8)


def unpack_words(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The concatenated code points of packed words (uint32), and where each ends (int64).

    Raises ValueError for bytes that are not UTF-8 or do not end with a line end.
    """
    codes = characters.code_points(bytes(packed).decode("utf-8"))
    line_ends = np.flatnonzero(codes == _LINE_END)
    if len(codes) and codes[-1] != _LINE_END:
        raise ValueError("the last word has no line end")
    return codes[codes != _LINE_END], line_ends - np.arange(len(line_ends))


def pack_strings(words: Sequence[str]) -> np.ndarray:
    """uint8: the words in UTF-8, each followed by a NUL."""
    text = "\0".join((*words, ""))
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)


def unpack_strings(packed: np.ndarray) -> list[str]:
    """The inverse of `pack_strings`; raises ValueError for other bytes."""
    words = packed.tobytes().decode("utf-8", "surrogatepass").split("\0")
    if words.pop() != "":
        raise ValueError("the last word has no NUL behind it")
    return words
