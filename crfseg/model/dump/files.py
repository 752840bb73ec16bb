"""Writes models to text files and reads them back."""

from __future__ import annotations

from collections.abc import Iterator

from crfseg.common.errors import ModelError
from crfseg.common.files import Path, atomic_write
from crfseg.model.dump import segmentation, tagger
from crfseg.model.dump.sections import encoded, read_sections
from crfseg.model.saved_model import SavedModel
from crfseg.model.segmentation_model import Model
from crfseg.model.tagger_model import TaggerModel


def dump(model: SavedModel, path: Path) -> None:
    """Writes a model as text, atomically; raises CrfsegError if it cannot be written."""
    with atomic_write(path) as file:
        for block in text_of(model):
            file.write(block)


def text_of(model: SavedModel) -> Iterator[bytes]:
    """A model as text in UTF-8, in blocks of lines; raises ModelError for an attribute model."""
    if isinstance(model, TaggerModel):
        return encoded(tagger.tagger_blocks(model))
    if isinstance(model, Model):
        return encoded(segmentation.segmentation_blocks(model))
    raise ModelError("a model of crfseg.sklearn.CRF has no form as text; see its feature weights")


def load_dump(path: Path) -> Model | TaggerModel:
    """Reads a model from a text file.

    Raises DataError naming the invalid line, ModelError for errors that no single line has.
    """
    form, sections = read_sections(path, [segmentation.FORM, tagger.FORM])
    if form is tagger.FORM:
        return tagger.read_tagger(path, sections)
    return segmentation.read_segmentation(path, sections)
