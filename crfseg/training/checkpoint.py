"""Training checkpoints, saved beside the model, to resume a training that was killed.

A checkpoint holds everything the next step depends on, so a resumed training produces the same
model bytes as an uninterrupted one. It is valid for one training only, which is identified by the
initial objective and gradient, because these depend on every sentence and setting.
"""

from __future__ import annotations

import math
import os
import time
import zlib
from dataclasses import astuple
from typing import Any

import numpy as np

from crfseg.common.errors import CrfsegError, ModelError, SettingsError
from crfseg.common.files import Path, atomic_write, remove
from crfseg.common.progress import Iteration
from crfseg.model.container import array_of, encode, expect, read, sound
from crfseg.training.lbfgs import HISTORY, State

KIND = "checkpoint"
#: Maximum share of time spent writing; assumed bytes per second before the first measurement.
_SHARE = 0.02
_SPEED = 5e8


def identity_of(value: float, gradient: np.ndarray, **settings: float) -> dict[str, Any]:
    """Identifies a training: the initial penalised objective, its gradient, and settings."""
    return {"value": value, "gradient": zlib.crc32(gradient.data), **settings}


class Checkpoint:
    """The checkpoint file for a model path."""

    def __init__(self, model: Path) -> None:
        self.path = os.fspath(model) + ".checkpoint"
        self.identity: dict[str, Any] = {}
        self._cost: float | None = None
        self._written = time.perf_counter()

    def begin(self, identity: dict[str, Any], size: int) -> tuple[State, list[Iteration]] | None:
        """The saved state of the training and its history; None if there is no checkpoint.

        size: the number of weights. Raises CrfsegError for a checkpoint of another training, or
        an invalid file.
        """
        self.identity = identity
        if not os.path.lexists(self.path):
            return None
        try:
            metadata, arrays = read(self.path)
            with sound(self.path):
                expect(metadata["kind"] == KIND, "it is no checkpoint")
                same = metadata["identity"] == identity
                saved = _state(metadata, arrays, size) if same else None
        except ModelError as error:
            raise CrfsegError(
                f"{self.path}: not a checkpoint, or a damaged one; delete it to begin anew"
            ) from error
        if saved is None:
            raise CrfsegError(
                f"{self.path}: of a training with another text or other settings; expected the "
                "same, or delete it"
            )
        return saved

    def keep(self, state: State, history: list[Iteration]) -> str:
        """Write a checkpoint, unless the last one is so recent that writing would exceed _SHARE.

        A failure to write does not end the training: its reason is returned (else ""), and no
        more checkpoints are written.
        """
        now = time.perf_counter()
        cost = state.x.nbytes * (2 + 2 * HISTORY) / _SPEED if self._cost is None else self._cost
        if now - self._written < cost / _SHARE:
            return ""
        metadata = {
            "kind": KIND,
            "identity": self.identity,
            "number": state.number,
            "value": state.value,
            "changes": list(state.changes),
            "curvatures": [curvature for _, _, curvature in state.pairs],
            "history": [astuple(step) for step in history],
        }
        arrays = {"x": state.x, "gradient": state.gradient}
        for k, (s, y, _) in enumerate(state.pairs):
            arrays |= {f"s.{k}": s, f"y.{k}": y}
        try:
            with atomic_write(self.path) as file:
                file.write(encode(metadata, arrays))
        except (CrfsegError, MemoryError) as error:
            self._cost = math.inf
            return f"no more checkpoints: {error or 'out of memory'}"
        self._written = time.perf_counter()
        self._cost = self._written - now
        return ""

    def remove(self) -> None:
        """Remove the file after training, and temporary files of writers that were killed."""
        remove(self.path)


def checkpoint_for(output: Path | None, resume: bool) -> Checkpoint | None:
    """The checkpoint beside the output if ``resume`` is set, else None."""
    if not resume:
        return None
    if output is None:
        problem = "the checkpoint stands beside the output; expected one"
        raise SettingsError(problem, parameter="resume")
    return Checkpoint(output)


def _state(
    metadata: dict[str, Any], arrays: dict[str, np.ndarray], size: int
) -> tuple[State, list[Iteration]]:
    """The validated contents of a checkpoint."""
    history = [Iteration(*step) for step in metadata["history"]]
    curvatures = [float(c) for c in metadata["curvatures"]]
    number = metadata["number"]
    expect(type(number) is int and number == len(history) > 0, "a number for each step")
    numbers = [metadata["value"], *metadata["curvatures"], *metadata["changes"]]
    for step in history:
        numbers += astuple(step)[: 4 if step.dev_f1 is None else 5]
    expect(all(type(n) in (int, float) and math.isfinite(n) for n in numbers), "finite numbers")
    expect(all(c > 0 for c in curvatures), "curvatures above 0")
    expect(len(curvatures) <= HISTORY, "too many pairs")
    names = ["x", "gradient", *(f"{a}.{k}" for k in range(len(curvatures)) for a in "sy")]
    vectors = {name: array_of(arrays, name, np.float32, 1) for name in names}
    expect(all(len(vector) == size for vector in vectors.values()), "vectors of all weights")
    expect(all(np.isfinite(vector).all() for vector in vectors.values()), "finite weights")
    pairs = [(vectors[f"s.{k}"], vectors[f"y.{k}"], c) for k, c in enumerate(curvatures)]
    changes = [float(change) for change in metadata["changes"]]
    x, gradient = vectors["x"], vectors["gradient"]
    return State(x, float(metadata["value"]), gradient, number, pairs, changes), history
