"""Errors name the parameters of Python: what they say, and that they cross processes."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import crfseg
from crfseg.common.errors import CrfsegError, DataError, LineError, SettingsError

ROOT = Path(__file__).parents[2] / "crfseg"
OPTION = re.compile(r"--[a-z]", re.IGNORECASE)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SettingsError("nothing was tried"), "nothing was tried"),
        (SettingsError("at most 9 files", parameter="lexicons"), "lexicons: at most 9 files"),
        (SettingsError("must be 1", parameter="threads", value=0), "threads=0: must be 1"),
        (SettingsError("is no text", parameter="sep", value="\ud800"), r"sep='\ud800': is no text"),
        (DataError("a.txt", 3, "is bad", "good", ("format",)), "a.txt:3: is bad; expected good"),
        (LineError(2, "is bad"), "is bad"),
    ],
    ids=str,
)
def test_text_and_pickling(error: CrfsegError, text: str) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error) == text
    assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda tiny: crfseg.train(tiny, tags=5), "tags=5: must be one of 4, 6"),
        (lambda tiny: crfseg.train(tiny, l2=-1), "l2=-1.0: must be at least 1e-9"),
        (lambda tiny: crfseg.train(tiny, threads=0), "threads=0: must be at least 1"),
        (lambda tiny: crfseg.train(tiny, kind="svm"), "kind=svm: must be one of crf, maxent, hmm"),
        (lambda tiny: crfseg.train(tiny, init=tiny, output=tiny), "output="),
        (lambda tiny: crfseg.train(tiny, weights={"x": 2}), "weights=x: expected one of"),
        (lambda tiny: crfseg.train({"": tiny}), "corpora: each corpus needs the name"),
        (lambda _: crfseg.Segmenter(standard="x"), "standard=x: "),
        (lambda _: crfseg.Segmenter().segment_bytes(b"", "xml"), "output=xml: must be one of"),
        (lambda tiny: crfseg.crossval(tiny, 1), "k=1: must be at least 2"),
        (lambda tiny: crfseg.crossval(tiny, 2, max_iter=0), "max_iter=0: must be at least 1"),
        (lambda tiny: crfseg.tune(tiny), "dev: must be given"),
        (lambda tiny: crfseg.tune(tiny, candidates=0), "candidates=0: must be at least 1"),
        (lambda tiny: crfseg.evaluate(tiny, format="xml"), "format=xml: must be one of"),
    ],
)
def test_parameters_are_those_of_the_call(
    tiny: Path, call: Callable[[Path], Any], text: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        call(tiny)
    assert str(caught.value).startswith(text)
    assert not OPTION.search(str(caught.value))


def strings_of(path: Path) -> Iterator[str]:
    """The strings of a module that are no docstrings: whatever a message could be made of."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_no_message_names_an_option() -> None:
    paths = [path for path in ROOT.rglob("*.py") if path.name != "explanation_html.py"]  # has CSS
    assert paths
    found = [(path.name, s) for path in paths for s in strings_of(path) if OPTION.search(s)]
    assert found == []
