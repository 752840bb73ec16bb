"""Effect of user dictionaries on accuracy, and their cost.

python benchmarks/userdict.py --dictionary dict.txt -m MODEL --train PKU.train PKU.dev
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from statistics import median
from time import perf_counter

import click
from _report import DOCS, percent, provenance, table, write
from _texts import SEED, plain_lines
from _timing import nanoseconds

import crfseg
from crfseg import Segmenter
from crfseg.corpus.sentences import read_sentences
from crfseg.corpus.word_lists import read_words
from crfseg.evaluation.evaluate import evaluate

INTRODUCTION = """\
The dictionary is {dictionary} with {count:,} words. F1 on {gold}, with the change from no
dictionary in brackets.
"""
NEW_WORDS = """\
## Missed words

Here the user dictionary of a model holds the words of two or more characters that the model never
gets right in {gold}. Shown are the share of their occurrences that is then right, in percent, and
the F1 of the whole text.
"""
SPEED = """\
## Speed

Nanoseconds per character of {gold} with {model}, one thread, medians of {repeats}.
"""
COST = """\
## Loading and changing

The words are those of the dictionary and pairs of them joined together. Loading is timed from a
list in memory until the first text is segmented; MB is the memory of the tables. Then one more
word is added (or removed) and a line is segmented, medians of {repeats}.
"""
SIZES = (100, 10_000, 1_000_000)
LINE = "为人民服务"


def segmenters(
    models: Sequence[str],
    standard: str | None,
    train: str | None,
    dictionary: str,
    folder: Path,
) -> Iterator[tuple[str, str, str | None]]:
    """Name, path and standard of each model."""
    for model in models:
        name = os.path.basename(model)
        yield f"{name}, {standard}" if standard else name, model, standard
    if train:
        for name, lexicons in (("closed", []), ("with the dictionary", [dictionary])):
            path = folder / f"{len(lexicons)}.crfseg"
            crfseg.train(train, output=path, lexicons=lexicons)
            yield f"{os.path.basename(train)}, {name}", str(path), None


def scores(path: str, standard: str | None, gold: str, words: Sequence[str]) -> list[str]:
    """F1 without the words, with them preferred, and with them forced."""
    plain = evaluate(gold, segmenter=Segmenter(path, standard=standard)).f1
    cells = [percent(plain)]
    for kind in ("user_dict", "force_dict"):
        segmenter = Segmenter(path, standard=standard, **{kind: words})
        f1 = evaluate(gold, segmenter=segmenter).f1
        cells.append(f"{percent(f1)} ({100 * (f1 - plain):+.2f})")
    return cells


def spans(words: Sequence[str]) -> dict[tuple[int, int], str]:
    """The words of a sentence by their spans."""
    ends = accumulate(map(len, words))
    return {(end - len(word), end): word for word, end in zip(words, ends, strict=True)}


def new_words(path: str, standard: str | None, gold: str) -> list[str]:
    """Counts of the words never found, and how many are found once they are loaded."""
    sentences = list(read_sentences(gold))
    texts = ["".join(sentence) for sentence in sentences]

    def right(segmenter: Segmenter) -> tuple[list[str], set[str]]:
        found, other = [], set()
        for text, sentence in zip(texts, sentences, strict=True):
            predicted = spans(segmenter.cut(text, keep_space=False))
            for span, word in spans(sentence).items():
                if predicted.get(span) == word:
                    found.append(word)
                elif len(word) > 1:
                    other.add(word)
        return found, other

    found, wrong = right(Segmenter(path, standard=standard))
    wrong -= set(found)
    total = sum(word in wrong for sentence in sentences for word in sentence)
    cells = [f"{len(wrong):,}", f"{total:,}"]
    for kind in ("user_dict", "force_dict"):
        segmenter = Segmenter(path, standard=standard, **{kind: wrong})
        share = sum(word in wrong for word in right(segmenter)[0]) / max(total, 1)
        cells += [percent(share), percent(evaluate(gold, segmenter=segmenter).f1)]
    return cells


def speeds(path: str, gold: str, words: Sequence[str], repeats: int) -> list[list[str]]:
    """Rows of nanoseconds per character, measured in turn."""
    few = random.Random(SEED).sample([word for word in words if len(word) > 1], 1000)
    kinds = {
        "no dictionary": {},
        "1,000 words preferred": {"user_dict": few},
        "1,000 words forced": {"force_dict": few},
        "the dictionary preferred": {"user_dict": words},
        "the dictionary forced": {"force_dict": words},
    }
    made = {name: Segmenter(path, **options) for name, options in kinds.items()}
    lines = plain_lines(gold)
    times: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(repeats):
        for name, segmenter in made.items():
            times[name].append(nanoseconds(segmenter, lines))
    first = median(times["no dictionary"])
    return [[n, f"{median(t):.1f}", f"{median(t) / first:.2f}"] for n, t in times.items()]


def costs(path: str, words: Sequence[str], repeats: int) -> Iterator[list[str]]:
    """A row for each dictionary size."""
    chance = random.Random(SEED)
    many = dict.fromkeys(words)
    while len(many) < max(SIZES):
        many["".join(chance.choices(words, k=2))] = None
    mixed = list(many)
    chance.shuffle(mixed)
    for size in SIZES:
        segmenter = Segmenter(path)
        begin = perf_counter()
        segmenter.add_words(mixed[:size])
        segmenter.cut(LINE)
        load = perf_counter() - begin
        now = segmenter._words().snapshot()
        memory = now.preferred.table.nbytes + now.forced.table.nbytes
        adding, removing = [], []
        for k in range(repeats):
            adding.append(_seconds(segmenter, segmenter.add_word, f"新词{k}"))
            removing.append(_seconds(segmenter, segmenter.del_word, mixed[k]))
        cells = [f"{1000 * median(times):.2f}" for times in (adding, removing)]
        yield [f"{size:,}", f"{load:.3f}", f"{memory / 1e6:.1f}", *cells]


def _seconds(segmenter: Segmenter, change: Callable[[str], None], word: str) -> float:
    """Seconds to change a dictionary and segment a line."""
    begin = perf_counter()
    change(word)
    segmenter.cut(LINE)
    return perf_counter() - begin


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", type=click.Path(exists=True, dir_okay=False))
@click.option("--dictionary", required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("-m", "--model", "models", multiple=True, type=click.Path(exists=True))
@click.option("--standard", metavar="NAME", help="The standard of these models to use.")
@click.option("--train", type=click.Path(exists=True), help="Train two models on this corpus.")
@click.option("--repeats", type=click.IntRange(min=1), default=15, show_default=True)
@click.option("--output", metavar="FILE", default=str(DOCS / "user-dictionary.md"))
@click.pass_context
def main(
    context: click.Context,
    gold: str,
    dictionary: str,
    models: tuple[str, ...],
    standard: str | None,
    train: str | None,
    repeats: int,
    output: str,
) -> None:
    """Score models on GOLD without and with a dictionary; measure what it costs."""
    if not models and not train:
        raise click.UsageError("give -m MODEL or --train CORPUS")
    words = read_words(dictionary)
    name = os.path.basename(gold)
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        made = list(segmenters(models, standard, train, dictionary, Path(folder)))
        accuracy = [[label, *scores(path, one, gold, words)] for label, path, one in made]
        wrong = [[label, *new_words(path, one, gold)] for label, path, one in made]
        label, path, _ = made[-1]
        speed = speeds(path, gold, words, repeats)
        cost = list(costs(path, words, repeats))
    page = [
        "# User dictionaries\n",
        provenance(context, "userdict.py", ["output"]),
        INTRODUCTION.format(dictionary=os.path.basename(dictionary), count=len(words), gold=name),
        table(["model", "without", "preferred", "forced"], accuracy),
        NEW_WORDS.format(gold=name),
        table(
            ["model", "words", "occurrences", "right, preferred", "F1", "right, forced", "F1"],
            wrong,
        ),
        SPEED.format(gold=name, model=f"the model “{label}”", repeats=repeats),
        table(["", "ns/character", "ratio"], speed),
        COST.format(repeats=repeats),
        table(["words", "load s", "MB", "add ms", "take out ms"], cost, left=0),
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
