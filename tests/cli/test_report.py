"""Progress on stderr: plain lines, nothing with -q, and a bar that is erased at the end."""

from __future__ import annotations

import sys
from contextlib import suppress

import pytest

from crfseg.cli.report import Bars, Lines, reporter
from crfseg.common.progress import Iteration


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert type(reporter(quiet=False)) is Lines
    with Lines() as report:
        report.begin("reading", 100, "bytes")
        report.advance(100)
        report.end("7 sentences")
        report.iteration(Iteration(1, 12.5, 0.25, 3.0))
        report.iteration(Iteration(2, 11.5, 0.08, 4.0, dev_f1=0.954))
    shown = capsys.readouterr().err.splitlines()
    assert shown == [
        "reading: 7 sentences, 0.0 s",
        "iteration   1  objective          12.50  change  2.50e-01      3.0 s",
        "iteration   2  objective          11.50  change  8.00e-02      4.0 s  dev F1 95.40",
    ]


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with reporter(quiet=True) as report:
        report.begin("reading")
        report.iteration(Iteration(1, 12.5, 0.25, 3.0))
        report.line("done")
        report.end()
    assert capsys.readouterr().err == ""


def test_bar_is_taken_away_when_the_work_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with suppress(RuntimeError), Bars() as report:
        report.begin("reading")  # of unknown size
        report.advance(5)
        raise RuntimeError
    assert capsys.readouterr().err.endswith("\033[K\033[?25h")
