"""Segments a stream of text: bytes in, bytes out, in order and in bounded memory.

Chunks are read as they come and cut into blocks of whole lines; threads segment the
blocks; the results are written in the order of the input, each as soon as it is there.
A line longer than ``LONGEST`` bytes of UTF-8 is cut, so that no input fills the memory.
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

#: Bytes asked of one read. Decoded to UTF-8 they grow at most threefold: below LONGEST.
CHUNK = 1 << 18
#: Bytes of UTF-8 after which a line is cut.
LONGEST = 1 << 20
#: Where a line is cut if it can be: after the last of these.
CUTS = tuple(mark.encode() for mark in " \t\u3000。！？；，")


class BytesSegmenter(Protocol):
    """What is asked of a segmenter here; see ``Segmenter.segment_bytes``.

    It may raise LineError. If it has ``whole_lines``, a line too long to be held is an error.
    """

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes: ...


class Block(NamedTuple):
    """Whole lines of UTF-8, or a piece of a line too long to be held.

    line: number of the line the block begins in; column: bytes of that line before the
    block; gap: the block goes on where a line was cut, and no whitespace ends the piece
    before it; cut: the line goes on in the next block.
    """

    data: bytes
    line: int = 1
    column: int = 0
    gap: bool = False
    cut: bool = False


class Result(NamedTuple):
    """What a block became, and the error that ended it early."""

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
    """Segment everything ``read`` gives, line by line, and ``write`` it in the same order.

    ``read(n)`` returns what is there, at most n bytes, and ``b""`` at the end; with
    several threads it is called from a thread of its own. ``write`` must pass on what it
    gets at once where someone waits for it. ``on_bytes`` hears of every number of bytes
    read. Lines end with ``\\n``; a ``\\r`` before it and a missing last one are kept.

    A line of more than 1 MB is cut after the last whitespace or one of 。！？；， in its
    first megabyte (else between two characters), and the pieces are segmented one by
    one: as words they are written on one line, in the other forms on a line each, with
    the offsets of spans counted from the beginning of the piece.

    Raises DataError, with the input's ``name`` and the line, where a line cannot be used, or
    ``errors`` is "strict" and the input is not in ``encoding``; everything before that line has
    been written. With "replace" such bytes become U+FFFD. Raises SettingsError for an unknown
    encoding, or a separator that it cannot write.
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
    """Whether ``encoding`` is UTF-8; raises SettingsError for values that cannot work."""
    if errors not in ("strict", "replace"):
        raise SettingsError(f"--errors {errors}: must be strict or replace")
    try:
        sep.encode(encoding)
        codecs.getincrementaldecoder(encoding)
    except LookupError:
        hint = "must be a text encoding such as utf-8, gb18030 or big5"
        raise SettingsError(f"--encoding {encoding}: {hint}") from None
    except UnicodeError:
        raise SettingsError(f"--sep {sep!r}: cannot be written in {encoding}") from None
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _chunks(
    read: Callable[[int], bytes], on_bytes: Callable[[int], object] | None
) -> Iterator[bytes]:
    while chunk := read(CHUNK):
        yield chunk
        if on_bytes is not None:
            on_bytes(len(chunk))


def _to_utf8(chunks: Iterable[bytes], encoding: str, errors: str, name: str) -> Iterator[bytes]:
    """The chunks in UTF-8; before bad bytes the whole lines that precede them."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    line, column = 1, 0  # where a chunk begins: bytes of its first line already read
    for chunk in chain(chunks, [b""]):
        state = decoder.getstate()
        try:
            data = decoder.decode(chunk, final=not chunk).encode(errors=errors)
        except UnicodeDecodeError as problem:
            if problem.reason.endswith("start with BOM"):  # what Python 3.13 makes of it
                raise _no_mark(name, line, chunk, encoding) from None
            decoder.setstate(state)
            bad = len(chunk) - len(problem.object) + problem.start  # < 0: in the chunk before
            data = b""
            with suppress(UnicodeError):  # UTF-16 that lacks a byte order mark as well
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
    return DataError(name, line, f"its beginning is not {encoding}; try --encoding {guess}")


def _from_utf8(
    write: Callable[[bytes], object], encoding: str, errors: str
) -> Callable[[bytes], object]:
    """A ``write`` for UTF-8 that hands on the text in another encoding."""
    encoder = codecs.getincrementalencoder(encoding)(errors)
    return lambda data: write(encoder.encode(data.decode()))


def _blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Cut UTF-8 into blocks that end where a line ends, or within a line over LONGEST.

    Where a long line is cut depends on its bytes alone, not on how the chunks fall.
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
    """Bytes of the first line, as far as it has been read."""
    end = pending.find(b"\n", known)
    return len(pending) if end < 0 else end


def _cut(line: bytearray) -> int:
    """Where to cut a line longer than LONGEST."""
    for begin in (LONGEST - 4096, 0):  # a mark is mostly near; looking for it costs time
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
    """Segment a block; where it is not UTF-8, the lines before that one and the error."""
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
    """What stands between the pieces of a line that was cut."""
    if output != "words":
        return b"\n" if block.column else b""
    return sep.encode() if block.gap and not is_space(_characters(block.data[:4])[:1]) else b""


def _replaced(data: bytes) -> bytes:
    return data.decode(errors="replace").encode()


def _bad_bytes(name: str, line: int, place: int, text: bytes, encoding: str) -> DataError:
    """The error for a line, ``text``, with a byte at ``place`` that is not ``encoding``."""
    guess = likely_encoding(text.split(b"\n")[0], encoding)
    advice = f"--encoding {guess} or --errors replace" if guess else "--errors replace"
    return DataError(name, line, f"byte {place + 1} of the line is not {encoding}; try {advice}")


def _in_order(
    work: Callable[[Block], Result],
    blocks: Iterator[Block],
    threads: int,
    write: Callable[[bytes], object],
) -> None:
    """Write work(block) of every block in order; ``threads`` of them are at work at once."""
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
    """Threads that take one block after the other, and the results in the order of the blocks.

    Whoever has nothing to do reads on: a result never waits until more input comes. The
    threads are daemons, because a read that waits for input cannot be ended. Not
    concurrent.futures: importing it takes longer than to segment some pages.
    """

    def __init__(
        self, work: Callable[[Block], Result], blocks: Iterator[Block], threads: int
    ) -> None:
        self._work, self._blocks, self._threads = work, blocks, threads
        self._turn, self._ended = Lock(), False
        #: How many blocks may be read before a result is taken.
        self._room = Semaphore(2 * threads)
        #: For each block, in their order, where its result will be.
        self._places: SimpleQueue[SimpleQueue[Result | BaseException | None]] = SimpleQueue()
        for _ in range(threads):
            Thread(target=self._run, daemon=True).start()

    def results(self) -> Iterator[Result]:
        """The results; raises, in its place, what reading or working on a block raised."""
        while (result := self._places.get().get()) is not None:
            self._room.release()
            if isinstance(result, BaseException):
                raise result
            yield result

    def end(self) -> None:
        """Have no more blocks read."""
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
