"""Calibration of the probabilities of a model, and their cost.

python benchmarks/calibration.py --train CORPUS GOLD
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

import click
import numpy as np
from _report import DOCS, percent, provenance, table, write

import crfseg
from crfseg import Segmenter
from crfseg.corpus.sentences import read_sentences

BUCKETS = """\
## Confidence and correctness

The words that each model finds in {gold}, grouped by confidence: their share of all words, their
mean confidence and the share that is right, in percent. `--margin 0` trains for likelihood alone;
by default the right tags must win by a margin.
"""
SUMMARY = """\
## Summary

Calibration error: the mean distance between confidence and correctness over the rows above,
weighted by words. Errors in doubt: the share of all wrong words that are among the 5% least
confident words. Best of k: the F1 of the best of the k most probable segmentations. Bits: the
negative log-likelihood of the gold segmentation in bits per character, over the sentences that
the model can produce (nearly all; a few split what is kept whole).
"""
COST = """\
## Speed

Nanoseconds per character of {gold} with {model}, one thread, medians of {repeats}, one
call per line; `cut` is for comparison. The very first call compiles the kernels, which are then
cached.
"""
BOUNDS = (0.0, 0.5, 0.7, 0.9, 0.99, 0.999, 1.0)
BEST = (1, 2, 5, 10)
DOUBTFUL = 0.05

Spans = set[tuple[int, int]]


def spans(words: Sequence[str]) -> Spans:
    """The spans of the words of a sentence."""
    ends = accumulate(map(len, words))
    return {(end - len(word), end) for word, end in zip(words, ends, strict=True)}


def confidences(segmenter: Segmenter, gold: list[list[str]]) -> np.ndarray:
    """float64 [words, 2]: confidence and correctness of each word found."""
    pairs = []
    for sentence in gold:
        right = spans(sentence)
        for _, begin, end, p in segmenter.marginals("".join(sentence)).words:
            pairs.append((p, (begin, end) in right))
    return np.array(pairs, dtype=np.float64)


def buckets(pairs: np.ndarray) -> Iterator[tuple[str, int, float, float]]:
    """For each bucket: name, number of words, mean confidence and correctness."""
    at = np.digitize(pairs[:, 0], BOUNDS[1:-1])
    for k, (low, high) in enumerate(pairwise(BOUNDS)):
        here = pairs[at == k]
        if len(here):
            p, right = here.mean(axis=0).tolist()
            yield f"{low:g} to {high:g}", len(here), p, right


def in_doubt(pairs: np.ndarray) -> float:
    """The share of errors among the least confident words."""
    order = np.argsort(pairs[:, 0], kind="stable")
    wrong = 1 - pairs[order, 1]
    return float(wrong[: round(DOUBTFUL * len(wrong))].sum() / max(wrong.sum(), 1))


def best_of(segmenter: Segmenter, gold: list[list[str]]) -> list[float]:
    """F1 of the best of the k most probable segmentations, for each k of BEST."""
    counts = np.zeros((len(BEST), 3))
    for sentence in gold:
        right = spans(sentence)
        found = [spans(words) for words, _ in segmenter.nbest("".join(sentence), max(BEST))]
        for row, k in enumerate(BEST):
            best = max(found[:k], key=lambda f: len(f & right) / (len(f) + len(right)))
            counts[row] += len(best & right), len(best), len(right)
    return [2 * hits / (ours + theirs) for hits, ours, theirs in counts.tolist()]


def bits(segmenter: Segmenter, gold: list[list[str]]) -> float:
    """Bits per character of the gold segmentations."""
    logs = [(segmenter.log_likelihood(words), len("".join(words))) for words in gold]
    possible = [(log, n) for log, n in logs if log > -math.inf]
    return -sum(log for log, _ in possible) / math.log(2) / sum(n for _, n in possible)


def speeds(segmenter: Segmenter, gold: list[list[str]], repeats: int) -> Iterator[list[str]]:
    lines = ["".join(words) for words in gold]
    questions: dict[str, Callable[[str], object]] = {
        "cut": segmenter.cut,
        "cut_constrained": segmenter.cut_constrained,
        "nbest, 10": lambda line: segmenter.nbest(line, 10),
        "sample": lambda line: segmenter.sample(line, 1, 0),
        "marginals": segmenter.marginals,
        "--output json": lambda line: segmenter.segment_bytes(line.encode(), "json"),
    }
    for name, ask in questions.items():
        times = []
        for _ in range(repeats):
            begin = perf_counter()
            for line in lines:
                ask(line)
            times.append(perf_counter() - begin)
        yield [name, f"{1e9 * median(times) / sum(map(len, lines)):,.0f}"]
    data = "\n".join(lines).encode()
    times = []
    for _ in range(repeats):
        begin = perf_counter()
        segmenter.segment_bytes(data, "json")
        times.append(perf_counter() - begin)
    yield ["--output json, all lines at once", f"{1e9 * median(times) / len(data.decode()):,.0f}"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", type=click.Path(exists=True, dir_okay=False))
@click.option("-m", "--model", "models", multiple=True, type=click.Path(exists=True))
@click.option("--train", type=click.Path(exists=True), help="Train three models on this corpus.")
@click.option("--repeats", type=click.IntRange(min=0), default=0, help="Measure speed as well.")
@click.option("--output", metavar="FILE", default=str(DOCS / "inference.md"))
@click.pass_context
def main(
    context: click.Context,
    gold: str,
    models: tuple[str, ...],
    train: str | None,
    repeats: int,
    output: str,
) -> None:
    """Compare confidence and correctness of the words that models find in GOLD."""
    if not models and not train:
        raise click.UsageError("give -m MODEL or --train CORPUS")
    sentences, name = list(read_sentences(Path(gold))), os.path.basename(gold)
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        made = [(os.path.basename(path), path) for path in models]
        if train:
            for label, options in (
                ("default", {}), ("--margin 0", {"margin": 0.0}), ("maxent", {"kind": "maxent"}),
            ):  # fmt: skip
                path = os.path.join(folder, f"{len(made)}.crfseg")
                crfseg.train(train, output=path, **options)
                made.append((f"{os.path.basename(train)}, {label}", path))
        rows, summary = [], []
        for label, path in made:
            segmenter = Segmenter(path)
            pairs = confidences(segmenter, sentences)
            found = list(buckets(pairs))
            for bucket, count, p, right in found:
                share = count / len(pairs)
                rows.append([label, bucket, *map(percent, (share, p, right))])
            error = sum(count * abs(p - right) for _, count, p, right in found) / len(pairs)
            best = best_of(segmenter, sentences)
            cells = [percent(error), percent(in_doubt(pairs)), *map(percent, best)]
            summary.append([label, *cells, f"{bits(segmenter, sentences):.4f}"])
        label, path = made[0]
        speed = list(speeds(Segmenter(path), sentences, repeats)) if repeats else []
    page = [
        "# Probabilities\n",
        provenance(context, "calibration.py", ["output"]),
        BUCKETS.format(gold=name),
        table(["model", "confidence", "words", "mean confidence", "right"], rows, left=2),
        SUMMARY,
        table(
            ["model", "calibration error", "errors in doubt"]
            + [f"best of {k}" for k in BEST] + ["bits"],
            summary,
        ),
    ]  # fmt: skip
    if speed:
        page += [
            COST.format(gold=name, model=f"the model “{label}”", repeats=repeats),
            table(["", "ns/character"], speed),
        ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
