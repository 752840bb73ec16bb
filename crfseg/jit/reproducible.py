"""Processes whose compiled code, and so every sum, is the same on all x86-64 machines with AVX2.

For what is shipped: left to itself, numba makes loops as wide as the processor at hand allows,
and then last bits of sums differ.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from crfseg.common.errors import CrfsegError

_ENVIRONMENT = {
    "NUMBA_CPU_NAME": "haswell",  # common, and what is newer does the same
    "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+popcnt,+sse4.2,+lzcnt",
    "PYTHONHASHSEED": "0",  # numba writes what it keeps in sets in that order
}


def run_again(module: str) -> None:
    """Have ``python -m module`` done, and end, unless this is such a process.

    Raises CrfsegError on another kind of machine.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        raise CrfsegError(f"cannot be built on {platform.machine()}; expected x86-64")
    if any(os.environ.get(name) != value for name, value in _ENVIRONMENT.items()):
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env={**os.environ, **_ENVIRONMENT}).returncode)
