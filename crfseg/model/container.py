"""The file format of models: a JSON description, arrays, a checksum; no code.

One safetensors file, each array in the smallest integer type that holds it. This module checks
the container; each kind of model checks the contents of its arrays.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from crfseg.common.errors import CrfsegError, ModelError, SettingsError
from crfseg.common.files import atomic_write

FORMAT = 3
#: The kinds of models for tagging and for `crfseg.sklearn`; other kinds are for segmentation.
TAGGER, ATTRIBUTES = "tagger", "attributes"
_CHECKSUM = "checksum"
#: The longest description, in characters; longer ones are refused before they are parsed, which
#: takes many times their size in memory.
_LONGEST_HEAD = 1 << 22
#: Characters shown of an error, which may quote a model file.
_SHOWN = 400


def write(
    path: str | os.PathLike[str], metadata: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Writes a model file atomically; raises CrfsegError if it cannot be written."""
    data = encode(metadata, arrays)
    with atomic_write(path) as file:
        file.write(data)


def encode(metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of a model file."""
    from safetensors.numpy import save

    head = json.dumps({**metadata, "format": FORMAT}, ensure_ascii=False, sort_keys=True)
    head = head.encode("utf-8", "backslashreplace").decode()  # a lone surrogate is \uXXXX in JSON
    stored = {name: _narrowed(array) for name, array in arrays.items()}
    # The checksum is an array: safetensors writes several strings in random order.
    total = np.array([checksum(head, stored)], dtype=np.uint32)
    data: bytes = save({**stored, _CHECKSUM: total}, {"crfseg": head})
    return data


def _narrowed(array: np.ndarray) -> np.ndarray:
    """The same integers in the smallest type of their kind that holds them."""
    if array.dtype.kind not in "iu":
        return array
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    for size in range(4):
        kind = np.dtype(f"{array.dtype.kind}{1 << size}")
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return array.astype(kind, copy=False)
    return array


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The description and the arrays; raises ModelError for a damaged model or no model."""
    from safetensors import SafetensorError, safe_open

    name = os.fspath(path)
    try:
        with open(path, "rb"):  # its error is clearer than that of safetensors
            pass
        with safe_open(name, framework="numpy") as file:
            head = file.metadata() or {}
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise ModelError(f"{name}: cannot be read: {error.strerror or error}") from None
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _problem(name, f"not a crfseg model, or a damaged one ({error})") from None
    with sound(name):
        return _described(head, arrays)


def _described(
    head: dict[str, str], arrays: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if "crfseg" not in head:
        raise ModelError("not a crfseg model; expected a file written by crfseg train")
    expect(len(head["crfseg"]) <= _LONGEST_HEAD, "its description is too long")
    metadata = json.loads(head["crfseg"])
    version = metadata.pop("format")
    if version != FORMAT or type(version) is not int:
        older = isinstance(version, int) and version < FORMAT
        advice = "train it anew" if older else "upgrade crfseg"
        raise ModelError(f"a model of format {version}; expected {FORMAT}: {advice}")
    total = array_of(arrays, _CHECKSUM, np.uint32, 1)
    del arrays[_CHECKSUM]
    if total.tolist() != [checksum(head["crfseg"], arrays)]:
        raise ModelError("damaged model: the checksum does not match")
    return metadata, arrays


@contextmanager
def sound(name: str) -> Iterator[None]:
    """Turns any error in making a model from the file ``name`` into a ModelError naming it."""
    try:
        yield
    except SettingsError:  # about an option, not the model
        raise
    except CrfsegError as error:
        raise _problem(name, str(error)) from None
    except MemoryError:
        raise ModelError(f"{name}: too large for the memory there is") from None
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise _problem(name, f"damaged model: {error!r}") from None


def _problem(name: str, said: str) -> ModelError:
    """The error for a model file; ``said`` may quote the file, so it is cut and made printable."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in said[:_SHOWN])
    return ModelError(f"{name}: {shown}{'...' if len(said) > _SHOWN else ''}")


def array_of(
    arrays: Mapping[str, np.ndarray], name: str, dtype: type[np.generic], dimensions: int
) -> np.ndarray:
    """The array of that name as ``dtype``; raises ModelError if it is missing or does not fit."""
    array, wanted = arrays.get(name), np.dtype(dtype)
    if (
        array is None
        or array.dtype.kind != wanted.kind
        or array.itemsize > wanted.itemsize
        or array.ndim != dimensions
    ):
        raise ModelError(f"damaged model: {name} must be {wanted}, {dimensions}-d")
    return array.astype(wanted, copy=False)


def expect(condition: bool, what: str) -> None:
    """Raises ModelError unless the condition holds; what: the property a valid model has."""
    if not condition:
        raise ModelError(f"damaged model: {what}")


def checksum(head: str, arrays: dict[str, np.ndarray]) -> int:
    """CRC-32 of a description and arrays."""
    total = zlib.crc32(head.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), total)
        total = zlib.crc32(array.data, total) if array.size else total
    return total


def read_keys(
    arrays: Mapping[str, np.ndarray],
    name: str,
    pattern: Sequence[tuple[int, int]],
    radix: Sequence[int],
) -> np.ndarray:
    """uint64 [n]: the keys of a family with that pattern, checked; raises ModelError.

    radix: the number of values of each column.
    """
    keys = array_of(arrays, f"{name}.keys", np.uint64, 1)
    space = 1
    for _, column in pattern:
        space *= radix[column]
    expect(bool(np.all(keys[1:] > keys[:-1])), f"keys of {name} must ascend")
    expect(len(keys) == 0 or int(keys[-1]) < space, f"keys of {name} out of range")
    return keys
