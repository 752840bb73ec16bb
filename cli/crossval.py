"""``crfseg crossval``: cross-validate training settings."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import click

from crfseg.cli.options import quiet_option
from crfseg.cli.report import reporter
from crfseg.cli.settings import (
    corpora_argument,
    given_settings,
    named_corpora,
    readable_corpora,
    standards_option,
    training_options,
)

_COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "OOV rate": "oov_rate",
    "OOV recall": "oov_recall",
    "IV recall": "iv_recall",
}


@click.command(name="crossval")
@corpora_argument
@click.option("-k", type=int, default=10, show_default=True, metavar="K", help="Number of folds.")
@click.option("--json", "as_json", is_flag=True, help="Print the folds as one JSON object.")
@standards_option
@training_options
@quiet_option
def crossval(
    corpora: tuple[str, ...],
    k: int,
    as_json: bool,
    standards: tuple[str, ...],
    quiet: bool,
    **settings: Any,
) -> None:
    """Cross-validate training settings.

    Trains K times, each time holding out one of K folds, and scores the model on that fold. A
    fold is a run of consecutive sentences. The words of the other folds are the vocabulary for
    OOV figures. Ctrl-C stops and prints the completed folds.

    \b
    crfseg crossval corpus.txt -k 5
    crfseg crossval corpus.txt --lexicon words.txt --l2 0.5 --threads 4
    """
    named = named_corpora(corpora, standards)
    with ExitStack() as stack:
        groups = readable_corpora(stack, named)
        progress = stack.enter_context(reporter(quiet))

        import crfseg

        result = crfseg.crossval(groups, k, progress=progress, **given_settings(settings))
    if as_json:
        folds = [
            {"fold": fold.number, "standard": fold.standard, **fold.scores.as_dict()}
            for fold in result.folds
        ]
        click.echo(json.dumps({"k": k, "folds": folds}))
    else:
        for name in named:
            _print_table(result, name)
    if result.interrupted:
        click.echo(f"interrupted: {_done(result)} of {k} folds are done", err=True)
        click.get_current_context().exit(130)


def _done(result: Any) -> int:
    return len({fold.number for fold in result.folds})


def _print_table(result: Any, standard: str) -> None:
    if standard:
        click.echo(f"standard {standard}")
    click.echo(f"{'fold':14} {'words':>9}" + "".join(f"{name:>12}" for name in _COLUMNS))
    for fold in result.of(standard):
        shares = [getattr(fold.scores, measure) for measure in _COLUMNS.values()]
        click.echo(f"{fold.number:<14} {fold.scores.gold_words:9,}" + "".join(map(_share, shares)))
    columns = [result.mean(measure, standard) for measure in _COLUMNS.values()]
    for title, values in zip(("mean", "standard error"), zip(*columns, strict=True), strict=True):
        click.echo(f"{title:14} {'':9}" + "".join(map(_share, values)))


def _share(share: float | None) -> str:
    """A share as a percentage; a dash for None and NaN."""
    return f"{100 * share:12.2f}" if share is not None and share == share else f"{'-':>12}"
