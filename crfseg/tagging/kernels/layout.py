"""Layouts shared by `pos_tables` and `pos_viterbi`. Imports nothing heavy."""

from __future__ import annotations

#: An entry of `PosTables.characters`: the normal form, and flags of whitespace and line ends.
FORM, SPACE, LINE = (1 << 21) - 1, 1 << 21, 1 << 22
#: The tag of a token that is not a word.
NO_TAG = 255
#: The fields of a word: its token, its number (0: unknown), whether a line begins with it, the
#: first of its places in the path; and if it is unknown the numbers of its first and last
#: characters, the row of its last two, its length.
TOKEN, WORD, FIRST, PLACE, HEAD, LAST, PAIR, LENGTH = 0, 1, 2, 3, 4, 5, 6, 7
FIELDS = 8
#: Longer words count as this long.
LONGEST = 5
# Indices of the arrays of `pos_tables.PosTables` in a header.
CHARACTERS, NUMBERS, WORDS, FACTS, TAGS, SCORES, OPEN = 0, 1, 2, 3, 4, 5, 6
SHAPES, PAIRS, LENGTHS, ROWS, MOVES = 7, 8, 9, 10, 11
TABLES = 12
