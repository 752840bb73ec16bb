"""Accuracy with default settings: two corpora, with and without a dictionary, all models.

python benchmarks/accuracy.py --pku-train 199801.txt --pku-test pku.test.txt
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import product
from typing import Any

import click
from _report import DOCS, NONE, environment, percent, provenance, table, write

import crfseg
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.sentences import read_sentences
from crfseg.metrics.words import Scores, paired_bootstrap

MODELS = {"hmm": "HMM", "maxent": "maximum entropy", "crf": "CRF"}
TAGS = ("4", "6")
COLUMNS = (
    "precision", "recall", "F1", "OOV recall", "IV recall", "iterations", "training s", "model MB"
)  # fmt: skip
INTRODUCTION = """\
Settings are the defaults unless stated otherwise. A model is trained on the training text, plus
the dictionary where one is named; the test texts are used only to compute these scores.
Scores are percentages, counted like those of the SIGHAN scorer. OOV words are test words that do
not occur in the training text. Training seconds are those of `crfseg.train` with {threads},
including reading and saving, with the kernels compiled beforehand.
"""
SIX = """\
All other settings are the defaults. On development text, six tags are slightly better than four
without a dictionary ([ablation](ablation.md)), but segmenting is slower, so four is the default.
"""
KINDS = """\
Closed: no dictionary. Differences are tested with a paired bootstrap (Koehn 2004): the sentences
of the test text are resampled a thousand times.
"""


@dataclass(frozen=True)
class Data:
    """A training text and a test text; ``name`` is shown in tables."""

    name: str
    train: str
    test: str


@dataclass(frozen=True)
class Setup:
    """The settings of one row; ``lexicon`` is a dictionary file or None."""

    data: Data
    model: str = "crf"
    tags: str = "4"
    lexicon: str | None = None

    def __str__(self) -> str:
        kind = "closed" if self.lexicon is None else "with dictionary"
        return f"{self.data.name}, {MODELS[self.model]}, {self.tags} tags, {kind}"


@dataclass(frozen=True)
class Row:
    """The result of a setup; ``iterations`` is None for a model that is counted.

    words: the output for each sentence of the test text.
    """

    scores: Scores
    words: list[list[str]]
    iterations: int | None
    seconds: float
    model_bytes: int

    def cells(self) -> list[str]:
        """The cells under COLUMNS."""
        scores = self.scores
        shares = (
            scores.precision, scores.recall, scores.f1, scores.oov_recall, scores.iv_recall
        )  # fmt: skip
        iterations = NONE if self.iterations is None else str(self.iterations)
        size = f"{self.model_bytes / 1e6:.1f}"
        return [*map(percent, shares), iterations, f"{self.seconds:.1f}", size]


def main_setups(data: Iterable[Data], dictionary: str | None, tags: str = "4") -> Iterator[Setup]:
    """CRFs with ``tags`` tags, closed and with the dictionary."""
    for one in data:
        yield Setup(one, tags=tags)
        if dictionary is not None:
            yield Setup(one, tags=tags, lexicon=dictionary)


def model_setups(data: Iterable[Data]) -> Iterator[Setup]:
    """Every kind of model with every tag set, closed."""
    for one, tags, model in product(data, TAGS, MODELS):
        yield Setup(one, model, tags)


def measure(setup: Setup, threads: int | None) -> Row:
    """Trains, saves, loads and scores one setup."""
    warm_up(setup.model, setup.tags, threads)
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        path = os.path.join(folder, "model.crfseg")
        result = crfseg.train(
            setup.data.train,
            output=path,
            kind=setup.model,
            tags=setup.tags,
            lexicons=[] if setup.lexicon is None else [setup.lexicon],
            threads=threads,
        )
        if result.interrupted:
            raise click.Abort
        segmenter = crfseg.Segmenter(path)
        size = os.path.getsize(path)
    scores = crfseg.evaluate(
        setup.data.test, segmenter=segmenter, train=setup.data.train, threads=threads
    )
    texts = ["".join(sentence) for sentence in read_sentences(setup.data.test)]
    words = segmenter.cut_many(texts, threads=threads)
    return Row(scores, words, len(result.history) or None, result.seconds, size)


@cache
def warm_up(model: str, tags: str, threads: int | None) -> None:
    """Compiles the kernels of training, so that no row includes that time."""
    with as_file(files("crfseg.data") / "sample.train.txt") as sample:
        crfseg.train(sample, kind=model, tags=tags, max_iter=2, threads=threads)


def texts_table(data: Iterable[Data], rows: dict[Setup, Row]) -> str:
    """The training and test texts."""
    header = ["", "training text", "test text", "training words", "test words", "OOV words %"]
    lines = []
    for one in data:
        scores = next(row.scores for setup, row in rows.items() if setup.data == one)
        names = [one.name, os.path.basename(one.train), os.path.basename(one.test)]
        counts = [f"{Corpus.read(one.train).word_count:,}", f"{scores.gold_words:,}"]
        lines.append([*names, *counts, percent(scores.oov_rate)])
    return table(header, lines, left=3)


def main_table(setups: Iterable[Setup], rows: dict[Setup, Row]) -> str:
    """Results with and without the dictionary."""
    lines = []
    for setup in setups:
        lexicon = "training words"
        if setup.lexicon is not None:
            lexicon += f", {os.path.basename(setup.lexicon)}"
        lines.append([setup.data.name, lexicon, *rows[setup].cells()])
    return table(["", "lexicon", *COLUMNS], lines, left=2)


def models_table(setups: Iterable[Setup], rows: dict[Setup, Row]) -> str:
    """Results by kind of model."""
    lines = [[s.data.name, s.tags, MODELS[s.model], *rows[s].cells()] for s in setups]
    return table(["", "tags", "model", *COLUMNS], lines, left=3)


def order_lines(data: Iterable[Data], rows: dict[Setup, Row]) -> str:
    """Whether each model of MODELS is better than the previous one, with a significance test."""
    lines = []
    for one, tags in product(data, TAGS):
        f1s = [rows[Setup(one, model, tags)].scores.f1 for model in MODELS]
        verdict = "holds" if f1s == sorted(set(f1s)) else "**does not hold**"
        softmax, crf = (rows[Setup(one, model, tags)].words for model in ("maxent", "crf"))
        found = paired_bootstrap(read_sentences(one.test), softmax, crf)
        lines.append(
            f"- {one.name}, {tags} tags: {' < '.join(MODELS.values())} {verdict}. CRF minus "
            f"maximum entropy: {100 * found.difference:+.2f}, 95% interval "
            f"{100 * found.low:+.2f} to {100 * found.high:+.2f}, p = {found.p_value:.2f}.\n"
        )
    return "".join(lines)


def as_json(rows: dict[Setup, Row]) -> str:
    """All figures of all rows, with the environment."""
    results: list[dict[str, Any]] = []
    for setup, row in rows.items():
        about = asdict(setup) | {
            "data": setup.data.name,
            "lexicon": setup.lexicon and os.path.basename(setup.lexicon),
        }
        cost = {"iterations": row.iterations, "seconds": round(row.seconds, 3)}
        results.append(about | row.scores.as_dict() | cost | {"model_bytes": row.model_bytes})
    return json.dumps({"environment": environment(), "results": results}, indent=1) + "\n"


def pair(name: str, option: str, train: str | None, test: str | None) -> list[Data]:
    """A corpus as a list; empty if not given. Giving only one of the two files is an error."""
    if (train is None) != (test is None):
        given, missing = ("train", "test") if test is None else ("test", "train")
        raise click.UsageError(f"--{option}-{given} also needs --{option}-{missing}")
    return [] if train is None or test is None else [Data(name, train, test)]


INPUT = click.Path(exists=True, dir_okay=False)
OUTPUT = click.Path(dir_okay=False, writable=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--pku-train", type=INPUT, help="People's Daily, January 1998.")
@click.option("--pku-test", type=INPUT, help="SIGHAN 2005 PKU test gold.")
@click.option("--ctb-train", type=INPUT, help="CTB6, training part.")
@click.option("--ctb-test", type=INPUT, help="CTB6, test part.")
@click.option("--jieba-dict", type=INPUT, help="jieba's dict.txt.")
@click.option(
    "--only",
    type=click.Choice(["main", "models"]),
    help="Only the CRF, or closed models of all kinds.",
)
@click.option("--threads", type=click.IntRange(min=1), help="[default: one per processor]")
@click.option(
    "--output",
    type=OUTPUT,
    default=str(DOCS / "accuracy.md"),
    show_default="docs/benchmarks/accuracy.md",
)
@click.option("--json", "json_path", type=OUTPUT, help="Also write the figures here.")
@click.pass_context
def main(
    context: click.Context,
    pku_train: str | None,
    pku_test: str | None,
    ctb_train: str | None,
    ctb_test: str | None,
    jieba_dict: str | None,
    only: str | None,
    threads: int | None,
    output: str,
    json_path: str | None,
) -> None:
    """Train with default settings and score on test texts; write the tables.

    Rows whose files are not given are left out.
    """
    data = pair("PKU", "pku", pku_train, pku_test) + pair("CTB6", "ctb", ctb_train, ctb_test)
    if not data:
        raise click.UsageError("no corpus: give --pku-train and --pku-test, or those of CTB6")
    main_part = [] if only == "models" else list(main_setups(data, jieba_dict))
    six_part = [] if only == "models" else list(main_setups(data, jieba_dict, "6"))
    model_part = [] if only == "main" else list(model_setups(data))
    setups = list(dict.fromkeys([*main_part, *six_part, *model_part]))  # some are in several
    rows: dict[Setup, Row] = {}
    try:
        for number, setup in enumerate(setups, 1):
            click.echo(f"[{number}/{len(setups)}] {setup}: ", nl=False, err=True)
            rows[setup] = row = measure(setup, threads)
            click.echo(f"F1 {percent(row.scores.f1)}, trained in {row.seconds:.1f} s", err=True)
        count = environment()["cores"] if threads is None else threads
        introduction = INTRODUCTION.format(threads=f"{count} thread{'s' if count != 1 else ''}")
        page = [
            "# Accuracy\n",
            provenance(context, "accuracy.py", ["output", "json_path"]),
            introduction,
            texts_table(data, rows),
        ]
        if main_part:
            page += ["## Default settings\n", main_table(main_part, rows)]
            page += ["## Six tags\n", SIX, main_table(six_part, rows)]
        if model_part:
            page += ["## Kinds of models\n", KINDS]
            page += [models_table(model_part, rows), order_lines(data, rows)]
        write(output, "\n".join(page))
        if json_path is not None:
            write(json_path, as_json(rows))
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
