"""What each feature group contributes, and what it costs.

python benchmarks/ablation.py --dictionary dict.txt PKU.train PKU.dev CTB6.train CTB6.dev
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import click
from _report import DOCS, NONE, percent, provenance, table, write
from _texts import plain_lines
from _timing import slowness

import crfseg
from crfseg import Segmenter
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.sentences import read_sentences, write_sentences
from crfseg.features.kernels.layout import FIRST_LEXICON
from crfseg.features.templates import CHARACTER_TEMPLATES, lexicon_lines
from crfseg.metrics.words import paired_bootstrap, score_sentences

INTRODUCTION = """\
Each row changes one default setting and trains again. F1 is measured on the development text (no
test text is used here), with the change from the default in brackets. "Closed" models have no
dictionary; the others also use {dictionary}. "all texts" is the change on all development texts
together, with its 95% interval in brackets (paired bootstrap over sentences, Koehn 2004); an
interval that contains 0 may be chance. Size and time are those of the first corpus's model: time
is relative to the default on its development text (one thread, in turn, median of {repeats}).
"""


def without(lines: Sequence[str], *texts: str) -> list[str]:
    """The template lines that contain none of the given texts."""
    return [line for line in lines if not any(text in line for text in texts)]


def variants(lexicons: int) -> dict[str, dict[str, Any]]:
    """The rows, each with its changes to the default settings."""
    characters = CHARACTER_TEMPLATES.splitlines()
    words = [line for k in range(lexicons) for line in lexicon_lines(k)]
    begins = [FIRST_LEXICON + 2 * k for k in range(lexicons)]
    alone = ["U00:%x[-1,0]", "U02:%x[1,0]"]
    pairs = ["U03:%x[-1,0]/%x[0,0]", "U04:%x[0,0]/%x[1,0]"]
    more = ["U90:%x[-2,0]", "U91:%x[2,0]", "U92:%x[-1,0]/%x[1,0]"]
    with_character = [f"/%x[0,{b}]/%x[0,{b + 1}]" for b in begins]
    neighbours = [f"%x[{o},{b}]" for o in (-1, 1) for b in begins]
    own = [line for line in characters if line not in alone]
    return {
        "default": {},
        "without C-1 and C+1": {"templates": own + words},
        "without pairs": {"templates": [x for x in characters if x not in pairs] + words},
        "without types": {"templates": without(characters, ",1]") + words},
        "without lexicon codes of neighbours": {
            "templates": characters + without(words, *neighbours)
        },
        "without C0 with lexicon codes": {
            "templates": characters
            + [x for x in words if not (x.split(":")[1].startswith("%x[0,0]") and any(
                w in x for w in with_character))]
        },
        "without a lexicon of the training words": {"own_lexicon": False},
        "with C-2, C+2, C-1C+1": {"templates": characters + more + words},
        "without a margin": {"margin": 0.0},
        "six tags": {"tags": 6},
        "maximum entropy": {"kind": "maxent"},
    }  # fmt: skip


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpora", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--dictionary", required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=9, show_default=True)
@click.option("--output", metavar="FILE", default=str(DOCS / "ablation.md"))
@click.pass_context
def main(
    context: click.Context,
    corpora: tuple[str, ...],
    dictionary: str,
    threads: int,
    repeats: int,
    output: str,
) -> None:
    """Train variants on CORPORA, pairs of a training and a development text; write the table.

    If both files of a pair are the same, its last tenth is the development text.
    """
    if len(corpora) % 2:
        raise click.UsageError("expected pairs: TRAIN DEV [TRAIN DEV]...")
    page = ["# Ablation\n", provenance(context, "ablation.py", ["output"])]
    page.append(INTRODUCTION.format(dictionary=os.path.basename(dictionary), repeats=repeats))
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        pairs = [
            _cut(train, Path(folder)) if os.path.samefile(train, dev) else (train, dev)
            for train, dev in zip(corpora[::2], corpora[1::2], strict=True)
        ]
        names = [os.path.basename(name) for name in corpora[::2]]
        gold = [list(read_sentences(dev)) for _, dev in pairs]
        lines = plain_lines(pairs[0][1])
        for title, lexicons in (("closed", []), ("with a dictionary", [dictionary])):
            rows: list[list[str]] = []
            first: Variant | None = None
            for name, settings in variants(1 + len(lexicons)).items():
                if not settings.get("own_lexicon", True) and not lexicons:
                    settings = {**settings, "templates": CHARACTER_TEMPLATES.splitlines()}
                one = _measure([train for train, _ in pairs], gold, lexicons, settings, threads)
                time = 1.0
                if first is not None:
                    time = slowness(one.segmenter, first.segmenter, lines, repeats)
                cost = [f"{one.megabytes:.1f}", f"{time:.2f}"]
                rows.append([name, *_cells(gold, one, first), *cost])
                first = first or one
                click.echo(f"{title}: {' '.join(rows[-1])}", err=True)
            header = ["", *names, "all texts", "MB", "time"]
            page += [f"## {title.capitalize()}\n", table(header, rows)]
    write(output, "\n".join(page))


@dataclass(frozen=True)
class Variant:
    """Result of a row: words and F1 on each development text, and the first corpus's model."""

    words: list[list[list[str]]]
    f1s: list[float]
    segmenter: Segmenter
    megabytes: float


def _measure(
    corpora: Sequence[str],
    gold: Sequence[Sequence[Sequence[str]]],
    lexicons: Sequence[str],
    settings: dict[str, Any],
    threads: int,
) -> Variant:
    words, segmenters = [], []
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        for number, (corpus, sentences) in enumerate(zip(corpora, gold, strict=True)):
            path = Path(folder, f"{number}.crfseg")
            crfseg.train(corpus, output=path, lexicons=lexicons, threads=threads, **settings)
            segmenters.append(Segmenter(path))
            words.append(segmenters[-1].cut_many(["".join(sentence) for sentence in sentences]))
        size = Path(folder, "0.crfseg").stat().st_size
    f1s = [score_sentences(g, w).f1 for g, w in zip(gold, words, strict=True)]
    return Variant(words, f1s, segmenters[0], size / 1e6)


def _cells(
    gold: Sequence[Sequence[Sequence[str]]], one: Variant, first: Variant | None
) -> list[str]:
    """F1 on each development text, and the change from the default on all of them."""
    if first is None:
        return [*map(percent, one.f1s), NONE]
    both = zip(one.f1s, first.f1s, strict=True)
    shown = [f"{percent(f1)} ({100 * (f1 - f0):+.2f})" for f1, f0 in both]
    together = [list(chain.from_iterable(texts)) for texts in (gold, first.words, one.words)]
    found = paired_bootstrap(*together)
    spread = f"{100 * found.low:+.2f} to {100 * found.high:+.2f}"
    return [*shown, f"{100 * found.difference:+.2f} ({spread})"]


def _cut(corpus: str, folder: Path) -> tuple[str, str]:
    """The first nine tenths of a corpus and the last tenth, as files."""
    sentences = list(Corpus.read(corpus).sentences())
    cut = len(sentences) * 9 // 10
    train, dev = folder / f"train.{len(sentences)}.txt", folder / f"dev.{len(sentences)}.txt"
    write_sentences(train, sentences[:cut])
    write_sentences(dev, sentences[cut:])
    return str(train), str(dev)


if __name__ == "__main__":
    main()
