"""The user's words: matching them in a text, and adjusting the emission scores.

A word may begin and end only at *edges*: where a position begins, except between two letters or
digits (IP does not match inside VIP). Forced words are matched in the whole text, leftmost
longest first. Of the preferred words, the longest that begins and the longest that ends at each
place count: boundaries at their ends get a bonus and boundaries inside them a penalty, so the
model still decides.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.layout import FIRST_LEXICON, LONGEST
from crfseg.jit.decorators import part, stage
from crfseg.jit.memory import array_at, vector
from crfseg.segmentation.kernels.layout import (
    BEGINS,
    CHARACTERS,
    CLASS_SHIFT,
    INSIDE,
    NEVER,
    NUMBERS,
    PAGES,
    TIERS,
    TYPE_SHIFT,
)
from crfseg.segmentation.kernels.table_views import gap_of, header_at, work_at
from crfseg.segmentation.kernels.user_trie import (
    ROOT,
    ends_word,
    goes_on,
    node_of,
    prefetch_entry,
    said_after,
)
from crfseg.segmentation.kernels.utf8_to_ids import character, is_set_apart
from crfseg.text.codes import (
    CHARACTER_BITS,
    DIGIT,
    EXTEND,
    FLAG,
    JOINER,
    LETTER,
    LOWER_FORMS,
    SPACE,
)

_TYPE = np.uint32((1 << (CLASS_SHIFT - TYPE_SHIFT)) - 1)
_TYPE_SHIFT, _CLASS_SHIFT = np.uint32(TYPE_SHIFT), np.uint32(CLASS_SHIFT)
_SPACE, _EXTEND, _JOINER, _FLAG = SPACE, EXTEND, JOINER, FLAG
_LETTER, _DIGIT = LETTER, DIGIT
# Bit fields of a character in `letters`: its folded code point, whether a position begins at it,
# whether a word may begin or end before it (edge), whether a forced word begins or ends before
# it (opens), and whether it is inside a forced word.
_CODE = np.uint32((1 << CHARACTER_BITS) - 1)
_POSITION, _EDGE, _OPENS, _INSIDE = (np.uint32(1 << CHARACTER_BITS + k) for k in range(4))
_NOTHING = np.uint32(0)
_NEVER = np.int32(NEVER)  # see `layout.NEVER`: at most one of these counts on any path


@part
def spelled(text_at, letters_at, size):
    """Views of the text, uint8 [size], and of its `letters`, uint32 [size + 1]."""
    letters = array_at(letters_at, (size + 1,), np.uint32)
    return array_at(text_at, (size,), np.uint8), letters


@part
def fold(code, lower):
    """The folded form of a code point, for comparing words; see `text.characters.folded`."""
    if 0xFF01 <= code <= 0xFF5E:
        code -= np.uint32(0xFEE0)
    return np.uint32(lower[code]) if code < LOWER_FORMS else code


@part
def length_at(text, at):
    """The length in bytes of the character that begins at a byte of valid UTF-8."""
    first = text[at]
    return 1 + np.int64(first >= 0xC0) + np.int64(first >= 0xE0) + np.int64(first >= 0xF0)


@stage
def spell(header, text_at, size, locks_at, lock_count, words_at, letters_at):
    """Fill `letters` at the first byte of each character.

    letters uint32 [size + 1]; the other arguments are as in `utf8_to_ids.gather`, which makes the
    same positions. Returns -1, or the byte where the text is not UTF-8.
    """
    h = header_at(header)
    text, letters = spelled(text_at, letters_at, size)
    locks = array_at(locks_at, (lock_count, 3), np.int64)
    lower = array_at(array_at(words_at, (5,), np.int64)[0], (LOWER_FORMS,), np.uint16)
    pages, characters = vector(h, PAGES, np.uint32), vector(h, CHARACTERS, np.uint32)
    # Must come first: numba drops writes to an array that is not used afterwards.
    letters[size] = _CODE | _POSITION | _EDGE
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
        space, latin = kind == _SPACE, what in (_LETTER, _DIGIT)
        if kind or lock < lock_count:
            while lock < lock_count and locks[lock, 1] <= at:
                lock += 1
            glued |= lock < lock_count and locks[lock, 0] < at
            glued |= kind in (_EXTEND, _JOINER)
            glued |= kind == _FLAG and half_flag
            glued &= not is_set_apart(locks, lock, at)
            latin |= latin_before and kind in (_EXTEND, _JOINER)
        letter = np.uint32(fold(code, lower))
        if first or space or not glued:
            letter |= _POSITION if latin and latin_before else _POSITION | _EDGE
        letters[at] = letter
        first = space
        glued = kind == _JOINER
        half_flag = kind == _FLAG and not half_flag
        latin_before = latin
        at += length
    return -1


@stage
def force(text_at, size, letters_at, table_at, slots):
    """Mark the occurrences of forced words, leftmost longest first; returns their number."""
    text, letters = spelled(text_at, letters_at, size)
    table = array_at(table_at, (slots, 2), np.uint64)
    begin, count = np.int64(0), 0
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
        count += 1
        letters[begin] |= _OPENS
        letters[end] |= _OPENS
        begin += length_at(text, begin)
        while begin < end:
            letters[begin] |= _INSIDE
            begin += length_at(text, begin)
    return count


@part
def close(text, letters, places, sequences, count):
    """Append to `places` the end of each sequence's last position."""
    for s in range(count):
        at = np.int64(places[sequences[s, 1] - 1])
        at += length_at(text, at)
        while letters[at] & _POSITION == _NOTHING:
            at += length_at(text, at)
        places[sequences[s, 1]] = at


@part
def seek(text, letters, places, sequences, count, table, found, ats):
    """Find the longest words that begin and that end at each position of the sequences.

    found uint32 [4, room]: the first two rows receive their lengths in positions, 0 if there is
    none; the other rows and ats uint32 [room] are scratch memory. places: see `close`. All
    positions advance in lockstep, so that many cache misses overlap (see
    `features.kernels.trie.match`): with 350,000 words this saves 20 ns per character.
    """
    begins, ends, active, nodes = found[0], found[1], found[2], found[3]
    on = 0  # number of positions whose word can continue
    for s in range(count):
        for i in range(sequences[s, 0], sequences[s, 1]):
            begins[i], ends[i] = 0, 0
            active[on], nodes[on], ats[on] = i, ROOT, places[i]
            on += np.int64(letters[places[i]] & _EDGE != _NOTHING)
    while on > 0:
        for a in range(on):
            prefetch_entry(table, np.uint64(nodes[a]), np.uint64(letters[ats[a]] & _CODE))
        steps, on = on, 0
        for a in range(steps):
            i, at = np.int64(active[a]), np.int64(ats[a])
            said = said_after(table, np.uint64(nodes[a]), np.uint64(letters[at] & _CODE))
            at += length_at(text, at)
            if ends_word(said) and letters[at] & _EDGE != _NOTHING:
                n = 1
                while places[i + n] < at:
                    n += 1
                if n > 1:
                    begins[i] = n
                    ends[i + n - 1] = max(ends[i + n - 1], n)
            active[on], nodes[on], ats[on] = i, node_of(said), at
            on += np.int64(goes_on(said, np.uint64(letters[at] & _CODE)))


@part
def knows(columns, tiers, begin, n):
    """Whether a lexicon has the word of n positions at `begin`, judging by its feature codes."""
    for k in range(len(tiers)):
        before = (min(n, LONGEST) - 2) * tiers[k]  # codes of shorter words: see `trie.code_of`
        at_begin = columns[FIRST_LEXICON + 2 * k, begin]
        at_end = columns[FIRST_LEXICON + 2 * k + 1, begin + n - 1]
        if before < at_begin <= before + tiers[k] or before < at_end <= before + tiers[k]:
            return True
    return False


@part
def add_word_score(begin, n, end, gain, gains, losses):
    """Record the bonus of a word of n positions at its boundaries, and the penalty inside it."""
    gains[begin] = max(gains[begin], gain)
    if begin + n < end:
        gains[begin + n] = max(gains[begin + n], gain)
    for i in range(begin + 1, begin + n):
        losses[i] = max(losses[i], gain)


@part
def demand(letter, first, change, starts, tags, scores):
    """Change the scores of the tags that begin a word, or rule tags out; scores int32 [T].

    first: whether the position is the first of its sequence, where a word always begins.
    """
    inside = letter & _INSIDE != _NOTHING and not first
    opens = letter & _OPENS != _NOTHING and not inside
    for t in range(len(tags)):
        if starts[t]:
            scores[t] = _NEVER if inside else scores[t] + change
        elif opens:
            scores[t] = _NEVER


@part
def demand_word(scores, starts, tags):
    """Rule out tags that do not begin a word, unless no other is left; scores int32 [T]."""
    can = False
    for t in range(len(tags)):
        can |= starts[t] != 0 and scores[t] != _NEVER
    for t in range(len(tags)):
        if can and starts[t] == 0:
            scores[t] = _NEVER


@stage
def advise(header, work_place, size, text_at, letters_at, words_at, tags):
    """Adjust the emission scores of the gathered positions by preferred and forced words.

    words: see the user's words in `pipeline`.
    """
    h = header_at(header)
    work = work_at(h, work_place, size, tags)
    words = array_at(words_at, (5,), np.int64)
    text, letters = spelled(text_at, letters_at, size)
    numbers, tiers = vector(h, NUMBERS, np.int64), vector(h, TIERS, np.int64)
    new, known = np.uint32(numbers[3]), np.uint32(numbers[4])
    columns = work.columns[:, gap_of(numbers[0]) :]
    starts, places, sequences = vector(h, BEGINS, np.uint8), work.places, work.sequences
    begins, ends, gains, losses = work.scratch[0], work.scratch[1], work.scratch[2], work.scratch[3]
    count, some = work.state[3], words[4] > 0
    if some:
        table = array_at(words[3], (words[4], 2), np.uint64)
        close(text, letters, places, sequences, count)
        seek(text, letters, places, sequences, count, table, work.scratch, work.numbers)
    for s in range(count):
        first, end = np.int64(sequences[s, 0]), np.int64(sequences[s, 1])
        for i in range(first, end):
            gains[i], losses[i] = 0, 0
        for i in range(first, end if some else first):
            n = np.int64(begins[i])
            if n > 0:
                gain = known if knows(columns, tiers, i, n) else new
                add_word_score(i, n, end, gain, gains, losses)
            n = np.int64(ends[i])
            if n > 0 and begins[i - n + 1] != n:
                gain = known if knows(columns, tiers, i - n + 1, n) else new
                add_word_score(i - n + 1, n, end, gain, gains, losses)
        for i in range(first, end):
            letter = letters[places[i]]
            change = np.int32(gains[i]) - np.int32(losses[i])
            if change != 0 or letter & (_INSIDE | _OPENS) != _NOTHING:
                demand(letter, i == first, change, starts, tags, work.scores[i])


@stage
def join(text_at, size, letters_at, marks_at):
    """Clear the marks inside forced words, where whitespace does not separate either."""
    text, letters = spelled(text_at, letters_at, size)
    marks = array_at(marks_at, (size,), np.uint8)
    at = np.int64(0)
    while at < size:
        if letters[at] & _INSIDE != _NOTHING:
            marks[at] = INSIDE
        at += length_at(text, at)
