"""``crfseg info``: describe a model file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from crfseg.cli.options import complete_file


@click.command(name="info")
@click.argument("model", metavar="[MODEL]", required=False, shell_complete=complete_file)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def info(model: str | None, as_json: bool) -> None:
    """Describe a model file.

    Prints the model card, sizes, feature templates, the strongest features of each tag and the
    transition weights (for a tagger, the strongest ones). MODEL defaults to the bundled model.

    \b
    crfseg info
    crfseg info corpus.crfseg --json
    """
    summary = _describe(model)
    if as_json:
        click.echo(json.dumps(asdict(summary), ensure_ascii=False))
        return
    _print_facts("model", summary.card)
    click.echo()
    _print_facts("sizes", {name: f"{size:,}" for name, size in summary.sizes.items()})
    for tag, features in summary.strongest.items():
        click.echo(f"\nstrongest features of {tag}")
        for feature, weight in features:
            click.echo(f"  {weight:+8.3f}  {feature}")
    click.echo("\ntransitions")
    for before, after, weight in summary.transitions:
        click.echo(f"  {weight:+8.3f}  {before} -> {after}")


def _describe(path: str | None) -> Any:
    from crfseg.common.resources import default_model_path
    from crfseg.model.summary import summarise_file

    return summarise_file(path or default_model_path())


def _print_facts(title: str, facts: dict[str, Any]) -> None:
    """Print a table of names and values, with a line for each element of a list."""
    facts = {_printable(name): value for name, value in facts.items()}
    width = max(map(len, facts), default=0)
    click.echo(title)
    for name, value in facts.items():
        first, *others = map(_printable, _lines(value))
        click.echo(f"  {name:{width}}  {first}")
        for line in others:
            click.echo(f"  {'':{width}}  {line}")


def _printable(text: str) -> str:
    """A model's text with control characters escaped, for a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [", ".join(f"{name} {part}" for name, part in value.items())]
    if isinstance(value, list):
        return [str(part) for part in value] or ["none"]
    return [str(value)]
