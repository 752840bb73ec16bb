"""``crfseg tune``: search for good training settings."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from typing import Any

import click

from crfseg.cli.options import complete_file, option_of, quiet_option, readable
from crfseg.cli.report import reporter
from crfseg.cli.settings import given_settings, training_options

#: Settings that --try accepts, as parameters of `crfseg.train`.
_TRIABLE = (
    *("kind", "tags", "l2", "l1", "margin", "max_iter", "tol"),
    *("lexicon_dropout", "templates", "prune"),
)


@click.command(name="tune")
@click.argument(
    "corpora", metavar="CORPUS...", nargs=-1, required=True, shell_complete=complete_file
)
@click.option(
    "--dev",
    metavar="FILE",
    shell_complete=complete_file,
    help="Corpus to score on.  [default: the last tenth of the sentences]",
)
@click.option(
    "--try",
    "tries",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Values to try for an option below, such as l2=0.3,1,3 or templates=default,my.tpl; "
    "repeatable.  [default: several values of l2 and margin]",
)
@click.option(
    "-n",
    "candidates",
    type=click.IntRange(min=1),
    default=27,
    show_default=True,
    metavar="N",
    help="Number of combinations in the first round; the best third survives each round.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Random seed for drawing combinations.",
)
@training_options
@quiet_option
@click.pass_context
def tune(
    ctx: click.Context,
    corpora: tuple[str, ...],
    dev: str | None,
    tries: tuple[str, ...],
    candidates: int,
    seed: int,
    quiet: bool,
    **settings: Any,
) -> None:
    """Search for good training settings.

    Tries many combinations on a ninth of the sentences, the better ones on a third, the best on
    all. By default it tries values of --l2 and --margin, training with and without the words of
    the corpus as a lexicon, and, if --lexicon is given, all those lexicons or none; --try adds or
    replaces settings to try. Other settings given as options stay fixed. The command that trains
    the best model is printed last. Ctrl-C ends the search and prints what was tried.

    \b
    crfseg tune corpus.txt --lexicon words.txt
    crfseg tune corpus.txt --dev dev.txt --try l2=0.5,1,2 --try tags=4,6 --margin 0
    """
    from crfseg.evaluation.tuning import SPACE

    given = given_settings(settings)
    space = {name: values for name, values in SPACE.items() if settings.get(name) is None}
    if not given["own_lexicon"]:
        del space["own_lexicon"]
    if given["lexicons"]:
        space["lexicons"] = (given["lexicons"], ())
    space |= dict(_parse_try(ctx, text) for text in tries)
    fixed = {name: value for name, value in given.items() if name not in space}
    if fixed.get("kind") == "hmm":
        raise click.UsageError("--model hmm: a hidden Markov model has no settings to choose")
    with ExitStack() as stack:
        paths = [stack.enter_context(readable(path)) for path in corpora]
        progress = stack.enter_context(reporter(quiet))

        import crfseg

        result = crfseg.tune(
            paths, dev=dev, space=space, candidates=candidates, seed=seed, progress=progress,
            **fixed,
        )  # fmt: skip
    if result.trials:
        _print_table(result)
        words = ["crfseg", "train", *corpora, *_options({**fixed, **result.best.settings})]
        click.echo("\n" + shlex.join(words))
    if result.interrupted:
        click.echo(f"interrupted after {len(result.trials)} trainings", err=True)
        ctx.exit(130)


def _parse_try(ctx: click.Context, text: str) -> tuple[str, list[Any]]:
    """The setting and the values of ``--try``, converted like values of its option."""
    given, equals, values = text.partition("=")
    option = "--" + given.removeprefix("--").replace("_", "-")
    triable = {option_of(ctx.command, name): name for name in _TRIABLE}
    if option not in triable or not equals:
        names = ", ".join(str(known).removeprefix("--") for known in triable)
        raise click.UsageError(f"--try {text}: expected NAME=VALUE,... with one of {names}")
    name = triable[option]
    parameter = next(known for known in ctx.command.params if known.name == name)
    converted = [parameter.type.convert(value, parameter, ctx) for value in values.split(",")]
    if name == "templates":
        converted = [None if value == "default" else value for value in converted]
    return name, converted


def _options(settings: dict[str, Any]) -> list[str]:
    """The options of `crfseg train` for settings, without those at their defaults."""
    from crfseg.training.settings import TrainingSettings

    usual = {"format": "auto", "encoding": "utf-8", "templates": None}
    words = []
    for name, value in settings.items():
        if name == "own_lexicon":
            words += [] if value else ["--no-lexicon"]
        elif name == "lexicons":
            words += [word for path in value for word in ("--lexicon", path)]
        elif value != usual.get(name, getattr(TrainingSettings, name, None)):
            option = option_of(tune, name)
            words += [str(option), f"{value:.12g}" if isinstance(value, float) else str(value)]
    return words


def _print_table(result: Any) -> None:
    """Print a line per candidate, ordered by the last round reached, then by F1."""
    from crfseg.evaluation.tuning import PARTS

    rows: dict[str, dict[Any, Any]] = {}
    for trial in result.trials:
        spelled = shlex.join(_options(trial.settings)) or "(defaults)"
        rows.setdefault(spelled, {})[trial.part] = trial
    heads = [f"on {part}" if part < 1 else "on all" for part in PARTS]
    click.echo("F1 " + "".join(f"{head:>8}" for head in heads) + "  seconds  settings")
    best = sorted(rows.items(), key=lambda row: [(part, t.f1) for part, t in row[1].items()][-1])
    for spelled, trials in reversed(best):
        scores = [f"{100 * trials[p].f1:8.2f}" if p in trials else f"{'-':>8}" for p in PARTS]
        seconds = sum(trial.seconds for trial in trials.values())
        click.echo(f"   {''.join(scores)} {seconds:8.1f}  {spelled}")
