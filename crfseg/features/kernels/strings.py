"""Looks up names by hash; a name is a prefix that many share, and a suffix."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg.features.kernels.hashing import slot_of
from crfseg.features.kernels.keys import SPREAD
from crfseg.jit.decorators import kernel, part

_SHIFT = np.uint64(29)


class Packed(NamedTuple):
    """Names in UTF-8, each followed by a NUL.

    text uint8; starts int64 [n + 1]: where each begins; hashes uint64 [n]: see `hash_names`.
    """

    text: np.ndarray
    starts: np.ndarray
    hashes: np.ndarray


@part
def hashed(hash, text, begin, end):
    """Continue a hash with the bytes begin .. end - 1 of a text."""
    for i in range(begin, end):
        hash = (hash ^ np.uint64(text[i])) * SPREAD
        hash ^= hash >> _SHIFT
    return hash


@part
def same(one, at, other, begin, end):
    """Whether the bytes of `one` starting at `at` equal other[begin:end]."""
    i = begin
    while i < end and one[at + i - begin] == other[i]:
        i += 1
    return i == end


@kernel
def hash_names(names, seed):
    """Write the hashes of names.

    seed uint64: random, so that nobody can construct names that collide.
    """
    for k in range(len(names.hashes)):
        names.hashes[k] = hashed(seed, names.text, names.starts[k], names.starts[k + 1] - 1)


@kernel
def find_names(names, slots, beginnings, which, rests, found):
    """Write the index of each name sought to `found`, int32 [N]; -1 for an unknown name.

    names, beginnings: Packed, with the same seed; slots: the table that `hashing.fill` built
    from the hashes of the names; which int32 [N]: the prefix of each name sought; rests uint8:
    the suffixes, each followed by a NUL. Names are compared in full, not only by hash.
    """
    mask = np.uint64(len(slots) - 1)
    end = -1
    for n in range(len(which)):
        begin = end + 1
        end = begin
        while rests[end] != 0:
            end += 1
        b = which[n]
        first, last = beginnings.starts[b], beginnings.starts[b + 1] - 1
        hash = hashed(beginnings.hashes[b], rests, begin, end)
        size = last - first + end - begin
        found[n] = -1
        slot = slot_of(hash, mask)
        while slots[slot] >= 0:
            k = slots[slot]
            at = names.starts[k]
            if (
                names.hashes[k] == hash
                and names.starts[k + 1] - 1 - at == size
                and same(names.text, at, beginnings.text, first, last)
                and same(names.text, at + last - first, rests, begin, end)
            ):
                found[n] = k
                break
            slot = (slot + np.uint64(1)) & mask
