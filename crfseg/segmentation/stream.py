"""Segment a stream of text: bytes in, bytes out, in order and in bounded memory.

Input chunks are cut into blocks of whole lines, which threads segment in parallel. Results are
written in input order, each as soon as it is ready. A line longer than ``LONGEST`` bytes of
UTF-8 is cut into pieces, to bound memory.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from queue import SimpleQueue
from threading import Lock, Semaphore, Thread
from typing import NamedTuple, Protocol

from crfseg.common.encodings import likely_encoding
from crfseg.common.errors import DataError, LineError, SettingsError
from crfseg.common.threads import thread_count
from crfseg.text.whitespace import is_space

#: Bytes per read. Converted to UTF-8 they grow at most threefold, and stay below LONGEST.
CHUNK = 1 << 18
#: Bytes of UTF-8 after which a line is cut.
LONGEST = 1 << 20
#: A long line is cut after the last of these, if it has any.
CUTS = tuple(mark.encode() for mark in " \t\u3000。！？；，")


class BytesSegmenter(Protocol):
    """The interface of a segmenter for streams; see ``Segmenter.segment_bytes``.

    It may raise LineError. If ``whole_lines`` is set, a line longer than LONGEST is an error.
    """

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes: ...


class Block(NamedTuple):
    """Whole lines of UTF-8, or a piece of a line longer than LONGEST.

    line: number of the line in which the block begins; column: bytes of that line before the
    block; gap: whether the block continues a line and the piece before it did not end in
    whitespace; cut: whether the line continues in the next block.
    """

    data: bytes
    line: int = 1
    column: int = 0
    gap: bool = False
    cut: bool = False


class Result(NamedTuple):
    """The output for a block, and the error that ended it early, if any."""

    data: bytes
    error: DataError | None = None


def segment_stream(
    segmenter: BytesSegmenter,
    read: Callable[[int], bytes],
    write: Callable[[bytes], object],
    *,
    output: str = "words",
    sep: str = " ",
    encoding: str = "utf-8",
    errors: str = "strict",
    threads: int | None = None,
    name: str = "<stdin>",
    on_bytes: Callable[[int], object] | None = None,
) -> None:
    """Segment the output of ``read`` line by line and ``write`` the result in the same order.

    ``read(n)`` returns the available bytes, at most n, and ``b""`` at the end; with several
    threads it is called from worker threads, one at a time. ``write`` must not buffer if a
    reader waits for the output. ``on_bytes`` gets the size of every chunk read. Lines end with
    ``\\n``; a preceding ``\\r`` is kept, and so is a missing last line end.

    A line of more than 1 MB is cut after the last space, tab, U+3000 or one of 。！？；， in its
    first megabyte (else between two characters), and the pieces are segmented separately. With
    "words" they are written on one line; with other outputs each piece is written on its own
    line, and spans count from the beginning of the piece.

    Raises DataError, with ``name`` and the line number, for a line that cannot be used, or, if
    ``errors`` is "strict", for input that is not in ``encoding``; everything before that line
    has been written. With "replace" such bytes become U+FFFD. Raises SettingsError for an
    unknown encoding, or a separator that the encoding cannot represent.
    """
    plain = _check(encoding, errors, sep)
    chunks = _chunks(read, on_bytes)
    if not plain:
        chunks = _to_utf8(chunks, encoding, errors, name)
        write = _from_utf8(write, encoding, errors)
    work = partial(_segment, segmenter, output, sep, errors, name)
    try:
        _in_order(work, _blocks(chunks), thread_count(threads), write)
    except UnicodeEncodeError as problem:
        code = ord(problem.object[problem.start])
        raise DataError(name, None, f"U+{code:04X} cannot be written in {encoding}") from None


def _check(encoding: str, errors: str, sep: str) -> bool:
    """Whether ``encoding`` is UTF-8; raises SettingsError for invalid settings."""
    if errors not in ("strict", "replace"):
        raise SettingsError("must be strict or replace", parameter="errors", value=errors)
    try:
        sep.encode(encoding)
        codecs.getincrementaldecoder(encoding)
    except LookupError:
        hint = "must be a text encoding such as utf-8, gb18030 or big5"
        raise SettingsError(hint, parameter="encoding", value=encoding) from None
    except UnicodeError:
        problem = f"cannot be written in {encoding}"
        raise SettingsError(problem, parameter="sep", value=sep) from None
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _chunks(
    read: Callable[[int], bytes], on_bytes: Callable[[int], object] | None
) -> Iterator[bytes]:
    while chunk := read(CHUNK):
        yield chunk
        if on_bytes is not None:
            on_bytes(len(chunk))


def _to_utf8(chunks: Iterable[bytes], encoding: str, errors: str, name: str) -> Iterator[bytes]:
    """The chunks in UTF-8; at invalid bytes, the whole lines before them, then the error."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    line, column = 1, 0  # of the chunk's begin; column: bytes of its first line already read
    for chunk in chain(chunks, [b""]):
        state = decoder.getstate()
        try:
            data = decoder.decode(chunk, final=not chunk).encode(errors=errors)
        except UnicodeDecodeError as problem:
            if problem.reason.endswith("start with BOM"):  # Python 3.13 and later
                raise _no_mark(name, line, chunk, encoding) from None
            decoder.setstate(state)
            bad = len(chunk) - len(problem.object) + problem.start  # < 0: in the previous chunk
            data = b""
            with suppress(UnicodeError):  # UTF-16 that also lacks a byte order mark
                data = decoder.decode(chunk[: max(bad, 0)]).encode()
            yield data[: data.rfind(b"\n") + 1]
            start = chunk.rfind(b"\n", 0, max(bad, 0)) + 1
            place = bad - start if start else bad + column
            text = chunk[start:] if bad >= 0 else problem.object
            raise _bad_bytes(name, line + data.count(b"\n"), place, text, encoding) from None
        except UnicodeEncodeError:
            raise
        except UnicodeError:
            raise _no_mark(name, line, chunk, encoding) from None
        yield data
        line += data.count(b"\n")
        column = len(chunk) - chunk.rfind(b"\n") - 1 + (0 if b"\n" in chunk else column)


def _no_mark(name: str, line: int, chunk: bytes, encoding: str) -> DataError:
    """The error for UTF-16 or UTF-32 without a byte order mark."""
    guess = likely_encoding(chunk, encoding) or f"{encoding}-le"
    problem = f"its beginning is not {encoding}; try encoding={guess}"
    return DataError(name, line, problem, parameters=("encoding",))


def _from_utf8(
    write: Callable[[bytes], object], encoding: str, errors: str
) -> Callable[[bytes], object]:
    """A ``write`` that takes UTF-8 and writes another encoding."""
    encoder = codecs.getincrementalencoder(encoding)(errors)
    return lambda data: write(encoder.encode(data.decode()))


def _blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Cut UTF-8 into blocks that end at a line end, or within a line longer than LONGEST.

    Where a long line is cut depends only on its bytes, not on the chunks.
    """
    pending = bytearray()
    line, column, gap = 1, 0, False
    for chunk in chunks:
        known = len(pending)  # no line ends before this byte
        pending += chunk
        while _first_line(pending, known) > LONGEST:
            piece = bytes(pending[: _cut(pending)])
            yield Block(piece, line, column, gap, cut=True)
            del pending[: len(piece)]
            known = max(0, known - len(piece))
            column, gap = column + len(piece), not is_space(_characters(piece[-4:])[-1:])
        if end := pending.rfind(b"\n", known) + 1:
            data = bytes(pending[:end])
            yield Block(data, line, column, gap)
            del pending[:end]
            line, column, gap = line + data.count(b"\n"), 0, False
    if pending:
        yield Block(bytes(pending), line, column, gap)


def _first_line(pending: bytearray, known: int) -> int:
    """The number of bytes of the first line that have been read."""
    end = pending.find(b"\n", known)
    return len(pending) if end < 0 else end


def _cut(line: bytearray) -> int:
    """Where to cut a line longer than LONGEST."""
    for begin in (LONGEST - 4096, 0):  # search near the end first: it is faster
        places = ((line.rfind(mark, begin, LONGEST), mark) for mark in CUTS)
        if end := max((at + len(mark) for at, mark in places if at >= 0), default=0):
            return end
    steps = (LONGEST - back for back in range(4))
    return next((end for end in steps if line[end] & 0xC0 != 0x80), LONGEST)


def _characters(data: bytes) -> str:
    return data.decode(errors="ignore")


def _segment(
    segmenter: BytesSegmenter, output: str, sep: str, errors: str, name: str, block: Block
) -> Result:
    """Segment a block; at a bad line, return the output of the lines before it and the error."""
    error = None
    if getattr(segmenter, "whole_lines", False) and (block.cut or block.column):
        return Result(b"", DataError(name, block.line, "more than 1 MB", "shorter lines"))
    try:
        data = segmenter.segment_bytes(block.data, output, sep)
    except LineError as problem:
        lines = block.data.split(b"\n")[: problem.row]
        data = segmenter.segment_bytes(b"".join(line + b"\n" for line in lines), output, sep)
        error = DataError(name, block.line + problem.row, str(problem))
    except UnicodeDecodeError as problem:
        if errors == "replace":
            data = segmenter.segment_bytes(_replaced(block.data), output, sep)
        else:
            start = block.data.rfind(b"\n", 0, problem.start) + 1
            line = block.line + block.data.count(b"\n", 0, start)
            place = problem.start - start + (0 if start else block.column)
            error = _bad_bytes(name, line, place, block.data[start:], "utf-8")
            data = segmenter.segment_bytes(block.data[:start], output, sep)
    return Result(_joint(block, output, sep) + data, error)


def _joint(block: Block, output: str, sep: str) -> bytes:
    """The separator between two pieces of a long line."""
    if output != "words":
        return b"\n" if block.column else b""
    return sep.encode() if block.gap and not is_space(_characters(block.data[:4])[:1]) else b""


def _replaced(data: bytes) -> bytes:
    return data.decode(errors="replace").encode()


def _bad_bytes(name: str, line: int, place: int, text: bytes, encoding: str) -> DataError:
    """The error for a line, ``text``, with a byte at ``place`` that is not ``encoding``."""
    guess = likely_encoding(text.split(b"\n")[0], encoding)
    advice = f"encoding={guess} or errors=replace" if guess else "errors=replace"
    problem = f"byte {place + 1} of the line is not {encoding}; try {advice}"
    return DataError(name, line, problem, parameters=("encoding", "errors"))


def _in_order(
    work: Callable[[Block], Result],
    blocks: Iterator[Block],
    threads: int,
    write: Callable[[bytes], object],
) -> None:
    """Write work(block) of every block in order, computed by ``threads`` threads."""
    if threads == 1:
        for block in blocks:
            _put(work(block), write)
        return
    pool = _Pool(work, blocks, threads)
    try:
        for result in pool.results():
            _put(result, write)
    finally:
        pool.end()


class _Pool:
    """Threads that process blocks and deliver the results in the order of the blocks.

    An idle thread reads the next block, so a finished result never waits for more input. The
    threads are daemons, because a blocked read cannot be interrupted. concurrent.futures is
    avoided: importing it takes longer than segmenting several pages.
    """

    def __init__(
        self, work: Callable[[Block], Result], blocks: Iterator[Block], threads: int
    ) -> None:
        self._work, self._blocks, self._threads = work, blocks, threads
        self._turn, self._ended = Lock(), False
        #: Limits the number of blocks read ahead of the results taken.
        self._room = Semaphore(2 * threads)
        #: For each block, in order, the queue that will receive its result.
        self._places: SimpleQueue[SimpleQueue[Result | BaseException | None]] = SimpleQueue()
        for _ in range(threads):
            Thread(target=self._run, daemon=True).start()

    def results(self) -> Iterator[Result]:
        """The results in order; re-raises an exception from reading or processing a block."""
        while (result := self._places.get().get()) is not None:
            self._room.release()
            if isinstance(result, BaseException):
                raise result
            yield result

    def end(self) -> None:
        """Stop reading blocks."""
        self._ended = True
        self._room.release(self._threads)

    def _run(self) -> None:
        while True:
            self._room.acquire()
            place: SimpleQueue[Result | BaseException | None] = SimpleQueue()
            with self._turn:
                if self._ended:
                    return
                self._places.put(place)
                try:
                    block = next(self._blocks)
                except BaseException as error:
                    self._ended = True
                    place.put(None if isinstance(error, StopIteration) else error)
                    return
            try:
                place.put(self._work(block))
            except BaseException as error:
                place.put(error)


def _put(result: Result, write: Callable[[bytes], object]) -> None:
    write(result.data)
    if result.error is not None:
        raise result.error
