"""How long work reports on itself; the command line prints it, the library keeps quiet."""

from __future__ import annotations

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
    """Receives reports of long work; this base class ignores them."""

    def begin(self, what: str, total: int | None = None, unit: str = "") -> None:
        """A stage begins; ``total`` is its size in ``unit`` where that is known."""

    def advance(self, amount: int) -> None:
        """``amount`` more of the stage is done."""

    def end(self, note: str = "") -> None:
        """The stage is done; ``note`` sums it up in a few words."""

    def note(self, text: str) -> None:
        """Something that ends no stage, but should be known."""

    def iteration(self, step: Iteration) -> None:
        """The optimiser made a step."""
