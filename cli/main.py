"""The ``crfseg`` command: subcommands and error reporting."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

import crfseg
from crfseg.cli.options import option_of
from crfseg.cli.signals import handle_signals
from crfseg.common.errors import CrfsegError, DataError, SettingsError

INTERRUPTED = 130
BROKEN_PIPE = 141

#: The function of each command, in the module named after the command; imported on demand.
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
    """A group that reports every expected failure as one line on stderr.

    Exit codes: 2 for a wrong command line, 1 for unusable input, 130 after Ctrl-C, 143 after
    SIGTERM, 141 if the reader of the output closed the pipe.
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
        except CrfsegError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand or "") or self
            raise click.ClickException(_spelled(error, command)) from error


def _spelled(error: CrfsegError, command: click.Command) -> str:
    """The error message, with parameters of the library replaced by the command's options."""
    text = str(error)
    if isinstance(error, SettingsError) and error.parameter:
        if option := option_of(command, error.parameter):
            rest = text.removeprefix(error.parameter)
            text = option + (f" {rest[1:]}" if rest.startswith("=") else rest)
    elif isinstance(error, DataError):
        for name in error.parameters:
            before, found, after = text.rpartition(f"{name}=")
            if found and (option := option_of(command, name)):
                text = f"{before}{option} {after}"
    return text


def _fail(code: int, message: str, command: str = "crfseg") -> NoReturn:
    # The message may quote a file: replace characters that could control the terminal.
    line = "".join(c if c.isprintable() else "\ufffd" for c in message.strip().replace("\n", " "))
    click.echo(f"{command}: error: {line}", err=True)
    sys.exit(code)


def _silence() -> None:
    """Redirect stdout to the null device, so that the flush at exit does not fail again."""
    with suppress(OSError):  # in tests, stdout is not a real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    name="crfseg",
    cls=OneLineErrors,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(
    crfseg.__version__, "-V", "--version", prog_name="crfseg", message="%(prog)s %(version)s"
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Segment Chinese text into words, and train segmentation models.

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
    if isinstance(sys.stdout, io.TextIOWrapper):  # printing must not fail in any locale
        sys.stdout.reconfigure(errors="backslashreplace")
    cli.main(prog_name="crfseg")
