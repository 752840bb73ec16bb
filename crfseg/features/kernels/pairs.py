"""Numbers pairs of characters: bitmaps of the known pairs, with the number of pairs before.

A pair's number is its rank, so that tables indexed by it have no empty slots; since
character ids are in order of frequency, frequent pairs are close to each other in all of
them and stay in the cache. `block_of` and `number_in` run in separate loops: in one loop,
where each waits for the other's memory, they took twice the time.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.layout import CHARACTER
from crfseg.jit.bits import _LOW, _ONE, _SIX, _TWELVE, _TWO, ones
from crfseg.jit.decorators import part
from crfseg.jit.memory import prefetch


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
    """1 + the rank of the pair of a block and a second id, 0 if it is unknown; all uint64."""
    low = second & _LOW
    here = blocks[block, 0]
    rank = blocks[block, 1] + ones(here & ((_ONE << low) - _ONE))
    return rank * ((here >> low) & _ONE)


@part
def number(columns, begin, end, levels, numbers):
    """Number the pair of characters at each place begin .. end - 1 and the place after it.

    columns int32 [C, end + 1 or more]; levels: the trie that numbers the pairs; numbers uint32
    [end or more] out, 0 for an unknown pair.
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
