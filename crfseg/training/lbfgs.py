"""L-BFGS and OWL-QN on one long float32 vector; it knows nothing of what it minimises.

Liu & Nocedal (1989), "On the limited memory BFGS method"; Andrew & Gao (2007),
"Scalable training of L1-regularized log-linear models". The initial inverse Hessian is
a diagonal given by the caller: feature counts span five orders of magnitude, and the
curvature with them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from crfseg.common.sharding import BLOCK
from crfseg.common.threads import Map
from crfseg.training.kernels import vector

#: The first step follows the scaled gradient alone and is held back to a tenth of it.
FIRST_STEP = 0.1
_ARMIJO = 1e-4
_MOST_TRIALS = 20
_LEAST_CUT, _MOST_CUT = 0.1, 0.6
_PATIENCE = 3
#: How many pairs are remembered.
HISTORY = 5


@dataclass
class State:
    """Where the search is, and all that its next step depends on.

    x, gradient: float32, the point and the gradient there; value: of the function with its
    penalty; number: of steps made; pairs: of the last of them, what the point and what the
    gradient changed by, and their product; changes: of the value in the last few, relative.
    """

    x: np.ndarray
    value: float
    gradient: np.ndarray
    number: int = 0
    pairs: Sequence[tuple[np.ndarray, np.ndarray, float]] = ()
    changes: Sequence[float] = ()


@dataclass
class Minimum:
    """Where the search ended: the point, the value there, and why it stopped."""

    x: np.ndarray
    value: float
    reason: str
    iterations: int


class Vectors:
    """Whole-vector arithmetic, block by block on all threads."""

    def __init__(self, size: int, run: Map) -> None:
        self.blocks = [slice(a, min(a + BLOCK, size)) for a in range(0, size, BLOCK)]
        self.run = run

    def __call__(self, function: Callable, *arguments: np.ndarray | float) -> float:
        """Apply a kernel to each block of the vectors; the sum of what it returns."""

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
    float32, the diagonal of the initial inverse Hessian; on_step is called after each step,
    and must leave what it gets as it is; state: go on from there instead, as if there had been
    no break. Stops after max_iter steps, or when the mean relative change of the last three is
    below tol, or when no step makes the value smaller.
    """
    each = Vectors(len(x), run)
    slope, direction = np.empty_like(x), np.empty_like(x)
    trial, trial_gradient = np.empty_like(x), np.empty_like(x)

    def penalised(point: np.ndarray, out: np.ndarray) -> float:
        value = objective(point, out)
        return value + l1 * each(vector.pseudo_gradient, point, out, l1, slope) if l1 else value

    if state is None:
        gradient = np.empty_like(x)
        state = State(x, penalised(x, gradient), gradient)
    elif l1:
        each(vector.pseudo_gradient, state.x, state.gradient, l1, slope)
    pairs, changes = deque(state.pairs), deque(state.changes, _PATIENCE)
    x, value, gradient, number = state.x, state.value, state.gradient, state.number
    while True:
        if len(changes) == _PATIENCE and sum(changes) < _PATIENCE * tol:
            reason = f"converged (relative change below {tol:g})"
            break
        if number >= max_iter:
            reason = f"reached {max_iter} iterations"
            break
        downhill = slope if l1 else gradient
        direction[:] = downhill
        _apply_inverse_hessian(each, direction, pairs, scale)
        if l1:
            direction[direction * downhill <= 0] = 0
        decrease = each(vector.dot, direction, downhill)
        size = -1.0 if pairs else -FIRST_STEP
        held_slope = slope.copy() if l1 else slope
        for _ in range(_MOST_TRIALS):
            if l1:
                each(vector.step_in_orthant, x, direction, size, held_slope, trial)
            else:
                each(vector.step, x, direction, size, trial)
            new = penalised(trial, trial_gradient)
            if new <= value + _ARMIJO * size * decrease:
                break
            # The minimum of the parabola through what is known, kept within bounds.
            cut = decrease * -size / (2 * (new - value - decrease * size))
            size *= min(max(cut, _LEAST_CUT), _MOST_CUT) if np.isfinite(cut) else _MOST_CUT
        else:
            reason = "no further decrease"
            break
        s, y = pairs.popleft()[:2] if len(pairs) == history else (np.empty_like(x), None)
        y = np.empty_like(x) if y is None else y
        each(vector.change, trial, x, s)
        length = each(vector.change, trial_gradient, gradient, y)
        curvature = each(vector.dot, s, y)
        if curvature > 1e-10 * length:
            pairs.append((s, y, curvature))
        x, trial = trial, x
        gradient, trial_gradient = trial_gradient, gradient
        changes.append((value - new) / max(abs(value), 1e-30))
        value = new
        number += 1
        on_step(State(x, value, gradient, number, list(pairs), list(changes)))
    return Minimum(x, value, reason, number)


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
