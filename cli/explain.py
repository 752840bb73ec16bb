"""``crfseg explain``: explain the word boundaries of a text."""

from __future__ import annotations

import sys
from typing import Any

import click

from crfseg.cli.options import complete_file, model_option, standard_option


@click.command(name="explain")
@click.argument(
    "given", metavar="[MODEL] TEXT", nargs=-1, required=True, shell_complete=complete_file
)
@model_option
@standard_option
@click.option(
    "--votes",
    "most",
    type=click.IntRange(min=0),
    default=8,
    show_default=True,
    metavar="N",
    help="Number of votes to show per boundary.",
)
@click.option(
    "--html", metavar="FILE", shell_complete=complete_file, help="Write an HTML page instead."
)
def explain(
    given: tuple[str, ...], model: str | None, standard: str | None, most: int, html: str | None
) -> None:
    """Explain the word boundaries of a text.

    Shows the features for and against each boundary. The score of a boundary is the score of the
    best segmentation with it minus that of the best one without it; the votes of the features add
    up to it. p is the probability of the boundary. C-1 is the character before the boundary, C0
    the one after it. MODEL can also be given with -m; a dash stands for standard input.

    \b
    crfseg explain 为人民服务
    crfseg explain corpus.crfseg 为人民服务 --votes 3 --html why.html
    """
    *models, text = (*([model] if model else []), *given)
    if len(models) > 1:
        raise click.UsageError(
            f"{len(models)} models; expected one, then a text (in quotes where it has spaces)"
        )
    from crfseg.segmentation.explanation import strongest
    from crfseg.segmentation.segmenter import Segmenter

    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    explanation = Segmenter(*models, standard=standard).explain(text)
    if html:
        from crfseg.common.files import atomic_write
        from crfseg.segmentation.explanation_html import page

        with atomic_write(html) as file:
            file.write(page(explanation, most).encode("utf-8", "replace"))
        return
    click.echo(" ".join(word for word in explanation.words if not word.isspace()))
    for boundary in explanation.boundaries:
        _print_boundary(explanation.text, boundary, strongest(boundary, most))


def _print_boundary(text: str, boundary: Any, votes: list[Any]) -> None:
    place = f"{boundary.left(text)}|{boundary.right(text)}"
    said = "cut" if boundary.cut else "not cut"
    if boundary.overruled:
        said += " (kept whole, whatever the model says)"
    rivals = f"{' '.join(boundary.with_cut)} against {' '.join(boundary.without_cut)}"
    head = click.style(f"{boundary.score:+8.2f}", fg=_colour(boundary.score), bold=True)
    shown = f"p={boundary.probability:.3f}"
    click.echo(f"\n{head}  {shown}  {click.style(place, bold=True)}  {said}: {rivals}")
    for vote in votes:
        weight = click.style(f"{vote.weight:+10.2f}", fg=_colour(vote.weight))
        click.echo(f"{weight}  {vote.feature}")


def _colour(weight: float) -> str:
    return "green" if weight >= 0 else "red"
