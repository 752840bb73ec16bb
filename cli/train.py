"""``crfseg train``: from segmented text to a model file."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from crfseg.cli.options import (
    check_writable,
    encoding_option,
    format_option,
    quiet_option,
    readable,
    threads_option,
)
from crfseg.cli.report import Silence, reporter


@click.command(name="train")
@click.argument("corpora", metavar="[CORPUS]...", nargs=-1)
@click.option("-o", "output", metavar="MODEL", help="Model file.  [default: CORPUS name + .crfseg]")
@click.option(
    "--standard",
    "standards",
    multiple=True,
    metavar="NAME=FILE",
    help="A corpus and the name of the standard it follows, for one model of several standards; "
    "repeatable. The first one is the default when segmenting.",
)
@format_option
@click.option(
    "--model",
    type=click.Choice(["crf", "maxent", "hmm"]),
    default="crf",
    show_default=True,
    help="Conditional random field, maximum entropy or hidden Markov model.",
)
@click.option(
    "--tags",
    type=click.Choice(["4", "6"]),
    default="4",
    show_default=True,
    help="How words are labelled: s b m e, or s b c d m e.",
)
@click.option(
    "--l2",
    type=float,
    metavar="C",
    help="The L2 penalty is |w|^2 / 2C: a larger C follows the corpus more.  [default: 1]",
)
@click.option("--l1", type=float, metavar="C", help="Strength of the L1 penalty.  [default: 0]")
@click.option(
    "--margin",
    type=float,
    metavar="M",
    help="By how much the right tags must win for each tag in which others differ; 0 for plain "
    "likelihood.  [default: 1]",
)
@click.option("--max-iter", type=int, metavar="N", help="Iterations at most.  [default: 30]")
@click.option(
    "--tol",
    type=float,
    metavar="T",
    help="Stop when the objective falls by less than this part.  [default: 0.001]",
)
@click.option(
    "--lexicon",
    "lexicons",
    multiple=True,
    metavar="FILE",
    help="A dictionary, one word a line; repeatable.",
)
@click.option("--no-lexicon", is_flag=True, help="Take no lexicon from the words of the corpus.")
@click.option("--templates", metavar="FILE", help="Feature templates in CRF++ syntax.")
@click.option(
    "--dev",
    metavar="[NAME=]FILE",
    help="A corpus to score every iteration on, and its standard.  [default: the first]",
)
@click.option(
    "--prune",
    type=float,
    metavar="T",
    help="Drop n-grams with no weight above T.  [default: 0.05]",
)
@encoding_option
@threads_option
@quiet_option
def train(
    corpora: tuple[str, ...],
    standards: tuple[str, ...],
    output: str | None,
    dev: str | None,
    no_lexicon: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train a model on segmented text.

    The format of a CORPUS is found out by itself; a dash stands for standard input.
    Ctrl-C stops the training and saves the model as it is then.

    \b
    crfseg train corpus.txt                        # writes corpus.crfseg
    crfseg train a.txt b.txt -o ab.crfseg --lexicon words.txt --dev dev.txt
    crfseg train corpus.txt --model hmm --tags 6
    crfseg train --standard pku=a.txt --standard ud=b.txt -o both.crfseg
    """
    if bool(corpora) == bool(standards):
        raise click.UsageError("give either CORPUS... or --standard NAME=FILE ...")
    named = _named(standards) or {"": list(corpora)}
    standard, dev = _split_dev(dev, named)
    output = output or _default_output(next(iter(named.values()))[0])
    check_writable(output)
    given = {name: value for name, value in settings.items() if value is not None}
    with ExitStack() as stack:
        groups = {
            name: [stack.enter_context(readable(path)) for path in paths]
            for name, paths in named.items()
        }
        progress = stack.enter_context(reporter(quiet))

        import crfseg

        try:
            result = crfseg.train(
                groups if standards else groups[""],
                output=output,
                dev=dev,
                dev_standard=standard,
                own_lexicon=not no_lexicon,
                progress=progress,
                **given,
            )
        except KeyboardInterrupt:
            click.echo("interrupted before the first iteration: nothing was saved", err=True)
            click.get_current_context().exit(130)
        _sum_up(result, output, progress)
    if result.interrupted:
        click.get_current_context().exit(130)


def _named(standards: tuple[str, ...]) -> dict[str, list[str]]:
    """The files of each standard, in the order of the command line."""
    named: dict[str, list[str]] = {}
    for given in standards:
        name, equals, path = given.partition("=")
        if not (name and equals and path):
            raise click.UsageError(f"--standard {given}: expected NAME=FILE")
        named.setdefault(name, []).append(path)
    return named


def _split_dev(dev: str | None, named: dict[str, list[str]]) -> tuple[str | None, str | None]:
    """The standard and the file of ``--dev``."""
    name, _, path = (dev or "").partition("=")
    return (name, path) if path and name in named else (None, dev)


def _default_output(corpus: str) -> str:
    return ("stdin" if corpus == "-" else Path(corpus).stem) + ".crfseg"


def _sum_up(result: Any, output: str, progress: Silence) -> None:
    progress.line(
        f"{result.sentences:,} sentences, {result.words:,} words, {result.characters:,} characters;"
        f" {result.weights:,} weights"
    )
    if result.history:
        progress.line(f"stopped after {len(result.history)} iterations: {result.stop_reason}")
    if result.dev_f1 is not None:
        progress.line(f"dev F1 {100 * result.dev_f1:.2f}")
    size = os.path.getsize(output) / 1e6
    progress.line(f"saved {output} ({size:.1f} MB) after {result.seconds:.1f} s")
