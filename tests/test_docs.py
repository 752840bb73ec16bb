"""The examples in the documentation produce the output shown.

``>>>`` examples run as doctests. In console examples, lines that begin with ``$ `` are run, and the
lines below are the expected output. There, a line ``...`` matches any lines, ``...`` within a line
matches anything, and a signed number with four decimals matches any such number, because weights
of models trained by the test depend on the machine (those of the default model do not).
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest

PAGES = [
    "inference",
    "learning",
    "linear-chain",
    "models",
    "pos",
    "sklearn",
    "tagger",
    "tuning",
    "user-dictionary",
]

DOCS = Path(__file__).parents[1] / "docs" / "guide"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES)
def test_examples(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of a page, in their order, in one folder with the sample corpora."""
    with as_file(files("crfseg.data") / "sample.train.txt") as sample:
        for path in sample.parent.glob("sample.*"):
            shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for block in re.finditer(r"^```(python|console)\n(.*?)^```$", text, re.M | re.S):
        language, body = block.groups()
        line = text.count("\n", 0, block.start()) + 1
        if language == "python":
            _run_python(body, names, f"{page}.md:{line}")
        else:
            _run_console(body, f"{page}.md:{line}")


def _run_python(body: str, names: dict[str, object], where: str) -> None:
    parsed = doctest.DocTestParser().get_doctest(body, names, where, where, 0)
    runner, report = doctest.DocTestRunner(optionflags=FLAGS), list[str]()
    runner.run(parsed, out=report.append, clear_globs=False)
    names.update(parsed.globs)
    assert not runner.failures, "".join(report)


def _run_console(body: str, where: str) -> None:
    for example in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, expected = example.partition("\n")
        script = f'crfseg() {{ "{sys.executable}" -m crfseg.cli "$@"; }}\n{command}'
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True,
            env={**os.environ, "PYTHONUTF8": "1", "COLUMNS": "100"},
        )  # fmt: skip
        assert _agrees(done.stdout, expected), f"{where}: $ {command}\n{done.stdout}{done.stderr}"


def _agrees(found: str, expected: str) -> bool:
    pattern = ""
    for line in expected.strip().split("\n"):
        if line == "...":
            pattern += r"(?:.*\n)*"
        else:
            number = r" *[-+]\\d+\\.\\d{4}"
            line = re.sub(r"(?:\\ )*\\?[-+]\d+\\\.\d{4}\b", number, re.escape(line))
            pattern += line.replace(r"\.\.\.", ".*") + "\n"
    return re.fullmatch(pattern, found.strip() + "\n") is not None
