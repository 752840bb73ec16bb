"""Vector arithmetic, compared with numpy."""

from __future__ import annotations

import numpy as np
import pytest

from crfseg.training.kernels import vector


@pytest.fixture
def xyz() -> list[np.ndarray]:
    """Three vectors, with zeros and both signs in all combinations."""
    values = np.random.default_rng(1).normal(size=(3, 1000)).astype(np.float32)
    values[np.random.default_rng(2).random((3, 1000)) < 0.3] = 0
    return list(values)


def test_dot_is_summed_in_double_precision(xyz: list[np.ndarray]) -> None:
    x, y, _ = xyz
    assert vector.dot(x, y) == pytest.approx(x.astype(float) @ y.astype(float), rel=1e-12)


def test_add_dot(xyz: list[np.ndarray]) -> None:
    x, y, z = xyz
    expected = y + np.float32(0.3) * x
    total = vector.add_dot(0.3, x, y, z)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-7)
    assert total == pytest.approx(y.astype(float) @ z.astype(float), rel=1e-6)


def test_multiply_dot(xyz: list[np.ndarray]) -> None:
    x, y, z = xyz
    expected = x * y
    total = vector.multiply_dot(x, y, z)
    np.testing.assert_array_equal(y, expected)
    assert total == pytest.approx(y.astype(float) @ z.astype(float), rel=1e-12)


def test_multiply_dot_of_a_vector_with_itself(xyz: list[np.ndarray]) -> None:
    x, y, _ = xyz
    expected = x * y
    total = vector.multiply_dot(x, y, y)
    np.testing.assert_array_equal(y, expected)
    assert total == pytest.approx(y.astype(float) @ y.astype(float), rel=1e-12)


def test_step(xyz: list[np.ndarray]) -> None:
    x, y, out = xyz
    vector.step(x, y, -0.5, out)
    np.testing.assert_allclose(out, x - 0.5 * y, rtol=1e-5, atol=1e-7)


def test_step_in_orthant_never_changes_a_sign(xyz: list[np.ndarray]) -> None:
    x, direction, slope = xyz
    out = np.empty_like(x)
    vector.step_in_orthant(x, direction, -0.5, slope, out)
    side = np.where(x != 0, np.sign(x), -np.sign(slope))
    moved = x - np.float32(0.5) * direction
    expected = np.where(np.sign(moved) == side, moved, 0)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-7)
    assert (out * side >= 0).all()


def test_change(xyz: list[np.ndarray]) -> None:
    new, old, out = xyz
    total = vector.change(new, old, out)
    np.testing.assert_array_equal(out, new - old)
    assert total == pytest.approx(np.square(out, dtype=float).sum(), rel=1e-12)


def test_add_penalty(xyz: list[np.ndarray]) -> None:
    weights, gradient, _ = xyz
    expected = gradient + np.float32(0.25) * weights
    total = vector.add_penalty(weights, 0.25, gradient)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)
    assert total == pytest.approx(np.square(weights, dtype=float).sum(), rel=1e-12)


def test_pseudo_gradient_is_the_smallest_subgradient(xyz: list[np.ndarray]) -> None:
    weights, gradient, out = xyz
    total = vector.pseudo_gradient(weights, gradient, 0.5, out)
    shrunk = np.sign(gradient) * np.maximum(np.abs(gradient) - 0.5, 0)
    expected = np.where(weights != 0, gradient + 0.5 * np.sign(weights), shrunk)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-7)
    assert total == pytest.approx(np.abs(weights.astype(float)).sum(), rel=1e-12)
