"""Character constants shared by Python code and kernels. Imports nothing."""

from __future__ import annotations

#: BREAK separates words, JOINT separates texts that are segmented together; both are
#: whitespace, the unit and record separators of ASCII.
BREAK, JOINT = 0x1F, 0x1E
#: The bits of a Unicode code point; code points below LOWER_FORMS (just beyond the ideographic
#: space) have a table of lower case.
CHARACTER_BITS, LOWER_FORMS = 21, 0x3001
CODE_POINTS = 0x110000
# Ids shared by all alphabets: of unknown characters, and of places beyond the ends of the
# sentence; the characters of an alphabet follow.
UNKNOWN, BOUNDARY, FIRST_CHARACTER = 0, 1, 2
# Classes: how a character takes part in a sequence.
PLAIN = 0  # an ordinary character, one position of the sequence
SPACE = 1  # whitespace: a boundary, never inside a word
EXTEND = 2  # belongs to the character before it (combining mark, variation selector)
JOINER = 3  # belongs to the character before it and binds the one after it (ZWJ)
FLAG = 4  # half a flag: the second of two belongs to the first (regional indicators)
# Types: what a character is, as the features see it (column 1 of the templates).
OUTSIDE = 0  # beyond the ends of the sentence
OTHER = 1
HAN = 2
DIGIT = 3
NUMERAL = 4  # Chinese numerals
LETTER = 5
PUNCTUATION = 6
TYPES = 7
