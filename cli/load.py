"""``crfseg load``: a model from its text."""

from __future__ import annotations

import click

from crfseg.cli.options import check_writable, readable


@click.command(name="load")
@click.argument("text", metavar="TEXT")
@click.option("-o", "output", metavar="MODEL", required=True, help="Model file.")
def load(text: str, output: str) -> None:
    """Make a model of the text that crfseg dump wrote, perhaps edited since.

    Of a segmentation model or of a tagger. A dash stands for standard input. Weights are
    rounded to multiples of the scale in [description]; n-grams and words may be added, changed
    and taken out in any order.

    \b
    crfseg load corpus.txt -o corpus.crfseg
    """
    check_writable(output)
    with readable(text) as path:
        from crfseg.model.dump.segmentation import load_dump

        load_dump(path).save(output)
