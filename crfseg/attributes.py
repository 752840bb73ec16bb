"""Items as python-crfsuite takes them: attributes by name with a value each, in sparse rows.

An item is a dict of names and values, or the names alone. A number or bool is the value of the
attribute of that name; text "b" under "a" is the attribute "a:b" with value 1; a dict, list or
set under "a" is an item of its own, before whose names "a:" is put.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from crfseg.errors import SettingsError

#: An item, and the items of one sequence.
Item = Any
Items = Sequence[Item]
_LARGEST = float(np.finfo(np.float32).max)
_NUMBERS = frozenset((bool, int, float))


def attributes_of(item: Item) -> Iterator[tuple[str, float]]:
    """The names and values of an item; raises SettingsError for what is none."""
    if not isinstance(item, Iterable):
        raise SettingsError(f"an item is {_named(item)}; expected a dict or a list of strings")
    if not isinstance(item, dict):
        for name in item:
            yield _text(name), 1.0
        return
    for name, value in item.items():
        name = _text(name)
        if isinstance(value, str):
            yield f"{name}:{value}", 1.0
        elif isinstance(value, dict | list | set):
            for inner, number in attributes_of(value):
                yield f"{name}:{inner}", number
        elif isinstance(value, bytes):
            yield f"{name}:{_text(value)}", 1.0
        else:
            yield name, _number(name, value)


class Rows(NamedTuple):
    """Items one after another: item i has the attributes from ends[i] to ends[i + 1].

    ends int64 [n + 1]; columns int32: of the attributes; values float32.
    """

    ends: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def sparse_rows(sequences: Iterable[Items], numbers: dict[str, int], *, grow: bool) -> Rows:
    """The values of all items.

    numbers: the column of each name; new names get the next ones if it may grow, otherwise they
    are left out. A name that an item has twice counts twice. Raises SettingsError.
    """
    columns, values, ends = array("i"), array("f"), array("q", [0])
    known, unknown = numbers.get, None if grow else -1

    def add(item: Item) -> None:
        """Add the attributes of an item, whatever it is."""
        for name, value in attributes_of(item):
            column = numbers.setdefault(name, len(numbers)) if grow else known(name)
            if column is not None:
                columns.append(column)
                values.append(value)

    def add_dict(item: dict[str, Any]) -> None:
        """The same for a dict, most of which is known: a third of the time."""
        for name, value in item.items():
            kind, column = type(value), None
            if type(name) is str:
                if kind is str:
                    column, value = known(f"{name}:{value}", unknown), 1.0
                elif kind in _NUMBERS and -_LARGEST <= value <= _LARGEST:
                    column = known(name, unknown)
            if column is None:
                add({name: item[name]})
            elif column >= 0:
                columns.append(column)
                values.append(value)

    for k, items in enumerate(sequences):
        if not isinstance(items, Sequence) and hasattr(items, "items"):
            items = items.items()  # pycrfsuite.ItemSequence
        try:
            for item in items:
                if type(item) is dict:
                    add_dict(item)
                else:
                    add(item)
                ends.append(len(columns))
        except SettingsError as error:
            raise SettingsError(f"sequence {k}: {error}") from None
    return Rows(
        np.array(ends, dtype=np.int64),
        np.array(columns, dtype=np.int32),
        np.array(values, dtype=np.float32),
    )


def _text(name: Any) -> str:
    if isinstance(name, bytes):
        try:
            name = name.decode()
        except UnicodeDecodeError:
            raise SettingsError(f"attribute {name!r}: must be UTF-8") from None
    if not isinstance(name, str) or "\0" in name:
        raise SettingsError(f"attribute {name!r}: must be a string without NUL")
    return name


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        expected = "a number, bool, string, or a dict, list or set of them"
        raise SettingsError(f"attribute {name!r} is {_named(value)}; expected {expected}") from None
    if not math.isfinite(number) or abs(number) > _LARGEST:
        raise SettingsError(f"attribute {name!r} is {number}; expected a finite number")
    return number


def _named(value: Any) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
