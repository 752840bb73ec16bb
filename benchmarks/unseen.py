"""The default model on corpora it was not trained on, beside its peers as they come.

python benchmarks/unseen.py ctb6.dev.txt ud-gsd.dev.txt pku.test.txt
"""

from __future__ import annotations

import os
from statistics import mean

import click
from _peers import PEERS
from _report import DOCS, percent, provenance, table, write

import crfseg
from crfseg.corpus import read_sentences
from crfseg.evaluation import paired_bootstrap, score_sentences

TEXT = """\
Word F1 in percent, each system with its own model or dictionary, nothing trained here. Each
text follows its own standard of what a word is, and so does each system: no one can reach 100.
"""
DIFFERENCES = """\
How far crfseg is ahead, and how far in 95% of a thousand samples of the sentences (paired
bootstrap, Koehn 2004).
"""
CRFSEG = "crfseg"


def outputs(texts: list[str]) -> dict[str, list[list[str]]]:
    """The words of each text from crfseg and from the peers that are installed."""
    cut = {CRFSEG: crfseg.Segmenter().cut}
    for name, peer in PEERS.items():
        if peer.version is not None and not peer.many:
            cut[name] = peer.load()
    return {name: [list(of(text)) for text in texts] for name, of in cut.items()}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "unseen.md"),
    show_default="docs/unseen.md",
)
@click.pass_context
def main(context: click.Context, gold: tuple[str, ...], output: str) -> None:
    """Score crfseg's default model and its peers on GOLD files; write the tables."""
    f1: dict[str, list[float]] = {}
    ahead: dict[str, list[str]] = {}
    try:
        for name in gold:
            click.echo(name, err=True)
            sentences = list(read_sentences(name))
            words = outputs(["".join(sentence) for sentence in sentences])
            for system, found in words.items():
                f1.setdefault(system, []).append(score_sentences(sentences, found).f1)
                if system != CRFSEG:
                    one = paired_bootstrap(sentences, found, words[CRFSEG])
                    spread = f"{100 * one.low:+.2f} to {100 * one.high:+.2f}"
                    cell = f"{100 * one.difference:+.2f} ({spread})"
                    ahead.setdefault(system, []).append(cell)
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None
    names = [os.path.basename(name) for name in gold]
    page = [
        "# The default model elsewhere\n",
        provenance(context, "unseen.py", ["output"]),
        TEXT,
        table(
            ["F1", *names, "mean"],
            [[system, *map(percent, [*each, mean(each)])] for system, each in f1.items()],
        ),
        DIFFERENCES,
        table(["crfseg less", *names], [[system, *cells] for system, cells in ahead.items()]),
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
