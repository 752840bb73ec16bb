"""A CRF over items with attributes, trained or as it is saved; the file is that of `container`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.common.errors import ModelError
from crfseg.features.strings import pack, unpack
from crfseg.model.container import ATTRIBUTES, array_of, expect, read, sound, write


@dataclass(frozen=True, eq=False)
class AttributeModel:
    """labels, attributes: their names; metadata: JSON description.

    codes int64, ascending: attribute * T + label of each weight after the first T * T, which are
    of transitions; weights float32.
    """

    metadata: dict[str, Any]
    labels: list[str]
    attributes: list[str]
    codes: np.ndarray
    weights: np.ndarray

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, whole or not at all; raises CrfsegError where it cannot."""
        T = len(self.labels)
        counts = np.bincount(self.codes // T, minlength=len(self.attributes))
        description = {**self.metadata, "kind": ATTRIBUTES, "labels": self.labels}
        arrays = {
            "attributes": pack(self.attributes),
            "counts": counts.astype(np.uint32),
            "states": (self.codes % T).astype(np.uint32),
            "weights": self.weights.view(np.int32),  # their bits: nothing is rounded
        }
        write(path, description, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> AttributeModel:
        """Read and check a model; raises ModelError for anything but a sound model file."""
        metadata, arrays = read(path)
        with sound(os.fspath(path)):
            return cls._make(metadata, arrays)

    @classmethod
    def _make(cls, metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> AttributeModel:
        if metadata.get("kind") != ATTRIBUTES:
            raise ModelError("not a model of crfseg.sklearn.CRF; expected one that it saved")
        labels: Any = metadata.get("labels")
        good = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
        expect(good and 0 < len(set(labels)) == len(labels), "labels must be distinct names")
        T = len(labels)
        attributes = unpack(array_of(arrays, "attributes", np.uint8, 1))
        expect(len(set(attributes)) == len(attributes), "attributes must be distinct")
        counts = array_of(arrays, "counts", np.uint32, 1).astype(np.int64)
        states = array_of(arrays, "states", np.uint32, 1).astype(np.int64)
        weights = array_of(arrays, "weights", np.int32, 1).view(np.float32)
        expect(len(counts) == len(attributes), "as many counts as attributes")
        expect(int(counts.max(initial=0)) <= T, "no more weights of an attribute than labels")
        total = int(counts.sum())
        expect(total == len(states) == len(weights) - T * T, "as many weights as counted")
        expect(int(states.max(initial=0)) < T, "states out of range")
        expect(bool(np.isfinite(weights).all()), "weights must be finite")
        codes = np.repeat(np.arange(len(counts)), counts) * T + states
        expect(bool((codes[1:] > codes[:-1]).all()), "states must ascend")
        return cls(metadata, labels, attributes, codes, weights)
