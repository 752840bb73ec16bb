"""L-BFGS and OWL-QN: known minima, and the optimum scipy finds."""

from __future__ import annotations

import numpy as np
import objectives
import pytest
from scipy.optimize import minimize

from crfseg.common.sharding import BLOCK
from crfseg.common.threads import workers
from crfseg.corpus.schemes import FOUR
from crfseg.training.lbfgs import Minimum, State, Vectors, minimise


def quadratic(curvature: np.ndarray, centre: np.ndarray):
    """0.5 * sum(curvature * (x - centre)^2) + 1."""

    def objective(x: np.ndarray, gradient: np.ndarray) -> float:
        gradient[:] = curvature * (x - centre)
        return 1 + float(0.5 * (curvature * np.square(x - centre, dtype=float)).sum())

    return objective


def search(objective, x: np.ndarray, scale: np.ndarray | None = None, **options) -> Minimum:
    steps = []

    def on_step(state: State) -> None:
        steps.append((state.number, state.value))

    scale = np.ones_like(x) if scale is None else scale
    options = {"max_iter": 200, "tol": 1e-9, "run": lambda f, xs: [f(x) for x in xs], **options}
    found = minimise(objective, x, scale, on_step=on_step, **options)
    assert [number for number, _ in steps] == list(range(1, found.iterations + 1))
    values = [value for _, value in steps]
    assert values == sorted(values, reverse=True)
    return found


@pytest.mark.parametrize("history", [1, 2, 5, 50])
def test_a_quadratic_with_any_history(history: int) -> None:
    random = np.random.default_rng(0)
    curvature = (10 ** random.uniform(0, 1.5, 40)).astype(np.float32)
    centre = random.normal(size=40).astype(np.float32)
    found = search(quadratic(curvature, centre), np.zeros(40, np.float32), history=history)
    np.testing.assert_allclose(found.x, centre, atol=2e-2)
    assert found.value == pytest.approx(1, abs=1e-3)


def test_the_scale_makes_a_badly_scaled_problem_easy() -> None:
    curvature = np.logspace(0, 5, 60, dtype=np.float32)
    objective = quadratic(curvature, np.ones(60, np.float32))
    found = search(objective, np.zeros(60, np.float32), 1 / curvature, max_iter=8)
    assert found.value - 1 < 1e-6 * curvature.sum()


def test_lasso_in_closed_form() -> None:
    """Separable, so the solution is the centre shrunk by l1 / curvature."""
    random = np.random.default_rng(3)
    curvature = random.uniform(0.5, 5, 100).astype(np.float32)
    centre = random.normal(size=100).astype(np.float32)
    found = search(quadratic(curvature, centre), np.zeros(100, np.float32), l1=1.0)
    expected = np.sign(centre) * np.maximum(np.abs(centre) - 1 / curvature, 0)
    np.testing.assert_allclose(found.x, expected, atol=2e-3)
    assert ((found.x == 0) == (expected == 0)).all()


def test_l1_so_strong_that_nothing_is_left() -> None:
    ones = np.ones(9, np.float32)
    found = search(quadratic(ones, ones), ones.copy(), l1=2.0)
    assert not found.x.any()
    assert found.value == pytest.approx(5.5)


def test_it_stays_at_the_minimum() -> None:
    ones = np.ones(5, np.float32)
    found = search(quadratic(ones, ones), ones.copy())
    assert found.value == 1
    assert (found.x == 1).all()


def test_reasons_to_stop() -> None:
    curvature, start = np.logspace(0, 3, 30, dtype=np.float32), np.ones(30, np.float32)
    objective = quadratic(curvature, 0 * start)
    assert search(objective, start.copy(), max_iter=2).reason == "reached 2 iterations"
    assert search(objective, start.copy(), tol=1e-3).reason.startswith("converged")

    def uphill(x: np.ndarray, gradient: np.ndarray) -> float:
        gradient[:] = -1  # points the wrong way
        return float(x.sum())

    found = search(uphill, start.copy())
    assert (found.reason, found.iterations) == ("no further decrease", 0)
    assert (found.x == start).all()


def test_values_that_are_no_numbers_are_stepped_back_from() -> None:
    def objective(x: np.ndarray, gradient: np.ndarray) -> float:
        if (x > 2).any():
            gradient[:] = np.nan
            return float("nan")
        gradient[:] = 100 * (x - 1.9)
        return float(50 * np.square(x - 1.9, dtype=float).sum())

    found = search(objective, np.zeros(3, np.float32))
    np.testing.assert_allclose(found.x, 1.9, atol=1e-3)


def test_vectors_are_summed_block_by_block() -> None:
    x = np.ones(2 * BLOCK + 5, np.float32)
    with workers(2) as run:
        each = Vectors(len(x), run)
        assert [block.stop - block.start for block in each.blocks] == [BLOCK, BLOCK, 5]
        assert each(lambda part, factor: factor * part.sum(), x, 2.0) == 2 * len(x)


@pytest.mark.parametrize("sequential", [True, False], ids=["crf", "softmax"])
def test_the_optimum_is_that_of_scipy(sequential: bool) -> None:
    """The same penalised objective, minimised here and by L-BFGS-B."""
    with workers(1) as run:
        objective, start, _ = objectives.build(FOUR, sequential, run)

        def penalised(x: np.ndarray, gradient: np.ndarray) -> float:
            value = objective(x, gradient)
            gradient += x
            return value + 0.5 * float(np.square(x, dtype=float).sum())

        def in_double(x: np.ndarray) -> tuple[float, np.ndarray]:
            gradient = np.empty(len(x), np.float32)
            return penalised(x.astype(np.float32), gradient), gradient.astype(float)

        ours = search(penalised, np.zeros_like(start), tol=1e-7)
        theirs = minimize(
            in_double, np.zeros(len(start)), jac=True, method="L-BFGS-B",
            options={"maxiter": 1000, "ftol": 1e-10, "gtol": 1e-4},
        )  # fmt: skip
    assert ours.value == pytest.approx(theirs.fun, rel=1e-4)
    # Not at the start, nor where all weights are zero.
    assert ours.value < 0.7 * penalised(np.zeros_like(start), np.empty_like(start))
