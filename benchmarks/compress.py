"""How small a model can be, and what that costs.

python benchmarks/compress.py [-m MODEL] GOLD...
"""

from __future__ import annotations

import os
import zlib

import click
from _report import DOCS, percent, provenance, table, write

import crfseg
from crfseg import Model, Segmenter
from crfseg.container import encode
from crfseg.segmenter import default_model_path

TEXT = """\
F1 in percent of smaller and smaller models made by `crfseg compress`. Zipped is what the file
takes in a wheel.
"""
SIZES = (None, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.5)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("-m", "--model", help="default: the one that comes with crfseg")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "compress.md"),
    show_default="docs/compress.md",
)
@click.pass_context
def main(context: click.Context, gold: tuple[str, ...], model: str | None, output: str) -> None:
    """Compress a model to several sizes, score each on GOLD; write the table."""
    whole = Model.load(model or default_model_path())
    names = [os.path.basename(path) for path in gold]
    rows = []
    for size in SIZES:
        small = crfseg.compress(whole, None if size is None else int(size * 1e6))
        data = encode(small.metadata, small.arrays())
        rows.append([
            "all" if size is None else f"{size:g}MB",
            f"{len(data):,}",
            f"{len(zlib.compress(data, 9)):,}",
            f"{sum(len(family.keys) for family in small.families):,}",
            f"{len(small.members):,}",
            *(percent(crfseg.evaluate(g, segmenter=Segmenter.from_model(small)).f1) for g in gold),
        ])  # fmt: skip
        click.echo(" ".join(rows[-1]), err=True)
    page = [
        "# Smaller models\n",
        provenance(context, "compress.py", ["output"]),
        TEXT,
        table(["--max-size", "bytes", "zipped", "n-grams", "words", *names], rows),
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
