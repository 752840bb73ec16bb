"""Calls from Python, timed in a separate process; prints JSON.

python benchmarks/_inprocess.py TEXT THREADS REPEATS [MODEL]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _peers import PEERS

#: Peers called in this process; those that start threads are left out.
CALLED = ("rjieba", "cppjieba", "jieba_fast_dat", "jieba", "wapic")
#: Single sentences: how many distinct ones, and of how many characters.
SENTENCES, LENGTH = 300, 40

Call = Callable[[list[str]], Any]


def calls(threads: int, model: str | None) -> tuple[dict[str, Call], dict[str, Call]]:
    """For each system, a function for many lines and one for single sentences."""
    from crfseg import Segmenter

    segmenter = Segmenter(model)
    many: dict[str, Call] = {
        f"crfseg, {n} thread{'s' if n > 1 else ''}": cut_many(segmenter, n)
        for n in dict.fromkeys((1, threads))
    }
    single: dict[str, Call] = {"crfseg": one_by_one(segmenter.cut)}
    for name in CALLED:
        if PEERS[name].version is not None:
            many[name] = single[name] = one_by_one(PEERS[name].load())
    return many, single


def cut_many(segmenter: Any, threads: int) -> Call:
    """`Segmenter.cut_many` with that many threads."""
    return lambda lines: segmenter.cut_many(lines, threads=threads)


def one_by_one(cut: Callable[[str], list[str]]) -> Call:
    """Lists of words, with one call per line."""
    return lambda lines: [list(cut(line)) for line in lines]


def in_turn(systems: dict[str, Call], lines: list[str], repeats: int) -> dict[str, list[float]]:
    """Seconds of each system in each round, after an uncounted warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for call in systems.values():
        call(lines[:SENTENCES])
    for _ in range(repeats):
        for name, call in systems.items():
            start = time.perf_counter()
            words = call(lines)
            seconds[name].append(time.perf_counter() - start)
            del words
    return seconds


def main(text: str, threads: str, repeats: str, model: str | None = None) -> None:
    """Prints the seconds of each system and the size of the text."""
    lines = Path(text).read_text(encoding="utf-8").split("\n")[:-1]
    long = dict.fromkeys(line[:LENGTH] for line in lines if len(line) >= LENGTH)
    sentences = list(long)[:SENTENCES]
    many, single = calls(int(threads), model)
    answer = {
        "characters": sum(map(len, lines)),
        "lines": len(lines),
        "sentences": len(sentences),
        "many": in_turn(many, lines, int(repeats)),
        "single": in_turn(single, sentences, 4 * int(repeats)) if sentences else {},
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
