"""Measurements of the speed benchmark: processes in turn, calls, scores."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

import click
from _peers import PEERS
from _process import CRFSEG, Cost, run
from _texts import Text, plain_lines, write_gold, write_lines, write_wrapped

HERE = Path(__file__).resolve().parent
SENTENCE = "为人民服务\n"
#: Sizes in bytes for measuring growth, up to that of the comparison.
SIZES = (10**3, 10**4, 10**5, 10**6, 10**7)
WIDTHS = (10, 100, 1000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Job:
    """A command for one row of a table; it runs at most ``most`` times."""

    name: str
    command: Sequence[str]
    text: Text
    most: int = 1000


@dataclass
class Series:
    """The runs of a job."""

    job: Job
    runs: list[Cost] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median."""
        return median(run.wall for run in self.runs)

    @property
    def speed(self) -> float:
        """Characters per second, by the median; nothing is subtracted."""
        return self.job.text.characters / self.seconds

    @property
    def memory(self) -> float:
        """Median of the memory peaks, in MB."""
        return median(run.memory for run in self.runs) / 1e6


class Bench:
    """Runs jobs in a separate folder, with caches that are filled beforehand."""

    def __init__(self, folder: Path, repeats: int, model: str | None) -> None:
        self.folder, self.repeats, self.model = folder, repeats, model
        self.environment = caches(folder / "cache")
        self.texts: dict[float, Text] = {}

    def crfseg(self, threads: int) -> list[str]:
        """The crfseg command, with the given model or the bundled one."""
        model = [] if self.model is None else ["-m", self.model]
        return [*CRFSEG, "segment", "-q", "--threads", str(threads), *model]

    def systems(self, threads: int) -> dict[str, list[str]]:
        """The command of each system: crfseg, and the peers that are installed."""
        systems = {
            f"crfseg, {n} thread{'s' if n > 1 else ''}": self.crfseg(n)
            for n in dict.fromkeys((1, threads))
        }
        program = str(HERE / "_peers.py")
        for name, peer in PEERS.items():
            if peer.version is not None:
                systems[name] = [sys.executable, program, name]
        return systems

    def in_turn(self, jobs: Sequence[Job]) -> list[Series]:
        """Runs the jobs in turn: A B C A B C ..."""
        series = [Series(job) for job in jobs]
        out = self.folder / "out.txt"
        for number in range(self.repeats):
            for one in series:
                if number >= one.job.most:
                    continue
                text = one.job.text
                click.echo(f"{one.job.name}, {text.characters:,} characters: ", nl=False, err=True)
                cost = run(one.job.command, self.folder, self.environment, text.path, out)
                click.echo(f"{cost.wall:.2f} s, {cost.memory / 1e6:.0f} MB", err=True)
                one.runs.append(cost)
        out.unlink(missing_ok=True)
        return series

    def text(self, lines: Sequence[str], size: float) -> Text:
        """A text of about ``size`` bytes, written on first use."""
        if size not in self.texts:
            self.texts[size] = write_lines(self.folder / f"text{size:.0f}.txt", lines, size)
        return self.texts[size]

    def warm_up(self, threads: int) -> None:
        """Runs every system once to fill the caches on disk."""
        text = write_gold(self.folder / "warm.txt", [SENTENCE.strip()])
        for command in [*self.systems(threads).values(), [sys.executable, "-m", "jieba"]]:
            if "jieba" not in command or PEERS["jieba"].version is not None:
                run(command, self.folder, self.environment, text.path)

    def throughput(self, lines: Sequence[str], size: float, threads: int) -> list[Series]:
        """All systems on the text; slow ones get only its beginning."""
        jobs = []
        for name, command in self.systems(threads).items():
            share = PEERS[name].share if name in PEERS else 1.0
            jobs.append(Job(name, command, self.text(lines, share * size)))
        return self.in_turn(jobs)

    def start_up(self) -> list[Series]:
        """One short line per new process; crfseg with its default number of threads."""
        text = write_gold(self.folder / "line.txt", [SENTENCE.strip()])
        model = [] if self.model is None else ["-m", self.model]
        jobs = [Job("crfseg segment", [*CRFSEG, "segment", *model], text)]
        if PEERS["jieba"].version is not None:
            jobs.append(Job("python -m jieba", [sys.executable, "-m", "jieba"], text))
        jobs.append(Job("python -c pass", [sys.executable, "-c", "pass"], text))
        return self.in_turn(jobs)

    def first_runs(self) -> list[Series]:
        """Like `start_up`, with empty caches each time."""
        rounds = []
        for _ in range(self.repeats):
            with tempfile.TemporaryDirectory(dir=self.folder) as fresh:
                rounds.append(Bench(Path(fresh), 1, self.model).start_up())
        return [
            Series(same[0].job, [cost for one in same for cost in one.runs])
            for same in zip(*rounds, strict=True)
        ]

    def sizes(self, lines: Sequence[str], sizes: Sequence[float], threads: int) -> list[Series]:
        """crfseg on texts of growing size."""
        jobs = []
        for size in sizes:
            text = self.text(lines, size)
            most = 1 if size > 2e8 else 1000
            jobs.append(Job(f"crfseg, threads: {threads}", self.crfseg(threads), text, most))
        return self.in_turn(jobs)

    def pairs(self, lines: Sequence[str], sizes: Sequence[float], threads: int) -> list[Series]:
        """crfseg with one and with several threads in direct alternation, on each text."""
        series = []
        for size in sizes if threads > 1 else ():
            text = self.text(lines, size)
            series += self.in_turn(
                [Job(f"crfseg, threads: {n}", self.crfseg(n), text) for n in (1, threads)]
            )
        return series

    def widths(self, lines: Sequence[str], size: float) -> list[tuple[str, Series]]:
        """crfseg on the same text in increasingly long lines, finally in one line."""
        jobs, names = [], []
        for width in [*(width for width in WIDTHS if 6 * width < size), None]:
            text = write_wrapped(self.folder / f"width{width}.txt", lines, size, width)
            names.append("one line" if width is None else f"{width:,}")
            jobs.append(Job(f"lines of {width or 'all'}", self.crfseg(1), text))
        return list(zip(names, self.in_turn(jobs), strict=True))

    def calls(self, lines: Sequence[str], size: float, threads: int) -> dict[str, Any]:
        """Seconds of calls from Python; see _inprocess.py."""
        text = self.text(lines, size)
        out = self.folder / "calls.json"
        arguments = [str(text.path), str(threads), str(self.repeats)]
        arguments += [] if self.model is None else [self.model]
        program = str(HERE / "_inprocess.py")
        click.echo("calls from Python", err=True)
        run([sys.executable, program, *arguments], self.folder, self.environment, target=out)
        answer: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return answer

    def outputs(self, gold: Sequence[str], threads: int) -> dict[str, list[tuple[str, Path]]]:
        """For each system, the gold files and its output for them; see `scores`."""
        written: dict[str, list[tuple[str, Path]]] = {}
        for number, name in enumerate(gold):
            lines = plain_lines(name)
            plain = write_gold(self.folder / f"gold{number}.txt", lines)
            for system, command in self.systems(threads).items():
                out = self.folder / f"gold{number}.{system}.txt"
                run(command, self.folder, self.environment, plain.path, out)
                written.setdefault(system, []).append((name, out))
        return written


def caches(folder: Path) -> dict[str, str]:
    """Environment variables that place the caches of crfseg and its peers in a folder."""
    places = {name: folder / name.lower() for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    places["TMPDIR"] = folder / "tmp"  # jieba's
    for place in places.values():
        os.makedirs(place, exist_ok=True)
    return {name: str(place) for name, place in places.items()}


def scores(outputs: Mapping[str, Sequence[tuple[str, Path]]]) -> dict[str, list[float]]:
    """F1 of each system on each gold file, followed by the mean. Imports NumPy."""
    from crfseg.evaluation.evaluate import evaluate

    answer = {}
    for system, files in outputs.items():
        f1s = [evaluate(gold, pred=out, format="words").f1 for gold, out in files]
        answer[system] = [*f1s, mean(f1s)]
    return answer
