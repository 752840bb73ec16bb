"""Tables, plots and README blocks of the speed benchmark."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import click
from _measure import Series
from _peers import PEERS
from _plots import bars, lines
from _report import NONE, ROOT, embed, percent, table
from _texts import Text

CRFSEG, FAST, SLOW = "crfseg, 1 thread", "rjieba", "jieba"
READMES = ("README.md", "README.zh.md")
#: The peers that the READMEs show, besides crfseg.
IN_READMES = (FAST, SLOW, "wapic")


@dataclass
class Results:
    """All measurements."""

    gold: list[str]
    threads: int
    repeats: int
    systems: list[Series]
    calls: dict[str, Any]
    start: list[Series]
    first: list[Series]
    sizes: list[Series]
    memory: list[Series]
    pairs: list[Series]
    widths: list[tuple[str, Series]]
    f1: dict[str, list[float]]
    joined: list[float]

    def speeds(self) -> dict[str, float]:
        """Characters per second of each whole process."""
        return {one.job.name: one.speed for one in self.systems}


def times(ours: float, theirs: float | None, digits: int = 2) -> str:
    """A ratio as text, or NONE if there is nothing to compare with."""
    return NONE if not theirs else f"{ours / theirs:.{digits}f}x"


def ratio_table(results: Results) -> str:
    """The key results, one number each."""
    speeds, calls = results.speeds(), results.calls
    own = speeds[CRFSEG]
    many = {name: median(seconds) for name, seconds in calls["many"].items()}
    single = {name: median(seconds) for name, seconds in calls["single"].items()}
    first = {one.job.name: one.seconds for one in results.first}
    start = {one.job.name: one.seconds for one in results.start}
    least, most = results.memory[0], results.memory[-1]
    rows = [
        ["whole process, characters/s", f"{FAST}.cut", times(own, speeds.get(FAST))],
        ["whole process, characters/s", f"{SLOW}.lcut", times(own, speeds.get(SLOW), 1)],
        ["Segmenter.cut_many, 1 thread, characters/s", f"{FAST}.cut",
         times(many.get(FAST, 0), many[CRFSEG])],
        ["Segmenter.cut, 40 characters, time of a call", f"{FAST}.cut",
         times(single.get("crfseg", 0), single.get(FAST)) + " its time"],
        *([f"whole process, {size(one.job.text)}, {results.threads} threads, characters/s",
           "1 thread", times(several.speed, one.speed)]
          for one, several in zip(results.pairs[::2], results.pairs[1::2], strict=True)),
        ["one line, warm, wall time", "python -m jieba",
         times(start["crfseg segment"], start.get("python -m jieba")) + " its time"],
        ["very first run, compiling", "", f"{first['crfseg segment']:.2f} s"],
        [f"memory, {size(most.job.text)} of text", size(least.job.text),
         f"{times(most.memory, least.memory)}, {most.memory:.0f} MB"],
    ]  # fmt: skip
    return table(["crfseg", "against", ""], rows, left=2)


def size(text: Text) -> str:
    """The size of a text with its unit."""
    count = text.bytes
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if count >= unit * 0.99:
            return f"{count / unit:.0f} {name}"
    return f"{count} bytes"


def systems_table(results: Results) -> str:
    """Whole processes."""
    speeds = results.speeds()
    rows = []
    for one in results.systems:
        walls = [run.wall for run in one.runs]
        name = one.job.name
        rows.append(
            [
                name,
                percent(results.f1[name][-1]),
                size(one.job.text),
                f"{one.seconds:.2f} ({min(walls):.2f} to {max(walls):.2f})",
                f"{one.speed:,.0f}",
                times(one.speed, speeds.get(FAST)),
                times(one.speed, speeds.get(SLOW), 1),
                f"{one.memory:.0f}",
            ]
        )
    header = ["", "F1", "text", "seconds", "characters/s"]
    return table([*header, f"of {FAST}'s", f"of {SLOW}'s", "memory MB"], rows)


def f1_table(results: Results) -> str:
    """F1 by file."""
    rows = [[name, *map(percent, f1s)] for name, f1s in results.f1.items()]
    rows.append(["crfseg, each file as one line", *map(percent, results.joined)])
    return table(["F1", *map(os.path.basename, results.gold), "mean"], rows)


def calls_table(results: Results) -> str:
    """Calls from Python, with many lines and with single sentences."""
    calls = results.calls
    many = {name: median(seconds) for name, seconds in calls["many"].items()}
    single = {
        name: median(seconds) / max(calls["sentences"], 1) * 1e6
        for name, seconds in calls["single"].items()
    }
    rows = []
    for name, seconds in many.items():
        call = single.get("crfseg" if name == CRFSEG else name)
        rows.append(
            [
                name,
                f"{calls['characters'] / seconds:,.0f}",
                times(many.get(FAST, 0), seconds) if FAST in many else NONE,
                NONE if call is None else f"{call:.1f}",
                NONE if call is None else times(call, single.get(FAST)),
            ]
        )
    header = ["", "many lines: characters/s", f"of {FAST}'s"]
    return table([*header, "one sentence: µs", f"of {FAST}'s"], rows)


def start_table(results: Results) -> str:
    """Start-up: one line of text per process."""
    first = {one.job.name: one for one in results.first}
    rows = []
    for one in results.start:
        empty = first[one.job.name]
        walls = [run.wall for run in one.runs]
        spread = f"{one.seconds:.3f} ({min(walls):.3f} to {max(walls):.3f})"
        rows.append([one.job.name, spread, f"{empty.seconds:.2f}", f"{one.memory:.0f}"])
    return table(["", "seconds", "with empty caches", "memory MB"], rows)


def straight(sizes: Sequence[Series]) -> tuple[float, float]:
    """Intercept and slope of the line through the first and the last size."""
    first, last = sizes[0], sizes[-1]
    gained = last.job.text.characters - first.job.text.characters
    slope = (last.seconds - first.seconds) / gained if gained else 0.0
    return first.seconds - slope * first.job.text.characters, slope


def sizes_table(results: Results) -> str:
    """crfseg with 1 thread on increasing amounts of text."""
    base, slope = straight(results.sizes)
    rows = [
        [
            size(one.job.text),
            f"{one.job.text.characters:,}",
            f"{one.seconds:.3f}",
            f"{base + slope * one.job.text.characters:.3f}",
            f"{one.speed:,.0f}",
            f"{one.memory:.0f}",
        ]
        for one in results.sizes
    ]
    header = ["text", "characters", "seconds", "line", "characters/s", "memory MB"]
    return table(header, rows) + (
        f"\nThe line: {base:.3f} s to start, then {slope * 1e9:.1f} ns per character.\n"
    )


def memory_table(results: Results) -> str:
    """Peak memory with several threads."""
    rows = [
        [size(one.job.text), f"{one.memory:.0f}", f"{one.speed:,.0f}"] for one in results.memory
    ]
    return table(["text", "memory MB", "characters/s"], rows)


def widths_table(results: Results) -> str:
    """One text in lines of different lengths."""
    rows = [
        [name, f"{one.job.text.lines:,}", f"{one.speed:,.0f}", f"{one.memory:.0f}"]
        for name, one in results.widths
    ]
    return table(["characters in a line", "lines", "characters/s", "memory MB"], rows)


def plots(results: Results) -> tuple[str, str]:
    """The bar chart of systems and the plots of growth."""
    speeds = results.speeds()
    base, slope = straight(results.sizes)
    least, most = (results.sizes[i].job.text.characters for i in (0, -1))
    counts = [round(least * (most / least) ** (step / 99)) for step in range(100)]
    widths = [
        (one.job.text.characters // one.job.text.lines, one.speed / 1e6)
        for _, one in results.widths
    ]
    return bars(list(speeds), list(speeds.values())), lines(
        [(one.job.text.characters, one.seconds) for one in results.sizes],
        [(count, base + slope * count) for count in counts],
        widths,
    )


def readme_tables(results: Results) -> dict[str, str]:
    """A short table of crfseg and IN_READMES, for both READMEs."""
    speeds = results.speeds()
    rows = [
        [name, percent(results.f1[name][-1]), f"{speed:,.0f}", times(speed, speeds.get(SLOW), 1)]
        for name, speed in speeds.items()
        if name in IN_READMES or name not in PEERS
    ]
    source = "[docs/benchmarks/speed.md](docs/benchmarks/speed.md)"
    chinese = [[row[0].replace(", ", "，").replace("1 thread", "1 线程"), *row[1:]] for row in rows]
    for row in chinese:
        row[0] = row[0].replace(f"{results.threads} threads", f"{results.threads} 线程")
    texts = (
        table(["", "F1", "characters/s", f"of {SLOW}'s"], rows)
        + f"\nWhole processes, from file to file. Method and more results: {source}.\n",
        table(["", "F1", "字/秒", f"与 {SLOW} 之比"], chinese)
        + f"\n整个进程，从文件到文件；测量方法与更多数据见 {source}。\n",
    )
    return dict(zip(READMES, texts, strict=True))


def require_markers() -> None:
    """Raises ClickException unless both READMEs have the markers of the short table."""
    for name in READMES:
        page = (ROOT / name).read_text(encoding="utf-8")
        for marker in ("<!-- speed -->", "<!-- /speed -->"):
            if page.count(marker) != 1:
                raise click.ClickException(
                    f"{name}: has {marker} {page.count(marker)} times; expected once, where the "
                    "table goes (or use --output to leave the READMEs alone)"
                )


def embed_speed(results: Results) -> None:
    """Writes the short table into both READMEs; raises ClickException without its markers."""
    require_markers()
    embed("speed", readme_tables(results))


def peers_line() -> str:
    """Which peers were measured, and which are not installed."""
    there = [f"{peer.call} ({peer.distribution} {peer.version})" for peer in PEERS.values()
             if peer.version is not None]  # fmt: skip
    missing = [peer.distribution for peer in PEERS.values() if peer.version is None]
    note = f" Not installed and left out: {', '.join(dict.fromkeys(missing))}." if missing else ""
    return f"Peers, with their own dictionary or model: {', '.join(there) or 'none'}.{note}\n"
