"""``crfseg compress``: make a smaller model."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from crfseg.cli.options import (
    check_writable,
    complete_file,
    encoding_option,
    format_option,
    quiet_option,
)

_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)\s*(?:([kmg])(i)?)?b?", re.IGNORECASE)


class Size(click.ParamType):
    """A size in bytes: 1 kB is 1000 bytes, 1 MB is 1,000,000, 1 MiB is 1024 * 1024."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value.strip())
        if not match:
            self.fail(f"{value!r} is no size; expected one such as 2MB, 500kB, 1.5MiB", param, ctx)
        number, unit, binary = match.groups()
        base = 1024 if binary else 1000
        return int(float(number) * base ** (" kmg".index(unit.lower()) if unit else 0))


@click.command(name="compress")
@click.argument("model", metavar="[MODEL]", required=False, shell_complete=complete_file)
@click.option(
    "-o",
    "output",
    metavar="SMALLER",
    required=True,
    shell_complete=complete_file,
    help="Model file to write.",
)
@click.option(
    "--max-size",
    type=Size(),
    metavar="SIZE",
    help="Maximum size of the file: 2MB, 500kB, 1.5MiB.  [default: only round weights]",
)
@click.option("--standard", metavar="NAME", help="Keep only this standard of the model.")
@click.option(
    "--dev",
    metavar="FILE",
    shell_complete=complete_file,
    help="Segmented text on which to report F1 before and after.",
)
@format_option
@encoding_option
@quiet_option
def compress(
    model: str | None,
    output: str,
    max_size: int | None,
    standard: str | None,
    dev: str | None,
    quiet: bool,
    **settings: Any,
) -> None:
    """Make a smaller model.

    Rounds the weights of MODEL (default: the bundled model) to one byte each. If the file is then
    still larger than --max-size, drops the least important n-grams and words, as few as needed.

    \b
    crfseg compress corpus.crfseg --max-size 2MB --dev dev.txt -o small.crfseg
    crfseg compress --standard ud --max-size 500kB -o small.crfseg
    """
    check_writable(output)
    from crfseg.common.resources import default_model_path
    from crfseg.model.compression import compress, size_of
    from crfseg.model.segmentation_model import Model
    from crfseg.model.standards import select

    path = model or default_model_path()
    before = Model.load(path)
    if standard is not None:
        before = select(before, standard)
    after = compress(before, max_size)
    rows = [
        ("bytes", os.path.getsize(path), size_of(after)),
        ("n-grams", _ngrams(before), _ngrams(after)),
        ("words", len(before.members), len(after.members)),
    ]
    scores = [_f1(each, dev, settings) for each in (before, after)] if dev else []
    after.save(output)
    if quiet:
        return
    click.echo(f"{'':8}{'before':>14}{'after':>14}")
    for name, old, new in rows:
        click.echo(f"{name:8}{old:14,}{new:14,}")
    if scores:
        was, now = (100 * score for score in scores)
        click.echo(f"{'F1':8}{was:14.2f}{now:14.2f}  {now - was:+.2f} on {dev}")


def _ngrams(model: Any) -> int:
    return sum(len(family.keys) for family in model.families)


def _f1(model: Any, dev: str, settings: dict[str, Any]) -> float:
    from crfseg.evaluation.evaluate import evaluate
    from crfseg.segmentation.segmenter import Segmenter

    return evaluate(dev, segmenter=Segmenter(model), **settings).f1
