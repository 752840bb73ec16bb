"""One training session for every kind of model: index, minimise, export, save."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from crfseg.common.files import Path
from crfseg.common.progress import Iteration, Progress, progress_of
from crfseg.common.threads import Map, thread_count, workers
from crfseg.common.version import __version__
from crfseg.model.saved_model import SavedModel
from crfseg.training.checkpoint import checkpoint_for
from crfseg.training.fit import Estimate, Objective, estimate
from crfseg.training.settings import Optimisation

M = TypeVar("M", bound=SavedModel)
M_co = TypeVar("M_co", bound=SavedModel, covariant=True)


@dataclass
class TrainingResult(Generic[M]):
    """A trained model, and how its training went.

    words, characters: of a segmentation corpus; tokens: of a tagger's corpus; weights: how many
    the model has; dev_f1: F1 on the development corpus if there is one (for labels that mark no
    entities: accuracy); seconds: from the first byte read.
    """

    model: M
    history: list[Iteration] = field(default_factory=list)
    stop_reason: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    sentences: int = 0
    words: int = 0
    characters: int = 0
    tokens: int = 0
    weights: int = 0
    dev_f1: float | None = None

    def __repr__(self) -> str:
        dev = "" if self.dev_f1 is None else f", dev_f1={self.dev_f1:.4f}"
        return (
            f"TrainingResult({self.sentences:,} sentences, {self.weights:,} weights, "
            f"{len(self.history)} iterations, {self.stop_reason!r}{dev}, {self.seconds:.1f} s)"
        )


class Task(Protocol[M_co]):
    """What a session trains: a corpus that is encoded, and how to make a model of its weights.

    counts: fields of the result that count the corpus.
    """

    counts: dict[str, int]

    def estimate(self, session: Session) -> Estimate:
        """The weights; calls `Session.minimise` unless they are merely counted."""

    def score(self, weights: np.ndarray) -> float | None:
        """F1 on the development corpus; None without one."""

    def export(self, found: Estimate) -> M_co:
        """The model of the weights."""


class Session:
    """Threads, progress, clock and checkpoint of one training."""

    run: Map

    def __init__(
        self,
        output: Path | None = None,
        resume: bool = False,
        threads: int | None = None,
        progress: Progress | bool | None = None,
    ) -> None:
        """output: where to save the model; resume: keep a checkpoint beside it, and continue
        from one that is there. Raises SettingsError.
        """
        self.output, self.threads = output, thread_count(threads)
        self.progress = progress_of(progress)
        self.checkpoint = checkpoint_for(output, resume)
        self.start = time.perf_counter()

    def train(self, prepare: Callable[[Session], Task[M]]) -> TrainingResult[M]:
        """Train the task that ``prepare`` returns, and save its model.

        KeyboardInterrupt ends training early, after the first iteration with a result that has
        ``interrupted`` set and is saved.
        """
        with workers(self.threads) as self.run:
            task = prepare(self)
            found = task.estimate(self)
            model = task.export(found)
            result = TrainingResult(
                model, found.history, found.reason, interrupted=found.interrupted,
                weights=model.weight_count, dev_f1=task.score(found.weights), **task.counts,
            )  # fmt: skip
        if self.output is not None:
            model.save(self.output)
        if self.checkpoint is not None and not found.interrupted:
            self.checkpoint.remove()
        result.seconds = time.perf_counter() - self.start
        return result

    def without_checkpoint(self) -> Session:
        """The same session for work that leaves no checkpoint and has its own clock."""
        other = copy(self)
        other.checkpoint, other.start = None, time.perf_counter()
        return other

    def minimise(
        self,
        objective: Objective,
        settings: Optimisation,
        score: Callable[[np.ndarray], float] | None = None,
        origin: np.ndarray | None = None,
    ) -> Estimate:
        """`fit.estimate` with the threads, the progress and the checkpoint of the session."""
        return estimate(
            objective, settings, self.run, self.progress, self.start, score, origin,
            self.checkpoint,
        )  # fmt: skip


def describe(settings: Optimisation, iterations: int, files: Sequence[Path]) -> dict[str, Any]:
    """The metadata that all trained models have."""
    return {
        "version": __version__,
        "corpora": [os.path.basename(os.fspath(path)) for path in files],
        "iterations": iterations,
        "settings": settings.as_dict(),
    }
