"""Counts bits, for kernels."""

from __future__ import annotations

import numpy as np

from crfseg.jit.decorators import part

_ONE, _TWO, _FOUR, _SIX, _TWELVE = (np.uint64(n) for n in (1, 2, 4, 6, 12))
_LOW = np.uint64(63)
_M1, _M2 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_M4, _BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
_LAST_BYTE = np.uint64(56)


@part
def ones(bits):
    """The number of bits that are set (LLVM compiles this to one instruction)."""
    bits -= (bits >> _ONE) & _M1
    bits = (bits & _M2) + ((bits >> _TWO) & _M2)
    return (((bits + (bits >> _FOUR)) & _M4) * _BYTES) >> _LAST_BYTE


@part
def low_zeros(bits):
    """The number of zeros below the lowest bit that is set (one instruction, too)."""
    return np.int64(ones((bits - _ONE) & ~bits))
