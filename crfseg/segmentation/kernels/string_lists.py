"""Build Python lists of str from UTF-8 with separators.

This is the only kernel that calls Python: through the C API, by names that `jit.native`
resolves, with the GIL held. Words recur, so a small cache keeps the str objects of words of up
to 15 bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from crfseg.features.kernels.keys import SPREAD
from crfseg.jit.bits import low_zeros
from crfseg.jit.decorators import part
from crfseg.jit.memory import array_at, load_word
from crfseg.segmentation.kernels.candidate_spans import zeros
from crfseg.segmentation.kernels.layout import CACHED
from crfseg.text.codes import BREAK, JOINT

_ADDRESS: Any = types.intp
_STATUS: Any = types.int32
_NOTHING: Any = types.void
new_list: Any = types.ExternalFunction("PyList_New", _ADDRESS(_ADDRESS))
set_item: Any = types.ExternalFunction("PyList_SetItem", _STATUS(_ADDRESS, _ADDRESS, _ADDRESS))
decode: Any = types.ExternalFunction("PyUnicode_DecodeUTF8", _ADDRESS(_ADDRESS, _ADDRESS, _ADDRESS))
hold: Any = types.ExternalFunction("Py_IncRef", _NOTHING(_ADDRESS))
release: Any = types.ExternalFunction("Py_DecRef", _NOTHING(_ADDRESS))
_EIGHT, _ALL = np.uint64(8), np.uint64(0xFFFFFFFFFFFFFFFF)
_LENGTH_SHIFT, _SLOT_SHIFT = np.uint64(56), np.uint64(64 - CACHED)
_HIGH_BITS = np.uint64(0x8080808080808080)
_BREAKS = np.uint64(BREAK * 0x0101010101010101)


@part
def first_break(word):
    """The index of the first separator among eight bytes; 8 if there is none."""
    return low_zeros(zeros(word ^ _BREAKS) & _HIGH_BITS) >> 3


@part
def string_of(text, begin, end, errors, cache):
    """A new reference to the str of text[begin:end]; 0 if it is not UTF-8."""
    length = end - begin
    place = text.ctypes.data + begin
    if length > 15 or begin + 16 > len(text):
        return decode(place, length, errors)
    low, high = load_word(text, begin), np.uint64(0)
    if length < 8:
        low &= ~(_ALL << (_EIGHT * np.uint64(length)))
    elif length > 8:
        high = load_word(text, begin + 8) & ~(_ALL << (_EIGHT * np.uint64(length - 8)))
    high |= np.uint64(length) << _LENGTH_SHIFT
    slot = ((low ^ (high * SPREAD)) * SPREAD) >> _SLOT_SHIFT
    if cache[slot, 0] == low and cache[slot, 1] == high:
        string = np.int64(cache[slot, 2])
        hold(string)
        return string
    string = decode(place, length, errors)
    if string != 0:
        before = np.int64(cache[slot, 2])
        hold(string)
        cache[slot, 0], cache[slot, 1], cache[slot, 2] = low, high, np.uint64(string)
        if before != 0:
            release(before)
    return string


@part
def words_of(text, begin, end, errors, cache):
    """A new reference to the list of the words between separators; 0 after an error."""
    if begin == end:
        return new_list(0)
    count = 1
    for i in range(begin, end):
        count += text[i] == BREAK
    words = new_list(count)
    at = begin
    for k in range(count):
        stop = at
        while stop + 8 <= end:
            step = first_break(load_word(text, stop))
            stop += step
            if step < 8:
                break
        while stop < end and text[stop] != BREAK:
            stop += 1
        string = string_of(text, at, stop, errors, cache) if words != 0 else 0
        if string == 0:
            if words != 0:
                release(words)
            return 0
        set_item(words, k, string)
        at = stop + 1
    return words


def word_lists(address, size, joined, errors, table):
    """A new reference to a list of words, or to a list of such lists; 0 after an error.

    address, size: UTF-8 with BREAK between words and, if joined is not 0, JOINT between
    texts; errors: the address of the error handler's name for `decode` (for surrogates); table:
    uint64 [2^CACHED, 3], the cache of strings: the first 8 bytes, the other bytes with the
    length in the highest byte, and a reference.
    """
    text = array_at(address, (size,), np.uint8)
    cache = array_at(table, (1 << CACHED, 3), np.uint64)
    if joined == 0:
        return words_of(text, 0, size, errors, cache)
    count = 1
    for i in range(size):
        count += text[i] == JOINT
    lists = new_list(count)
    at = 0
    for k in range(count):
        stop = at
        while stop < size and text[stop] != JOINT:
            stop += 1
        words = words_of(text, at, stop, errors, cache) if lists != 0 else 0
        if words == 0:
            if lists != 0:
                release(lists)
            return 0
        set_item(lists, k, words)
        at = stop + 1
    return lists
