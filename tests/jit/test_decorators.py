"""Where compiled code is cached."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from crfseg.features import kernels

PROGRAM = """
import numba, numpy
from crfseg.features.kernels import hashing
slots = numpy.full(16, -1, dtype=numpy.int32)
hashing.fill(numpy.arange(3, dtype=numpy.uint64), slots)
print(sorted(slots.tolist())[-3:], repr(numba.config.CACHE_DIR))
"""


def run(**variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | variables
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.check_output(command, env=environment, text=True)


def test_code_is_kept_in_the_users_cache_and_no_other_code_with_it(tmp_path: Path) -> None:
    folder = Path(kernels.__path__[0])
    before = set(folder.rglob("*.nb?"))
    assert run(XDG_CACHE_HOME=str(tmp_path)) == "[0, 1, 2] ''\n"
    assert list((tmp_path / "crfseg").rglob("*.nbc"))
    assert set(folder.rglob("*.nb?")) == before


def test_numbas_own_variable_is_respected(tmp_path: Path) -> None:
    cache = tmp_path / "numba"
    run(XDG_CACHE_HOME=str(tmp_path / "user"), NUMBA_CACHE_DIR=str(cache))
    assert list(cache.rglob("*.nbc"))
    assert not (tmp_path / "user").exists()


def test_a_home_that_cannot_be_written_to_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run(XDG_CACHE_HOME=str(tmp_path / "file")).startswith("[0, 1, 2]")
