"""Helpers for tests of commands: running them, checking failures, and a small corpus."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from crfseg.cli.main import cli

COMMAND = [sys.executable, "-m", "crfseg.cli"]
WORDS = (
    "我们 你们 他们 老师 学生 今天 明天 学校 图书馆 喜欢 学习 中文 音乐 我 你 在 去 听 很 高兴 。"
)
CORPUS = """\
我们 今天 去 学校 学习 中文 。
老师 喜欢 我们 。
学生 在 图书馆 学习 。
今天 老师 很 高兴 ， 学生 很 高兴 。
明天 他们 去 听 音乐 。
我 喜欢 听 音乐 。
你们 明天 去 图书馆 。
你 在 学校 听 老师 。
他们 喜欢 中文 ， 我 喜欢 音乐 。
"""
TEXT = "我们喜欢学习中文。\n"


def run(*args: str | Path, stdin: str | bytes = b"") -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)


def fails(result: Result, *parts: str, code: int = 1) -> None:
    """One line on stderr that holds these parts, and no output."""
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert re.match(r"crfseg( \w+)?: error: ", result.stderr)
    for part in parts:
        assert part in result.stderr
