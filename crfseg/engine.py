"""A compiled model at work: bytes in, bytes with separators out.

Between Python and the entry points of `kernels.decode`: memory, addresses, and the spans
that are kept whole.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crfseg import patterns
from crfseg.kernels import native
from crfseg.kernels.layout import FAMILIES, MASKS, NUMBERS, RUNS, work_bytes

if TYPE_CHECKING:
    from crfseg.model import Model

_ENTRIES = {4: "segment_four", 6: "segment_six"}  # by the number of tags
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

    arrays: those of `kernels.layout.Tables`, in order and level; tags: how many.
    """

    def __init__(self, arrays: Sequence[np.ndarray], tags: int) -> None:
        self._arrays = [np.ascontiguousarray(array) for array in arrays]
        self._header = np.array(
            [(a.ctypes.data, *a.shape, 0)[:3] for a in self._arrays], dtype=np.int64
        )
        self._address = self._header.ctypes.data
        self._entry = native.entry(_ENTRIES[tags])
        reach = int(self._arrays[NUMBERS][0])
        self._shape = reach, len(self._arrays[FAMILIES]), len(self._arrays[MASKS]), tags
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
        kept = None
        with suppress(OSError):  # Model.load says it better
            kept = _kept_path(Path(path))
        data = native.read_kept(kept)
        if data is not None:
            return cls(*_unpack(data))
        from crfseg.model import Model

        model = Model.load(path)
        engine = cls.of(model)
        native.keep(kept, _pack(engine._arrays, model.scheme.size))
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


def _kept_path(model: Path) -> Path | None:
    """Where the tables of a model file are kept: named after it and all that lays them out."""
    folder = native.cache_folder()
    sources = native.digest_of(Path(__file__).parent)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
    return folder and folder / f"{digest}.{sources}.tables"


def _pack(arrays: Sequence[np.ndarray], tags: int) -> bytes:
    from safetensors.numpy import save

    named = {f"{k:02d}": array for k, array in enumerate(arrays)}
    return save({**named, "tags": np.array([tags])})


def _unpack(data: bytes) -> tuple[list[np.ndarray], int]:
    from safetensors.numpy import load

    arrays = load(data)
    tags = int(arrays.pop("tags")[0])
    return [arrays[f"{k:02d}"] for k in range(len(arrays))], tags
