"""Progress reports on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

import click

from crfseg.common.progress import Iteration, Progress, ProgressLines

#: Seconds between two updates of a bar.
PAUSE = 0.1
ERASE = "\r\033[K\033[?25h"  # erase the current line and show the cursor


class Silence(Progress):
    """Prints nothing; the base class of reporters that print. Also a context manager."""

    def __enter__(self) -> Silence:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the report, even if a stage is unfinished."""

    def note(self, text: str) -> None:
        self.line(text)

    def line(self, text: str) -> None:
        """Print a line."""


class Lines(ProgressLines, Silence):
    """A line for every finished stage and every iteration."""

    def line(self, text: str) -> None:
        with suppress(OSError):  # a closed stderr must not end the work
            click.echo(text, err=True)


class Bars(Lines):
    """The same lines, with a progress bar of the current stage below them."""

    def __init__(self) -> None:
        super().__init__()
        self.bar: Any = None
        self.waiting = 0
        self.drawn = 0.0

    def begin(self, what: str, total: int | None = None, unit: str = "") -> None:
        super().begin(what, total, unit)
        self.close()
        self.bar = click.progressbar(iter(()), length=total, label=what, file=sys.stderr)
        self.waiting, self.drawn = 0, time.monotonic()
        self.bar.render_progress()

    def advance(self, amount: int) -> None:
        self.waiting += amount
        if self.bar is not None and time.monotonic() - self.drawn >= PAUSE:
            self.bar.update(self.waiting)
            self.waiting, self.drawn = 0, time.monotonic()

    def iteration(self, step: Iteration) -> None:
        super().iteration(step)
        if self.bar is not None:
            self.bar.update(max(0, step.number - self.bar.pos))

    def end(self, note: str = "") -> None:
        self.close()
        super().end(note)

    def line(self, text: str) -> None:
        super().line(text if self.bar is None else ERASE + text)

    def close(self) -> None:
        if self.bar is not None:
            self.bar = None
            click.echo(ERASE, err=True, nl=False)


def reporter(quiet: bool) -> Silence:
    """The reporter for stderr: bars if it is a terminal, else lines; nothing if quiet."""
    if quiet:
        return Silence()
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    return Bars() if on_terminal else Lines()
