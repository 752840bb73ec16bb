"""Time and memory of a complete ``crfseg train``, measured on the real command.

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

# Import nothing heavy before the last run: a process inherits the peak memory of its parent.

#: What the READMEs call a corpus, in English and in Chinese; others go by their file name.
NAMES = {"199801.txt": ("People's Daily 1998-01", "1998 年 1 月《人民日报》")}

EXPLANATION = """\
Each run is a separate process, `crfseg train {corpus} -o MODEL --threads N`. Seconds include
starting Python, reading the corpus, training and saving the model; memory is the peak resident
size of the process. The first run starts with an empty numba cache and compiles the kernels, as
happens once after installation. Figures are medians; where there are several runs, the smallest
and the largest follow in brackets.
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
    """The cost of training in one sentence, for both READMEs."""
    first, later = rows[0], rows[1]
    file, characters = os.path.basename(corpus), metadata["characters"]
    english, chinese = NAMES.get(file, (file, file))
    seconds, _, spread = later[3].rstrip(")").partition(" (")
    spread = spread.replace(" to ", "–")
    return {
        "README.md": (
            f"{english} ({characters / 1e6:.2f} M characters) trains in {seconds} s"
            f"{f' ({spread})' if spread else ''} with {later[1]} threads and {later[5]} GB; "
            f"the first run, which compiles the kernels, takes {first[3]} s "
            "([training cost](docs/benchmarks/training.md))."
        ),
        "README.zh.md": (
            f"{chinese}（{characters / 1e4:.0f} 万字）用 {later[1]} 个线程训练需 {seconds} 秒"
            f"{f'（{spread}）' if spread else ''}、{later[5]} GB 内存；"
            f"首次运行要编译内核，需 {first[3]} 秒（[训练开销](docs/benchmarks/training.md)）。"
        ),
    }


def comparison(models: dict[str, list[str]], used: str) -> str:
    """Whether all models have the same bytes; if not, which runs gave which model."""
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
    # 1 and 2 threads must give the same bytes, whichever was timed.
    plan += [("for comparison", n, repeats) for n in (1, 2) if n != threads]
    rows: list[list[str]] = []
    models: dict[str, list[str]] = {}  # digest -> runs with that model
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
        "# Training cost\n",
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
