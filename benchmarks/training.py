"""What a whole ``crfseg train`` costs: seconds and memory of the real command.

python benchmarks/training.py 199801.txt
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click
from _process import Run, run_training
from _report import DOCS, embed, provenance, table, write

import crfseg

# Nothing heavy may be imported before the last run: a process inherits the peak memory
# of the one that started it.

EXPLANATION = """\
Each run is a process of its own, `crfseg train {corpus} -o MODEL --threads N`: starting
Python, reading the corpus, training and saving the model are all in the seconds, and the
memory is the largest resident size of the process. In the first run numba's cache is
empty: it compiles the kernels, as happens once after installation. Medians, and the
smallest and largest figure where there is more than one run.
"""
INTRODUCTION = """\
The corpus has {sentences:,} sentences, {words:,} words, {characters:,} characters; training
took {iterations} iterations, and the model has {bytes:,} bytes.
"""


def cells(what: str, threads: int, runs: Sequence[Run]) -> list[str]:
    """A row of the table."""
    walls = [run.wall for run in runs]
    spread = "" if len(runs) == 1 else f" ({min(walls):.2f} to {max(walls):.2f})"
    return [
        what,
        str(threads),
        str(len(runs)),
        f"{median(walls):.2f}{spread}",
        f"{median(run.cpu for run in runs):.2f}",
        f"{median(run.memory for run in runs) / 1e9:.3f}",
        f"{max(run.memory for run in runs) / 1e9:.3f}",
    ]


def cost_lines(
    corpus: str, metadata: dict[str, Any], rows: Sequence[Sequence[str]]
) -> dict[str, str]:
    """What training costs in one sentence, for both READMEs."""
    first, later = rows[0], rows[1]
    name, size = os.path.basename(corpus), metadata["characters"] / 1e6
    return {
        "README.md": (
            f"A real corpus costs more: {name} ({size:.2f} M characters) took {later[3]} s and "
            f"{later[5]} GB with {later[1]} threads, {first[3]} s the first time, when the "
            "kernels are compiled ([docs/benchmarks/training.md](docs/benchmarks/training.md))."
        ),
        "README.zh.md": (
            f"真实语料的代价：{name}（{size:.2f} 百万字）用 {later[1]} 个线程训练需 {later[3]} 秒、"
            f"{later[5]} GB 内存；第一次运行要编译内核，需要 {first[3]} 秒"
            "（见 [docs/benchmarks/training.md](docs/benchmarks/training.md)）。"
        ),
    }


def comparison(models: dict[str, list[str]], used: str) -> str:
    """Whether all models are the same bytes; if not, which runs gave which."""
    total = sum(map(len, models.values()))
    if len(models) == 1:
        (digest,) = models
        return f"All {total} runs, with {used} threads, gave the same bytes (SHA-256 {digest}).\n"
    lines = [f"**The {total} runs gave {len(models)} different models:**\n\n"]
    for digest, runs in models.items():
        counts = (f"{count} x {run}" for run, count in Counter(runs).items())
        lines.append(f"- SHA-256 {digest[:16]}: {'; '.join(counts)}\n")
    return "".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "training.md"),
    show_default="docs/benchmarks/training.md",
)
@click.pass_context
def main(context: click.Context, corpus: str, threads: int, repeats: int, output: str) -> None:
    """Time ``crfseg train CORPUS`` and compare its models; write the table.

    Fails if the models of two runs differ, whatever their number of threads.
    """
    source = os.path.abspath(corpus)
    plan = [("first run, compiling", threads, 1), ("later runs", threads, repeats)]
    # The same bytes for 1 and 2 threads, whichever was timed.
    plan += [("for comparison", n, repeats) for n in (1, 2) if n != threads]
    rows: list[list[str]] = []
    models: dict[str, list[str]] = {}  # digest -> the runs that gave it
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        model, cache = Path(folder, "model.crfseg"), Path(folder, "cache")
        for what, n, count in plan:
            runs = []
            for _ in range(count):
                click.echo(f"{what}, threads: {n}: ", nl=False, err=True)
                run = run_training(source, model, n, cache)
                click.echo(f"{run.wall:.2f} s, {run.memory / 1e9:.3f} GB", err=True)
                models.setdefault(run.digest, []).append(f"{what}, threads: {n}")
                runs.append(run)
            rows.append(cells(what, n, runs))
        try:
            metadata = crfseg.Model.load(model).metadata | {"bytes": model.stat().st_size}
        except crfseg.CrfsegError as error:
            raise click.ClickException(str(error)) from None
    used = " and ".join(map(str, sorted({n for _, n, _ in plan})))
    verdict = comparison(models, used)
    header = ["", "threads", "runs", "seconds", "processor s", "memory GB", "largest GB"]
    page = [
        "# Cost of training\n",
        provenance(context, "training.py", ["output"]),
        EXPLANATION.format(corpus=os.path.basename(corpus)),
        INTRODUCTION.format(**metadata),
        table(header, rows),
        verdict,
    ]
    try:
        write(output, "\n".join(page))
        if output == str(DOCS / "training.md"):
            embed("cost", cost_lines(corpus, metadata, rows))
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None
    click.echo(verdict, err=True, nl=False)
    if len(models) > 1:
        context.exit(1)


if __name__ == "__main__":
    main()
