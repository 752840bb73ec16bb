"""Errors a user can cause; each message is one line, ready to be shown."""

from __future__ import annotations

import copyreg
import os
from typing import Any


class CrfsegError(Exception):
    """Base class of all expected failures; ``str(error)`` is the line to show."""

    def __reduce__(self) -> tuple[Any, ...]:
        # As for plain objects: constructors take the parts of the message, not the message.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class DataError(CrfsegError):
    """A file with invalid content: ``file:line: problem; expected ...``.

    parameters: those that the message may name, each as ``name=value``.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        line: int | None,
        problem: str,
        expected: str | None = None,
        parameters: tuple[str, ...] = (),
    ) -> None:
        place = os.fspath(path) if line is None else f"{os.fspath(path)}:{line}"
        text = f"{place}: {problem}"
        super().__init__(f"{text}; expected {expected}" if expected else text)
        self.path = os.fspath(path)
        self.line = line
        self.parameters = parameters


class ModelError(CrfsegError):
    """An unusable model file: damaged, not written by crfseg, or of a newer format."""


class TemplateError(CrfsegError):
    """A feature template that cannot be read or is not supported."""


class SettingsError(CrfsegError, ValueError):
    """A parameter outside its range: ``parameter=value: problem``, or the problem alone.

    problem: what the parameter must be; parameter: its Python name, None if the problem is not
    about a parameter; value: the rejected value, None to leave it out.
    """

    def __init__(self, problem: str, parameter: str | None = None, value: object = None) -> None:
        given = "" if value is None else f"={_shown(value)}"
        super().__init__(problem if parameter is None else f"{parameter}{given}: {problem}")
        self.problem = problem
        self.parameter = parameter
        self.value = value


class LineError(CrfsegError):
    """An unusable line whose file is not known yet; row: its index, counted from 0."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row = row


def _shown(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else repr(value)
