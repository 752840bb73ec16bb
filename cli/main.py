"""The ``crfseg`` command: its parts, and how it fails."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

import crfseg
from crfseg.cli.signals import handle_signals
from crfseg.common.errors import CrfsegError

INTERRUPTED = 130
BROKEN_PIPE = 141

#: The commands and the functions of the modules of that name; imported when asked for.
COMMANDS = {
    "train": "train",
    "segment": "segment",
    "tag": "tag",
    "eval": "evaluate",
    "info": "info",
    "explain": "explain",
    "crossval": "crossval",
    "tune": "tune",
    "compress": "compress",
    "teach": "teach",
    "dump": "dump",
    "load": "load",
}


class OneLineErrors(click.Group):
    """A group whose every foreseeable failure is one line on stderr.

    Exit codes: 2 for a wrong command line, 1 for input that cannot be used, 130 after
    Ctrl-C, 143 after SIGTERM, 141 when whoever read the output stopped reading.
    """

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        settings["standalone_mode"] = False
        try:
            result = super().main(*args, **settings)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "crfseg"
            problem = " ".join(error.format_message().split()).rstrip(".")
            _fail(2, f"{problem} (see {command} -h)", command)
        except click.ClickException as error:
            _fail(error.exit_code, error.format_message())
        except click.Abort:
            sys.exit(INTERRUPTED)
        except CrfsegError as error:
            _fail(1, str(error))
        except MemoryError as error:
            _fail(1, f"out of memory. {error}")
        except OSError as error:
            _silence()
            reason = error.strerror or str(error)
            _fail(1, f"{error.filename}: {reason}" if error.filename else reason)
        sys.exit(result if isinstance(result, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(import_module(f"crfseg.cli.{cmd_name}"), COMMANDS[cmd_name])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _silence()
            ctx.exit(BROKEN_PIPE)


def _fail(code: int, message: str, command: str = "crfseg") -> NoReturn:
    # A file may be quoted: nothing but text goes to a terminal.
    line = "".join(c if c.isprintable() else "\ufffd" for c in message.strip().replace("\n", " "))
    click.echo(f"{command}: error: {line}", err=True)
    sys.exit(code)


def _silence() -> None:
    """Let the flush at exit write to nowhere instead of to what has just failed."""
    with suppress(OSError):  # under a test it is no real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    name="crfseg",
    cls=OneLineErrors,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(crfseg.__version__, prog_name="crfseg", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Segment Chinese text into words, and train models that do.

    \b
    echo 为人民服务 | crfseg segment         # 为 人民 服务
    crfseg train corpus.txt                 # writes corpus.crfseg
    crfseg segment -m corpus.crfseg < text.txt > words.txt
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)


def main() -> NoReturn:
    """Entry point of the ``crfseg`` command."""
    handle_signals()
    if isinstance(sys.stdout, io.TextIOWrapper):  # whatever the locale, printing must not fail
        sys.stdout.reconfigure(errors="backslashreplace")
    cli.main(prog_name="crfseg")
