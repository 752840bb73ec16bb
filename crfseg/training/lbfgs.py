"""L-BFGS and OWL-QN on one long float32 vector, for any objective.

Liu & Nocedal (1989), "On the limited memory BFGS method"; Andrew & Gao (2007),
"Scalable training of L1-regularized log-linear models". The caller supplies a diagonal initial
inverse Hessian, because feature counts, and with them the curvature, span five orders of
magnitude.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from crfseg.common.sharding import BLOCK
from crfseg.common.threads import Map
from crfseg.training.kernels import vector

#: The first step has no curvature information: it is this fraction of the scaled gradient.
FIRST_STEP = 0.1
_ARMIJO = 1e-4
_MOST_TRIALS = 20
_LEAST_CUT, _MOST_CUT = 0.1, 0.6
_PATIENCE = 3
#: The number of correction pairs kept.
HISTORY = 5


@dataclass
class State:
    """The complete state of the search: everything that its next step depends on.

    x, gradient: float32, the point and the gradient there; value: of the penalised objective;
    number: of steps made; pairs: for the last steps, the change of the point, the change of the
    gradient and their dot product; changes: relative changes of the value in the last steps.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    number: int = 0
    pairs: Sequence[tuple[np.ndarray, np.ndarray, float]] = ()
    changes: Sequence[float] = ()


@dataclass
class Minimum:
    """The result: the final point, its value, the reason for stopping, the number of steps."""

    x: np.ndarray
    value: float
    reason: str
    iterations: int


class Vectors:
    """Arithmetic on whole vectors, by blocks on all threads."""

    def __init__(self, size: int, run: Map) -> None:
        self.blocks = [slice(a, min(a + BLOCK, size)) for a in range(0, size, BLOCK)]
        self.run = run

    def __call__(self, function: Callable, *arguments: np.ndarray | float) -> float:
        """Apply a kernel to each block of the vectors; returns the sum of its results."""

        def piece(block: slice) -> float:
            return function(*(a[block] if isinstance(a, np.ndarray) else a for a in arguments))

        results = self.run(piece, self.blocks)
        return 0.0 if results[0] is None else float(sum(results))


def minimise(
    objective: Callable[[np.ndarray, np.ndarray], float],
    x: np.ndarray,
    scale: np.ndarray,
    *,
    l1: float = 0.0,
    history: int = HISTORY,
    max_iter: int = 100,
    tol: float = 1e-4,
    run: Map,
    on_step: Callable[[State], None],
    state: State | None = None,
) -> Minimum:
    """Minimise objective(x) + l1 * |x|_1, starting from x (overwritten).

    objective(x, gradient) returns the value and writes the float32 gradient; scale:
    float32, the diagonal of the initial inverse Hessian; on_step is called after each step and
    must not modify its argument; state: resume from this state, as if uninterrupted. Stops after
    max_iter steps, when the mean relative change over the last three steps is below tol, or when
    no step decreases the value.
    """
    search = _Search(objective, x, l1, run)
    each, direction = search.each, np.empty_like(x)
    state = search.begin(x, state)
    pairs, changes = deque(state.pairs), deque(state.changes, _PATIENCE)
    x, value, gradient, number = state.x, state.value, state.gradient, state.number
    while not (reason := _reason_to_stop(changes, tol, number, max_iter)):
        downhill = search.slope if l1 else gradient
        direction[:] = downhill
        _apply_inverse_hessian(each, direction, pairs, scale)
        if l1:
            direction[direction * downhill <= 0] = 0
        decrease = each(vector.dot, direction, downhill)
        new = search.along(direction, x, value, decrease, -1.0 if pairs else -FIRST_STEP)
        if new is None:
            reason = "no further decrease"
            break
        trial, trial_gradient = search.trial, search.trial_gradient
        s, y = pairs.popleft()[:2] if len(pairs) == history else (np.empty_like(x), None)
        y = np.empty_like(x) if y is None else y
        each(vector.change, trial, x, s)
        length = each(vector.change, trial_gradient, gradient, y)
        curvature = each(vector.dot, s, y)
        if curvature > 1e-10 * length:
            pairs.append((s, y, curvature))
        x, search.trial = trial, x
        gradient, search.trial_gradient = trial_gradient, gradient
        changes.append((value - new) / max(abs(value), 1e-30))
        value = new
        number += 1
        on_step(State(x, value, gradient, number, list(pairs), list(changes)))
    return Minimum(x, value, reason, number)


class _Search:
    """The function with its L1 penalty, and the line search along a direction.

    slope: the pseudo-gradient of the last evaluation (OWL-QN), unused without L1; trial,
    trial_gradient: the last point that was tried.
    """

    def __init__(
        self, objective: Callable[[np.ndarray, np.ndarray], float], x: np.ndarray, l1: float,
        run: Map,
    ) -> None:  # fmt: skip
        self.objective, self.l1, self.each = objective, l1, Vectors(len(x), run)
        self.slope = np.empty_like(x)
        self.trial, self.trial_gradient = np.empty_like(x), np.empty_like(x)

    def begin(self, x: np.ndarray, state: State | None) -> State:
        """The state to start from."""
        if state is None:
            gradient = np.empty_like(x)
            return State(x, self.penalised(x, gradient), gradient)
        if self.l1:
            self.each(vector.pseudo_gradient, state.x, state.gradient, self.l1, self.slope)
        return state

    def penalised(self, point: np.ndarray, gradient: np.ndarray) -> float:
        """The value at a point; the gradient without the penalty is written."""
        value = self.objective(point, gradient)
        if not self.l1:
            return value
        norm = self.each(vector.pseudo_gradient, point, gradient, self.l1, self.slope)
        return value + self.l1 * norm

    def along(
        self, direction: np.ndarray, x: np.ndarray, value: float, decrease: float, size: float
    ) -> float | None:
        """The value at the first trial that decreases it enough (Armijo); None if none does.

        decrease: the product of direction and (pseudo-)gradient; size: of the first trial.
        """
        slope = self.slope.copy() if self.l1 else self.slope
        for _ in range(_MOST_TRIALS):
            if self.l1:
                self.each(vector.step_in_orthant, x, direction, size, slope, self.trial)
            else:
                self.each(vector.step, x, direction, size, self.trial)
            new = self.penalised(self.trial, self.trial_gradient)
            if new <= value + _ARMIJO * size * decrease:
                return new
            # The minimum of the parabola through the known points, kept within bounds.
            cut = decrease * -size / (2 * (new - value - decrease * size))
            size *= min(max(cut, _LEAST_CUT), _MOST_CUT) if np.isfinite(cut) else _MOST_CUT
        return None


def _reason_to_stop(changes: deque, tol: float, number: int, max_iter: int) -> str:
    """Why there is no further step; "" if there is one."""
    if len(changes) == _PATIENCE and sum(changes) < _PATIENCE * tol:
        return f"converged (relative change below {tol:g})"
    return f"reached {max_iter} iterations" if number >= max_iter else ""


def _apply_inverse_hessian(each: Vectors, q: np.ndarray, pairs: deque, scale: np.ndarray) -> None:
    """q := H q by the two-loop recursion (Nocedal 1980), each pass fused with the next dot."""
    if not pairs:
        each(vector.multiply_dot, scale, q, q)
        return
    factors = []
    product = each(vector.dot, pairs[-1][0], q)
    for i in range(len(pairs) - 1, -1, -1):
        _, y, curvature = pairs[i]
        factors.append(product / curvature)
        after = pairs[i - 1][0] if i else q
        product = each(vector.add_dot, -factors[-1], y, q, after)
    product = each(vector.multiply_dot, scale, q, pairs[0][1])
    for i, (s, _, curvature) in enumerate(pairs):
        factor = factors.pop() - product / curvature
        after = pairs[i + 1][1] if i + 1 < len(pairs) else q
        product = each(vector.add_dot, factor, s, q, after)
