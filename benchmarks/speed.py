"""Speed and F1 of crfseg and other segmenters, in turn on the same text.

python benchmarks/speed.py ctb6.test.txt pku.test.txt
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click
from _measure import SIZES, Bench, scores
from _process import run
from _report import DOCS, provenance, write
from _speed_page import (
    CRFSEG,
    Results,
    calls_table,
    embed_speed,
    f1_table,
    memory_table,
    peers_line,
    plots,
    ratio_table,
    require_markers,
    size,
    sizes_table,
    start_table,
    systems_table,
    widths_table,
)
from _texts import plain_lines, write_gold

import crfseg

# Import nothing heavy before the last process has run; see _process.py.

TEXT = """\
The text consists of the lines of {names} without spaces, repeated in shuffled order up to
{megabytes:g} MB of UTF-8. The systems take turns (A B C A B C ...); rounds: {repeats}; figures are
medians. Compiled code and caches from an earlier run are in place unless stated otherwise.
"""
SYSTEMS = """\
## Whole processes

From file to file, through standard input and output. crfseg runs as `crfseg segment -q`; a peer
is a Python loop over the lines, `" ".join(cut(line))` (`benchmarks/_peers.py`). Seconds include
starting the process, importing and loading the model or dictionary. Slow peers get only the
beginning of the text (see its size). One thread each unless stated otherwise. F1 is the mean over
the files.

![characters per second of each system]({plot})
"""
SCORES = """\
F1 of the output on each file, as computed by `crfseg eval`. The systems and the files follow
different standards of what a word is; no system was trained here.
"""
CALLS = """\
## Calls from Python

In one process, returning lists of strings. Many lines: `Segmenter.cut_many(lines)` of crfseg and
`[list(cut(line)) for line in lines]` of the peers, on {characters:,} characters in {lines:,} lines.
One sentence: one call each for the first 40 characters of {sentences} different lines, in
microseconds per call and relative to {fast}.
"""
START = """\
## Start-up

`echo {sentence} | crfseg segment` as a new process: seconds with filled caches, and seconds of the
very first run with empty caches (crfseg compiles; jieba builds its dictionary).
"""
SIZE = """\
## Growth

`crfseg segment -q --threads 1` on increasing amounts of the text. "line" is the straight line
through the first and the last row.

![seconds by characters; characters per second by line length]({plot})
"""
MEMORY = "The same with {threads} threads; memory is the peak resident size.\n"
WIDTH = """\
{size} of the text without its line breaks, rewrapped into lines of equal length; the last row is
a single line. One thread.
"""


def joined_scores(bench: Bench, gold: list[str]) -> list[float]:
    """F1 of crfseg on each gold file without line breaks, and the mean."""
    pairs = []
    for number, name in enumerate(gold):
        words = " ".join(Path(name).read_text(encoding="utf-8-sig").split())
        one = write_gold(bench.folder / f"joined{number}.gold.txt", [words])
        plain = write_gold(bench.folder / f"joined{number}.txt", ["".join(words.split())])
        out = bench.folder / f"joined{number}.out.txt"
        run(bench.crfseg(1), bench.folder, bench.environment, plain.path, out)
        pairs.append((str(one.path), out))
    return scores({CRFSEG: pairs})[CRFSEG]


def measure(bench: Bench, gold: list[str], most: float, threads: int, large: bool) -> Results:
    """Measures everything; processes first, so that no child inherits the memory of imports."""
    lines = [line for name in gold for line in plain_lines(name)]
    if not lines:
        raise click.ClickException(f"{', '.join(gold)}: have no text")
    bench.warm_up(threads)
    up_to = [*(s for s in SIZES if s < most), most, *([1e9] if large else [])]
    memory = [*(s for s in (1e6,) if s < most), most, *([1e9] if large else [])]
    results = Results(
        gold=gold,
        threads=threads,
        repeats=bench.repeats,
        systems=bench.throughput(lines, most, threads),
        calls=bench.calls(lines, most / 10, threads),
        start=bench.start_up(),
        first=bench.first_runs(),
        sizes=bench.sizes(lines, up_to, 1),
        memory=bench.sizes(lines, memory, threads),
        pairs=bench.pairs(lines, [most, *([10 * most] if large else [])], threads),
        widths=bench.widths(lines, 1e8 if large else min(most, 1e7)),
        f1={},
        joined=[],
    )
    results.f1 = scores(bench.outputs(gold, threads))
    results.joined = joined_scores(bench, gold)
    return results


def page(results: Results, head: str, megabytes: float, stem: Path) -> str:
    """The whole page; ``stem``: the path of the plots without suffix."""
    parts = [
        "# Speed\n",
        head,
        TEXT.format(
            names=", ".join(map(os.path.basename, results.gold)),
            megabytes=megabytes,
            repeats=results.repeats,
        ),
        peers_line(),
        ratio_table(results),
        SYSTEMS.format(plot=f"{stem.name}.svg"),
        systems_table(results),
        SCORES,
        f1_table(results),
        CALLS.format(fast="rjieba", **results.calls),
        calls_table(results),
        START.format(sentence="为人民服务"),
        start_table(results),
        SIZE.format(plot="growth.svg"),
        sizes_table(results),
        MEMORY.format(threads=results.threads),
        memory_table(results),
        WIDTH.format(size=size(results.widths[-1][1].job.text)),
        widths_table(results),
    ]
    return "\n".join(parts)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--megabytes",
    type=click.FloatRange(min=0.1),
    default=50,
    show_default=True,
    help="Size of the text.",
)
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option(
    "--large",
    is_flag=True,
    help="Also 1 GB of text, one line of 100 MB, and threads on ten times the text.",
)
@click.option(
    "-m",
    "--model",
    type=click.Path(exists=True, dir_okay=False),
    help="Model file.  [default: the one that comes with crfseg]",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "speed.md"),
    show_default="docs/benchmarks/speed.md",
)
@click.pass_context
def main(
    context: click.Context,
    gold: tuple[str, ...],
    megabytes: float,
    repeats: int,
    threads: int,
    large: bool,
    model: str | None,
    output: str,
) -> None:
    """Time crfseg and its peers on the text of GOLD files; write tables and plots.

    GOLD: UTF-8, words separated by spaces, a sentence a line.
    """
    model = None if model is None else os.path.abspath(model)
    stem = Path(output).with_suffix("")
    embedding = output == str(DOCS / "speed.md") and model is None
    if embedding:
        require_markers()
    try:
        with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
            bench = Bench(Path(folder), repeats, model)
            names = [os.path.abspath(name) for name in gold]
            results = measure(bench, names, megabytes * 1e6, threads, large)
        text = page(results, provenance(context, "speed.py", ["output"]), megabytes, stem)
        bars, growth = plots(results)
        write(output, text)
        write(stem.with_suffix(".svg"), bars)
        write(stem.with_name("growth.svg"), growth)
        if embedding:
            embed_speed(results)
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
