"""``crfseg dump``: write a model as text."""

from __future__ import annotations

import click

from crfseg.cli.options import complete_file, writable


@click.command(name="dump")
@click.argument("model", metavar="[MODEL]", required=False, shell_complete=complete_file)
@click.option(
    "-o",
    "out",
    metavar="TEXT",
    default="-",
    shell_complete=complete_file,
    help="File to write.  [default: stdout]",
)
def dump(model: str | None, out: str) -> None:
    """Write a model as text to read, search and edit.

    MODEL defaults to the bundled model. The dump is lossless: crfseg load turns it back into the
    same model, byte for byte. Each line of [features] has a weight per tag, then an n-gram
    relative to the current character: C0 is the character itself, C-1 the preceding one. [words]
    has the words of the lexicons. In the dump of a tagger, each line has one weight, its label,
    then an n-gram of cells: %x[-1,0].

    \b
    crfseg dump corpus.crfseg | grep C0=龙
    crfseg dump corpus.crfseg -o corpus.txt        # edit it, then:
    crfseg load corpus.txt -o corpus.crfseg
    """
    from crfseg.common.resources import default_model_path
    from crfseg.model.dump.files import text_of
    from crfseg.model.load import load_any

    content = load_any(model or default_model_path())
    with writable(out) as write:
        for block in text_of(content):
            write(block)
