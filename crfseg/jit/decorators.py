"""How kernels are compiled: the one place for flags, caching and its fallbacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba

from crfseg.jit.cache import cache_folder

# No "nnan" and "ninf": illegal transitions are -inf or zero probabilities. "reassoc"
# lets sums be vectorised; the order of a sum is still the same in every run.
FAST = {"nsz", "arcp", "contract", "reassoc"}
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": FAST}
#: For the entry points of `native`.
ENTRY: dict[str, Any] = {"nopython": True, "error_model": "numpy", "fastmath": FAST}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that reads and writes only the arrays it is given.

    Compiled code is kept on disk: where NUMBA_CACHE_DIR says, or in the user's cache
    folder, or where numba finds a place; where nothing can be written, it is compiled
    anew in every process.
    """
    config: Any = numba.config
    given = config.CACHE_DIR
    # Only numba's choice of a place for this function is affected: it is made right here.
    config.CACHE_DIR = given or str(cache_folder() or "")
    try:
        compiled = numba.njit(cache=True, **_OPTIONS)(function)
        _forgive(compiled)
        return compiled
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(**_OPTIONS)(function)
    finally:
        config.CACHE_DIR = given


def _forgive(compiled: Any) -> None:
    """A cache that cannot be written to, its disk being full perhaps, is no error."""
    kept = getattr(compiled, "_cache", None)  # numba's own; a function to interpret has none
    if kept is None:
        return
    save = kept.save_overload

    def try_to_save(*arguments: Any) -> None:
        with suppress(OSError):
            save(*arguments)

    kept.save_overload = try_to_save


def stage(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that kernels call and that stays apart from them if it is large.

    It takes addresses and numbers: arrays would have their references counted. Said to be
    no `part`, because numba would have it inherit that from its caller.
    """
    return numba.njit(forceinline=False, **_OPTIONS)(function)


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that kernels call: it becomes part of their code.

    Inlined always, and not cached on its own. Left to itself, LLVM keeps a copy in each
    kernel and one apart, optimises them differently, and which of them runs depends on
    what was loaded from the cache: the last bits of a sum would differ between the first
    run and the second.
    """
    return numba.njit(forceinline=True, **_OPTIONS)(function)
