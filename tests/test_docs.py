"""The examples of the documentation run and print what they say."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest

PAGES = ["user-dictionary.md"]
DOCS = Path(__file__).parent.parent / "docs"
_BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_examples(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of a page in order, in a folder that holds the sample corpora."""
    monkeypatch.chdir(tmp_path)
    with as_file(files("crfseg.data")) as data:
        for path in data.glob("sample.*"):
            shutil.copy(path, tmp_path)
    names: dict[str, object] = {}
    for kind, block in _BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if kind == "console":
            _run_console(block)
        elif ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, page, page, 0)
            runner = doctest.DocTestRunner(verbose=False)
            report: list[str] = []
            runner.run(test, out=report.append, clear_globs=False)
            assert runner.summarize(verbose=False).failed == 0, "".join(report)
            names = test.globs


def _run_console(block: str) -> None:
    """Each line after "$ " is a command, the lines after it are what it prints."""
    function = f'crfseg() {{ {shlex.quote(sys.executable)} -m crfseg.cli "$@"; }}\n'
    for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = piece.partition("\n")
        done = subprocess.run(["sh", "-c", function + command], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, expected), command + done.stderr
