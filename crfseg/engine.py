"""A compiled model at work: bytes in, bytes with separators out.

Between Python and the entry points of `kernels.decode`: memory, addresses, and the spans
that are kept whole.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crfseg import patterns
from crfseg.kernels import native
from crfseg.kernels.layout import RUNS, work_bytes

if TYPE_CHECKING:
    from crfseg.model import Model

_MODULE = "crfseg.kernels.decode"
_ENTRIES = {4: "segment_four", 6: "segment_six"}
_ARGUMENTS = 8
#: Texts up to this size, in bytes, share buffers; larger ones get their own.
_SMALL = 4096


class Style:
    """How a text is written; see `kernels.decode.write`.

    separator: UTF-8; spaces: KEEP, TOKENS or DROP; joint: a byte that joins texts, or -1.
    """

    def __init__(self, separator: bytes, spaces: int, joint: int = -1) -> None:
        self.separator = separator
        bytes_ = np.frombuffer(separator, dtype=np.uint8)
        self._numbers = np.array([bytes_.ctypes.data, len(separator), spaces, joint], np.int64)
        self.address = self._numbers.ctypes.data


class _Buffers:
    """Scratch memory and room for the result of one call."""

    def __init__(self, work: int, out: int) -> None:
        self._work, self._out = np.empty(work, np.uint8), np.empty(out, np.uint8)
        self.work, self.out = self._work.ctypes.data, self._out.ctypes.data
        self.result = ctypes.c_int64.from_address(self.work)

    def runs(self) -> np.ndarray:
        """int32 [k, 3]: what `kernels.runs.find_runs` found."""
        end = 8 + 12 * (RUNS - self.result.value)
        return self._work[8:end].view(np.int32).reshape(-1, 3).copy()


class Engine:
    """Runs the tables of one model; threads may share it.

    arrays: those of `kernels.decode.Tables`, in order and level; tags: how many.
    """

    def __init__(self, arrays: Sequence[np.ndarray], tags: int) -> None:
        self._arrays = [np.ascontiguousarray(array) for array in arrays]
        self._header = np.array(
            [(a.ctypes.data, *a.shape, 0)[:3] for a in self._arrays], dtype=np.int64
        )
        self._address = self._header.ctypes.data
        self._entry = native.entry(_MODULE, _ENTRIES[tags], _ARGUMENTS)
        reach = int(self._arrays[_NUMBERS][0])
        self._shape = reach, len(self._arrays[_FAMILIES]), len(self._arrays[_MASKS]), tags
        self._small: list[_Buffers] = []

    @classmethod
    def of(cls, model: Model) -> Engine:
        """The engine of a model in memory."""
        from crfseg.compiled import compile_model

        return cls(_level(compile_model(model)), model.scheme.size)

    @classmethod
    def of_file(cls, path: str) -> Engine:
        """The engine of a model file, its tables kept where compiled code is.

        Laying out the tables takes longer than all else that segmenting a line needs.
        Raises ModelError.
        """
        from crfseg.model import Model

        folder = native.cache_folder()
        kept: Path | None = None
        with suppress(OSError):
            if folder:
                digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
                kept = folder / f"{digest[:32]}.tables"
                arrays, tags = _read_tables(kept)
                return cls(arrays, tags)
        model = Model.load(path)
        engine = cls.of(model)
        if kept:
            with suppress(OSError):
                _write_tables(kept, engine._arrays, model.scheme.size)
        return engine

    def write(self, data: bytes, style: Style, keep_whole: bool) -> bytes:
        """UTF-8 with separators between words; raises UnicodeDecodeError.

        keep_whole: see `patterns`.
        """
        size = len(data)
        if size == 0:
            return b""
        small = size <= _SMALL and len(style.separator) <= 1
        buffers = self._take(small, size, len(style.separator))
        self._entry(
            self._address, data, size, 0, -1 if keep_whole else 0, style.address,
            buffers.work, buffers.out,
        )  # fmt: skip
        length = buffers.result.value
        if length <= RUNS:
            spans = patterns.spans(data, buffers.runs())
            self._entry(
                self._address, data, size, spans.ctypes.data, len(spans), style.address,
                buffers.work, buffers.out,
            )  # fmt: skip
            length = buffers.result.value
        if length < 0:
            data.decode("utf-8")  # raises
        written = ctypes.string_at(buffers.out, length)
        if small:
            self._small.append(buffers)
        return written

    def _take(self, small: bool, size: int, separator: int) -> _Buffers:
        if small:
            with suppress(IndexError):
                return self._small.pop()  # no other thread gets the same
            size, separator = _SMALL, 1
        return _Buffers(work_bytes(size, *self._shape), size * (1 + separator))


def _level(tables: tuple[object, ...]) -> list[np.ndarray]:
    """The arrays of nested tuples, in order."""
    found: list[np.ndarray] = []
    for item in tables:
        found += _level(item) if isinstance(item, tuple) else [item]  # type: ignore[list-item]
    return found


# Places in the list: of Tables.families, masks and numbers.
_FAMILIES, _MASKS, _NUMBERS = 6, 20, 21


def _read_tables(path: Path) -> tuple[list[np.ndarray], int]:
    """Kept tables; raises OSError if there are none, or damaged ones."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = path.read_bytes()
    if hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise OSError(f"{path}: damaged")
    try:
        arrays = load(data[:-32])
    except SafetensorError as error:
        raise OSError(f"{path}: {error}") from None
    tags = int(arrays.pop("tags")[0])
    return [arrays[f"{k:02d}"] for k in range(len(arrays))], tags


def _write_tables(path: Path, arrays: Sequence[np.ndarray], tags: int) -> None:
    from safetensors.numpy import save

    named = {f"{k:02d}": array for k, array in enumerate(arrays)}
    data = save({**named, "tags": np.array([tags])})
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(data + hashlib.sha256(data).digest())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
