"""The default model on corpora it was not trained on, beside its peers as they come.

python benchmarks/unseen.py --standards ctb,ud,pku ctb6.dev.txt ud-gsd.dev.txt pku.test.txt
"""

from __future__ import annotations

import os
from collections.abc import Container, Sequence
from statistics import mean

import click
from _peers import PEERS
from _report import DOCS, embed, percent, provenance, table, write
from _texts import traditional

import crfseg
from crfseg.corpus.corpus import read_sentences
from crfseg.metrics.words import paired_bootstrap, score_sentences

TEXT = """\
Word F1 in percent, each system with its own model or dictionary, nothing trained here. Each
text follows its own standard of what a word is, and so does each system: no one can reach 100.
What the default standard of crfseg joins and cuts, and the rules of its standard ctb, were
settled on the development text of CTB6, so its test text is the one to look at
([joined](../data/joined.py), [ctb](../data/treebank.py), [general](../data/general.py)). The
default standard is learnt from the training text of ud-gsd as well, so ud-gsd.dev.txt is new text
to it, but not text of another kind. How much of each, and with which rules, was settled
on the last tenths of the training texts and on the golden sentences of the tests, but four things
were seen here, so these figures are not those of untouched text: on ud-gsd.dev.txt, that learning
from both does good, and that one trial was less than 8 points ahead of jieba; on
sighan2005-pku.test.txt, that the one before it cut too much of what the People's Daily joins, and
that signs before numbers stuck to the word before ([modern](../data/modern.py)).
"""
NEAREST = """\
"{nearest}" is the same model told which of its standards is the nearest to the text's
(`crfseg segment --standard`): {standards}. For ud that is the very standard of its training text.
"""
TRADITIONAL = """\
## Traditional characters

The same sentences in traditional characters (OpenCC, s2t); each system as before. What crfseg
reads them with is from OpenCC, too, and the words are those of the mainland: text that was
written in Taiwan or Hong Kong is further from what it knows.
"""
DIFFERENCES = """\
How far {crfseg} is ahead, and how far in 95% of a thousand samples of the sentences (paired
bootstrap, Koehn 2004).
"""
READMES = {
    "README.md": """
Models and dictionaries as they come. "crfseg --standard" was told which of its standards is the
nearest to the text's; of two of them, pku and ud, it had training text, and the default standard
had both; of CTB6 none, but the rules of ctb and of the default standard were settled on
ctb6.dev.txt
([docs/benchmarks/unseen.md](docs/benchmarks/unseen.md)). The same sentences in traditional
characters (OpenCC,
whose table crfseg reads them with):

""",
    "README.zh.md": """
各工具自带的模型或词典。“crfseg --standard” 指定了与文本最接近的标准；其中 pku 和 ud 有训练语料，
默认标准两者都用；CTB6 没有，但默认标准和 ctb 的规则是对照 ctb6.dev.txt 定的
（[docs/benchmarks/unseen.md](docs/benchmarks/unseen.md)）。同样的句子换成繁体字
（用 OpenCC 转换，crfseg 的繁简对应也取自 OpenCC）：

""",
}
#: The other peers are ports of jieba.
IN_READMES = ("jieba", "wapic")
CRFSEG, NEAREST_CRFSEG = "crfseg", "crfseg --standard"

Sentences = list[list[str]]
Words = dict[str, Sentences]  # of each system


def outputs(gold: Sentences, standard: str | None) -> Words:
    """The words of each sentence from crfseg and from the peers that are installed."""
    texts = ["".join(words) for words in gold]
    cut = {CRFSEG: crfseg.Segmenter().cut}
    if standard:
        cut[NEAREST_CRFSEG] = crfseg.Segmenter(standard=standard).cut
    for name, peer in PEERS.items():
        if peer.version is not None and not peer.many:
            cut[name] = peer.load()
    return {name: [list(of(text)) for text in texts] for name, of in cut.items()}


def measure(texts: Sequence[Sentences], found: Sequence[Words]) -> dict[str, list[float]]:
    """By system the F1 on each text."""
    return {
        system: [
            score_sentences(gold, words[system]).f1
            for gold, words in zip(texts, found, strict=True)
        ]
        for system in found[0]
    }


def compare(mine: str, peer: str, texts: Sequence[Sentences], found: Sequence[Words]) -> list[str]:
    """How far one system is ahead of another on each text."""
    cells = []
    for gold, words in zip(texts, found, strict=True):
        one = paired_bootstrap(gold, words[peer], words[mine])
        spread = f"{100 * one.low:+.2f} to {100 * one.high:+.2f}"
        cells.append(f"{100 * one.difference:+.2f} ({spread})")
    return cells


def scores(names: Sequence[str], f1: dict[str, list[float]], systems: Container[str]) -> str:
    """The table of some systems."""
    rows = [[system, *map(percent, [*f1[system], mean(f1[system])])] for system in f1]
    return table(["F1", *names, "mean"], [row for row in rows if row[0] in systems])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--standards", help="The nearest to those of GOLD files, commas between.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "unseen.md"),
    show_default="docs/benchmarks/unseen.md",
)
@click.pass_context
def main(context: click.Context, gold: tuple[str, ...], standards: str | None, output: str) -> None:
    """Score crfseg's default model and its peers on GOLD files, and on the same in traditional
    characters; write the tables.
    """
    nearest = standards.split(",") if standards else [None] * len(gold)
    if len(nearest) != len(gold):
        raise click.UsageError(f"--standards {standards}: expected {len(gold)} of them")
    ours = [CRFSEG, NEAREST_CRFSEG] if standards else [CRFSEG]
    try:
        texts = [list(read_sentences(name)) for name in gold]
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None
    found = list(map(outputs, texts, nearest))
    f1 = measure(texts, found)
    written = list(map(traditional, texts))
    other = measure(written, list(map(outputs, written, nearest)))
    names = [os.path.basename(name) for name in gold]
    by_text = ", ".join(f"{name} {standard}" for name, standard in zip(names, nearest, strict=True))
    page = [
        "# The default model elsewhere\n",
        provenance(context, "unseen.py", ["output"]),
        TEXT,
        scores(names, f1, f1),
        *([NEAREST.format(nearest=NEAREST_CRFSEG, standards=by_text)] if standards else []),
    ]
    for mine in ours:
        rows = [[peer, *compare(mine, peer, texts, found)] for peer in f1 if peer not in ours]
        page += [DIFFERENCES.format(crfseg=mine), table([f"{mine} less", *names], rows)]
    page += [TRADITIONAL, scores(names, other, other)]
    write(output, "\n".join(page))
    if standards and output == str(DOCS / "unseen.md"):
        few = (*ours, *IN_READMES)
        tables = scores(names, f1, few), scores(names, other, few)
        embed("unseen", {
            page: tables[0] + after + tables[1] for page, after in READMES.items()
        })  # fmt: skip


if __name__ == "__main__":
    main()
