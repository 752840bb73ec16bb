"""``crfseg tag``: label the tokens of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any

import click

from crfseg.cli.options import complete_file, encoding_option, quiet_option, readable, writable
from crfseg.cli.report import reporter
from crfseg.common.errors import DataError

#: Sentences per call of the tagger.
_BATCH = 4096


@click.command(name="tag")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, shell_complete=complete_file)
@click.option(
    "-m",
    "--model",
    required=True,
    metavar="MODEL",
    shell_complete=complete_file,
    help="Model file.",
)
@click.option(
    "-o",
    "out",
    metavar="OUT",
    default="-",
    shell_complete=complete_file,
    help="File to write.  [default: stdout]",
)
@click.option(
    "--format",
    type=click.Choice(["conll", "words"]),
    default="conll",
    show_default=True,
    help="One token per line, with a blank line after each sentence; or words separated by spaces.",
)
@click.option(
    "--output",
    type=click.Choice(["same", "labels"]),
    default="same",
    show_default=True,
    help="Tokens with the label as the last column (or word/label), or labels only.",
)
@encoding_option
@quiet_option
def tag(
    inputs: tuple[str, ...],
    model: str,
    out: str,
    format: str,
    output: str,
    encoding: str,
    quiet: bool,
) -> None:
    """Label the tokens of a text.

    Reads files, or standard input. The input must have the columns that the model was trained
    with; one additional column, a gold label, is kept. A dash stands for standard input.

    \b
    crfseg tag -m pos.crfseg tokens.conll > labelled.conll
    crfseg segment < text.txt | crfseg tag -m pos.crfseg --format words
    """
    with ExitStack() as stack:
        files = [stack.enter_context(readable(name)) for name in inputs or ("-",)]
        progress = stack.enter_context(reporter(quiet or out == "-"))
        write = stack.enter_context(writable(out))

        from crfseg.tagging.tagger import Tagger

        tagger = Tagger(model)
        for path in files:
            progress.begin("tagging")
            count = 0
            sentences = _sentences(path, format, encoding, tagger.columns)
            while batch := list(islice(sentences, _BATCH)):
                labels = tagger.tag_many(batch)
                write("".join(_written(batch, labels, format, output)).encode())
                count += len(batch)
            progress.end(f"{count:,} sentences")


def _sentences(path: str, format: str, encoding: str, columns: int) -> Iterator[Any]:
    from crfseg.common.files import read_lines
    from crfseg.corpus.tokens import read_tokens

    if format == "words":
        if columns != 1:
            raise DataError(path, None, "words have one column", f"the {columns} of the model")
        for line in read_lines(path, encoding):
            yield [(word,) for word in line.split()]
        return
    for rows in read_tokens(path, "conll", encoding):
        if not columns <= len(rows[0]) <= columns + 1:
            expected = f"{columns} as in training, and perhaps a label"
            raise DataError(path, None, f"{len(rows[0])} columns", expected)
        yield rows


def _written(
    sentences: Iterable[Any], labels: Iterable[list[str]], format: str, output: str
) -> Iterator[str]:
    for rows, found in zip(sentences, labels, strict=True):
        if format == "words":
            pairs = zip(rows, found, strict=True)
            tokens = found if output == "labels" else [f"{row[0]}/{label}" for row, label in pairs]
            yield " ".join(tokens) + "\n"
            continue
        for row, label in zip(rows, found, strict=True):
            yield (label if output == "labels" else "\t".join((*row, label))) + "\n"
        yield "\n"
