"""Constants about characters that Python code and kernels share. Imports nothing."""

from __future__ import annotations

#: Words are told apart by the one, texts that are cut together by the other; both are
#: whitespace, ASCII's own separators of units and records.
BREAK, JOINT = 0x1F, 0x1E
#: Code points of Unicode take so many bits; those below LOWER_FORMS (beyond the ideographic
#: space) have their lower case looked up.
CHARACTER_BITS, LOWER_FORMS = 21, 0x3001
CODE_POINTS = 0x110000
# Ids that every alphabet shares: for a character the model does not know, and for what is
# beyond the ends of the sentence; the characters of an alphabet follow.
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
