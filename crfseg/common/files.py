"""Reads text line by line in any encoding, and writes files atomically."""

from __future__ import annotations

import codecs
import errno
import io
import os
import secrets
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NoReturn

from crfseg.common.encodings import likely_encoding
from crfseg.common.errors import CrfsegError, DataError, SettingsError

try:
    import fcntl
except ImportError:  # Windows, where open files cannot be renamed either
    fcntl = None  # type: ignore[assignment]


Path = str | os.PathLike[str]
#: A longer run of characters without a space counts as unsegmented text.
MAX_WORD = 1000
_BLOCK = 1 << 18
#: Temporary names per target file: the next writer cleans up after up to this many killed ones.
_WRITERS = 8
_BINARY = getattr(os, "O_BINARY", 0)


def read_lines(
    path: Path, encoding: str = "utf-8", on_bytes: Callable[[int], object] | None = None
) -> Iterator[str]:
    """Yields the lines of a text file without line ends, in bounded memory; drops a BOM.

    ``\\n``, ``\\r\\n`` and ``\\r`` end a line. ``on_bytes`` gets the size of each block read.
    Raises SettingsError for an unknown encoding and DataError for a file that cannot be
    read, is not in that encoding, holds NUL or a run of more than 256 KiB without a space.
    """
    decoder = _decoder(encoding)
    head, done, parts = b"", 0, list[str]()
    for block in _blocks(path):
        head, state = head or block, decoder.getstate()
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            line, shown = done + 1, "its beginning"  # UTF-16 or UTF-32 without BOM
            if isinstance(error, UnicodeDecodeError):
                # The decoder may have prepended bytes of the previous block.
                good = error.start - len(error.object) + len(block)
                with suppress(UnicodeError):  # UTF-16 that lacks a BOM as well
                    decoder.setstate(state)
                    line += decoder.decode(block[: max(0, good)]).count("\n")
                shown = f"byte 0x{error.object[error.start]:02x}"
            _fail_encoding(path, line, f"{shown} is not valid {encoding}", encoding, head)
        if not done and not any(parts):  # a pipe may deliver a BOM in pieces
            text = text.removeprefix("\ufeff")
        if "\0" in text:
            line = done + 1 + text.count("\n", 0, text.index("\0"))
            _fail_encoding(path, line, "a NUL character", encoding, head)
        lines = text.split("\n")
        parts.append(lines[0])
        if len(lines) > 1:
            lines[0] = "".join(parts)
            parts = [lines.pop()]
            yield from lines
            done += len(lines)
        elif len(text) > MAX_WORD and len(words := text[-MAX_WORD - 1 :].split()) == 1:
            check_length(path, done + 1, words)
        if on_bytes:
            on_bytes(len(block))
    if last := "".join(parts):
        yield last


def _blocks(path: Path) -> Iterator[bytes]:
    """Yields the blocks of a file, then one empty block that marks its end."""
    try:
        with open(path, "rb", buffering=0) as file:
            block = b"-"
            while block:
                block = file.read(_BLOCK)
                yield block
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(path, None, f"cannot be read: {_reason(error)}") from error


def check_length(path: Path, line: int, words: list[str]) -> None:
    """Raises DataError if a word is longer than MAX_WORD characters."""
    if max(map(len, words), default=0) > MAX_WORD:
        problem = f"more than {MAX_WORD} characters without a space"
        raise DataError(path, line, problem, "words; perhaps the text is not segmented")


def check_output(output: Path | None, inputs: Iterable[Path]) -> None:
    """Raises SettingsError if the output file is one of the input files."""
    if output is None or not os.path.exists(output):
        return
    if any(os.path.exists(path) and os.path.samefile(output, path) for path in inputs):
        problem = "must not be one of the files read"
        raise SettingsError(problem, parameter="output", value=os.fspath(output))


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Opens a binary file that replaces ``path`` when the block ends without an error.

    It is written in the same folder, synced and renamed; the old file's mode is kept, links
    are followed, and a device or pipe is written to directly. On an error the old file is
    untouched and the new one removed; if the process is killed, the next writer of ``path``
    removes it. Raises CrfsegError naming ``path`` if it cannot be written.
    """
    shown = os.fspath(path)
    if os.path.isdir(shown) or not os.path.basename(shown):
        raise CrfsegError(f"{shown}: cannot be written: it is a directory; expected a file name")
    direct = os.path.exists(shown) and not os.path.isfile(shown)
    mode, aside = None, ""
    try:
        target = os.path.realpath(shown)
        if os.path.isfile(target):
            # Renaming would replace a file its owner made read-only.
            if not os.access(target, os.W_OK):
                raise PermissionError(0, "it is read-only")
            mode = stat.S_IMODE(os.stat(target).st_mode)
        if direct:
            raw = _Raw(shown, "wb")
        else:
            aside, handle = _open_aside(target)
            raw = _Raw(handle, "wb")
    except (OSError, ValueError) as error:
        raise CrfsegError(f"{shown}: cannot be written: {_reason(error)}") from error
    raw.shown = shown
    try:
        file = io.BufferedWriter(raw, _BLOCK)
        yield file
        file.flush()
        if not direct:
            try:
                os.fsync(raw.fileno())
                raw.close()
                if mode is not None:
                    os.chmod(aside, mode)
                os.replace(aside, target)
            except OSError as error:
                raise CrfsegError(f"{shown}: cannot be written: {_reason(error)}") from error
    finally:
        # Close raw first: closing the buffer would retry the failed write.
        raw.close()
        if not direct:
            with suppress(OSError):
                os.unlink(aside)
    _sync_folder(os.path.dirname(target))


def _open_aside(target: str) -> tuple[str, int]:
    """Creates a temporary file beside ``target``; returns its path and its handle.

    First removes the temporary files that killed writers of this target have left: they have
    one of a few names, and nobody holds a lock on them.
    """
    start = _start(target)
    _remove_left(start)
    for path in [*_paths(start), f"{start}-{secrets.token_hex(6)}.tmp"]:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
            if _locked(handle) and _is_file(path, handle):
                return path, handle
            os.close(handle)  # another writer took it for stale before it was locked
    raise FileExistsError(errno.EEXIST, "too many write it at the same time")


def remove(path: Path) -> None:
    """Removes a file, if it exists, and the temporary files killed writers have left."""
    target = os.path.realpath(path)
    _remove_left(_start(target))
    try:
        os.unlink(target)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise CrfsegError(f"{os.fspath(path)}: cannot be removed: {_reason(error)}") from error


def _start(target: str) -> str:
    """The common prefix of the temporary paths of a target."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".crfseg-{zlib.crc32(os.fsencode(name)):08x}")


def _paths(start: str) -> list[str]:
    return [f"{start}-{k}.tmp" for k in range(_WRITERS)]


def _remove_left(start: str) -> None:
    for path in _paths(start):
        with suppress(OSError):  # usually it does not exist
            _remove_stale(path)


def _remove_stale(path: str) -> None:
    handle = os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_file(path, handle):
                os.unlink(path)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Locks a file; False if another process holds the lock, True where locks do not exist."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _is_file(path: str, handle: int) -> bool:
    """Whether ``path`` still refers to the open file."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


class _Raw(io.FileIO):
    """A file whose write errors become CrfsegError; other OSErrors of the block pass through."""

    shown = ""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            raise CrfsegError(f"{self.shown}: cannot be written: {_reason(error)}") from error


def _sync_folder(folder: str) -> None:
    """Makes a rename survive a power failure, on systems that can sync folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]


def _decoder(encoding: str) -> io.IncrementalNewlineDecoder:
    """A decoder that translates line ends; raises SettingsError if it is no text encoding."""
    try:
        " ".encode(encoding)
        decoder = codecs.getincrementaldecoder(encoding)()
    except (LookupError, ValueError):
        problem = "unknown; must be one such as utf-8, gb18030, big5, utf-16"
        raise SettingsError(problem, parameter="encoding", value=encoding) from None
    return io.IncrementalNewlineDecoder(decoder, translate=True)


def _fail_encoding(path: Path, line: int, problem: str, encoding: str, head: bytes) -> NoReturn:
    """Raises DataError that suggests the encoding the head of the file seems to have."""
    guess = likely_encoding(head, encoding)
    expected = f"text in {encoding}"
    if guess:
        expected += f" (the file reads as {guess}: give encoding={guess})"
    raise DataError(path, line, problem, expected, ("encoding",) if guess else ())
