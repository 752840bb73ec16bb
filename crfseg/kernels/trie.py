"""A trie kept in one hash table, and the longest words that begin and end at each place."""

from __future__ import annotations

import numpy as np

from crfseg.kernels.hashing import EMPTY, slot_of
from crfseg.kernels.policy import kernel, part

_FLAGS = np.uint64(0xFFFFFFFF)
_CHILD = np.uint64(32)


@part
def shared_prefix(words, before, start, end):
    """How many ids the words words[before:start] and words[start:end] begin with alike."""
    shared = 0
    most = min(start - before, end - start)
    while shared < most and words[before + shared] == words[start + shared]:
        shared += 1
    return shared


@kernel
def count_nodes(words, ends):
    """How many nodes deeper than one character the words need, at most.

    words int32 [M], ends int64 [W]. Exact if words with a common prefix stand together.
    """
    nodes = 0
    before, start = 0, 0
    for w in range(len(ends)):
        shared = shared_prefix(words, before, start, ends[w])
        nodes += ends[w] - start - max(shared, 1)
        before, start = start, ends[w]
    return nodes


@kernel
def insert(words, ends, flags, radix, slots, path):
    """Add words to an empty trie; nodes are numbered in the order they come up.

    words int32 [M], ends int64 [W], flags uint32 [W], radix uint64 scalar, slots uint64
    [capacity, 2] with EMPTY keys, path int64 [longest word] scratch: the slots of the
    word before, which save most look-ups. Words have at least two characters.
    """
    mask = np.uint64(len(slots) - 1)
    nodes = radix
    before, start = 0, 0
    for w in range(len(ends)):
        shared = max(shared_prefix(words, before, start, ends[w]), 1)
        node = np.uint64(words[start]) if shared == 1 else slots[path[shared - 1], 1] >> _CHILD
        for depth in range(shared, ends[w] - start):
            key = node * radix + np.uint64(words[start + depth])
            slot = slot_of(key, mask)
            while slots[slot, 0] != key and slots[slot, 0] != EMPTY:
                slot = (slot + np.uint64(1)) & mask
            if slots[slot, 0] == EMPTY:
                slots[slot, 0] = key
                slots[slot, 1] = nodes << _CHILD
                nodes += np.uint64(1)
            path[depth] = slot
            node = slots[slot, 1] >> _CHILD
        slots[path[ends[w] - start - 1], 1] |= np.uint64(flags[w])
        before, start = start, ends[w]


@part
def match(ids, begin, end, hidden, folds, slots, radix, longest, codes):
    """Write the lexicon codes of one sequence.

    ids int32 [N]: character ids, the sequence is ids[begin:end]; hidden: flag bits that
    do not count (the sentence's own fold); folds: the number of low flag bits that stand
    for lexicon 0; codes int32 [2 * lexicons, N]: rows 2k and 2k + 1 get the length of
    the longest word of lexicon k that begins, and that ends, at each place.
    """
    mask = np.uint64(len(slots) - 1)
    lexicons = len(codes) // 2
    own = (np.uint64(1) << np.uint64(folds)) - np.uint64(1)
    # Slices from 0 on: where an index might be negative, LLVM must test each one.
    n = end - begin
    here = ids[begin:end]
    for row in range(2 * lexicons):
        out = codes[row, begin:end]
        for i in range(n):
            out[i] = 0
    visible = ~np.uint64(hidden) & _FLAGS
    for i in range(n):
        node = np.uint64(here[i])
        for j in range(i + 1, n):
            key = node * radix + np.uint64(here[j])
            slot = slot_of(key, mask)
            while slots[slot, 0] != key and slots[slot, 0] != EMPTY:
                slot = (slot + np.uint64(1)) & mask
            if slots[slot, 0] == EMPTY:
                break
            entry = slots[slot, 1]
            node = entry >> _CHILD
            flags = entry & visible
            if flags == 0:
                continue
            length = min(j - i + 1, longest)
            for k in range(lexicons):
                bits = own if k == 0 else np.uint64(1) << np.uint64(folds + k - 1)
                if flags & bits:
                    codes[2 * k, begin + i] = length
                    codes[2 * k + 1, begin + j] = max(codes[2 * k + 1, begin + j], length)
