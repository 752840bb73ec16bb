"""The saved CRF over items with attributes; its file format is that of `container`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from crfseg.features.strings import pack_strings, unpack_strings
from crfseg.model.container import ATTRIBUTES, array_of, expect
from crfseg.model.saved_model import SavedModel


@dataclass(frozen=True, eq=False)
class AttributeModel(SavedModel):
    """metadata: JSON description; labels, attributes: their names.

    codes int64, ascending: attribute * T + label of each weight after the first T * T, which are
    transition scores; weights float32.
    """

    kinds: ClassVar = (ATTRIBUTES,)
    expected: ClassVar = "one that crfseg.sklearn.CRF saved"
    metadata: dict[str, Any]
    labels: list[str]
    attributes: list[str]
    codes: np.ndarray
    weights: np.ndarray

    @property
    def weight_count(self) -> int:
        """How many weights the model has."""
        return len(self.weights)

    def description(self) -> dict[str, Any]:
        """The metadata as it is written."""
        return {**self.metadata, "kind": ATTRIBUTES, "labels": self.labels}

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name, as they are written and as `make` takes them."""
        T = len(self.labels)
        counts = np.bincount(self.codes // T, minlength=len(self.attributes))
        return {
            "attributes": pack_strings(self.attributes),
            "counts": counts.astype(np.uint32),
            "states": (self.codes % T).astype(np.uint32),
            "weights": self.weights.view(np.int32),  # the bits, so that nothing is rounded
        }

    @classmethod
    def make(cls, metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> AttributeModel:
        """Makes a model from metadata and arrays; checks everything that kernels rely on."""
        cls.check_kind(metadata)
        labels: Any = metadata.get("labels")
        good = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
        expect(good and 0 < len(set(labels)) == len(labels), "labels must be distinct names")
        T = len(labels)
        attributes = unpack_strings(array_of(arrays, "attributes", np.uint8, 1))
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
