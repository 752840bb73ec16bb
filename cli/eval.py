"""``crfseg eval``: score a segmentation, or labels, against a gold standard."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from unicodedata import east_asian_width

import click

from crfseg.cli.options import (
    complete_file,
    dict_option,
    encoding_option,
    force_dict_option,
    format_option,
    model_option,
    readable,
    standard_option,
    threads_option,
    words_of,
)


@click.command(name="eval")
@click.argument("gold", metavar="GOLD", shell_complete=complete_file)
@model_option
@standard_option
@dict_option
@force_dict_option
@click.option(
    "--pred",
    metavar="FILE",
    shell_complete=complete_file,
    help="Score this segmentation instead of a model's.",
)
@click.option(
    "--labels",
    is_flag=True,
    help="Score token labels, the last column of GOLD: accuracy, and entity F1 if the labels mark "
    "entities.",
)
@click.option(
    "--train",
    multiple=True,
    metavar="CORPUS",
    shell_complete=complete_file,
    help="Corpus whose words are the vocabulary for OOV figures; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as one JSON object.")
@click.option(
    "--errors-shown",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Number of most frequent errors to print.",
)
@format_option
@encoding_option
@threads_option
def evaluate(
    gold: str,
    model: str | None,
    standard: str | None,
    user_dict: tuple[str, ...],
    force_dict: tuple[str, ...],
    pred: str | None,
    labels: bool,
    train: tuple[str, ...],
    as_json: bool,
    errors_shown: int,
    **settings: Any,
) -> None:
    """Score a segmentation against a gold standard.

    Scores a model, or the output of another segmenter. Precision, recall and F1 are computed as
    by the SIGHAN scorer. A dash stands for standard input.

    \b
    crfseg eval test.txt -m corpus.crfseg --train corpus.txt
    crfseg eval test.txt --pred others.txt --json
    crfseg eval --labels test.conll -m pos.crfseg
    """
    if labels:
        if standard or user_dict or force_dict or train or bool(model) == bool(pred):
            expected = "either -m MODEL or --pred FILE, and nothing about segmentation"
            raise click.UsageError(f"--labels: give {expected}")
        _evaluate_labels(gold, model, pred, as_json, errors_shown, settings)
        return
    if pred and (model or standard or user_dict or force_dict):
        raise click.UsageError("give either -m MODEL (and what belongs to it) or --pred FILE")
    with ExitStack() as stack:
        gold = stack.enter_context(readable(gold))
        pred = stack.enter_context(readable(pred)) if pred else None

        import crfseg

        words = {"user_dict": words_of(user_dict), "force_dict": words_of(force_dict)}
        segmenter = None if pred else crfseg.Segmenter(model, standard=standard, **words)
        scores = crfseg.evaluate(
            gold, segmenter=segmenter, pred=pred, train=train or None, **settings
        )
    if as_json:
        click.echo(json.dumps(scores.as_dict()))
        return
    _print_scores(scores)
    _print_errors(scores.errors[:errors_shown])


def _evaluate_labels(
    gold: str,
    model: str | None,
    pred: str | None,
    as_json: bool,
    errors_shown: int,
    settings: dict[str, Any],
) -> None:
    from crfseg.cli.label_report import print_label_scores
    from crfseg.evaluation.evaluate import evaluate_labels

    settings = {name: settings[name] for name in ("format", "encoding")}
    with ExitStack() as stack:
        gold = stack.enter_context(readable(gold))
        if pred:
            pred = stack.enter_context(readable(pred))
            scores = evaluate_labels(gold, pred, **settings)
        else:
            from crfseg.evaluation.evaluate import evaluate_tagger
            from crfseg.tagging.tagger import Tagger

            scores = evaluate_tagger(gold, Tagger(model or ""), **settings)
    if as_json:
        click.echo(json.dumps(scores.as_dict(), ensure_ascii=False))
    else:
        print_label_scores(scores, errors_shown)


def _print_scores(scores: Any) -> None:
    shares = {
        "precision": scores.precision,
        "recall": scores.recall,
        "F1": scores.f1,
        "OOV rate": scores.oov_rate,
        "OOV recall": scores.oov_recall,
        "IV recall": scores.iv_recall,
    }
    counts = {
        "gold words": scores.gold_words,
        "predicted words": scores.predicted_words,
        "correct words": scores.correct_words,
        "sentences": scores.sentences,
    }
    for label, share in shares.items():
        if share is not None:
            click.echo(f"{label:15} {100 * share:10.2f} %")
    for label, count in counts.items():
        click.echo(f"{label:15} {count:10,}")


def _print_errors(errors: list[Any]) -> None:
    if not errors:
        return
    places = [f"{error.left} [{error.gold}] {error.right}".strip() for error in errors]
    width = max(map(_width, places))
    click.echo(f"\nmost frequent errors\n  count  {'gold, in context':{width}}  predicted")
    for error, place in zip(errors, places, strict=True):
        gap = " " * (width - _width(place))
        click.echo(f"{error.count:7,}  {place}{gap}  {error.predicted}")


def _width(text: str) -> int:
    """The width of a text in terminal columns."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
