"""Runs kernels that release the GIL in threads; results keep the order of the items."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from crfseg.common.errors import SettingsError

T = TypeVar("T")
Map = Callable[[Callable[[Any], T], Iterable[Any]], list[T]]


def thread_count(threads: int | None) -> int:
    """The number of threads to use: ``threads``, or one per processor this process may use."""
    if threads is None:
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:  # not on every system
            return os.cpu_count() or 1
    if threads < 1:
        raise SettingsError("must be at least 1", parameter="threads", value=threads)
    return threads


@contextmanager
def workers(threads: int) -> Iterator[Map[Any]]:
    """Yields a function like ``list(map(...))`` that runs in that many threads."""
    if threads == 1:
        yield lambda function, items: [function(item) for item in items]
        return
    from concurrent.futures import ThreadPoolExecutor  # slow to import

    with ThreadPoolExecutor(threads) as pool:
        yield lambda function, items: list(pool.map(function, items))
