"""How kernels are compiled: the one place for flags, caching and its fallbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

# No "nnan" and "ninf": illegal transitions are -inf or zero probabilities. "reassoc"
# lets sums be vectorised; the order of a sum is still the same in every run.
FAST = {"nsz", "arcp", "contract", "reassoc"}
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": FAST}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that reads and writes only the arrays it is given.

    Compiled code is kept on disk: beside the package, or in the user's cache folder
    where the package cannot be written to; where neither can, it is compiled anew in
    every process.
    """
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(**_OPTIONS)(function)


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that kernels call: it becomes part of their code.

    Inlined always, and not cached on its own. Left to itself, LLVM keeps a copy in each
    kernel and one apart, optimises them differently, and which of them runs depends on
    what was loaded from the cache: the last bits of a sum would differ between the first
    run and the second.
    """
    return numba.njit(forceinline=True, **_OPTIONS)(function)
