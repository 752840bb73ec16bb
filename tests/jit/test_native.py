"""Compiled entry points: where they come from, and that all sources give the same output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from shipped import needs_shipped

from crfseg.jit import native
from crfseg.segmentation import engine

PROGRAM = """
import sys
from crfseg import Segmenter
words = Segmenter().segment("结婚的和尚未结婚的，10:30 见http://a.cn。")
print(words, ",".join(name for name in ("numba", "numpy") if name in sys.modules) or "-")
"""
WORDS = "结婚 的 和 尚未 结婚 的 ， 10:30 见 http://a.cn 。"


def run(folder: Path, **variables: str) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment |= {"XDG_CACHE_HOME": str(folder)} | variables
    output = subprocess.check_output([sys.executable, "-c", PROGRAM], env=environment, text=True)
    return output.rstrip().rsplit(" ", 1)


@pytest.mark.parametrize("name", native.ENTRIES)
def test_what_is_shipped_was_made_of_these_kernels_and_for_any_processor(name: str) -> None:
    source = native.shipped(name)
    assert source, "run python -m crfseg.jit.build"
    assert "target-cpu" not in source
    assert "@llvm.x86" not in source


@needs_shipped
def test_no_run_needs_numba_and_only_the_first_needs_numpy(tmp_path: Path) -> None:
    assert run(tmp_path) == [WORDS, "numpy"]
    assert list(tmp_path.rglob("*.o"))
    assert run(tmp_path) == [WORDS, "-"]


@needs_shipped
def test_damaged_files_in_the_cache_are_made_anew(tmp_path: Path) -> None:
    run(tmp_path)
    for path in [*tmp_path.rglob("*.o"), *tmp_path.rglob("*.tables")]:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    assert run(tmp_path) == [WORDS, "numpy"]


def test_other_sources_or_another_model_have_tables_of_their_own(tmp_path: Path) -> None:
    model, other = tmp_path / "a.crfseg", tmp_path / "b.crfseg"
    model.write_bytes(b"1")
    other.write_bytes(b"2")
    first = engine._kept_path(model)
    with patch.object(engine, "digest_of", return_value="changed"):
        assert engine._kept_path(model) != first
    assert engine._kept_path(other) != first


def test_python_alone_gives_the_same(tmp_path: Path) -> None:
    assert run(tmp_path, NUMBA_DISABLE_JIT="1")[0] == WORDS


def test_a_home_that_cannot_be_written_to_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file")[0] == WORDS
