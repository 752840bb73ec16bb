"""Errors a user can cause, each one line long and fit to be shown as it is."""

from __future__ import annotations

import os


class CrfsegError(Exception):
    """Base of every foreseeable failure; ``str(error)`` is the line to show."""


class DataError(CrfsegError):
    """A file that does not hold what it should: ``file:line: problem; expected ...``."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        line: int | None,
        problem: str,
        expected: str | None = None,
    ) -> None:
        place = os.fspath(path) if line is None else f"{os.fspath(path)}:{line}"
        text = f"{place}: {problem}"
        super().__init__(f"{text}; expected {expected}" if expected else text)
        self.path = os.fspath(path)
        self.line = line


class ModelError(CrfsegError):
    """A model file that cannot be used: damaged, foreign or of a newer format."""


class TemplateError(CrfsegError):
    """A feature template that cannot be read or is not supported."""


class SettingsError(CrfsegError, ValueError):
    """An option outside its range; names the option and what it must be."""


class LineError(CrfsegError):
    """A line that cannot be used, before it is known where it stands; row: from 0 on."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = row
