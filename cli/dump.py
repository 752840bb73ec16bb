"""``crfseg dump``: a model as text."""

from __future__ import annotations

import click

from crfseg.cli.options import writable


@click.command(name="dump")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("-o", "out", metavar="TEXT", default="-", help="File to write.  [default: stdout]")
def dump(model: str | None, out: str) -> None:
    """Write a model, or the one that comes with crfseg, as text to read, search and edit.

    Nothing is lost: crfseg load makes the same model of it, byte for byte. Each line of
    [features] has a weight for each tag, then an n-gram as seen from a character: C0 is
    the character itself, C-1 the one before. [words] has the words of the lexicons. Of a
    tagger, each line has one weight, its label, then an n-gram of cells: %x[-1,0].

    \b
    crfseg dump corpus.crfseg | grep C0=龙
    crfseg dump corpus.crfseg -o corpus.txt        # edit it, then:
    crfseg load corpus.txt -o corpus.crfseg
    """
    from crfseg.common.resources import default_model_path
    from crfseg.model.dump.segmentation import text_of
    from crfseg.model.load import load_any

    content = load_any(model or default_model_path())
    with writable(out) as write:
        for block in text_of(content):
            write(block)
