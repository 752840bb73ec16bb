"""A compiled model at work: bytes in, bytes with separators out.

Between Python and the entry points of `kernels.decode`: memory, addresses, and the spans
that are kept whole. Imports no numpy, which takes longer than to segment a page.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
import zlib
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from crfseg.jit import native
from crfseg.jit.cache import cache_folder, digest_of, keep, read_kept
from crfseg.segmentation import protected_spans
from crfseg.segmentation.kernels.layout import CACHED, HEAD, RUNS, TABLES, work_bytes
from crfseg.text.codes import BREAK, JOINT

if TYPE_CHECKING:
    import numpy as np

    from crfseg.model.segmentation_model import Model
    from crfseg.segmentation.user_dictionary import UserDictionary

T = TypeVar("T")
Choice = Callable[[list[protected_spans.Span]], list[protected_spans.Span]]
_ENTRIES = {4: "segment_four", 6: "segment_six"}  # by the number of tags
#: Buffers have room for 2^12, 2^13, ... bytes of text; they are used again up to 2^21, more
#: than `stream` asks for at once.
_SMALLEST = 12
_LARGEST = 21 - _SMALLEST
_MOST = 1 << 30


class Style:
    """How a text is written; see `kernels.write.write`.

    separator: UTF-8; spaces: KEEP, TOKENS or DROP; joint: a byte that joins texts, or -1;
    keep_whole: see `patterns`.
    """

    def __init__(self, separator: bytes, spaces: int, keep_whole: bool, joint: int = -1) -> None:
        self.width = len(separator)
        self._separator = ctypes.create_string_buffer(separator)
        start = ctypes.addressof(self._separator)
        self._numbers = array("q", [start, self.width, spaces, joint, keep_whole])
        self.address = self._numbers.buffer_info()[0]


class _Buffers:
    """Scratch memory and room for the result of one call; pages not touched cost nothing."""

    def __init__(self, tables: int, work: int, out: int) -> None:
        memory = _memory(out + work)
        start = _address(memory)
        self.address = start
        self.out, self.work = memoryview(memory)[:out], memoryview(memory)[out:]
        self._request = array("q", [tables, start + out, start, 0, 0])
        self.request = self._request.buffer_info()[0]

    def use(self, words: int) -> None:
        """Have the words of a user at an address looked for."""
        self._request[3] = words

    def ask(self, emissions: int) -> None:
        """Have emission scores given, or words again if the address is 0."""
        self._request[4] = emissions


class Emissions(NamedTuple):
    """What the words of a text are decided by; N positions, T tags.

    scores int32 [N, T], `layout.NEVER` where a tag is ruled out; places int32 [N]: the byte
    each position begins at; first bool [N]: whether it is the first of a sequence; marks uint8
    [bytes]: not 0 where something begins anyhow, a sequence or a run of whitespace.
    """

    scores: np.ndarray
    places: np.ndarray
    first: np.ndarray
    marks: np.ndarray


class Engine:
    """Runs the tables of one model; threads may share it.

    image: what `compiled.pack` made; dictionary: the words of a user.
    """

    def __init__(self, image: mmap.mmap) -> None:
        self.dictionary: UserDictionary | None = None
        self._image, start = image, _address(image)
        head = struct.unpack_from(f"{HEAD + 3 * TABLES}q", image)
        self._shape = head[:HEAD]
        places = array("q", head[HEAD:])  # of each table: address and shape
        for k in range(0, len(places), 3):
            places[k] += start
        self._tables = places
        self._entry = native.entry(_ENTRIES[self._shape[-1]])
        self._free: list[list[_Buffers]] = [[] for _ in range(64)]  # by the power of two

    @classmethod
    def of(cls, model: Model) -> Engine:
        """The engine of a model in memory."""
        from crfseg.segmentation.compiler import compile_model, pack

        packed = pack(compile_model(model), model)
        image = _memory(len(packed))
        image[:] = packed
        return cls(image)

    @classmethod
    def of_file(cls, path: str, standard: str | None = None) -> Engine:
        """The engine of a model file (of a standard in it), its tables kept where compiled code is.

        Laying out the tables takes longer than all else that segmenting a line needs.
        Raises ModelError, SettingsError.
        """
        kept = None
        with suppress(OSError):  # Model.load says it better
            kept = _kept_path(Path(path), standard)
        image = read_kept(kept)
        if image is not None:
            return cls(image)
        from crfseg.model.segmentation_model import Model
        from crfseg.model.standards import select

        engine = cls.of(select(Model.load(path), standard))
        keep(kept, engine._image)
        return engine

    def write(self, data: bytes, style: Style, give: Callable[[_Buffers, int], T]) -> T:
        """What ``give`` makes of the UTF-8 with separators.

        Raises UnicodeDecodeError, and MemoryError for a text too large to be held.

        give: `as_bytes`, `as_text`, `as_words` or `as_lists`.
        """
        size = len(data)
        room = (size >> _SMALLEST).bit_length()
        free = self._free[room] if style.width <= 1 else []
        try:
            buffers = free.pop()  # no other thread gets the same
        except IndexError:
            buffers = self._buffers(1 << _SMALLEST + room, max(style.width, 1))
        if self.dictionary is not None:
            words = self.dictionary.snapshot()  # as long as the call lasts
            buffers.use(words.address)
        length = self._entry(buffers.request, style.address, None, data, size)
        if length < 0:
            length = self._look_again(length, buffers, data, style, _all)
        given = give(buffers, length)
        if room <= _LARGEST:
            free.append(buffers)
        return given

    def emissions(self, data: bytes, style: Style, choose: Choice) -> Emissions:
        """What the words of UTF-8 are decided by.

        choose: which of the spans that would be kept whole are, and how.
        """
        import numpy as np

        size = len(data)
        room = np.count_nonzero((np.frombuffer(data, dtype=np.uint8) & 0xC0) != 0x80)
        scores = np.empty((room, self._shape[-1]), dtype=np.int32)
        places, first = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.bool_)
        asked = array("q", [scores.ctypes.data, places.ctypes.data, first.ctypes.data, 0])
        buffers = self._buffers(1 << _SMALLEST + (size >> _SMALLEST).bit_length(), 1)
        buffers.ask(asked.buffer_info()[0])
        words = None if self.dictionary is None else self.dictionary.snapshot()
        if words is not None:
            buffers.use(words.address)
        result = self._entry(buffers.request, style.address, None, data, size)
        if result < 0:
            self._look_again(result, buffers, data, style, choose)
        marks = np.frombuffer(buffers.work[:size], dtype=np.uint8).copy()
        n = asked[3]
        return Emissions(scores[:n], places[:n], first[:n], marks)

    def table(self, k: int, kind: str) -> np.ndarray:
        """The k-th array of the tables (see `layout`), of numbers of a kind ("i4", ...)."""
        import numpy as np

        address, *shape = self._tables[3 * k : 3 * k + 3]
        shape = [n for n in shape if n]
        start = address - _address(self._image)
        return np.ndarray(shape, dtype=kind, buffer=self._image, offset=start)

    def _look_again(
        self, result: int, buffers: _Buffers, data: bytes, style: Style, choose: Choice
    ) -> int:
        """Keep spans whole where there are some; raises UnicodeDecodeError."""
        if result <= RUNS:
            runs = struct.iter_unpack("3i", buffers.work[: 12 * (RUNS - result)])
            spans = choose(protected_spans.spans(data, runs))
            locks = array("q", [len(spans), *chain.from_iterable(spans)])
            place = locks.buffer_info()[0]
            result = self._entry(buffers.request, style.address, place, data, len(data))
        if result < 0:
            data.decode("utf-8")  # raises
        return result

    def _buffers(self, room: int, width: int) -> _Buffers:
        tables = self._tables.buffer_info()[0]
        try:
            if room > _MOST:  # kernels count in int32
                raise MemoryError
            return _Buffers(tables, work_bytes(room, *self._shape), room * (1 + width))
        except (MemoryError, OSError):
            problem = f"no memory to segment a text of {room >> 1:,} bytes or more at once"
            raise MemoryError(f"{problem}; expected pieces of it") from None


def _all(spans: list[protected_spans.Span]) -> list[protected_spans.Span]:
    return spans


def as_bytes(buffers: _Buffers, length: int) -> bytes:
    """What was written, as it is."""
    return bytes(buffers.out[:length])


def as_text(buffers: _Buffers, length: int) -> str:
    """What was written, as a string."""
    return str(buffers.out[:length], "utf-8", "surrogatepass")


def as_words(buffers: _Buffers, length: int) -> list[str]:
    """What was written, split at BREAK; [] if that is nothing."""
    make = native.word_lists()
    if make is None:
        return _split(as_text(buffers, length))
    return make(buffers.address, length, 0, b"surrogatepass", _strings())


def as_lists(buffers: _Buffers, length: int) -> list[list[str]]:
    """What was written, split at JOINT and each piece like `as_words`."""
    make = native.word_lists()
    if make is None:
        return [_split(text) for text in as_text(buffers, length).split(chr(JOINT))]
    return make(buffers.address, length, 1, b"surrogatepass", _strings())


def _split(text: str) -> list[str]:
    return text.split(chr(BREAK)) if text else []


@cache
def _strings() -> int:
    """The address of the table of `words.word_lists`, which stays as long as the process."""
    table = _memory(24 << CACHED)
    _KEPT.append(table)
    return _address(table)


_KEPT: list[mmap.mmap] = []


def _memory(size: int) -> mmap.mmap:
    """Zeros of our own: mmap alone would share them with the processes that are forked."""
    try:
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except AttributeError:  # where there is no fork
        return mmap.mmap(-1, size)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _kept_path(model: Path, standard: str | None = None) -> Path | None:
    """Where the tables of a model file are kept: named after it and all that lays them out."""
    folder = cache_folder()
    sources = digest_of("text", "features", "model", "segmentation")
    with open(model, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        name = f"{len(data):x}{zlib.crc32(data):08x}{zlib.crc32((standard or '').encode()):08x}"
    return folder and folder / f"{name}.{sources}.tables"
