"""Progress callbacks: the command line prints them, the library ignores them by default."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Iteration:
    """One step of training. ``seconds`` counts from the start of training."""

    number: int
    objective: float
    change: float
    seconds: float
    dev_f1: float | None = None


class Progress:
    """Receives progress reports of long-running work; this base class ignores them."""

    def begin(self, what: str, total: int | None = None, unit: str = "") -> None:
        """A stage begins; ``total`` is its size in ``unit``, if known."""

    def advance(self, amount: int) -> None:
        """``amount`` more of the stage is done."""

    def end(self, note: str = "") -> None:
        """The stage is done; ``note`` summarises it in a few words."""

    def note(self, text: str) -> None:
        """A message that does not end a stage."""

    def iteration(self, step: Iteration) -> None:
        """The optimiser has finished an iteration."""


class ProgressLines(Progress):
    """Prints a line for every finished stage and every iteration to standard error."""

    def __init__(self) -> None:
        self.what = ""
        self.since = time.monotonic()

    def begin(self, what: str, total: int | None = None, unit: str = "") -> None:
        self.what, self.since = what, time.monotonic()

    def end(self, note: str = "") -> None:
        seconds = time.monotonic() - self.since
        self.line(f"{self.what}: {note}{', ' if note else ''}{seconds:.1f} s")

    def note(self, text: str) -> None:
        self.line(text)

    def iteration(self, step: Iteration) -> None:
        text = (
            f"iteration {step.number:3}  objective {step.objective:14.2f}"
            f"  change {step.change:9.2e}  {step.seconds:7.1f} s"
        )
        if step.dev_f1 is not None:
            text += f"  dev F1 {100 * step.dev_f1:.2f}"
        self.line(text)

    def line(self, text: str) -> None:
        """Print a line; a log that nobody reads any more does not end the work."""
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def progress_of(progress: Progress | bool | None) -> Progress:
    """The reporter for a ``progress`` argument: True prints lines, None and False nothing."""
    if isinstance(progress, Progress):
        return progress
    return ProgressLines() if progress else Progress()
