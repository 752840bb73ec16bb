"""Decorators that compile kernels: the one place for flags, caching and its fallbacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba

from crfseg.jit.cache import cache_folder

# No "nnan" and "ninf": illegal transitions have the score -inf or the probability 0. "reassoc"
# allows vectorised sums; the order of a sum is still the same in every run.
FAST = {"nsz", "arcp", "contract", "reassoc"}
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": FAST}
#: Options for the entry points of `native`.
ENTRY: dict[str, Any] = {"nopython": True, "error_model": "numpy", "fastmath": FAST}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that reads and writes only its array arguments.

    Compiled code is cached on disk: in NUMBA_CACHE_DIR, or in the user's cache folder, or
    where numba finds a place; if nothing can be written, every process compiles it again.
    """
    config: Any = numba.config
    given = config.CACHE_DIR
    # Affects only this function: numba chooses its cache folder in the call below.
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
    """Ignore errors in writing the cache, for example on a full disk."""
    kept = getattr(compiled, "_cache", None)  # internal to numba; interpreted code has none
    if kept is None:
        return
    save = kept.save_overload

    def try_to_save(*arguments: Any) -> None:
        with suppress(OSError):
            save(*arguments)

    kept.save_overload = try_to_save


def stage(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that kernels call and that is not inlined if it is large.

    It takes addresses and numbers: arrays would be reference-counted. forceinline is False
    explicitly, because a function would inherit it from its caller.
    """
    return numba.njit(forceinline=False, **_OPTIONS)(function)


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that kernels call: it becomes part of their code.

    It is always inlined, and not cached separately. By default LLVM keeps a copy in each
    kernel and a separate one, optimises them differently, and which of them runs depends on
    what was loaded from the cache: the last bits of a sum would differ between the first
    run and the second.
    """
    return numba.njit(forceinline=True, **_OPTIONS)(function)
