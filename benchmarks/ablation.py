"""What each group of features gives, and what it costs.

python benchmarks/ablation.py --dictionary dict.txt PKU.train PKU.dev CTB6.train CTB6.dev
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import click
from _report import DOCS, percent, provenance, table, write
from _texts import plain_lines

import crfseg
from crfseg import Segmenter
from crfseg.corpus import Corpus, write_sentences
from crfseg.evaluation import evaluate
from crfseg.templates import CHARACTER_TEMPLATES, FIRST_LEXICON, lexicon_lines

INTRODUCTION = """\
Each row changes one thing of the default settings and trains anew; F1 is that of the
development text (no test text is used here), change against the default in brackets.
"closed" models have no dictionary, the others also {dictionary}. Differences below about
0.05 are chance: the optimiser takes another way. Size and speed are those of the first
corpus' model; nanoseconds a character of its development text, one thread, medians of
{repeats}, within one process.
"""


def without(lines: Sequence[str], *texts: str) -> list[str]:
    """Template lines but for those with one of the cells."""
    return [line for line in lines if not any(text in line for text in texts)]


def variants(lexicons: int) -> dict[str, dict[str, Any]]:
    """The rows: what differs from the defaults."""
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
        "maximum entropy": {"model": "maxent"},
    }  # fmt: skip


def nanoseconds(segmenter: Segmenter, lines: Sequence[str], repeats: int) -> float:
    """Per character, segmenting the lines."""
    data = "".join(f"{line}\n" for line in lines).encode()
    times = []
    for _ in range(repeats + 1):
        start = perf_counter()
        segmenter.segment_bytes(data)
        times.append(perf_counter() - start)
    return median(times[1:]) / sum(map(len, lines)) * 1e9


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpora", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--dictionary", required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True)
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

    A pair with the same file twice is cut: its last tenth is the development text.
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
        for title, lexicons in (("closed", []), ("with a dictionary", [dictionary])):
            rows, first = [], None
            for name, settings in variants(1 + len(lexicons)).items():
                if not settings.get("own_lexicon", True) and not lexicons:
                    settings = {**settings, "templates": CHARACTER_TEMPLATES.splitlines()}
                f1s, cost = _scores(pairs, lexicons, settings, threads, repeats)
                first = first or f1s
                shown = [
                    percent(f1) + ("" if f1s is first else f" ({100 * (f1 - base):+.2f})")
                    for f1, base in zip(f1s, first, strict=True)
                ]
                rows.append([name, *shown, *cost])
                click.echo(f"{title}: {' '.join(rows[-1])}", err=True)
            page += [f"## {title.capitalize()}\n", table(["", *names, "MB", "ns/character"], rows)]
    write(output, "\n".join(page))


def _scores(
    pairs: Sequence[tuple[str, str]],
    lexicons: Sequence[str],
    settings: dict[str, Any],
    threads: int,
    repeats: int,
) -> tuple[list[float], list[str]]:
    f1s, cost = [], []
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        for train, dev in pairs:
            path = Path(folder, "model.crfseg")
            crfseg.train(train, output=path, lexicons=lexicons, threads=threads, **settings)
            segmenter = Segmenter(path)
            f1s.append(evaluate(dev, segmenter=segmenter).f1)
            if not cost:
                speed = nanoseconds(segmenter, plain_lines(dev), repeats)
                cost = [f"{path.stat().st_size / 1e6:.1f}", f"{speed:.0f}"]
    return f1s, cost


def _cut(corpus: str, folder: Path) -> tuple[str, str]:
    """The first nine tenths of a corpus and the last."""
    sentences = list(Corpus.read(corpus).sentences())
    cut = len(sentences) * 9 // 10
    train, dev = folder / f"train.{len(sentences)}.txt", folder / f"dev.{len(sentences)}.txt"
    write_sentences(train, sentences[:cut])
    write_sentences(dev, sentences[cut:])
    return str(train), str(dev)


if __name__ == "__main__":
    main()
