"""Processes that compile for one fixed processor, for reproducible builds."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest.mock import patch

import pytest

from crfseg.common.errors import CrfsegError
from crfseg.jit import reproducible

MODULE = """
import os, sys
from unittest.mock import patch
from crfseg.jit import reproducible
with patch("platform.machine", return_value="x86_64"):
    reproducible.run_again("again")
from numba.core import config
print(config.CPU_NAME, hash("a"), *sys.argv[1:])
sys.exit(3)
"""


def test_module_runs_once_more_with_its_arguments_and_ends_with_its_code(tmp_path):
    (tmp_path / "again.py").write_text(MODULE)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-m", "again", "a b", "-o", "c"]
    runs = [subprocess.run(command, env=environment, capture_output=True, text=True)]
    environment["PYTHONHASHSEED"] = "8"
    runs.append(subprocess.run(command, env=environment, capture_output=True, text=True))
    assert [run.returncode for run in runs] == [3, 3], runs[0].stderr
    assert runs[0].stdout == runs[1].stdout
    words = runs[0].stdout.split()
    assert words[0] == "haswell"
    assert words[2:] == ["a", "b", "-o", "c"]


def test_other_machines_are_refused():
    with (
        patch("platform.machine", return_value="aarch64"),
        pytest.raises(CrfsegError, match=r"cannot be built on aarch64; expected x86-64"),
    ):
        reproducible.run_again("again")
