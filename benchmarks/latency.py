"""Latency of single calls of `Segmenter.cut`; run on an idle machine.

python benchmarks/latency.py --calls 1000000
"""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import click
import numpy as np
from _reliability import keep_option, publish
from load import text_block

from crfseg import Segmenter


def latencies(calls: int, threads: int) -> list[str]:
    """Microseconds: median, 99th and 99.9th percentile, and the longest call."""
    segmenter = Segmenter()
    lines = text_block(9)[: 1 << 20].decode("utf-8", "ignore").split("\n")

    def measure(seed: int) -> np.ndarray:
        chance = random.Random(seed)
        some = chance.choices(lines, k=calls // threads)
        found = np.empty(len(some), dtype=np.int64)
        for k, line in enumerate(some):
            begin = time.perf_counter_ns()
            segmenter.cut(line)
            found[k] = time.perf_counter_ns() - begin
        return found

    measure(0)  # the first calls make memory ready
    with ThreadPoolExecutor(threads) as pool:
        found = np.concatenate(list(pool.map(measure, range(threads)))) / 1000
    return [f"{q:,.0f} µs" for q in np.percentile(found, [50, 99, 99.9, 100])]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--calls", type=click.IntRange(min=1000), default=1_000_000, show_default=True)
@keep_option
@click.pass_context
def main(context: click.Context, calls: int, keep: bool) -> None:
    """Time single calls from one thread and from several at once."""
    rows = [
        [f"`cut` of a line, {calls:,} calls, threads: {threads}", *latencies(calls, threads)]
        for threads in (1, 2, 4)
    ]
    head = ("what", "p50", "p99", "p99.9", "longest")
    publish(context, "latency.py", rows, [], head)


if __name__ == "__main__":
    main()
