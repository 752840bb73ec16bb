"""F1 and speed of models compressed to several sizes.

python benchmarks/compress.py --standards general,ud GOLD GOLD
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence

import click
from _report import DOCS, percent, provenance, table, write
from _texts import plain_lines
from _timing import slowness

import crfseg
from crfseg import Model, Segmenter
from crfseg.common.resources import default_model_path
from crfseg.model.container import encode

TEXT = """\
F1 in percent of increasingly small models made by `crfseg compress`. "zipped" is the size of the
file in a wheel. Standards: {names}.
"""
TIME = """
Time is that of the first text relative to the uncompressed model, one thread, in turn, median of
{repeats}.
"""
#: In millions of bytes; None: only with weights of one byte.
SIZES = (None, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.5, 0.25)


def row(
    name: str, model: Model, whole: Model, gold: Sequence[tuple[str, str | None]], repeats: int
) -> list[str]:
    """Sizes, F1 on each corpus, and time on the first relative to the ``whole`` model."""
    data = encode(model.metadata, model.arrays())
    cells = [
        name,
        f"{len(data):,}",
        f"{len(zlib.compress(data, 9)):,}",
        f"{sum(len(family.keys) for family in model.families):,}",
        f"{len(model.members):,}",
    ]
    for path, standard in gold:
        segmenter = Segmenter(model, standard=standard)
        cells.append(percent(crfseg.evaluate(path, segmenter=segmenter).f1))
    if repeats:
        path, standard = gold[0]
        both = [Segmenter(each, standard=standard) for each in (model, whole)]
        cells.append(f"{slowness(*both, plain_lines(path), repeats):.2f}")
    click.echo(" ".join(cells), err=True)
    return cells


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("-m", "--model", help="default: the one that comes with crfseg")
@click.option("--standards", help="The standard of each GOLD file, comma-separated.")
@click.option("--repeats", type=click.IntRange(min=0), default=0, help="Measure speed as well.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "compress.md"),
    show_default="docs/benchmarks/compress.md",
)
@click.pass_context
def main(
    context: click.Context,
    gold: tuple[str, ...],
    model: str | None,
    standards: str | None,
    repeats: int,
    output: str,
) -> None:
    """Compress a model to several sizes, score each on GOLD; write the table."""
    names = [os.path.basename(path) for path in gold]
    followed: list[str | None] = [*standards.split(",")] if standards else [None] * len(gold)
    if len(followed) != len(gold):
        raise click.UsageError("--standards: expected one for each GOLD")
    try:
        whole, pairs = (
            Model.load(model or default_model_path()),
            [*zip(gold, followed, strict=True)],
        )
        rows = [row("as it is", whole, whole, pairs, repeats)]
        for size in SIZES:
            small = crfseg.compress(whole, None if size is None else int(size * 1e6))
            name = "no --max-size" if size is None else f"{size:g}MB"
            rows.append(row(name, small, whole, pairs, repeats))
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None
    text = TEXT.format(names=", ".join(f"{n}: {s}" for n, s in zip(names, followed, strict=True)))
    page = [
        "# Compression\n",
        provenance(context, "compress.py", ["output"]),
        text + (TIME.format(repeats=repeats) if repeats else ""),
        table(
            ["", "bytes", "zipped", "n-grams", "words", *names, *(["time"] if repeats else [])],
            rows,
        ),
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
