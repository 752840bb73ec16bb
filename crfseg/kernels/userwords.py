"""The words of a user: where they stand in a text, and how they change what is decided.

A word may begin and end at the *edges* of a text: where a position begins, but not between
two letters or digits (IP is no word of VIP). Words that are to be kept whole are found in
the whole text, leftmost first and longest first. Of the others, the longest that begins and
the longest that ends at each place count: a boundary that one of them has gains, one inside
of one loses, so that it is still the model that decides.
"""

from __future__ import annotations

import numpy as np

from crfseg import text as facts
from crfseg.kernels.gather import character
from crfseg.kernels.layout import (
    BEGINS,
    CHARACTER_BITS,
    CHARACTERS,
    CLASS_SHIFT,
    FIRST_LEXICON,
    INSIDE,
    LONGEST,
    LOWER_FORMS,
    NUMBERS,
    PAGES,
    TIERS,
    TYPE_SHIFT,
)
from crfseg.kernels.memory import array_at
from crfseg.kernels.policy import part, stage
from crfseg.kernels.tables import gap_of, header_at, matrix, vector, work_at
from crfseg.kernels.wordtrie import ROOT, ends_word, goes_on, node_of, said_after

_TYPE = np.uint32((1 << (CLASS_SHIFT - TYPE_SHIFT)) - 1)
_TYPE_SHIFT, _CLASS_SHIFT = np.uint32(TYPE_SHIFT), np.uint32(CLASS_SHIFT)
_SPACE, _EXTEND, _JOINER, _FLAG = facts.SPACE, facts.EXTEND, facts.JOINER, facts.FLAG
_LETTER, _DIGIT = facts.LETTER, facts.DIGIT
# What is known of a character of the text: which one it is (folded), whether a position
# begins and whether a word may begin or end before it, and whether a forced word does so or
# has it inside.
_CODE = np.uint32((1 << CHARACTER_BITS) - 1)
_POSITION, _EDGE, _OPENS, _INSIDE = (np.uint32(1 << CHARACTER_BITS + k) for k in range(4))
_NOTHING = np.uint32(0)
_NEVER = np.int32(-(1 << 28))  # see `scores.viterbi`: no more than one counts on any path


@part
def fold(code, lower):
    """The code point that stands for one where words are compared; see `text.folded`."""
    if 0xFF01 <= code <= 0xFF5E:
        code -= np.uint32(0xFEE0)
    return np.uint32(lower[code]) if code < LOWER_FORMS else code


@part
def length_at(text, at):
    """The bytes of the character that begins at a byte of valid UTF-8."""
    first = text[at]
    return 1 + np.int64(first >= 0xC0) + np.int64(first >= 0xE0) + np.int64(first >= 0xF0)


@stage
def spell(header, text_at, size, locks_at, lock_count, words_at, letters_at):
    """Write what each character is, at its first byte; returns -1, or where it is not UTF-8.

    letters uint32 [size + 1]; the others as in `gather.gather`, whose positions these are.
    """
    h = header_at(header)
    text, letters = array_at(text_at, (size,), np.uint8), array_at(letters_at, (size + 1,), np.uint32)
    locks = array_at(locks_at, (lock_count, 3), np.int64)
    lower = array_at(array_at(words_at, (5,), np.int64)[0], (LOWER_FORMS,), np.uint16)
    pages, characters = vector(h, PAGES, np.uint32), vector(h, CHARACTERS, np.uint32)
    at = np.int64(0)
    lock = 0
    first = True  # is this the first character of a sequence?
    glued = half_flag = latin_before = False
    while at < size:
        code, length = character(text, at)
        if length == 0:
            return at
        entry = characters[pages[code >> 8] + (code & 0xFF)]
        kind, what = entry >> _CLASS_SHIFT, (entry >> _TYPE_SHIFT) & _TYPE
        while lock < lock_count and locks[lock, 1] <= at:
            lock += 1
        glued |= lock < lock_count and locks[lock, 0] < at
        glued |= kind in (_EXTEND, _JOINER)
        glued |= kind == _FLAG and half_flag
        space = kind == _SPACE
        latin = what in (_LETTER, _DIGIT) or (latin_before and kind in (_EXTEND, _JOINER))
        letter = np.uint32(fold(code, lower))
        if first or space or not glued:
            letter |= _POSITION
            if not (latin and latin_before):
                letter |= _EDGE
        letters[at] = letter
        first = space
        glued = kind == _JOINER
        half_flag = kind == _FLAG and not half_flag
        latin_before = latin
        at += length
    letters[size] = _CODE | _POSITION | _EDGE
    return -1


@stage
def force(text_at, size, letters_at, table_at, slots):
    """Mark the words of a table, leftmost first and longest first, and their boundaries."""
    text, letters = array_at(text_at, (size,), np.uint8), array_at(letters_at, (size + 1,), np.uint32)
    table = array_at(table_at, (slots, 2), np.uint64)
    begin = np.int64(0)
    while begin < size:
        end, at, node = begin, begin, ROOT
        more = letters[begin] & _EDGE != _NOTHING
        while more:
            said = said_after(table, node, np.uint64(letters[at] & _CODE))
            at += length_at(text, at)
            node = node_of(said)
            if ends_word(said) and letters[at] & _EDGE != _NOTHING:
                end = at
            more = goes_on(said, np.uint64(letters[at] & _CODE)) and at < size
        if end == begin:
            begin += length_at(text, begin)
            continue
        letters[begin] |= _OPENS
        letters[end] |= _OPENS
        begin += length_at(text, begin)
        while begin < end:
            letters[begin] |= _INSIDE
            begin += length_at(text, begin)


@part
def seek(text, letters, places, first, end, table, found):
    """The longest words of a table that begin and end at each position of a sequence.

    found uint32 [2 or more, end or more]: their lengths in positions, 0 if there is none.
    """
    begins, ends = found[0], found[1]
    for i in range(first, end):
        begins[i], ends[i] = 0, 0
    for i in range(first, end):
        at, node, n = np.int64(places[i]), ROOT, 0
        more = letters[at] & _EDGE != _NOTHING
        while more:
            said = said_after(table, node, np.uint64(letters[at] & _CODE))
            at += length_at(text, at)
            node = node_of(said)
            following = letters[at]
            n += np.int64(following & _POSITION != _NOTHING)
            if n > 1 and ends_word(said) and following & _EDGE != _NOTHING:
                begins[i] = n
                ends[i + n - 1] = max(ends[i + n - 1], n)
            more = goes_on(said, np.uint64(following & _CODE)) and i + n < end


@part
def knows(columns, tiers, begin, n):
    """Whether a lexicon has the word of n positions from `begin` on, as far as its codes tell."""
    length = min(n, LONGEST) - 2
    for k in range(len(tiers)):
        at_begin = columns[FIRST_LEXICON + 2 * k, begin] - 1
        at_end = columns[FIRST_LEXICON + 2 * k + 1, begin + n - 1] - 1
        if at_begin >= 0 and at_begin // tiers[k] == length:
            return True
        if at_end >= 0 and at_end // tiers[k] == length:
            return True
    return False


@part
def speak(begin, n, end, gain, gains, losses):
    """Note what a word of n positions gains at its boundaries, and what those inside lose."""
    gains[begin] = max(gains[begin], gain)
    if begin + n < end:
        gains[begin + n] = max(gains[begin + n], gain)
    for i in range(begin + 1, begin + n):
        losses[i] = max(losses[i], gain)


@stage
def advise(header, work_place, size, text_at, letters_at, words_at, tags):
    """Change the scores of what is gathered: as preferred words speak and forced ones demand.

    words: see `decode.segment`.
    """
    h = header_at(header)
    work = work_at(h, work_place, size, tags)
    words = array_at(words_at, (5,), np.int64)
    text, letters = array_at(text_at, (size,), np.uint8), array_at(letters_at, (size + 1,), np.uint32)
    numbers, tiers = vector(h, NUMBERS, np.int64), vector(h, TIERS, np.int64)
    new, known = np.uint32(numbers[3]), np.uint32(numbers[4])
    columns = work.columns[:, gap_of(numbers[0]) :]
    starts, scores, places, found = vector(h, BEGINS, np.uint8), work.scores, work.places, work.scratch
    table = array_at(words[3], (words[4], 2), np.uint64)
    for s in range(work.state[3]):
        first, end = np.int64(work.sequences[s, 0]), np.int64(work.sequences[s, 1])
        for i in range(first, end):
            found[2, i], found[3, i] = 0, 0
        if words[4] > 0:
            seek(text, letters, places, first, end, table, found)
            for i in range(first, end):
                n = np.int64(found[0, i])
                if n:
                    gain = known if knows(columns, tiers, i, n) else new
                    speak(i, n, end, gain, found[2], found[3])
                n = np.int64(found[1, i])
                if n and found[0, i - n + 1] != n:
                    gain = known if knows(columns, tiers, i - n + 1, n) else new
                    speak(i - n + 1, n, end, gain, found[2], found[3])
        for i in range(first, end):
            letter = letters[places[i]]
            change = np.int32(found[2, i]) - np.int32(found[3, i])
            inside, opens = letter & _INSIDE != _NOTHING and i > first, letter & _OPENS != _NOTHING
            for t in range(len(tags)):
                if starts[t]:
                    scores[i, t] = _NEVER if inside else scores[i, t] + change
                elif opens and not inside:
                    scores[i, t] = _NEVER


@stage
def join(text_at, size, letters_at, marks_at):
    """Take away the marks inside of forced words: whitespace, too, does not separate there."""
    text, letters = array_at(text_at, (size,), np.uint8), array_at(letters_at, (size + 1,), np.uint32)
    marks = array_at(marks_at, (size,), np.uint8)
    at = np.int64(0)
    while at < size:
        if letters[at] & _INSIDE != _NOTHING:
            marks[at] = INSIDE
        at += length_at(text, at)
