"""Items as python-crfsuite takes them: attributes by name with a value each, in sparse rows.

An item is a dict of names and values, or the names alone. A number or bool is the value of the
attribute of that name; text "b" under "a" is the attribute "a:b" with value 1; a dict, list or
set under "a" is an item of its own, before whose names "a:" is put.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.features.attribute_ids import Names

#: An item, and the items of one sequence.
Item = Any
Items = Sequence[Item]
_LARGEST = float(np.finfo(np.float32).max)
#: What text and numbers in items mostly are.
_NUMBERS = frozenset((bool, int, float, np.bool_, np.int64, np.float32, np.float64))
_PLAIN = _NUMBERS | {str}
#: Items that are looked at together: what is made of them on the way does not add up.
_BATCH = 1 << 13
#: The last two of `Items`.
Slots = tuple[np.ndarray, np.ndarray]


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


def sparse_rows(sequences: Iterable[Items], names: Names, number: int = 0) -> Rows:
    """The values of all items.

    names: what has the columns of attributes; those without one are left out; number: which the
    first sequence is, for errors. A name that an item has twice counts twice. Raises SettingsError.
    """
    parts = [Rows(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))]
    for first, few in _batches(sequences):
        items = list(chain.from_iterable(few))
        try:
            flat = _of_dicts(items) or _of_any(items)
            columns = names.find(flat.beginnings, flat.which, flat.rests)
        except SettingsError:
            _refuse(few, number + first, names)
            raise
        kept = columns >= 0
        ends = np.cumsum(flat.sizes, dtype=np.int64)
        ends = np.concatenate(([0], np.cumsum(kept)))[ends] + parts[-1].ends[-1]
        parts.append(Rows(ends, columns[kept], flat.values[kept]))
    return Rows(*map(np.concatenate, zip(*parts, strict=True)))


class _Beginnings(dict[str, int]):
    """Where in ``texts`` those of each name in dicts are: of a number, and after it of text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __missing__(self, name: Any) -> int:
        self.texts += [_text(name), f"{_text(name)}:"]
        self[name] = len(self.texts) - 2
        return self[name]


class _Flat(NamedTuple):
    """The attributes of items one after another, as `names.Names` wants them.

    sizes: how many each item has; beginnings: of their names; which int32: that of each; rests:
    what follows it; values float32.
    """

    sizes: list[int]
    beginnings: list[str]
    which: np.ndarray
    rests: list[str]
    values: np.ndarray


def _of_dicts(items: list[Item]) -> _Flat | None:
    """The attributes of dicts of text and numbers, at once; None if these are not such dicts."""
    if set(map(type, items)) != {dict}:
        return None
    rests: list[Any] = list(chain.from_iterable(map(dict.values, items)))
    kinds = set(map(type, rests))
    if not kinds <= _PLAIN:
        return None
    beginnings = _Beginnings()
    heads = map(beginnings.__getitem__, chain.from_iterable(items))
    which = np.fromiter(heads, np.int32, len(rests))
    values = np.ones(len(rests), dtype=np.float32)
    if kinds == {str}:
        which += 1
    else:
        numeric = np.fromiter(map(_NUMBERS.__contains__, map(type, rests)), np.bool_, len(rests))
        try:
            numbers = np.array(list(compress(rests, numeric.tolist())), dtype=np.float64)
        except OverflowError:  # of an int
            return None
        if not np.all(np.abs(numbers) <= _LARGEST):
            return None
        values[numeric] = numbers
        which += ~numeric
        rests = [rest if type(rest) is str else "" for rest in rests]
    return _Flat(list(map(len, items)), beginnings.texts, which, rests, values)


def _of_any(items: list[Item]) -> _Flat:
    """The attributes of items of any kind, one by one."""
    sizes, rests, values = list[int](), list[str](), list[float]()
    for item in items:
        before = len(rests)
        for name, value in attributes_of(item):
            rests.append(name)
            values.append(value)
        sizes.append(len(rests) - before)
    which = np.zeros(len(rests), dtype=np.int32)
    return _Flat(sizes, [""], which, rests, np.array(values, dtype=np.float32))


def _batches(sequences: Iterable[Items]) -> Iterator[tuple[int, list[Items]]]:
    """The number of a sequence, and that sequence with those after it: some at a time."""
    first, size, batch = 0, 0, list[Items]()
    for items in sequences:
        if not isinstance(items, Sequence) and hasattr(items, "items"):
            items = items.items()  # pycrfsuite.ItemSequence
        batch.append(items)
        size += len(items)
        if size >= _BATCH:
            yield first, batch
            first, size, batch = first + len(batch), 0, []
    if batch:
        yield first, batch


def _refuse(sequences: list[Items], first: int, names: Names) -> None:
    """Raise SettingsError for the first item that is none, with the number of its sequence."""
    for k, items in enumerate(sequences, first):
        try:
            flat = _of_any(list(items))
            names.find(flat.beginnings, flat.which, flat.rests)
        except SettingsError as error:
            raise SettingsError(f"sequence {k}: {error}") from None


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


def slots_of(codes: np.ndarray, attributes: int, tags: int) -> Slots:
    """Where the weights of each attribute stand, and their labels; codes: of `Features`."""
    counts = np.bincount(codes // tags, minlength=attributes)
    labels = np.concatenate([np.zeros(tags * tags), codes % tags]).astype(np.int32)
    return np.cumsum(np.concatenate(([tags * tags], counts))), labels
