"""Gives `SavedModel` its text form; imported with the room.

The modules of `model.dump` are imported when they are needed: segmenting does without them.
"""

from __future__ import annotations

import os

from crfseg.model.saved_model import SavedModel


class _TextForm:
    def dump(self, model: SavedModel, path: str | os.PathLike[str], /) -> None:
        from crfseg.model.dump import files

        files.dump(model, path)

    def load_dump(self, path: str | os.PathLike[str], /) -> SavedModel:
        from crfseg.model.dump import files

        return files.load_dump(path)


SavedModel.text_form = _TextForm()
