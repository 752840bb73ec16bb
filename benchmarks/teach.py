"""Effect and cost of teaching the default model.

python benchmarks/teach.py ctb6.dev.txt pku.test.txt 199801.txt
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

import click
from _report import DOCS, NONE, percent, provenance, table, write

import crfseg
from crfseg.common.resources import default_model_path
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.sentences import read_sentences
from crfseg.metrics.words import score_sentences
from crfseg.segmentation.segmenter import Segmenter

Sentences = list[list[str]]

#: The default standard, that of the test text, and the closest to the corrections.
PKU = "pku"
STANDARDS = ("general", PKU, "ctb")
SIZES = (1, 10, 50, 100)
#: Number of lessons of one sentence; they vary much.
SINGLE = 15

TEXT = """\
Sentences that the default model segments wrongly, drawn at random, are taught to it as corrections
(`crfseg teach`, see [learning](../guide/learning.md)). `right` is the number that is right
afterwards; seconds are those of one call of `crfseg.teach` with a model in memory; F1 is in
percent.

`{corrections}` and `{test}` follow different standards. Taught to their closest standard, `ctb`,
the corrections change no other: `pku`, that of `{test}`, stays as it is (`in pku`). Taught to
another standard, they teach it the conventions of `{corrections}`: a word that the corrections
split differently is then split that way in `{test}` as well, where it counts as wrong.
`elsewhere` leaves out the sentences of `{test}` that contain a word of two or more characters in
which the corrections and the model's output differ; it measures unintended changes.
"""
SEVERAL = """\
## {standard}

Taught and scored in the standard `{standard}`. `rest` is `{corrections}` without the taught
sentences.
"""
ONE = """\
## One sentence

Lessons of a single sentence in the standard `pku`, {count} from each text, each taught to the
original default model. The sentences of `{own}` follow that very standard; the model was trained
on them and still gets them wrong.
"""


@dataclass(frozen=True)
class Lesson:
    """Result of one lesson, with the changes in F1 (None if there is nothing to score)."""

    count: int
    right: int
    seconds: float
    test: float
    elsewhere: float | None
    other: float | None
    rest: float | None


class School:
    """The untaught default model, and a test text."""

    def __init__(self, standard: str, test: Sentences) -> None:
        self.model, self.standard = crfseg.Model.load(default_model_path()), standard
        self.before = Segmenter(self.model, standard=standard)
        self.other = Segmenter(self.model, standard=PKU)
        self.test = test

    def wrong(self, sentences: Sentences) -> Sentences:
        """The sentences the model gets wrong, in a fixed random order."""
        wrong = [words for words in sentences if self.before.cut("".join(words)) != words]
        random.Random(0).shuffle(wrong)
        return wrong

    def teach(self, corrections: Sentences, rest: Sentences) -> Lesson:
        """Teaches the model some sentences and scores it."""
        corpus = Corpus.from_sentences(corrections)
        result = crfseg.teach(self.model, corpus, standard=self.standard)
        after = Segmenter(result.model, standard=self.standard)

        def change(gold: Sentences) -> float | None:
            return f1(after, gold) - f1(self.before, gold) if gold else None

        touched = self.differing(corrections)
        elsewhere = [words for words in self.test if touched.isdisjoint(words)]
        right = len(corrections) - len(result.unlearnt)
        other = None
        if self.standard != PKU:
            untaught = Segmenter(result.model, standard=PKU)
            other = f1(untaught, self.test) - f1(self.other, self.test)
        changes = change(self.test) or 0.0, change(elsewhere), other, change(rest)
        return Lesson(len(corrections), right, result.seconds, *changes)

    def differing(self, corrections: Sentences) -> set[str]:
        """The words of two or more characters in only one of model output and correction."""
        words = set[str]()
        for gold in corrections:
            words |= set(gold) ^ set(self.before.cut("".join(gold)))
        return {word for word in words if len(word) > 1}


def f1(segmenter: Segmenter, gold: Sentences) -> float:
    """Word F1, 0 to 1."""
    return score_sentences(gold, segmenter.cut_many(["".join(words) for words in gold])).f1


def signed(change: float | None) -> str:
    """A change in F1 in percentage points."""
    return NONE if change is None else f"{100 * change:+.2f}"


def several(school: School, sentences: Sentences) -> str:
    """The table of lessons of different sizes."""
    rows = []
    wrong, start = school.wrong(sentences), f1(school.before, school.test)
    for size in SIZES:
        taught = {tuple(words) for words in wrong[:size]}
        rest = [words for words in sentences if tuple(words) not in taught]
        lesson = school.teach(wrong[:size], rest)
        row = [
            *(str(lesson.count), str(lesson.right), f"{lesson.seconds:.1f}"),
            *(percent(start), percent(start + lesson.test), signed(lesson.test)),
            *(signed(lesson.elsewhere), signed(lesson.other)),
            *(percent(f1(school.before, rest)), signed(lesson.rest)),
        ]
        click.echo(" ".join(row), err=True)
        rows.append(row)
    header = ["taught", "right", "s", "test before", "after", "change", "elsewhere", "in pku"]
    return table([*header, "rest before", "change"], rows, left=0)


def one(school: School, name: str, sentences: Sentences) -> list[str]:
    """The row about lessons of one sentence."""
    lessons = [school.teach([words], []) for words in school.wrong(sentences)[:SINGLE]]
    changes = sorted(lesson.test for lesson in lessons)
    row = [
        name,
        f"{sum(lesson.right for lesson in lessons)} of {len(lessons)}",
        f"{sum(lesson.seconds for lesson in lessons) / len(lessons):.1f}",
        *(signed(sum(changes) / len(changes)), signed(changes[0]), signed(changes[-1])),
    ]
    click.echo(" ".join(row), err=True)
    return row


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corrections", type=click.Path(exists=True, dir_okay=False))
@click.argument("test", type=click.Path(exists=True, dir_okay=False))
@click.argument("own", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "teach.md"),
    show_default="docs/benchmarks/teach.md",
)
@click.pass_context
def main(context: click.Context, corrections: str, test: str, own: str, output: str) -> None:
    """Teach wrong sentences of CORRECTIONS and OWN, score on TEST; write the tables."""
    files = {"corrections": corrections, "test": test, "own": own}
    names = {key: os.path.basename(path) for key, path in files.items()}
    try:
        given, gold, known = (list(read_sentences(path)) for path in files.values())
        tables = []
        for standard in STANDARDS:
            school = School(standard, gold)
            school.teach(school.wrong(given)[:1], [])  # compiles, if need be
            tables += [SEVERAL.format(standard=standard, **names), several(school, given)]
        pupil = School(PKU, gold)
        rows = [
            one(pupil, names[key], text) for key, text in (("corrections", given), ("own", known))
        ]
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None
    header = ["sentence of", "right", "s", "test, mean change", "worst", "best"]
    page = [
        "# Teaching\n",
        provenance(context, "teach.py", ["output"]),
        TEXT.format(**names),
        *tables,
        ONE.format(count=SINGLE, **names),
        table(header, rows),
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
