"""What both sides of `wordtags` agree on. Imports nothing heavy."""

from __future__ import annotations

#: An entry of `PosTables.characters`: the normal form, and what kind of whitespace it is.
FORM, SPACE, LINE = (1 << 21) - 1, 1 << 21, 1 << 22
#: The tag of what is no word.
NO_TAG = 255
#: A word as it is read: its token, its number (0: not known), whether a line begins with it, the
#: first of its places in the path; and if it is not known the numbers of its first and last
#: characters, the row of its last two, its length.
TOKEN, WORD, FIRST, PLACE, HEAD, LAST, PAIR, LENGTH = 0, 1, 2, 3, 4, 5, 6, 7
FIELDS = 8
#: Longer words are as long.
LONGEST = 5
# Places of the arrays of `pos_tables.PosTables` in a header.
CHARACTERS, NUMBERS, WORDS, FACTS, TAGS, SCORES, OPEN = 0, 1, 2, 3, 4, 5, 6
SHAPES, PAIRS, LENGTHS, ROWS, MOVES = 7, 8, 9, 10, 11
TABLES = 12
