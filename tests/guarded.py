"""Buffers placed against guard pages, so that one out-of-bounds byte crashes the process.

This tests the machine code that users run, unlike numba's bounds-checked mode.
"""

from __future__ import annotations

import ctypes
import mmap
from array import array

from crfseg.segmentation.engine import Engine, Style
from crfseg.segmentation.kernels.layout import RUNS, work_bytes

_LIBC = ctypes.CDLL(None, use_errno=True)
_PAGE = mmap.PAGESIZE


class Guarded:
    """Bytes that end at a page nobody may touch, and begin behind one."""

    def __init__(self, size: int, align: int = 1) -> None:
        pages = -(-(size + align) // _PAGE) or 1
        self._memory = mmap.mmap(-1, (pages + 2) * _PAGE)
        first = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        for at in (first, first + (pages + 1) * _PAGE):
            if _LIBC.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(_PAGE), 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        self.size = size
        self.address = (first + (pages + 1) * _PAGE - size) // align * align

    def set(self, data: bytes) -> None:
        ctypes.memmove(self.address, data, len(data))

    def get(self, size: int) -> bytes:
        return ctypes.string_at(self.address, size)


class GuardedEngine:
    """The tables of an engine, scratch memory, texts and results at the edges of pages."""

    def __init__(self, engine: Engine) -> None:
        data = bytes(engine._image)
        self.engine, self.image = engine, Guarded(len(data), 64)
        self.image.set(data)
        start = ctypes.addressof(ctypes.c_char.from_buffer(engine._image))
        places = array("q", engine._tables)
        for k in range(0, len(places), 3):
            places[k] += self.image.address - start
        self.tables = places

    def write(self, data: bytes, style: Style) -> bytes | int:
        """What is written for a text, or the negative number that is returned."""
        text = Guarded(len(data))
        text.set(data)
        return self.write_at(text.address, len(data), style)

    def write_at(self, address: int, size: int, style: Style) -> bytes | int:
        """The same for a text at an address."""
        out = Guarded(size * (1 + style.width))
        work = Guarded(work_bytes(size, *self.engine._shape), 64)
        words = self.engine.dictionary.snapshot() if self.engine.dictionary else None
        place = words.address if words else 0
        asked = [self.tables.buffer_info()[0], work.address, out.address, place]
        numbers = array("q", asked + [0] * 12)  # nothing more is asked for
        request, locks = numbers.buffer_info()[0], None
        length = RUNS
        while length <= RUNS:  # what could be an address or a number: look no further
            length = self.engine._entry(request, style.address, locks, address, size)
            none = array("q", [0])
            locks = none.buffer_info()[0]
        return length if length < 0 else out.get(length)
