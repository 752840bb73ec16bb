"""Time and memory of whole processes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

# A program that starts processes must not import anything heavy: each process inherits the
# peak memory of its parent.

#: The installed command. It runs in a separate folder, because `-m` puts the current folder
#: in front of the installed package.
CRFSEG = (sys.executable, "-m", "crfseg.cli")


@dataclass(frozen=True)
class Cost:
    """One process: wall and CPU seconds, peak memory in bytes."""

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Run(Cost):
    """One training, with the SHA-256 of its model."""

    digest: str


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    source: Path | None = None,
    target: Path | None = None,
) -> Cost:
    """Runs a command once; raises ClickException with its last output line if it fails.

    folder: the working folder; environment: additional variables; source, target: files for
    standard input and output, nothing if omitted.
    """
    with ExitStack() as files, tempfile.TemporaryFile() as log:
        stdin = files.enter_context(open(source or os.devnull, "rb"))
        stdout = files.enter_context(open(target or os.devnull, "wb"))
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=stdin,
            stdout=stdout,
            stderr=log,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            lines = log.read().decode(errors="replace").splitlines() or ["no message"]
            name = " ".join(command[1:4])
            raise click.ClickException(f"{name}: exit {process.returncode}: {lines[-1]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def run_training(corpus: str | os.PathLike[str], model: Path, threads: int, cache: Path) -> Run:
    """Runs ``crfseg train`` once, with numba's cache in ``cache``."""
    command = [*CRFSEG, "train", os.fspath(corpus), "-o", str(model), "--threads", str(threads)]
    cost = run(command, model.parent, {"NUMBA_CACHE_DIR": str(cache)})
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    return Run(cost.wall, cost.cpu, cost.memory, digest)
