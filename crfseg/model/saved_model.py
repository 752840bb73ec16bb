"""`SavedModel`: what the three kinds of model files have in common."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from crfseg.common.errors import ModelError
from crfseg.model.container import ATTRIBUTES, TAGGER, expect, read, sound, write

M = TypeVar("M", bound="SavedModel")
#: The kinds of models for segmentation, as the metadata name them.
SEGMENTATION = ("crf", "maxent", "hmm")
_PURPOSE = {
    **dict.fromkeys(SEGMENTATION, "a model for segmentation (see crfseg segment)"),
    TAGGER: "a model for tagging (see crfseg tag)",
    ATTRIBUTES: "a model of crfseg.sklearn.CRF",
}


class TextForm(Protocol):
    """Writes models of any kind as text, and reads them."""

    def dump(self, model: SavedModel, path: str | os.PathLike[str], /) -> None: ...
    def load_dump(self, path: str | os.PathLike[str], /) -> SavedModel: ...


class SavedModel:
    """A model as it is saved: metadata (a JSON description) and arrays.

    A subclass sets ``kinds`` and ``expected`` (what an error says it wants), and defines
    `arrays` and `make`.
    """

    kinds: ClassVar[tuple[str, ...]]
    expected: ClassVar[str]
    #: Set by `text_form`: this module knows no kind of model.
    text_form: ClassVar[TextForm]
    metadata: dict[str, Any]

    @property
    def scale(self) -> float:
        """The unit of the weights, which are integer multiples of it."""
        return float(self.metadata["scale"])

    @property
    def weight_count(self) -> int:
        """How many weights the model has."""
        raise NotImplementedError

    def description(self) -> dict[str, Any]:
        """The metadata as it is written."""
        return self.metadata

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name, as they are written and as `make` takes them."""
        raise NotImplementedError

    @classmethod
    def make(cls: type[M], metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> M:
        """Makes a model from metadata and arrays; checks everything that kernels rely on."""
        raise NotImplementedError

    @classmethod
    def check_kind(cls, metadata: dict[str, Any]) -> None:
        """Raises ModelError for the metadata of another kind of model."""
        kind = metadata.get("kind")
        if kind not in cls.kinds and kind in _PURPOSE:
            raise ModelError(f"{_PURPOSE[kind]}; expected {cls.expected}")
        expect(kind in cls.kinds, f"kind must be one of {', '.join(cls.kinds)}")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model atomically; raises CrfsegError if it cannot be written."""
        write(path, self.description(), self.arrays())

    @classmethod
    def load(cls: type[M], path: str | os.PathLike[str]) -> M:
        """Reads and checks a model; raises ModelError for an invalid model file."""
        metadata, arrays = read(path)
        with sound(os.fspath(path)):
            return cls.make(metadata, arrays)

    def dump(self, path: str | os.PathLike[str]) -> None:
        """Write the model as text; raises CrfsegError where it cannot."""
        self.text_form.dump(self, path)

    @classmethod
    def load_dump(cls: type[M], path: str | os.PathLike[str]) -> M:
        """Read a model that was written as text.

        Raises DataError naming the line that is wrong, ModelError for another kind of model.
        """
        model = cls.text_form.load_dump(path)
        if not isinstance(model, cls):
            raise ModelError(f"{os.fspath(path)}: another kind of model; expected {cls.expected}")
        return model


def check_scale(metadata: dict[str, Any]) -> None:
    """Raises ModelError for metadata without a valid scale."""
    scale = metadata.get("scale")
    expect(isinstance(scale, float) and 0 < scale < 1e6, "scale must be a positive number")
