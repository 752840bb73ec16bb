"""Training options, shared by all commands that train."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import click

from crfseg.cli.options import (
    complete_file,
    encoding_option,
    format_option,
    readable,
    threads_option,
)

Command = TypeVar("Command", bound=Callable[..., Any])

corpora_argument = click.argument(
    "corpora", metavar="[CORPUS]...", nargs=-1, shell_complete=complete_file
)
standards_option = click.option(
    "--standard",
    "standards",
    multiple=True,
    metavar="NAME=FILE",
    help="Corpus and the name of its standard, to train one model on several standards; "
    "repeatable. The first standard is the default when segmenting.",
)

_SETTINGS = (
    format_option,
    click.option(
        "--model",
        "kind",
        type=click.Choice(["crf", "maxent", "hmm"]),
        default="crf",
        show_default=True,
        help="Conditional random field, maximum entropy or hidden Markov model.",
    ),
    click.option(
        "--tags",
        type=click.Choice(["4", "6"]),
        default="4",
        show_default=True,
        help="Tag scheme: s b m e, or s b c d m e (slightly more accurate, slower).",
    ),
    click.option(
        "--l2",
        type=float,
        metavar="C",
        help="The L2 penalty is |w|^2 / 2C: a larger C fits the corpus more closely.  [default: 1]",
    ),
    click.option("--l1", type=float, metavar="C", help="Strength of the L1 penalty.  [default: 0]"),
    click.option(
        "--margin",
        type=float,
        metavar="M",
        help="Softmax-margin cost per wrong tag (0 = plain likelihood).  [default: 1]",
    ),
    click.option(
        "--max-iter", type=int, metavar="N", help="Maximum number of iterations.  [default: 30]"
    ),
    click.option(
        "--tol",
        type=float,
        metavar="T",
        help="Stop when the relative decrease of the objective is below T.  [default: 0.001]",
    ),
    click.option(
        "--lexicon",
        "lexicons",
        multiple=True,
        metavar="FILE",
        shell_complete=complete_file,
        help="Dictionary with one word per line; repeatable.",
    ),
    click.option(
        "--no-lexicon", is_flag=True, help="Do not use the words of the corpus as a lexicon."
    ),
    click.option(
        "--lexicon-dropout",
        type=float,
        metavar="P",
        help="Hide a random fraction P of the lexicons' words: improves accuracy on other domains, "
        "costs a little on the corpus's own.  [default: 0]",
    ),
    click.option(
        "--templates",
        metavar="FILE",
        shell_complete=complete_file,
        help="Feature templates in CRF++ syntax.",
    ),
    click.option(
        "--prune",
        type=float,
        metavar="T",
        help="Drop n-grams with no weight above T.  [default: 0.05]",
    ),
    encoding_option,
    threads_option,
)


def training_options(command: Command) -> Command:
    """Add the options for corpus formats and for all settings of `crfseg.train`."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


def given_settings(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `crfseg.train` for the options on the command line."""
    given = {name: value for name, value in options.items() if value is not None}
    given["own_lexicon"] = not given.pop("no_lexicon")
    return given


def named_corpora(corpora: tuple[str, ...], standards: tuple[str, ...]) -> dict[str, list[str]]:
    """The files of each standard, in the order of the command line; "" without standards."""
    if bool(corpora) == bool(standards):
        raise click.UsageError("give either CORPUS... or --standard NAME=FILE ...")
    return _named(standards) or {"": list(corpora)}


def _named(standards: tuple[str, ...]) -> dict[str, list[str]]:
    """The files of each standard, in the order of the command line."""
    named: dict[str, list[str]] = {}
    for given in standards:
        name, equals, path = given.partition("=")
        if not (name and equals and path):
            raise click.UsageError(f"--standard {given}: expected NAME=FILE")
        named.setdefault(name, []).append(path)
    return named


def readable_corpora(stack: ExitStack, named: dict[str, list[str]]) -> Any:
    """The corpora for `crfseg.train`; the stack removes the temporary file for ``-``."""
    groups = {
        name: [stack.enter_context(readable(path)) for path in paths]
        for name, paths in named.items()
    }
    return groups.get("", groups)
