"""Time of segmenting in this process, with one thread."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from time import perf_counter

from crfseg import Segmenter


def nanoseconds(segmenter: Segmenter, lines: Sequence[str]) -> float:
    """Nanoseconds per character."""
    data = "".join(f"{line}\n" for line in lines).encode()
    start = perf_counter()
    segmenter.segment_bytes(data)
    return 1e9 * (perf_counter() - start) / sum(map(len, lines))


def slowness(one: Segmenter, other: Segmenter, lines: Sequence[str], repeats: int) -> float:
    """Time with one relative to the other, measured in turn; the median."""
    ratios = [nanoseconds(one, lines) / nanoseconds(other, lines) for _ in range(repeats + 1)]
    return median(ratios[1:])
