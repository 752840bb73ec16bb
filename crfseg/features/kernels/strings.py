"""Finding names among many by hashing: a name is a beginning that many share, and a rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crfseg.features.kernels.hashing import slot_of
from crfseg.features.kernels.keys import SPREAD
from crfseg.jit.decorators import kernel, part

_SHIFT = np.uint64(29)


class Packed(NamedTuple):
    """Names one after another, in UTF-8, each with a NUL behind it.

    text uint8; starts int64 [n + 1]: where each begins; hashes uint64 [n]: of `hash_names`.
    """

    text: np.ndarray
    starts: np.ndarray
    hashes: np.ndarray


@part
def hashed(hash, text, begin, end):
    """The hash of what had that hash so far, followed by some of a text."""
    for i in range(begin, end):
        hash = (hash ^ np.uint64(text[i])) * SPREAD
        hash ^= hash >> _SHIFT
    return hash


@part
def same(one, at, other, begin, end):
    """Whether a text has at some place what another has from begin to end."""
    i = begin
    while i < end and one[at + i - begin] == other[i]:
        i += 1
    return i == end


@kernel
def hash_names(names, seed):
    """Write the hashes of names.

    seed uint64: drawn by chance, so that nobody can make names that clash.
    """
    for k in range(len(names.hashes)):
        names.hashes[k] = hashed(seed, names.text, names.starts[k], names.starts[k + 1] - 1)


@kernel
def find_names(names, slots, beginnings, which, rests, found):
    """The numbers of names, int32 in ``found`` [N]; -1 for one that is not among them.

    names, beginnings: Packed, of the same seed; slots: the table that `hashing.fill` made of the
    hashes of the names; which int32 [N]: the beginning of each name sought; rests uint8: what
    follows it, each with a NUL behind it. All are compared, not their hashes alone.
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
