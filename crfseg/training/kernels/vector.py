"""Arithmetic on long float32 vectors; sums accumulate in float64, per fixed block."""

from __future__ import annotations

import numpy as np

from crfseg.jit.decorators import kernel


@kernel
def dot(x, y):
    """The sum of x * y in float64."""
    total = 0.0
    for i in range(len(x)):
        total += np.float64(x[i]) * np.float64(y[i])
    return total


@kernel
def add_dot(scale, x, y, z):
    """y += scale * x; returns the sum of y * z, in the same pass."""
    total = 0.0
    factor = np.float32(scale)
    for i in range(len(x)):
        y[i] += factor * x[i]
        total += np.float64(y[i]) * np.float64(z[i])
    return total


@kernel
def multiply_dot(x, y, z):
    """y *= x; returns the sum of y * z, in the same pass."""
    total = 0.0
    for i in range(len(x)):
        y[i] *= x[i]
        total += np.float64(y[i]) * np.float64(z[i])
    return total


@kernel
def step(x, direction, scale, out):
    """out = x + scale * direction."""
    factor = np.float32(scale)
    for i in range(len(x)):
        out[i] = x[i] + factor * direction[i]


@kernel
def step_in_orthant(x, direction, scale, slope, out):
    """out = x + scale * direction, set to 0 where it leaves the orthant of x.

    Where x = 0, the orthant is that of -slope, slope being the pseudo-gradient: Andrew & Gao
    (2007), "Scalable training of L1-regularized log-linear models", section 3.2.
    """
    factor = np.float32(scale)
    for i in range(len(x)):
        moved = x[i] + factor * direction[i]
        side = x[i] if x[i] != 0 else -slope[i]
        out[i] = moved if moved * side > 0 else np.float32(0.0)


@kernel
def change(new, old, out):
    """out = new - old; returns the sum of squares."""
    total = 0.0
    for i in range(len(new)):
        out[i] = new[i] - old[i]
        total += np.float64(out[i]) * np.float64(out[i])
    return total


@kernel
def add_penalty(weights, strength, gradient):
    """gradient += strength * weights; returns the sum of squares of the weights."""
    total = 0.0
    factor = np.float32(strength)
    for i in range(len(weights)):
        gradient[i] += factor * weights[i]
        total += np.float64(weights[i]) * np.float64(weights[i])
    return total


@kernel
def pseudo_gradient(weights, gradient, strength, out):
    """out = the pseudo-gradient of value + strength * |weights|_1 (Andrew & Gao, eq. 4).

    Returns the sum of |weights|.
    """
    total = 0.0
    c = np.float32(strength)
    for i in range(len(weights)):
        w, g = weights[i], gradient[i]
        total += abs(w)
        if w > 0:
            out[i] = g + c
        elif w < 0:
            out[i] = g - c
        elif g + c < 0:
            out[i] = g + c
        elif g - c > 0:
            out[i] = g - c
        else:
            out[i] = 0
    return total
