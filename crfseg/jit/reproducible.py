"""Makes compiled code, and so every sum, the same on all x86-64 machines with AVX2.

It is used to build shipped files: by default numba vectorises loops for the processor of the
machine, and then the last bits of sums differ.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from crfseg.common.errors import CrfsegError

_ENVIRONMENT = {
    "NUMBA_CPU_NAME": "haswell",  # common; newer processors give the same results
    "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+popcnt,+sse4.2,+lzcnt",
    "PYTHONHASHSEED": "0",  # numba's output depends on the order of sets
}


def run_again(module: str) -> None:
    """Unless this process has these settings, run ``python -m module`` with them and exit.

    Raises CrfsegError on a machine that is not x86-64.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        raise CrfsegError(f"cannot be built on {platform.machine()}; expected x86-64")
    if any(os.environ.get(name) != value for name, value in _ENVIRONMENT.items()):
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env={**os.environ, **_ENVIRONMENT}).returncode)
