"""Numbering pairs of characters: bitmaps of the pairs there are, and how many come before.

A pair's number is its rank, so that tables indexed by it have no empty slots; with
character ids in order of frequency, frequent pairs are close to each other in all of
them and stay in the cache. `block_of` and `number_in` run in loops of their own: in one
loop, where each waits for the other's memory, they took twice the time.
"""

from __future__ import annotations

import numpy as np

from crfseg.kernels.layout import CHARACTER
from crfseg.kernels.layout import Pairs as Pairs
from crfseg.kernels.memory import prefetch
from crfseg.kernels.policy import part

_ONE, _TWO, _FOUR, _SIX, _TWELVE = (np.uint64(n) for n in (1, 2, 4, 6, 12))
_LOW = np.uint64(63)
_M1, _M2 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_M4, _BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
_LAST_BYTE = np.uint64(56)


@part
def ones(bits):
    """How many bits are set (LLVM makes one instruction of this)."""
    bits -= (bits >> _ONE) & _M1
    bits = (bits & _M2) + ((bits >> _TWO) & _M2)
    return (((bits + (bits >> _FOUR)) & _M4) * _BYTES) >> _LAST_BYTE


@part
def low_zeros(bits):
    """How many bits are below the lowest one that is set (one instruction, too)."""
    return np.int64(ones((bits - _ONE) & ~bits))


@part
def block_of(first, second, groups, width):
    """The block a pair would be in (block 0 is empty); all uint64."""
    group = first * width + (second >> _TWELVE)
    bit = (second >> _SIX) & _LOW
    there = groups[group, 0]
    block = groups[group, 1] + ones(there & ((_ONE << bit) - _ONE))
    return block * ((there >> bit) & _ONE)


@part
def number_in(block, second, blocks):
    """1 + the rank of a pair in its block, or 0 if it is not there; all uint64."""
    low = second & _LOW
    here = blocks[block, 0]
    rank = blocks[block, 1] + ones(here & ((_ONE << low) - _ONE))
    return rank * ((here >> low) & _ONE)


@part
def number(columns, begin, end, levels, numbers):
    """Number the characters at the places begin .. end - 1 with the one after each.

    columns int32 [C, end + 1 or more]; levels: of the lexicons, whose pairs they are; numbers
    uint32 [end or more], 0 for a pair that is not there.
    """
    groups, blocks, width = levels.pairs.groups, levels.pairs.blocks, levels.pairs.width[0]
    first, second = columns[CHARACTER, begin:end], columns[CHARACTER, begin + 1 : end + 1]
    out = numbers[begin:end]
    for i in range(end - begin):
        block = block_of(np.uint64(first[i]), np.uint64(second[i]), groups, width)
        prefetch(blocks, _TWO * block)
        out[i] = block
    for i in range(end - begin):
        found = number_in(np.uint64(out[i]), np.uint64(second[i]), blocks)
        prefetch(levels.openings, found)
        out[i] = found
