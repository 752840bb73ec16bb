"""Finds the longest lexicon words that begin and end at each place, level by level.

The trie has one table per depth: the node of a word's first two characters is the number of
that pair, the node of its first d characters a slot of table d. All places of a stretch of
text advance one level together, in loops without branches that depend on the text; place by
place took three times as long or more.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.layout import (
    CHARACTER,
    COMMON,
    FIRST_LEXICON,
    FLAG_BITS,
    FOLLOW_BITS,
    LONGEST,
    WIDE,
)
from crfseg.features.kernels.perfect_hashing import slot_of
from crfseg.jit.bits import ones
from crfseg.jit.decorators import part
from crfseg.jit.memory import prefetch

_KEY, _FOLLOW = np.uint64(FLAG_BITS + FOLLOW_BITS), np.uint64(FLAG_BITS)
_FLAGS = np.uint64((1 << FLAG_BITS) - 1)
_ZERO, _ONE, _TWO, _SEVEN = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(7)


@part
def follow_bit(character):
    """The bit of an entry that is set if the character may follow."""
    return _FOLLOW + (np.uint64(character) & _SEVEN)


@part
def code_of(length, flags, tiers):
    """The code of a word: 0 if it has no flags, else one of `tiers` codes for its length.

    tiers: 1, or 3 if the flags are the folds of the training corpus the word occurs in.
    """
    folds = ones(flags)
    base = np.int32((min(length, LONGEST) - 2) * tiers + 1)
    tier = np.int32(folds >= np.uint64(COMMON)) + np.int32(folds >= np.uint64(WIDE))
    return base + tier if folds else np.int32(0)


@part
def match_pairs(ids, pairs, n, levels, scratch):
    """Match the first two characters of words at n places.

    Writes the places whose word can continue and their nodes to scratch[0] and scratch[1], and
    the flags of all places to scratch[3]; returns how many can continue.
    """
    active, state, flags = scratch[0], scratch[1], scratch[3]
    on = _ZERO
    for a in range(n):
        i = np.uint64(a)
        node = np.uint64(pairs[i])
        entry = np.uint64(levels.openings[node])
        active[on] = i
        state[on] = node
        on += (entry >> follow_bit(ids[i + _TWO])) & _ONE
        flags[i] = entry & _FLAGS
    return on


@part
def match(columns, start, n, numbers, levels, masks, tiers, scratch):
    """Write the lexicon codes of the places start .. start + n - 1.

    columns int32 [C, start + n + BEYOND or more]: between the sequences and after the last,
    the row of characters has an id that occurs in no word; the two rows of lexicon k get the
    code (`code_of`) of its longest word that begins, and that ends, at each place; numbers
    uint32 [start + n or more]: see `pairs.number`; masks uint64 [lexicons]: the flags that
    mark membership in each lexicon; tiers int64 [lexicons]; scratch uint32 [4, n or more].
    Correct only if no word reaches beyond the stretch.
    """
    bits = levels.bits[0]
    ids = columns[CHARACTER, start:]
    active, state, found, flags = scratch[0], scratch[1], scratch[2], scratch[3]
    on = match_pairs(ids, numbers[start:], n, levels, scratch)  # places that can continue
    for k in range(len(masks)):
        begin = columns[FIRST_LEXICON + 2 * k, start:]
        end = columns[FIRST_LEXICON + 2 * k + 1, start + 1 :]
        columns[FIRST_LEXICON + 2 * k + 1, start] = 0
        for i in range(n):
            code = code_of(2, np.uint64(flags[i]) & masks[k], tiers[k])
            begin[i] = code
            end[i] = code
    for depth in range(len(levels.tables)):
        places = np.int64(on)
        if places == 0:
            break
        first, size = levels.tables[depth, 0], levels.tables[depth, 1]
        entries = levels.entries[first : first + size]
        first, count = levels.tables[depth, 2], levels.tables[depth, 3]
        displacements = levels.displacements[first : first + count]
        buckets, slots = np.uint64(count), np.uint64(size)
        far = np.uint64(depth + 2)
        on, words = _ZERO, _ZERO
        for a in range(places):
            key = (np.uint64(state[a]) << bits) | np.uint64(ids[np.uint64(active[a]) + far])
            slot = slot_of(key, displacements, buckets, slots)
            prefetch(entries, slot)
            found[a] = slot
        for a in range(places):
            i, slot = np.uint64(active[np.uint64(a)]), np.uint64(found[np.uint64(a)])
            key = (np.uint64(state[np.uint64(a)]) << bits) | np.uint64(ids[i + far])
            entry = entries[slot]
            entry = entry if entry >> _KEY == key else _ZERO
            active[on] = i
            state[on] = slot
            on += (entry >> follow_bit(ids[i + far + _ONE])) & _ONE
            found[words] = i
            flags[words] = entry & _FLAGS
            words += np.uint64((entry & _FLAGS) != _ZERO)
        for k in range(len(masks)):
            begin = columns[FIRST_LEXICON + 2 * k, start:]
            end = columns[FIRST_LEXICON + 2 * k + 1, start:]
            for w in range(np.int64(words)):
                code = code_of(depth + 3, np.uint64(flags[np.uint64(w)]) & masks[k], tiers[k])
                if code:
                    i = np.uint64(found[np.uint64(w)])
                    begin[i] = code
                    end[i + far] = code
