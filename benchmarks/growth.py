"""Time and memory of training on 1/16, 1/4, 1 and 4 times a corpus.

python benchmarks/growth.py 199801.txt
"""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median

import click
from _process import Run, run_training
from _report import DOCS, provenance, table, write

import crfseg

# Import nothing heavy before the last run; see _process.py.

SIZES = (Fraction(1, 16), Fraction(1, 4), Fraction(1), Fraction(4))
#: The share of Han characters that is replaced in a copy.
PERTURBED = 0.03

EXPLANATION = """\
Each run is a separate process, `crfseg train TEXT -o MODEL --threads {threads}`. The sizes take
turns; figures are medians of {repeats}. Numba's cache was filled beforehand. 1/16 and 1/4 are every
sixteenth and fourth sentence of {corpus}; 4 is the corpus and three copies of it, in each of
which {perturbed:.0%} of the Han characters are replaced by others, drawn in proportion to their
frequency (the random seed is the number of the copy), so that more text brings new n-grams, as
real text does. Memory is the peak resident size of the process.
"""
LINE = """\
The straight line through the first and the last row is {seconds_base:.2f} s plus
{seconds_slope:.2f} s per million characters, and {memory_base:.0f} MB plus {memory_slope:.0f} MB
per million characters; "line" shows its values. Seconds also depend on the number of iterations,
which training chooses itself.
"""


def sized(corpus: str, size: Fraction) -> Iterator[list[str]]:
    """The sentences of the corpus, thinned out or with perturbed copies."""
    from crfseg.corpus.sentences import read_sentences

    if size < 1:
        for number, words in enumerate(read_sentences(corpus)):
            if number % size.denominator == 0:
                yield words
        return
    yield from read_sentences(corpus)
    pool = [c for words in read_sentences(corpus) for c in "".join(words) if is_han(c)]
    for copy in range(1, int(size)):
        generator = random.Random(copy)
        for words in read_sentences(corpus):
            yield [perturbed(word, pool, generator) for word in words]


def is_han(character: str) -> bool:
    """Whether a character is a common Chinese character."""
    return "\u4e00" <= character <= "\u9fff"


def perturbed(word: str, pool: list[str], generator: random.Random) -> str:
    """The word with some of its Han characters replaced by others from the pool."""
    return "".join(
        generator.choice(pool) if is_han(c) and generator.random() < PERTURBED else c for c in word
    )


def write_sized(corpus: str, paths: dict[Fraction, Path]) -> None:
    """Writes the corpus in each size; runs in a separate process, since it imports NumPy."""
    from crfseg.corpus.sentences import write_sentences

    for size, path in paths.items():
        write_sentences(path, sized(corpus, size))


def page_rows(
    runs: dict[Fraction, list[Run]], about: dict[Fraction, dict[str, int]]
) -> tuple[list[list[str]], dict[str, float]]:
    """Table rows, and intercepts and slopes (per million characters) of the straight lines."""
    millions = {size: about[size]["characters"] / 1e6 for size in runs}
    first, last = min(runs), max(runs)
    figures = {
        "seconds": {size: median(run.wall for run in runs[size]) for size in runs},
        "memory": {size: median(run.memory / 1e6 for run in runs[size]) for size in runs},
    }
    line: dict[str, float] = {}
    for name, values in figures.items():
        slope = (values[last] - values[first]) / (millions[last] - millions[first])
        line[f"{name}_slope"] = slope
        line[f"{name}_base"] = values[first] - slope * millions[first]
    rows = []
    for size in runs:
        expected = {
            name: line[f"{name}_base"] + line[f"{name}_slope"] * millions[size] for name in figures
        }
        iterations = about[size]["iterations"]
        seconds, memory = figures["seconds"][size], figures["memory"][size]
        rows.append(
            [
                str(size),
                f"{about[size]['sentences']:,}",
                f"{about[size]['characters']:,}",
                str(iterations),
                f"{seconds:.2f}",
                f"{expected['seconds']:.2f}",
                f"{seconds / iterations:.3f}",
                f"{memory:.0f}",
                f"{expected['memory']:.0f}",
            ]
        )
    return rows, line


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "training-growth.md"),
    show_default="docs/benchmarks/training-growth.md",
)
@click.pass_context
def main(context: click.Context, corpus: str, threads: int, repeats: int, output: str) -> None:
    """Time ``crfseg train`` on parts and multiples of CORPUS; write the table."""
    runs: dict[Fraction, list[Run]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory(prefix="crfseg-") as name:
        folder = Path(name)
        texts = {size: folder / f"{size.numerator}of{size.denominator}.txt" for size in SIZES}
        writer = multiprocessing.get_context("spawn").Process(
            target=write_sized, args=(os.path.abspath(corpus), texts)
        )
        writer.start()
        writer.join()
        if writer.exitcode:
            raise click.ClickException(f"{corpus}: the texts could not be made of it")
        models = {size: path.with_suffix(".crfseg") for size, path in texts.items()}
        cache = folder / "cache"
        run_training(texts[SIZES[0]], models[SIZES[0]], threads, cache)  # compiles
        for _ in range(repeats):
            for size in SIZES:
                click.echo(f"{size} of the corpus: ", nl=False, err=True)
                run = run_training(texts[size], models[size], threads, cache)
                click.echo(f"{run.wall:.2f} s, {run.memory / 1e9:.3f} GB", err=True)
                runs[size].append(run)
        try:
            about = {size: crfseg.Model.load(path).metadata for size, path in models.items()}
        except crfseg.CrfsegError as error:
            raise click.ClickException(str(error)) from None
    rows, line = page_rows(runs, about)
    header = ["of the corpus", "sentences", "characters", "iterations"]
    header += ["seconds", "line", "s/iteration", "memory MB", "line"]
    page = [
        "# Training growth\n",
        provenance(context, "growth.py", ["output"]),
        EXPLANATION.format(
            threads=threads, repeats=repeats, corpus=os.path.basename(corpus), perturbed=PERTURBED
        ),
        table(header, rows),
        LINE.format(**line),
    ]
    try:
        write(output, "\n".join(page))
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
