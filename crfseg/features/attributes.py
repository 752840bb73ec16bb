"""Converts items in the format of python-crfsuite to sparse rows of attributes.

An item is a dict of names and values, or a list of names. A number or bool is the value of the
attribute of that name; text "b" under "a" is the attribute "a:b" with value 1; a dict, list or
set under "a" is a nested item whose names get the prefix "a:".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.features.attribute_ids import AttributeIds

#: An item, and the items of one sequence.
Item = Any
Items = Sequence[Item]
_LARGEST = float(np.finfo(np.float32).max)
#: The types that the fast path of `_of_dicts` handles.
_NUMBERS = frozenset((bool, int, float, np.bool_, np.int64, np.float32, np.float64))
_PLAIN = _NUMBERS | {str}
#: Items converted at a time, to bound the memory of intermediate objects.
_BATCH = 1 << 13
#: The fields starts and labels of `crf.kernels.sparse_scores.Items`.
WeightSlots = tuple[np.ndarray, np.ndarray]


def attributes_of(item: Item) -> Iterator[tuple[str, float]]:
    """Yields the names and values of an item; raises SettingsError for an invalid item."""
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


class SparseRows(NamedTuple):
    """Items as sparse rows (CSR): item i has the entries ends[i] to ends[i + 1].

    ends int64 [n + 1]; columns int32: attribute ids; values float32.
    """

    ends: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def sparse_rows(sequences: Iterable[Items], names: AttributeIds, number: int = 0) -> SparseRows:
    """Converts all items to sparse rows.

    names: maps attributes to columns; unknown attributes are dropped; number: of the first
    sequence, for errors. A name that an item has twice counts twice. Raises SettingsError.
    """
    parts = [SparseRows(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))]
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
        parts.append(SparseRows(ends, columns[kept], flat.values[kept]))
    return SparseRows(*map(np.concatenate, zip(*parts, strict=True)))


class _Beginnings(dict[str, int]):
    """Maps a dict key to the index in ``texts`` of its prefix for numbers; text has the next."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __missing__(self, name: Any) -> int:
        self.texts += [_text(name), f"{_text(name)}:"]
        self[name] = len(self.texts) - 2
        return self[name]


class _Flat(NamedTuple):
    """The concatenated attributes of items, as `attribute_ids.AttributeIds` takes them.

    sizes: attributes per item; beginnings: prefixes of names; which int32: the prefix of each
    attribute; rests: its suffix; values float32.
    """

    sizes: list[int]
    beginnings: list[str]
    which: np.ndarray
    rests: list[str]
    values: np.ndarray


def _of_dicts(items: list[Item]) -> _Flat | None:
    """The attributes of dicts of text and numbers, vectorised; None for any other items."""
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
        except OverflowError:  # an int too large for a float
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
    """Yields batches of sequences, each with the number of its first sequence."""
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


def _refuse(sequences: list[Items], first: int, names: AttributeIds) -> None:
    """Raises SettingsError for the first invalid item, with the number of its sequence."""
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


def slots_of(codes: np.ndarray, attributes: int, tags: int) -> WeightSlots:
    """Where the weights of each attribute begin, and their labels; codes: of `Features`."""
    counts = np.bincount(codes // tags, minlength=attributes)
    labels = np.concatenate([np.zeros(tags * tags), codes % tags]).astype(np.int32)
    return np.cumsum(np.concatenate(([tags * tags], counts))), labels
