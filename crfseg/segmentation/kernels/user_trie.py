"""A trie stored in one hash table with linear probing, to which words can be added.

An entry is two uint64: a key (parent node and character), 0 if the slot is free; and a value:
the node, whether a word ends there, and which characters can follow (a bit for each value of
their lowest five bits). Tables in use by segmenters are immutable: changes are made to a copy.
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
#: The root node.
ROOT = np.uint64(1)


@part
def place_of(table, node, character):
    """The slot of an entry, or the free slot to insert it; node and character are uint64."""
    key = node << _CHARACTER | character
    last = np.uint64(len(table) - 1)
    slot = (key * SPREAD >> _SPREAD_SHIFT) & last
    while table[slot, 0] != key and table[slot, 0] != _ZERO:
        slot = (slot + _ONE) & last
    return slot


@part
def prefetch_entry(table, node, character):
    """Prefetch an entry that `said_after` is about to read."""
    slot = ((node << _CHARACTER | character) * SPREAD >> _SPREAD_SHIFT) & np.uint64(len(table) - 1)
    prefetch(table, slot << _ONE)


@part
def said_after(table, node, character):
    """The value of the child entry for a character; 0 if there is none."""
    return table[place_of(table, node, character), 1]


@part
def node_of(said):
    return said & _NODE


@part
def ends_word(said):
    return said & _WORD != _ZERO


@part
def goes_on(said, character):
    """Whether the node may have a child for the character (false positives are possible)."""
    return (said >> _FOLLOW) >> (character & _LOW) & _ONE != _ZERO


def enter_words(table, slots, old, old_slots, state, words, ends, count):
    """Add or remove words; all arguments are addresses or numbers.

    table: uint64 [slots, 2], the table to change; old: uint64 [old_slots, 2], a table whose
    entries are copied into it first (old_slots is 0 if there is none); slots: a power of two,
    more than twice the entries of old; state: int64 [2], the number of entries (updated), and
    whether to add or to remove; words: uint32, their concatenated characters; ends: int64
    [count]. Returns the number of words processed before the table was half full.
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
