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
    size = objective.size
    each = lbfgs.Vectors(size, run)
    history: list[Iteration] = []
    best = np.zeros(size, dtype=np.float32)
    moved = np.empty(0 if origin is None else size, dtype=np.float32)

    def weights_at(change: np.ndarray) -> np.ndarray:
        if origin is None:
            return change
        each(vector.step, origin, change, 1.0, moved)
        return moved

    # What is looked for is the change from the origin.
    def penalised(change: np.ndarray, gradient: np.ndarray) -> float:
        value = objective(weights_at(change), gradient)
        squares = each(vector.add_penalty, change, 1 / settings.l2, gradient)
        return value + 0.5 / settings.l2 * squares

    def on_step(state: lbfgs.State) -> None:
        nonlocal best
        best = state.x
        f1 = None if score is None else score(weights_at(best))
        seconds = time.perf_counter() - start
        step = Iteration(state.number, state.value, state.changes[-1], seconds, f1)
        history.append(step)
        progress.iteration(step)
        if checkpoint is not None:
            problem = checkpoint.keep(state, history)
            if problem:
                progress.note(problem)

    zero = np.zeros(size, dtype=np.float32)
    state = None
    if checkpoint is not None:
        gradient = np.empty_like(zero)
        value = penalised(zero, gradient)
        state = lbfgs.State(zero, value, gradient)  # the first evaluation is needed anyway
        identity = identity_of(value, gradient, l2=settings.l2, l1=settings.l1)
        if found := checkpoint.begin(identity, size):
            state, steps = found
            history += steps
            best = state.x
            start -= steps[-1].seconds
    progress.begin("training", settings.max_iter, "iterations")
    for step in history:
        progress.iteration(step)
    try:
        minimum = lbfgs.minimise(
            penalised,
            zero,
            _inverse_curvature(objective, settings.l2),
            l1=settings.l1,
            max_iter=settings.max_iter,
            tol=settings.tol,
            run=run,
            on_step=on_step,
            state=state,
        )
    except KeyboardInterrupt:
        if not history:  # nothing to save yet
            raise
        progress.end("interrupted")
        return Estimate(weights_at(best), history, "interrupted", interrupted=True)
    progress.end(minimum.reason)
    return Estimate(weights_at(minimum.x), history, minimum.reason)


def _inverse_curvature(objective: Objective, l2: float) -> np.ndarray:
    """float32: the diagonal of the initial inverse Hessian."""
    curvature = objective.curvature()
    curvature += 1 / l2
    return np.divide(1, curvature, out=curvature)
