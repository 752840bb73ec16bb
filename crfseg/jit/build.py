"""Writes the LLVM assembly of the entry points, so that users need not wait for numba.

python -m crfseg.jit.build

Run it after every change to a kernel; a test fails otherwise. The output names no processor: each
machine compiles it to its own code at first use. The same numba version writes the same bytes.
"""

from __future__ import annotations

import lzma

from crfseg.common.errors import CrfsegError
from crfseg.jit import native
from crfseg.jit.reproducible import run_again


def main() -> None:
    """Writes the assembly of all entry points."""
    run_again("crfseg.jit.build")
    for name in native.ENTRIES:
        source = native.llvm_source(name)
        if source is None:
            raise CrfsegError(f"{name}: numba's code is not as expected")
        native.shipped_path(name).write_bytes(lzma.compress(source.encode()))
        print(f"{native.shipped_path(name).name}: {len(source):,} characters of LLVM assembly")


if __name__ == "__main__":
    main()
