"""``crfseg load``: make a model from a dump."""

from __future__ import annotations

import click

from crfseg.cli.options import check_writable, complete_file, readable


@click.command(name="load")
@click.argument("text", metavar="TEXT", shell_complete=complete_file)
@click.option(
    "-o",
    "output",
    metavar="MODEL",
    required=True,
    shell_complete=complete_file,
    help="Model file to write.",
)
def load(text: str, output: str) -> None:
    """Make a model from the output of crfseg dump.

    TEXT is a dump of a segmentation model or of a tagger, possibly edited; a dash stands for
    standard input. Weights are rounded to multiples of the scale in [description]; n-grams and
    words can be added, changed and removed, in any order.

    \b
    crfseg load corpus.txt -o corpus.crfseg
    """
    check_writable(output)
    with readable(text) as path:
        from crfseg.model.dump.files import load_dump

        load_dump(path).save(output)
