"""Run a compiled model: UTF-8 in, UTF-8 with separators out.

Connects Python to the entry points of `kernels.pipeline`: allocates memory, passes addresses,
and finds the spans to keep whole. Does not import numpy at module level, since that takes
longer than segmenting a page.
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
#: Buffers hold 2^12, 2^13, ... bytes of text. Those of up to 2^21 bytes, more than a block of
#: `stream`, are reused.
_SMALLEST = 12
_LARGEST = 21 - _SMALLEST
_MOST = 1 << 30


class Style:
    """How a segmented text is written; see `kernels.tags_to_words.write`.

    separator: UTF-8; spaces: KEEP, TOKENS or DROP; joint: a byte that joins texts, or -1;
    keep_whole: whether to keep spans whole, see `protected_spans`.
    """

    def __init__(self, separator: bytes, spaces: int, keep_whole: bool, joint: int = -1) -> None:
        self.width = len(separator)
        self._separator = ctypes.create_string_buffer(separator)
        start = ctypes.addressof(self._separator)
        self._numbers = array("q", [start, self.width, spaces, joint, keep_whole])
        self.address = self._numbers.buffer_info()[0]


class _Buffers:
    """Scratch and output memory for one call; pages that are never touched cost nothing."""

    def __init__(self, tables: int, work: int, out: int) -> None:
        memory = _memory(out + work)
        start = _address(memory)
        self.address = start
        self.out, self.work = memoryview(memory)[:out], memoryview(memory)[out:]
        self._request = array("q", [tables, start + out, start, 0, 0])
        self.request = self._request.buffer_info()[0]

    def use(self, words: int) -> None:
        """Set the address of the user's words (0: none)."""
        self._request[3] = words

    def ask(self, emissions: int) -> None:
        """Request emission scores at an address, or segmented text if the address is 0."""
        self._request[4] = emissions


class Emissions(NamedTuple):
    """The emission scores of a text, as Viterbi decoding sees them; N positions, T tags.

    scores int32 [N, T], `layout.NEVER` where a tag is ruled out; places int32 [N]: the byte
    offset of each position; first bool [N]: whether it is the first of a sequence; marks uint8
    [bytes]: nonzero where a sequence or a run of whitespace begins, in every segmentation.
    """

    scores: np.ndarray
    places: np.ndarray
    first: np.ndarray
    marks: np.ndarray


class Engine:
    """Runs the tables of one model; threads may share it.

    image: tables from `compiler.image_of`; dictionary: the user's words.
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
        self._free: list[list[_Buffers]] = [[] for _ in range(64)]  # by size as a power of two

    @classmethod
    def of(cls, model: Model) -> Engine:
        """The engine of a model in memory."""
        from crfseg.segmentation.compiler import compile_model, image_of

        packed = image_of(compile_model(model), model)
        image = _memory(len(packed))
        image[:] = packed
        return cls(image)

    @classmethod
    def of_file(cls, path: str, standard: str | None = None) -> Engine:
        """The engine of a model file (or of one standard in it).

        Its tables are cached beside the compiled code, since laying them out takes longer than
        everything else in segmenting one line. Raises ModelError, SettingsError.
        """
        kept = None
        with suppress(OSError):  # Model.load reports it better
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
        """Segment UTF-8 and convert the output by ``give``.

        give: `as_bytes`, `as_text`, `as_words` or `as_lists`. Raises UnicodeDecodeError, and
        MemoryError for a text that does not fit into memory.
        """
        size = len(data)
        room = (size >> _SMALLEST).bit_length()
        free = self._free[room] if style.width <= 1 else []
        try:
            buffers = free.pop()  # atomic: no other thread gets the same buffers
        except IndexError:
            buffers = self._buffers(1 << _SMALLEST + room, max(style.width, 1))
        if self.dictionary is not None:
            words = self.dictionary.snapshot()  # must stay alive during the call
            buffers.use(words.address)
        length = self._entry(buffers.request, style.address, None, data, size)
        if length < 0:
            length = self._look_again(length, buffers, data, style, _all)
        result = give(buffers, length)
        if room <= _LARGEST:
            free.append(buffers)
        return result

    def emissions(self, data: bytes, style: Style, choose: Choice) -> Emissions:
        """The emission scores of a text in UTF-8.

        choose: selects (and may soften) the spans that are kept whole.
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
        """The k-th array of the tables (see `layout`), of the given dtype ("i4", ...)."""
        import numpy as np

        address, *shape = self._tables[3 * k : 3 * k + 3]
        shape = [n for n in shape if n]
        start = address - _address(self._image)
        return np.ndarray(shape, dtype=kind, buffer=self._image, offset=start)

    def _look_again(
        self, result: int, buffers: _Buffers, data: bytes, style: Style, choose: Choice
    ) -> int:
        """Run again with the spans to keep whole, if any; raises UnicodeDecodeError."""
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
    """The output as bytes."""
    return bytes(buffers.out[:length])


def as_text(buffers: _Buffers, length: int) -> str:
    """The output as a string."""
    return str(buffers.out[:length], "utf-8", "surrogatepass")


def as_words(buffers: _Buffers, length: int) -> list[str]:
    """The output split at BREAK; [] if it is empty."""
    make = native.word_lists()
    if make is None:
        return _split(as_text(buffers, length))
    return make(buffers.address, length, 0, b"surrogatepass", _strings())


def as_lists(buffers: _Buffers, length: int) -> list[list[str]]:
    """The output split at JOINT, each piece then as in `as_words`."""
    make = native.word_lists()
    if make is None:
        return [_split(text) for text in as_text(buffers, length).split(chr(JOINT))]
    return make(buffers.address, length, 1, b"surrogatepass", _strings())


def _split(text: str) -> list[str]:
    return text.split(chr(BREAK)) if text else []


@cache
def _strings() -> int:
    """The address of the cache of `string_lists.word_lists`, which lives as long as the process."""
    table = _memory(24 << CACHED)
    _KEPT.append(table)
    return _address(table)


_KEPT: list[mmap.mmap] = []


def _memory(size: int) -> mmap.mmap:
    """Private zeroed memory: by default mmap would share it with forked processes."""
    try:
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except AttributeError:  # platforms without fork
        return mmap.mmap(-1, size)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _kept_path(model: Path, standard: str | None = None) -> Path | None:
    """Cache file for the tables of a model file; its name has digests of the file and the code."""
    folder = cache_folder()
    sources = digest_of("text", "features", "model", "segmentation")
    with open(model, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        name = f"{len(data):x}{zlib.crc32(data):08x}{zlib.crc32((standard or '').encode()):08x}"
    return folder and folder / f"{name}.{sources}.tables"
