"""The cache folder of compiled code, and its files."""

from __future__ import annotations

import mmap
import os
import zlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from crfseg.common.errors import CrfsegError

#: The kernel folders of all rooms, and other modules that are compiled into kernels.
_KERNELS = tuple(
    f"{room}/kernels" for room in ("crf", "features", "segmentation", "tagging", "training")
)
_COMPILED_WITH = ("jit/bits.py", "jit/decorators.py", "jit/memory.py", "text/codes.py")


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """A digest of the sources of all kernels and of the modules compiled into them."""
    return digest_of(*_KERNELS, *_COMPILED_WITH)


def digest_of(*names: str) -> str:
    """A digest of Python sources; names: of modules and folders below ``crfseg/``."""
    root: Any = Path(__file__).parent.parent
    if not root.is_dir():  # crfseg was imported from a zip file
        from importlib.resources import files

        root = files("crfseg")
    size = check = 0
    for name in names:
        place = root.joinpath(*name.split("/"))
        sources = [place] if name.endswith(".py") else sorted(place.iterdir(), key=str)
        for source in (s for s in sources if s.name.endswith(".py")):
            code = source.read_bytes()
            size, check = size + len(code), zlib.crc32(code, check)
    return f"{size:x}{check:08x}"


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """The folder for code compiled from exactly these sources; None if it cannot be made.

    It is in NUMBA_CACHE_DIR if set, else in the user's cache folder, not beside the package,
    where pip would leave it behind. Its name is a digest of all kernels, since a change in one
    may change what another is compiled to.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        folder = Path(given) if given else (Path(home) if home else Path.home() / ".cache")
        folder = folder / "crfseg" / fingerprint()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # no home, or it is not writable
        return None
    return folder


def read_kept(path: Path | None) -> mmap.mmap | None:
    """The data that `keep` wrote and its checksum of four bytes; None if missing or damaged."""
    try:
        with open(path or os.devnull, "rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):
        return None
    with memoryview(data) as whole:
        good = zlib.crc32(whole[:-4]).to_bytes(4, "little") == whole[-4:]
    return data if good else None


def keep(path: Path | None, data: bytes | mmap.mmap) -> None:
    """Caches data for the next process; does nothing without a path."""
    from crfseg.common.files import atomic_write

    if path:
        with suppress(CrfsegError), atomic_write(path) as file:
            file.write(data)
            file.write(zlib.crc32(data).to_bytes(4, "little"))
