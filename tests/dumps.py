"""Checks that tests of text dumps share."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crfseg import Model
from crfseg.common.errors import DataError, ModelError
from crfseg.model.dump.files import load_dump
from crfseg.model.tagger_model import TaggerModel


def saved(model: Model | TaggerModel, folder: Path) -> bytes:
    model.save(folder / "saved.crfseg")
    return (folder / "saved.crfseg").read_bytes()


def refused(text: str, problem: str, expected: str, path: Path) -> None:
    """No model is made of a text, and the error of one line says why."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises((DataError, ModelError)) as caught:
        load_dump(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert re.search(problem, message), message
    assert expected in message.partition("expected" if "expected" in message else ":")[2]
