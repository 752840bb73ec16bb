"""A trie of words in one hash table, to which words can be added.

An entry is two uint64: a key (the node above, then a character), 0 if the slot is free; and
the node itself, whether a word ends there, and which characters can follow (a bit for each
value of their last five bits). A table that segmenters read is not changed any more: who
adds words changes a copy.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.keys import SPREAD
from crfseg.jit.decorators import part
from crfseg.jit.memory import array_at, prefetch
from crfseg.text.codes import CHARACTER_BITS

_CHARACTER, _SPREAD_SHIFT = np.uint64(CHARACTER_BITS), np.uint64(32)
_ZERO, _ONE, _LOW = np.uint64(0), np.uint64(1), np.uint64(31)
_NODE, _WORD, _FOLLOW = np.uint64((1 << 31) - 1), np.uint64(1 << 31), np.uint64(32)
#: The node that all words begin at.
ROOT = np.uint64(1)


@part
def place_of(table, node, character):
    """The slot of an entry, or the free one where it would be; node and character uint64."""
    key = node << _CHARACTER | character
    last = np.uint64(len(table) - 1)
    slot = (key * SPREAD >> _SPREAD_SHIFT) & last
    while table[slot, 0] != key and table[slot, 0] != _ZERO:
        slot = (slot + _ONE) & last
    return slot


@part
def prefetch_entry(table, node, character):
    """Ask for an entry that `said_after` is about to read."""
    slot = ((node << _CHARACTER | character) * SPREAD >> _SPREAD_SHIFT) & np.uint64(len(table) - 1)
    prefetch(table, slot << _ONE)


@part
def said_after(table, node, character):
    """What is said of the node that a character leads to; 0 if there is none."""
    return table[place_of(table, node, character), 1]


@part
def node_of(said):
    return said & _NODE


@part
def ends_word(said):
    return said & _WORD != _ZERO


@part
def goes_on(said, character):
    """Whether a longer word may have the character next."""
    return (said >> _FOLLOW) >> (character & _LOW) & _ONE != _ZERO


def enter_words(table, slots, old, old_slots, state, words, ends, count):
    """Enter words, or take them out; all arguments are addresses or numbers.

    table, old: uint64 [slots, 2], [old_slots, 2]: a table, and one whose entries are put
    into it first; slots is a power of two and more than twice the entries of old, which has
    0 slots if there is none; state: int64 [2], entries of the table (out, too), and whether
    the words are to be entered; words: uint32, their characters one after another; ends: int64
    [count]. Returns how many were done before the table was half full, all if it never was.
    """
    entries = array_at(table, (slots, 2), np.uint64)
    before = array_at(old, (old_slots, 2), np.uint64)
    numbers = array_at(state, (2,), np.int64)
    stops = array_at(ends, (count,), np.int64)
    characters = array_at(words, (stops[count - 1] if count > 0 else 0,), np.uint32)
    for k in range(old_slots):
        key = before[k, 0]
        if key != _ZERO:
            slot = place_of(entries, key >> _CHARACTER, key & np.uint64((1 << CHARACTER_BITS) - 1))
            entries[slot, 0], entries[slot, 1] = key, before[k, 1]
    adding = numbers[1] != 0
    begin = 0
    for k in range(count):
        if 2 * (numbers[0] + stops[k] - begin) > slots and adding:
            return k
        node, above = ROOT, _ZERO
        slot = _ZERO
        there = True
        for i in range(begin, stops[k]):
            character = np.uint64(characters[i])
            slot = place_of(entries, node, character)
            if entries[slot, 0] == _ZERO:
                if not adding:
                    there = False
                    break
                numbers[0] += 1
                entries[slot, 0] = node << _CHARACTER | character
                entries[slot, 1] = ROOT + np.uint64(numbers[0])
            if i > begin:
                entries[above, 1] |= (_ONE << (character & _LOW)) << _FOLLOW
            node, above = entries[slot, 1] & _NODE, slot
        begin = stops[k]
        if adding:
            entries[slot, 1] |= _WORD
        elif there:
            entries[slot, 1] &= ~_WORD
    return count
