"""``crfseg compress``: a smaller model."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from crfseg.cli.options import check_writable, encoding_option, format_option, quiet_option

_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)\s*(?:([kmg])(i)?)?b?", re.IGNORECASE)


class Size(click.ParamType):
    """Bytes: 500kB and 2MB are 1000 and 1000 000 of them, 2MiB is 1024 times 1024."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(value.strip())
        if not found:
            self.fail(f"{value!r} is no size; expected one such as 2MB, 500kB, 1.5MiB", param, ctx)
        number, unit, binary = found.groups()
        base = 1024 if binary else 1000
        return int(float(number) * base ** (" kmg".index(unit.lower()) if unit else 0))


@click.command(name="compress")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("-o", "output", metavar="SMALLER", required=True, help="Model file to write.")
@click.option(
    "--max-size",
    type=Size(),
    metavar="SIZE",
    help="Bytes the file may have at most: 2MB, 500kB, 1.5MiB.  "
    "[default: what coarser weights save]",
)
@click.option("--standard", metavar="NAME", help="Keep only this one of several standards.")
@click.option("--dev", metavar="FILE", help="Segmented text: report F1 before and after.")
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
    """Make a smaller model of a MODEL, or of the one that comes with crfseg.

    Rounds weights to bytes; then leaves out n-grams with small weights and words, those that
    matter least, as few as it takes for the file to be small enough.

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

    return evaluate(dev, segmenter=Segmenter.from_model(model), **settings).f1
