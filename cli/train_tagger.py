"""``crfseg train --task tag``: train a tagger on labelled tokens."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import click
from click.core import ParameterSource

from crfseg.cli.options import check_writable, readable
from crfseg.cli.report import reporter

#: Options of ``crfseg train`` that are passed on to `crfseg.train_tagger`; and other options that
#: are not specific to segmentation.
_SETTINGS = (
    "format", "labels", "l2", "l1", "margin", "max_iter", "tol", "templates", "prune", "encoding",
    "threads", "init", "resume",
)  # fmt: skip
_OTHERS = ("corpora", "task", "output", "dev", "quiet")


def train_tagger(
    context: click.Context, corpora: tuple[str, ...], output: str, dev: str | None, quiet: bool
) -> None:
    """Train on labelled tokens, with the settings of the context."""
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") == ParameterSource.COMMANDLINE
        if given and option.name not in _SETTINGS + _OTHERS:
            problem = f"{option.opts[-1]} is about segmentation"
            raise click.UsageError(f"{problem}; leave it out with --task tag")
    if not corpora:
        raise click.UsageError("give CORPUS...: files of tokens and their labels")
    check_writable(output)
    settings: dict[str, Any] = {
        name: context.params[name] for name in _SETTINGS if context.params.get(name) is not None
    }
    with ExitStack() as stack:
        files = [stack.enter_context(readable(path)) for path in corpora]
        progress = stack.enter_context(reporter(quiet))

        from crfseg.training.tagger import train_tagger as train

        try:
            result = train(files, output=output, dev=dev, progress=progress, **settings)
        except KeyboardInterrupt:
            click.echo("interrupted before the first iteration: nothing was saved", err=True)
            context.exit(130)
        scheme = result.model.scheme
        progress.line(
            f"{result.sentences:,} sentences, {result.tokens:,} tokens; {scheme.size} labels "
            f"({scheme.form}); {result.weights:,} weights"
        )
        progress.line(f"stopped after {len(result.history)} iterations: {result.stop_reason}")
        if result.dev_f1 is not None:
            progress.line(f"dev F1 {100 * result.dev_f1:.2f}")
        size = os.path.getsize(output) / 1e6
        progress.line(f"saved {output} ({size:.1f} MB) after {result.seconds:.1f} s")
    if result.interrupted:
        context.exit(130)
