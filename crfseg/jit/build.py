"""Writes the LLVM assembly of the entry points, so that nobody has to wait for numba.

python -m crfseg.jit.build

After every change to a kernel; a test says so. What is written names no processor: each
machine makes its own code of it when it is first used. The same numba makes the same bytes again.
"""

from __future__ import annotations

import lzma

from crfseg.common.errors import CrfsegError
from crfseg.jit import native
from crfseg.jit.reproducible import run_again


def main() -> None:
    """Write all of them."""
    run_again("crfseg.jit.build")
    for name in native.ENTRIES:
        source = native.llvm_source(name)
        if source is None:
            raise CrfsegError(f"{name}: numba's code is not as expected")
        native.shipped_path(name).write_bytes(lzma.compress(source.encode()))
        print(f"{native.shipped_path(name).name}: {len(source):,} characters of LLVM assembly")


if __name__ == "__main__":
    main()
