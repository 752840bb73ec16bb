"""Loads a model for segmentation or for tagging."""

from __future__ import annotations

import os

from crfseg.model.container import TAGGER, read, sound
from crfseg.model.segmentation_model import Model
from crfseg.model.tagger_model import TaggerModel


def load_any(path: str | os.PathLike[str]) -> Model | TaggerModel:
    """Reads and checks a model for segmentation or for tagging; raises ModelError."""
    metadata, arrays = read(path)
    with sound(os.fspath(path)):
        if metadata.get("kind") == TAGGER:
            return TaggerModel.make(metadata, arrays)
        return Model.make(metadata, arrays)
