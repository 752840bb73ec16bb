"""crfseg.sklearn.CRF and sklearn_crfsuite.CRF in the same script.

python benchmarks/sklearn_crf.py 199801.txt
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import click
import sklearn_crfsuite
from _report import DOCS, percent, provenance, table, write

from crfseg.corpus.sentences import read_tagged
from crfseg.sklearn import CRF

INTRODUCTION = """\
The same script with either import; items are dicts, as in the tutorial of sklearn-crfsuite.
{corpus}: the first {train:,} sentences are for training, the next {test:,} for labelling. Parts of
speech are labels of words; s, b, m and e are labels of characters. Both estimators get
algorithm="lbfgs", c2=0.1 and max_iterations=100, and defaults otherwise. Seconds of `fit` and
`predict` with items in memory, medians of {repeats} runs in turn, kernels compiled beforehand.
Objective: the value of the minimised function after at most 100 iterations. sklearn-crfsuite
{version} uses one thread.
"""

Words = Sequence[tuple[str, str]]
Data = tuple[list[list[dict[str, Any]]], list[list[str]]]


def words_of(sentences: Sequence[Words]) -> Data:
    """Items and labels of words."""
    X = []
    for sentence in sentences:
        words = [word for word, _ in sentence]
        items: list[dict[str, Any]] = []
        for i, word in enumerate(words):
            item = {"bias": 1.0, "word": word, "first": word[0], "last": word[-1]}
            item |= {"digit": word.isdigit(), "length": min(len(word), 5)}
            item |= {"-1:word": words[i - 1]} if i else {"BOS": True}
            item |= {"+1:word": words[i + 1]} if i + 1 < len(words) else {"EOS": True}
            items.append(item)
        X.append(items)
    return X, [[tag for _, tag in sentence] for sentence in sentences]


def characters_of(sentences: Sequence[Words]) -> Data:
    """Items and labels of characters."""
    X, y = [], []
    for sentence in sentences:
        text = "".join(word for word, _ in sentence)
        edges = f"<{text}>"
        X.append(
            [
                {
                    "-1": edges[i],
                    "0": edges[i + 1],
                    "+1": edges[i + 2],
                    "-1,0": edges[i : i + 2],
                    "0,+1": edges[i + 1 : i + 3],
                }
                for i in range(len(text))
            ]
        )
        spelled = ("s" if len(w) == 1 else f"b{'m' * (len(w) - 2)}e" for w, _ in sentence)
        y.append(list("".join(spelled)))
    return X, y


def measure(kind: Any, train: Data, test: Data, **arguments: Any) -> dict[str, float]:
    """Seconds, accuracy and objective of one estimator."""
    crf = kind(algorithm="lbfgs", c2=0.1, max_iterations=100, **arguments)
    begin = perf_counter()
    crf.fit(*train)
    trained = perf_counter()
    found = crf.predict(test[0])
    labelled = perf_counter()
    pairs = [p for a, b in zip(found, test[1], strict=True) for p in zip(a, b, strict=True)]
    log = getattr(crf, "training_log_", None)
    objective = crf.objective_ if log is None else log.last_iteration["loss"]
    return {
        "fit": trained - begin,
        "predict": labelled - trained,
        "accuracy": sum(a == b for a, b in pairs) / len(pairs),
        "objective": objective,
    }


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.option("--train", default=2000, show_default=True, help="Sentences to train on.")
@click.option("--test", default=2000, show_default=True, help="Sentences to label.")
@click.option("--repeats", default=3, show_default=True)
@click.option("--output", type=Path, default=DOCS / "sklearn.md")
@click.pass_context
def main(
    context: click.Context, corpus: str, train: int, test: int, repeats: int, output: Path
) -> None:
    """Time both estimators on the first sentences of CORPUS (word/POS); write the table."""
    sentences = list(read_tagged(corpus))[: train + test]
    rows = []
    for name, make in (("words", words_of), ("characters", characters_of)):
        data = make(sentences[:train]), make(sentences[train:])
        small = make(sentences[:20])
        systems: list[tuple[str, Any, dict[str, Any]]] = [
            ("sklearn_crfsuite.CRF", sklearn_crfsuite.CRF, {}),
            ("crfseg.sklearn.CRF", CRF, {}),
            ("crfseg.sklearn.CRF, n_jobs=2", CRF, {"n_jobs": 2}),
        ]
        for _, kind, arguments in systems:
            measure(kind, small, small, **arguments)
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(repeats):
            for system, kind, arguments in systems:
                found.setdefault(system, []).append(measure(kind, *data, **arguments))
                click.echo(f"{name}: {system} {found[system][-1]}", err=True)
        theirs = found["sklearn_crfsuite.CRF"]
        for system, runs in found.items():
            cells = [name, system]
            for stage in ("fit", "predict"):
                ratios = [a[stage] / b[stage] for a, b in zip(theirs, runs, strict=True)]
                cells += [f"{median(run[stage] for run in runs):.3g}", f"{median(ratios):.2f}x"]
            last = runs[-1]
            rows.append([*cells, percent(last["accuracy"]), f"{last['objective']:,.0f}"])
    head = ["labels of", "", "fit s", "speed", "predict s", "speed", "accuracy", "objective"]
    introduction = INTRODUCTION.format(
        corpus=os.path.basename(corpus), train=train, test=test, repeats=repeats,
        version=importlib.metadata.version("sklearn-crfsuite"),
    )  # fmt: skip
    origin = provenance(context, "sklearn_crf.py", hidden=["output"])
    page = ["# The scikit-learn estimator\n", origin, introduction, table(head, rows, 2)]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
