"""Paths of the files bundled with crfseg, in the package ``crfseg.data``."""

from __future__ import annotations

import os
from functools import cache


def default_model_path() -> str:
    """The path of the default segmentation model."""
    return path_of("default.crfseg")


def default_pos_path() -> str:
    """The path of the default part-of-speech model."""
    return path_of("pos.crfseg")


@cache
def path_of(name: str) -> str:
    """The path of a data file; if crfseg is in a zip file, of a copy deleted at process exit."""
    package = os.path.dirname(os.path.dirname(__file__))
    for parent in (package, os.path.dirname(package)):  # installed, and in a checkout
        path = os.path.join(parent, "data", name)
        if os.path.exists(path):
            return path
    import atexit
    from contextlib import ExitStack
    from importlib.resources import as_file, files

    stack = ExitStack()
    atexit.register(stack.close)
    return os.fspath(stack.enter_context(as_file(files("crfseg.data") / name)))
