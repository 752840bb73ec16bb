"""F1 after training on a corpus with only some of its boundaries.

python benchmarks/partial.py ctb6.train.txt ctb6.dev.txt
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from _report import DOCS, percent, provenance, table, write

import crfseg
from crfseg.corpus.partial import spell
from crfseg.corpus.sentences import read_sentences

EXPLANATION = """\
Training on `{train}` when only some boundaries are known: places are drawn at random, and at all
others it is unknown whether a word begins there (`crfseg train --format partial`, see
[learning](../guide/learning.md)). F1 on `{dev}` with default settings, next to the F1 from the same
share of sentences, drawn at random and fully annotated.
"""
SHARES = (5, 10, 30, 100)


def reduced(path: str, share: int, chance: random.Random) -> str:
    """The corpus in the format `partial`, with ``share`` percent of its boundaries known."""
    lines = []
    for words in read_sentences(path):
        size = sum(map(len, words))
        lines.append(spell(words, [i for i in range(1, size) if chance.random() * 100 >= share]))
    return "\n".join(lines) + "\n"


def shortened(path: str, share: int, chance: random.Random) -> str:
    """``share`` percent of the sentences, fully annotated."""
    kept = [w for w in read_sentences(path) if chance.random() * 100 < share]
    return "".join(" ".join(words) + "\n" for words in kept)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("train", type=click.Path(exists=True, dir_okay=False))
@click.argument("dev", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "partial.md"),
    show_default="docs/benchmarks/partial.md",
)
@click.pass_context
def main(context: click.Context, train: str, dev: str, output: str) -> None:
    """Train on parts of the boundaries of TRAIN, score on DEV; write the table."""
    rows, full = [], 0.0
    with TemporaryDirectory(prefix="crfseg-") as folder:
        path = Path(folder) / "corpus.txt"
        for share in sorted(SHARES, reverse=True):
            scores = []
            for make in (reduced, shortened):
                path.write_text(make(train, share, random.Random(share)), encoding="utf-8")
                scores.append(crfseg.train(path, dev=dev).dev_f1 or 0.0)
            full = full or scores[0]
            cells = [percent(scores[0]), percent(full - scores[0]), percent(scores[1])]
            rows.append([f"{share}%", *cells])
            click.echo(" ".join(rows[-1]), err=True)
    header = ["known", "F1, boundaries", "below all", "F1, sentences"]
    names = {"train": os.path.basename(train), "dev": os.path.basename(dev)}
    page = [
        "# Partial annotation\n",
        provenance(context, "partial.py", ["output"]),
        EXPLANATION.format(**names),
        table(header, rows),
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
