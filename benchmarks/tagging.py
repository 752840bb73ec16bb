"""Taggers of parts of speech and entities: crfseg and python-crfsuite, same features.

python benchmarks/tagging.py 199801.txt
"""

from __future__ import annotations

import importlib.metadata
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import click
from _report import DOCS, percent, provenance, table, write

import crfseg
from crfseg import Tagger, train_tagger
from crfseg.corpus.sentences import read_tagged
from crfseg.features.templates import cells_of
from crfseg.metrics.labels import score_labels
from crfseg.training.settings import TaggerSettings

Sentence = list[tuple[str, ...]]
Labels = list[list[str]]

#: The word, its first and last character, its last two, its length: columns 0 to 4.
POS_TEMPLATES = [
    "U00:%x[-1,0]", "U01:%x[0,0]", "U02:%x[1,0]", "U03:%x[-1,0]/%x[0,0]", "U04:%x[0,0]/%x[1,0]",
    "U05:%x[0,1]", "U06:%x[0,2]", "U07:%x[0,3]", "U08:%x[0,4]", "U09:%x[-1,2]", "U10:%x[1,1]", "B",
]  # fmt: skip
#: Characters.
ENTITY_TEMPLATES = [
    "U00:%x[-2,0]", "U01:%x[-1,0]", "U02:%x[0,0]", "U03:%x[1,0]", "U04:%x[2,0]",
    "U05:%x[-2,0]/%x[-1,0]", "U06:%x[-1,0]/%x[0,0]", "U07:%x[0,0]/%x[1,0]",
    "U08:%x[1,0]/%x[2,0]", "B",
]  # fmt: skip
ENTITIES = {"nr", "ns", "nt", "nz"}

INTRODUCTION = """\
{corpus}: the first 90% of its sentences are for training{limited}, the last {tests:,} for testing.
Parts of speech are labels of words; the columns are the word, its first, last and last two
characters and its length. Entities (nr, ns, nt, nz) are BIO labels of characters.

Both programs get the same templates and the same penalty (C = {l2:g}), each with its own stopping
rule; both have weights only for what was seen in training. crfseg uses {threads}; python-crfsuite
{version} can use only one. Training is timed from sentences in memory to a model file, tagging from
sentences in memory to labels; "tagging alone" excludes the time python-crfsuite needs to build its
features, which are strings. Kernels were compiled beforehand. Times of crfseg are medians of
{repeats}.
"""


@dataclass(frozen=True)
class Task:
    """Sentences with the label as last column, and templates over the others."""

    name: str
    train: list[Sentence]
    test: list[Sentence]
    templates: list[str]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.test))


@dataclass(frozen=True)
class Result:
    """Seconds, iterations, the predicted labels and the size of the model."""

    training: float
    iterations: int
    tagging: float
    alone: float
    labels: Labels
    size: int


def part_of_speech(words: Sequence[tuple[str, str]]) -> Sentence:
    """The columns and the tag of each word."""
    return [(w, w[0], w[-1], w[-2:], str(min(len(w), 5)), tag) for w, tag in words]


def entities(words: Sequence[tuple[str, str]]) -> Sentence:
    """Characters with their BIO labels."""
    return [
        (character, "O" if tag not in ENTITIES else f"{'I' if i else 'B'}-{tag}")
        for word, tag in words
        for i, character in enumerate(word)
    ]


def tasks(corpus: str, limit: int | None) -> Iterator[Task]:
    """Both tasks, from a corpus of word/POS."""
    sentences = list(read_tagged(corpus))
    cut = len(sentences) * 9 // 10
    kinds: list[tuple[str, Callable[..., Sentence], list[str]]] = [
        ("parts of speech", part_of_speech, POS_TEMPLATES),
        ("entities", entities, ENTITY_TEMPLATES),
    ]
    for name, make, templates in kinds:
        train = [make(words) for words in sentences[:cut][:limit]]
        yield Task(name, train, [make(words) for words in sentences[cut:]], templates)


def measure_crfseg(task: Task, folder: Path, threads: int, repeats: int) -> Result:
    """Trains and tags ``repeats`` times, after a run that compiles."""
    path = folder / "model.crfseg"
    plain = [[row[:-1] for row in rows] for rows in task.test]
    train_tagger(task.train[:50], templates=task.templates, output=path, max_iter=1)
    names = {row[-1] for rows in task.train for row in rows}
    seen = [rows for rows in task.train if len(names) and _take(names, rows)]
    train_tagger(seen, templates=task.templates, output=path, max_iter=1)
    Tagger(path).tag_many(plain[:10])
    trainings, taggings = [], []
    for _ in range(repeats):
        begin = perf_counter()
        result = train_tagger(task.train, templates=task.templates, output=path, threads=threads)
        trainings.append(perf_counter() - begin)
        tagger = Tagger(path)
        tagger.tag_many(plain[:1])
        begin = perf_counter()
        labels = tagger.tag_many(plain, threads)
        taggings.append(perf_counter() - begin)
        click.echo(f"crfseg: {trainings[-1]:.2f} s, {taggings[-1]:.3f} s", err=True)
    tagging = median(taggings)
    size = path.stat().st_size
    return Result(median(trainings), len(result.history), tagging, tagging, labels, size)


def _take(names: set[str], rows: Sentence) -> bool:
    """Whether a sentence has any of the labels in ``names``, which are then removed from it."""
    found = names & {row[-1] for row in rows}
    names -= found
    return bool(found)


def attributes(rows: Sentence, templates: Sequence[tuple[tuple[int, int], ...]]) -> list[list[str]]:
    """The features of each token as strings."""
    n = len(rows)
    return [
        [
            f"{k}:" + "/".join([rows[i + o][c] if 0 <= i + o < n else "" for o, c in cells])
            for k, cells in enumerate(templates)
        ]
        for i in range(n)
    ]


def measure_crfsuite(task: Task, folder: Path) -> Result:
    """Trains and tags once."""
    import pycrfsuite

    class Trainer(pycrfsuite.BaseTrainer):
        def message(self, message: str) -> None:
            self.iterations += "Iteration #" in message  # type: ignore[has-type]

    path = folder / "model.crfsuite"
    cells = [found for line in task.templates if (found := cells_of(line))]
    begin = perf_counter()
    c2 = 1 / (2 * TaggerSettings.l2)
    trainer = Trainer("lbfgs", {"c1": 0.0, "c2": c2, "feature.possible_transitions": True})
    trainer.iterations = 0
    for rows in task.train:
        trainer.append(attributes(rows, cells), [row[-1] for row in rows])
    trainer.train(str(path))
    training = perf_counter() - begin
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    begin = perf_counter()
    made = [attributes(rows, cells) for rows in task.test]
    middle = perf_counter()
    labels = [tagger.tag(one) for one in made]
    end = perf_counter()
    click.echo(f"python-crfsuite: {training:.2f} s, {end - begin:.3f} s", err=True)
    size = path.stat().st_size
    return Result(training, trainer.iterations, end - begin, end - middle, labels, size)


def rows_of(task: Task, results: dict[str, Result]) -> Iterator[list[str]]:
    """A row for each system."""
    gold = [[row[-1] for row in rows] for rows in task.test]
    for name, result in results.items():
        scores = score_labels(gold, result.labels)
        f1 = "" if scores.entities is None else percent(scores.entities.f1)
        yield [
            task.name, name, percent(scores.accuracy), f1, f"{result.training:.1f}",
            str(result.iterations), f"{task.tokens / result.tagging:,.0f}",
            f"{task.tokens / result.alone:,.0f}", f"{result.size / 1e6:.1f}",
        ]  # fmt: skip


def ratios(task: Task, one: Result, other: Result) -> list[str]:
    """How many times faster the first is."""
    pairs = (
        (one.training, other.training), (one.tagging, other.tagging), (one.alone, other.alone)
    )  # fmt: skip
    return [task.name, *(f"{theirs / ours:.1f}x" for ours, theirs in pairs)]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="Train on so many.  [default: all]")
@click.option("--output", metavar="FILE", default=str(DOCS / "tagging.md"))
@click.pass_context
def main(
    context: click.Context,
    corpus: str,
    threads: int,
    repeats: int,
    limit: int | None,
    output: str,
) -> None:
    """Train and test both on CORPUS, which is word/POS."""
    try:
        version = importlib.metadata.version("python-crfsuite")
    except importlib.metadata.PackageNotFoundError:
        raise click.ClickException(
            "python-crfsuite is missing; pip install -e '.[bench]'"
        ) from None
    lines: list[list[str]] = []
    faster: list[list[str]] = []
    tests = 0
    with tempfile.TemporaryDirectory(prefix="crfseg-") as name:
        folder = Path(name)
        try:
            for task in tasks(corpus, limit):
                tests = len(task.test)
                results: dict[str, Any] = {
                    "crfseg": measure_crfseg(task, folder, threads, repeats),
                    "python-crfsuite": measure_crfsuite(task, folder),
                }
                lines += rows_of(task, results)
                faster.append(ratios(task, *results.values()))
        except crfseg.CrfsegError as error:
            raise click.ClickException(str(error)) from None
    header = [
        "", "", "accuracy", "entity F1", "training s", "iterations", "tokens/s", "tagging alone",
        "model MB",
    ]  # fmt: skip
    page = [
        "# Taggers\n",
        provenance(context, "tagging.py", ["output"]),
        INTRODUCTION.format(
            corpus=os.path.basename(corpus),
            limited=f", of which {limit:,} are used" if limit else "",
            tests=tests,
            l2=TaggerSettings.l2,
            threads=f"{threads} thread{'s' if threads > 1 else ''}",
            version=version,
            repeats=repeats,
        ),
        table(header, lines, left=2),
        "How many times faster crfseg is:\n",
        table(["", "training", "tagging", "tagging alone"], faster),
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
