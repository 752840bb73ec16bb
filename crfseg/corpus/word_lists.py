"""Reads word lists: one word per line, or jieba's dictionary."""

from __future__ import annotations

import re

from crfseg.common.errors import DataError
from crfseg.common.files import Path, read_lines

#: Whitespace that a word must not contain; spaces are allowed.
_NO_BLANK = re.compile("[\x09-\x0d\x1c-\x1f\x85\u2028\u2029\ufeff]")
_NUMBER_AND_TAG = re.compile(r" +[0-9]+(\.[0-9]+)?( +[a-z]{1,5})?$")
_TAG = re.compile(r"(?<=[^\x00-\x7f]) +[a-z]{1,4}$")


def read_words(path: Path) -> list[str]:
    """The words of a UTF-8 word list, one per line; blank lines are skipped.

    Text after a tab is ignored. Without a tab, the columns of jieba's dictionary (``word
    frequency tag``) are dropped: a number at the end of the line after a space, with or without
    a lower-case tag after it, and a tag of up to four letters alone after a non-ASCII character.
    All else belongs to the word, spaces included. Raises DataError.
    """
    words = []
    for number, line in enumerate(read_lines(path), 1):
        if word := _word_of(line):
            if not word.isprintable() and (strange := _NO_BLANK.search(word)):
                problem = f"U+{ord(strange[0]):04X} inside of a word"
                raise DataError(path, number, problem, "one word on a line")
            words.append(word)
    if not words:
        raise DataError(path, None, "no words", "one word on a line")
    return words


def _word_of(line: str) -> str:
    word, tab, _ = line.partition("\t")
    word = word.strip()
    if tab or " " not in word:
        return word
    return _TAG.sub("", _NUMBER_AND_TAG.sub("", word))
