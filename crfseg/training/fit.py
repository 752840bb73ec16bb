"""Finding the weights at which an objective and its penalty are smallest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crfseg.common.progress import Iteration, Progress
from crfseg.common.threads import Map
from crfseg.training import lbfgs
from crfseg.training.checkpoint import Checkpoint, identity_of
from crfseg.training.kernels import vector
from crfseg.training.settings import Optimisation


class Objective(Protocol):
    """What is minimised: a function of float32 weights that writes its gradient."""

    @property
    def size(self) -> int:
        """The number of weights."""

    def curvature(self) -> np.ndarray:
        """float32 [size]: the diagonal of the Hessian, roughly."""

    def __call__(self, weights: np.ndarray, gradient: np.ndarray, /) -> float:
        """The value; the gradient is written."""


@dataclass(frozen=True)
class Estimate:
    """Weights float32, the steps that led to them, and why there were no more."""

    weights: np.ndarray
    history: list[Iteration]
    reason: str
    interrupted: bool = False


def estimate(
    objective: Objective,
    settings: Optimisation,
    run: Map,
    progress: Progress,
    start: float,
    score: Callable[[np.ndarray], float] | None = None,
    origin: np.ndarray | None = None,
    checkpoint: Checkpoint | None = None,
) -> Estimate:
    """Minimise an objective from zero on, or from an origin to which the penalty pulls.

    start: the time from which seconds are counted; score: F1 on a development corpus, asked
    after each step; origin: float32 [size]; checkpoint: where to go on from, if there was a
    break, and where to note how far it got. KeyboardInterrupt ends the search, after the first
    step with what it found.
    """
    search = _Search(objective, settings, run, origin)
    history: list[Iteration] = []
    state, steps = search.resume(checkpoint)
    history += steps
    start -= steps[-1].seconds if steps else 0.0

    def on_step(state: lbfgs.State) -> None:
        search.best = state.x
        f1 = None if score is None else score(search.weights_at(state.x))
        seconds = time.perf_counter() - start
        step = Iteration(state.number, state.value, state.changes[-1], seconds, f1)
        history.append(step)
        progress.iteration(step)
        problem = None if checkpoint is None else checkpoint.keep(state, history)
        if problem:
            progress.note(problem)

    progress.begin("training", settings.max_iter, "iterations")
    for step in history:
        progress.iteration(step)
    try:
        minimum = search.run_from(state, on_step)
    except KeyboardInterrupt:
        if not history:  # nothing to save yet
            raise
        progress.end("interrupted")
        return Estimate(search.weights_at(search.best), history, "interrupted", interrupted=True)
    progress.end(minimum.reason)
    return Estimate(search.weights_at(minimum.x), history, minimum.reason)


class _Search:
    """The penalised objective, as a function of the change from the origin.

    best: the change after the last step.
    """

    def __init__(
        self, objective: Objective, settings: Optimisation, run: Map, origin: np.ndarray | None
    ) -> None:
        self.objective, self.settings, self.run, self.origin = objective, settings, run, origin
        self.each = lbfgs.Vectors(objective.size, run)
        self.best = self.zero = np.zeros(objective.size, dtype=np.float32)
        self.moved = np.empty(0 if origin is None else objective.size, dtype=np.float32)

    def weights_at(self, change: np.ndarray) -> np.ndarray:
        """The weights: origin + change; overwritten by the next call if there is an origin."""
        if self.origin is None:
            return change
        self.each(vector.step, self.origin, change, 1.0, self.moved)
        return self.moved

    def __call__(self, change: np.ndarray, gradient: np.ndarray) -> float:
        """The objective plus the L2 penalty; the gradient is written."""
        l2 = self.settings.l2
        value = self.objective(self.weights_at(change), gradient)
        squares = self.each(vector.add_penalty, change, 1 / l2, gradient)
        return value + 0.5 / l2 * squares

    def resume(self, checkpoint: Checkpoint | None) -> tuple[lbfgs.State | None, list[Iteration]]:
        """The state to continue from and the steps that led to it; the first value without."""
        if checkpoint is None:
            return None, []
        gradient = np.empty_like(self.zero)
        value = self(self.zero, gradient)
        identity = identity_of(value, gradient, l2=self.settings.l2, l1=self.settings.l1)
        found = checkpoint.begin(identity, self.objective.size)
        if not found:
            return lbfgs.State(self.zero, value, gradient), []  # this evaluation is needed anyway
        state, steps = found
        self.best = state.x
        return state, steps

    def run_from(
        self, state: lbfgs.State | None, on_step: Callable[[lbfgs.State], None]
    ) -> lbfgs.Minimum:
        """Minimise with L-BFGS, or OWL-QN if there is an L1 penalty."""
        settings = self.settings
        return lbfgs.minimise(
            self,
            self.zero,
            _inverse_curvature(self.objective, settings.l2),
            l1=settings.l1,
            max_iter=settings.max_iter,
            tol=settings.tol,
            run=self.run,
            on_step=on_step,
            state=state,
        )


def _inverse_curvature(objective: Objective, l2: float) -> np.ndarray:
    """float32: the diagonal of the initial inverse Hessian."""
    curvature = objective.curvature()
    curvature += 1 / l2
    return np.divide(1, curvature, out=curvature)
