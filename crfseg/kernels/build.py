"""Writes the LLVM assembly of the entry points, so that nobody has to wait for numba.

python -m crfseg.kernels.build

After every change to a kernel; a test says so. What is written holds for all 64-bit
machines: each makes its own machine code of it when it is first used.
"""

from __future__ import annotations

import lzma

from crfseg.errors import CrfsegError
from crfseg.kernels import native

ENTRIES = [
    ("crfseg.kernels.decode", "segment_four", 8),
    ("crfseg.kernels.decode", "segment_six", 8),
    ("crfseg.kernels.perfect", "displace", 9),
]


def main() -> None:
    """Write all of them."""
    for module, name, arguments in ENTRIES:
        source = native.llvm_source(module, name, arguments)
        if source is None:
            raise CrfsegError(f"{name}: numba's code is not as expected")
        native.shipped_path(name).write_bytes(lzma.compress(source.encode()))
        print(f"{native.shipped_path(name).name}: {len(source):,} characters of LLVM assembly")


if __name__ == "__main__":
    main()
