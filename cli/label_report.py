"""The report of ``crfseg eval --labels``."""

from __future__ import annotations

from typing import Any

import click


def print_label_scores(scores: Any, errors_shown: int) -> None:
    """Print accuracy, entity scores if there are any, and the most frequent confusions."""
    click.echo(f"{'accuracy':15} {100 * scores.accuracy:10.2f} %")
    for label, count in (("tokens", scores.tokens), ("sentences", scores.sentences)):
        click.echo(f"{label:15} {count:10,}")
    if scores.entities is not None:
        _print_entities(scores)
    if scores.confusions and errors_shown:
        click.echo("\nmost frequent errors\n  count  gold -> predicted")
        for gold, predicted, count in scores.confusions[:errors_shown]:
            click.echo(f"{count:7,}  {gold} -> {predicted}")


def _print_entities(scores: Any) -> None:
    rows = {**scores.by_type, "all": scores.entities}
    width = max(15, *map(len, rows))
    click.echo(f"\n{'entities':{width}}  precision  recall      F1     gold  predicted  correct")
    for name, score in rows.items():
        shares = f"{100 * score.precision:9.2f} {100 * score.recall:7.2f} {100 * score.f1:7.2f}"
        counts = f"{score.gold:8,} {score.predicted:10,} {score.correct:8,}"
        click.echo(f"{name:{width}}  {shares} {counts}")
