"""Whether this llvmlite can read the shipped kernels; if not, numba compiles them."""

from __future__ import annotations

import llvmlite.binding as llvm
import pytest

from crfseg.jit import native


def _readable() -> bool:
    try:
        llvm.parse_assembly(native.shipped("segment_four") or "")
    except RuntimeError:
        return False
    return True


needs_shipped = pytest.mark.skipif(
    not _readable(), reason="the LLVM of this llvmlite is older than that of the shipped kernels"
)
