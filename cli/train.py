"""``crfseg train``: train a model on a corpus."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from crfseg.cli.options import check_writable, complete_file, quiet_option
from crfseg.cli.report import Silence, reporter
from crfseg.cli.settings import (
    corpora_argument,
    given_settings,
    named_corpora,
    readable_corpora,
    standards_option,
    training_options,
)


@click.command(name="train")
@corpora_argument
@click.option(
    "-o",
    "output",
    metavar="MODEL",
    shell_complete=complete_file,
    help="Model file to write.  [default: CORPUS name + .crfseg]",
)
@click.option(
    "--task",
    type=click.Choice(["segment", "tag"]),
    default="segment",
    show_default=True,
    help="Segment text into words, or label tokens (labels in the last column of CORPUS).",
)
@click.option(
    "--labels",
    type=click.Choice(["auto", "free", "bio", "bmes"]),
    default="auto",
    show_default=True,
    help="With --task tag: the label scheme, which restricts transitions.",
)
@standards_option
@training_options
@click.option(
    "--dev",
    metavar="[NAME=]FILE",
    shell_complete=complete_file,
    help="Corpus on which to score every iteration; NAME is its standard.  "
    "[default: the first standard]",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="FILE=W",
    help="Weight W (default: 1) of each sentence of one of the corpora; repeatable.",
)
@click.option(
    "--init",
    metavar="MODEL",
    shell_complete=complete_file,
    help="Model to start from: weights of features that the corpora lack stay the same.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Save checkpoints beside MODEL during training, and resume from an existing one.",
)
@quiet_option
@click.pass_context
def train(
    context: click.Context,
    corpora: tuple[str, ...],
    task: str,
    labels: str,
    standards: tuple[str, ...],
    output: str | None,
    dev: str | None,
    weights: tuple[str, ...],
    init: str | None,
    resume: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Train a model on a corpus.

    CORPUS has segmented text, or labelled tokens with --task tag. Its format is detected
    automatically; override with --format. A dash stands for standard input. Ctrl-C stops training
    and saves the current model.

    \b
    crfseg train corpus.txt                        # writes corpus.crfseg
    crfseg train a.txt b.txt -o ab.crfseg --lexicon words.txt --dev dev.txt
    crfseg train corpus.txt --model hmm --tags 6
    crfseg train --standard pku=a.txt --standard ud=b.txt -o both.crfseg
    crfseg train web.txt --init news.crfseg -o web.crfseg
    crfseg train news.txt web.txt --weight web.txt=3 -o web.crfseg
    crfseg train big.txt --resume                  # rerun after a crash to continue
    crfseg train --task tag pos.conll --templates pos.template
    crfseg train --task tag more.conll --init pos.crfseg -o more.crfseg
    """
    if task == "tag":
        from crfseg.cli.train_tagger import train_tagger

        train_tagger(context, corpora, output or _default_output((*corpora, "-")[0]), dev, quiet)
        return
    if labels != "auto":
        raise click.UsageError("--labels is for --task tag")
    named = named_corpora(corpora, standards)
    standard, dev = _split_dev(dev, named)
    output = output or _default_output(next(iter(named.values()))[0])
    check_writable(output)
    with ExitStack() as stack:
        groups = readable_corpora(stack, named)
        progress = stack.enter_context(reporter(quiet))

        import crfseg

        try:
            result = crfseg.train(
                groups,
                output=output,
                dev=dev,
                dev_standard=standard,
                weights=_weights_of(weights),
                init=init,
                resume=resume,
                progress=progress,
                **given_settings(settings),
            )
        except KeyboardInterrupt:
            click.echo("interrupted before the first iteration: nothing was saved", err=True)
            context.exit(130)
        _sum_up(result, output, progress)
    if result.interrupted:
        context.exit(130)


def _split_dev(dev: str | None, named: dict[str, list[str]]) -> tuple[str | None, str | None]:
    """The standard and the file of ``--dev``."""
    name, _, path = (dev or "").partition("=")
    return (name, path) if path and name in named else (None, dev)


def _weights_of(given: tuple[str, ...]) -> dict[Any, float]:
    """The weight of each file of ``--weight``."""
    weights = {}
    for pair in given:
        path, equals, number = pair.rpartition("=")
        try:
            weights[path] = float(number)
        except ValueError:
            equals = ""
        if not (path and equals):
            raise click.UsageError(f"--weight {pair}: expected FILE=W, W a number")
    return weights


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
