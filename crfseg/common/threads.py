"""Threads over kernels that release the GIL; results always come back in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from crfseg.common.errors import SettingsError

T = TypeVar("T")
Map = Callable[[Callable[[Any], T], Iterable[Any]], list[T]]


def thread_count(threads: int | None) -> int:
    """How many threads to use: as asked, or one for each processor this process may use."""
    if threads is None:
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:  # not on every system
            return os.cpu_count() or 1
    if threads < 1:
        raise SettingsError(f"--threads {threads}: must be at least 1")
    return threads


@contextmanager
def workers(threads: int) -> Iterator[Map[Any]]:
    """A function like ``list(map(...))`` that uses that many threads."""
    if threads == 1:
        yield lambda function, items: [function(item) for item in items]
        return
    from concurrent.futures import ThreadPoolExecutor  # costs time to import

    with ThreadPoolExecutor(threads) as pool:
        yield lambda function, items: list(pool.map(function, items))
