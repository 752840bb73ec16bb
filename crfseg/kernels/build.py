"""Writes the LLVM assembly of the entry points, so that nobody has to wait for numba.

python -m crfseg.kernels.build

After every change to a kernel; a test says so. What is written names no processor: each
machine makes its own code of it when it is first used. The same numba makes the same bytes again.
"""

from __future__ import annotations

import lzma
import os
import platform
import subprocess
import sys

from crfseg.errors import CrfsegError
from crfseg.kernels import native

#: How wide loops are vectorised is for a common processor, not for the one at hand; and numba
#: writes what it keeps in sets in an order that depends on how strings are hashed.
_FIXED = {
    "PYTHONHASHSEED": "0",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+popcnt,+sse4.2,+lzcnt",
}


def main() -> None:
    """Write all of them."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        raise CrfsegError(f"cannot be built on {platform.machine()}; expected x86-64")
    if any(os.environ.get(name) != value for name, value in _FIXED.items()):
        command = [sys.executable, "-m", "crfseg.kernels.build"]
        sys.exit(subprocess.run(command, env={**os.environ, **_FIXED}).returncode)
    for name in native.ENTRIES:
        source = native.llvm_source(name)
        if source is None:
            raise CrfsegError(f"{name}: numba's code is not as expected")
        native.shipped_path(name).write_bytes(lzma.compress(source.encode()))
        print(f"{native.shipped_path(name).name}: {len(source):,} characters of LLVM assembly")


if __name__ == "__main__":
    main()
