"""What training can be told, for every command that trains."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import click

from crfseg.cli.options import encoding_option, format_option, readable, threads_option

Command = TypeVar("Command", bound=Callable[..., Any])

corpora_argument = click.argument("corpora", metavar="[CORPUS]...", nargs=-1)
standards_option = click.option(
    "--standard",
    "standards",
    multiple=True,
    metavar="NAME=FILE",
    help="A corpus and the name of the standard it follows, for one model of several standards; "
    "repeatable. The first one is the default when segmenting.",
)

_SETTINGS = (
    format_option,
    click.option(
        "--model",
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
        help="How words are labelled: s b m e, or s b c d m e (a little more accurate, slower).",
    ),
    click.option(
        "--l2",
        type=float,
        metavar="C",
        help="The L2 penalty is |w|^2 / 2C: a larger C follows the corpus more.  [default: 1]",
    ),
    click.option("--l1", type=float, metavar="C", help="Strength of the L1 penalty.  [default: 0]"),
    click.option(
        "--margin",
        type=float,
        metavar="M",
        help="By how much the right tags must win for each tag in which others differ; 0 for plain "
        "likelihood.  [default: 1]",
    ),
    click.option("--max-iter", type=int, metavar="N", help="Iterations at most.  [default: 30]"),
    click.option(
        "--tol",
        type=float,
        metavar="T",
        help="Stop when the objective falls by less than this part.  [default: 0.001]",
    ),
    click.option(
        "--lexicon",
        "lexicons",
        multiple=True,
        metavar="FILE",
        help="A dictionary, one word a line; repeatable.",
    ),
    click.option(
        "--no-lexicon", is_flag=True, help="Take no lexicon from the words of the corpus."
    ),
    click.option(
        "--lexicon-dropout",
        type=float,
        metavar="P",
        help="Hide this part of all lexicons' words, by chance: helps with text of other kinds "
        "than the corpus, costs a little on the same kind.  [default: 0]",
    ),
    click.option("--templates", metavar="FILE", help="Feature templates in CRF++ syntax."),
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
    """The form of the corpora and all settings of `crfseg.train`."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


def given_settings(options: dict[str, Any]) -> dict[str, Any]:
    """What `crfseg.train` is to be called with, for the options that were given."""
    given = {name: value for name, value in options.items() if value is not None}
    given["own_lexicon"] = not given.pop("no_lexicon")
    return given


def named_corpora(corpora: tuple[str, ...], standards: tuple[str, ...]) -> dict[str, list[str]]:
    """The files of each standard, in the order of the command line; "" if it has no name."""
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
    """The corpora as `crfseg.train` takes them; the stack closes what stands for ``-``."""
    groups = {
        name: [stack.enter_context(readable(path)) for path in paths]
        for name, paths in named.items()
    }
    return groups.get("", groups)
