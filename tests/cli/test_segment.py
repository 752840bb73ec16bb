"""``crfseg segment`` from a user's view: output, and errors for bad input."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from command import COMMAND, TEXT, fails, run


class TestSegment:
    @pytest.fixture(autouse=True)
    def use(self, model: Path, folder: Path) -> None:
        self.model = model

    def segment(self, *args: str | Path, stdin: str | bytes = b"") -> Result:
        return run("segment", "-m", self.model, *args, stdin=stdin)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            TEXT,
            TEXT.strip(),
            "我们喜欢\r\n\r\n中文\r\n",
            "\n\n我们喜欢\t中文 \n",
            "a\0我们\n",
        ],
    )
    @pytest.mark.parametrize("threads", ["1", "3"])
    def test_text_is_kept(self, text: str, threads: str) -> None:
        result = self.segment("--sep", "|", "--threads", threads, stdin=text)
        assert result.exit_code == 0
        assert result.stdout_bytes.decode().replace("|", "") == text
        assert result.stderr == ""

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_forms(self, end: str) -> None:
        lines = ["我们喜欢中文。", "", "  你在\t学校\u3000", "", " ", "我\u2028们"]
        text = "\n".join(lines) + end
        words = self.segment("--sep", "|", stdin=text).stdout.split("\n")
        tags = self.segment("--output", "tags", stdin=text).stdout.split("\n")
        arrays = self.segment("--output", "json", stdin=text).stdout.split("\n")
        spans = self.segment("--output", "spans", stdin=text).stdout.split("\n")
        for row, line in enumerate(lines):
            tokens = [token["word"] for token in json.loads(arrays[row])]
            assert "".join(tokens) == line
            places = [span.split(":") for span in spans[row].split()]
            cut = [line[int(begin) : int(end)] for begin, end in places]
            assert cut == [token for token in tokens if not token.isspace()]
            assert cut == words[row].replace("|", " ").split()
            assert [c for tag in tags[row].split() for c in tag[0]] == list("".join(line.split()))

    def test_files_come_in_order(self) -> None:
        Path("a.txt").write_text("我们\n" * 5)
        Path("b.txt").write_text("老师\n")
        result = self.segment("a.txt", "-", "b.txt", stdin="学生\n")
        assert result.stdout == "我们\n" * 5 + "学生\n老师\n"
        assert re.fullmatch(r"segmenting: 42 bytes, [\d.]+ s\n", result.stderr)
        assert self.segment("-q", "a.txt").stderr == ""

    def test_threads_keep_the_order(self) -> None:
        lines = [f"{i}我们喜欢中文\n" for i in range(60_000)]
        Path("large.txt").write_text("".join(lines))
        one = self.segment("large.txt", "--threads", "1").stdout
        assert one.replace(" ", "") == "".join(lines)
        assert self.segment("large.txt", "--threads", "4").stdout == one

    def test_output_may_be_the_input(self) -> None:
        text = "我们喜欢中文\n" * 50_000
        file = Path("text.txt")
        file.write_text(text)
        assert self.segment("text.txt", "-o", "text.txt", "--sep", "|").exit_code == 0
        assert file.read_text().replace("|", "") == text
        assert os.listdir() == ["text.txt"]

    @pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16"])
    def test_encodings(self, encoding: str) -> None:
        text = "我在，\r\n音\n"
        result = self.segment("--encoding", encoding, stdin=text.encode(encoding))
        assert result.stdout_bytes.decode(encoding).replace(" ", "") == text

    def test_byte_order_mark_stays(self) -> None:
        result = self.segment(stdin=TEXT.encode("utf-8-sig"))
        assert result.stdout_bytes.decode("utf-8-sig") == self.segment(stdin=TEXT).stdout

    def test_bad_bytes(self) -> None:
        Path("bad.txt").write_bytes(TEXT.encode() + b"\xff\xfe\n")
        Path("old.txt").write_text("old")
        fails(
            self.segment("-q", "bad.txt", "-o", "old.txt"), "bad.txt:2: byte 1", "--errors replace"
        )
        assert Path("old.txt").read_text() == "old"
        result = self.segment("--errors", "replace", "bad.txt")
        assert result.stdout.replace(" ", "") == TEXT + "\ufffd\ufffd\n"

    @pytest.mark.parametrize(
        ("args", "parts"),
        [
            (["missing.txt"], ["missing.txt"]),
            (["."], [".: ", "directory"]),
            (["-o", "."], [".: ", "directory"]),
            (["-o", "nowhere/out.txt"], ["nowhere/out.txt"]),
            (["--encoding", "klingon"], ["--encoding klingon"]),
            (["--threads", "-1"], ["--threads -1"]),
            (["-m", "missing.crfseg"], ["missing.crfseg"]),
            (["-m", "."], [".: "]),
            (["-m", "foreign.crfseg"], ["foreign.crfseg"]),
            (["-m", "cut.crfseg"], ["cut.crfseg"]),
            (["-m", "empty.crfseg"], ["empty.crfseg"]),
        ],
        ids=lambda value: " ".join(value),
    )
    def test_bad_input(self, args: list[str], parts: list[str]) -> None:
        Path("foreign.crfseg").write_bytes(b"\x89PNG\r\n" + bytes(1000))
        Path("cut.crfseg").write_bytes(self.model.read_bytes()[:-100])
        Path("empty.crfseg").write_bytes(b"")
        fails(self.segment(*args, stdin=TEXT), *parts)

    def test_dictionaries(self, model: Path, tmp_path: Path) -> None:
        """Repeatable, in any of the forms of word lists; both kinds at once."""
        names = ["a.txt", "b.txt", "c.txt"]
        lists = [tmp_path / name for name in names]
        for path, line in zip(lists, ["New York", "习中文 5 n", "我们喜欢\tx"], strict=True):
            path.write_text(line + "\n", encoding="utf-8")
        preferred, forced, more = lists
        options = ["--dict", preferred, "--force-dict", forced, "--force-dict", more]
        result = run("segment", "-m", model, *options, stdin="我们喜欢学习中文，在New York")
        assert result.stdout.startswith("我们喜欢 学 习中文 ")
        assert result.stdout.endswith(" New York")
        result = run(
            "segment", "-m", model, "--dict", preferred, "--output", "json", stdin="New York"
        )
        assert [token["word"] for token in json.loads(result.stdout)] == ["New York"]

    @pytest.mark.parametrize("option", ["--dict", "--force-dict"])
    def test_bad_dictionaries(self, model: Path, option: str, tmp_path: Path) -> None:
        empty, foreign = tmp_path / "empty.txt", tmp_path / "gbk.txt"
        empty.write_text("\n")
        foreign.write_bytes("好\n学习".encode("gb18030"))
        fails(run("segment", "-m", model, option, empty, stdin=TEXT), "empty.txt: no words")
        fails(run("segment", "-m", model, option, foreign, stdin=TEXT), "gbk.txt:1:", "gb18030")
        fails(run("segment", "-m", model, option, "missing", stdin=TEXT), "missing: cannot be read")

    def test_a_closed_pipe_ends_it_quietly(self) -> None:
        Path("large.txt").write_text(TEXT * 100_000)
        command = " ".join([*COMMAND, "segment", "-q", "-m", str(self.model), "large.txt"])
        script = f"{command} | head -n 1; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        assert done.stdout == self.segment(stdin=TEXT).stdout
        assert done.stderr == ""
        assert done.returncode == 141

    @pytest.mark.parametrize("threads", ["1", "2"])
    def test_answers_while_the_pipe_stays_open(self, threads: str) -> None:
        args = [*COMMAND, "segment", "-m", str(self.model), "--threads", threads]
        answer = self.segment(stdin=TEXT).stdout.encode()
        with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin
            assert process.stdout
            watchdog = threading.Timer(60, process.kill)
            watchdog.start()
            for _ in range(3):
                process.stdin.write(TEXT.encode())
                process.stdin.flush()
                assert process.stdout.readline() == answer
            process.stdin.close()
            assert process.stdout.read() == b""
            watchdog.cancel()
        assert process.returncode == 0

    @pytest.mark.parametrize("threads", ["1", "2"])
    def test_interrupt_leaves_no_traceback(self, threads: str) -> None:
        args = [*COMMAND, "segment", "-m", str(self.model), "--threads", threads]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(args, **pipes) as process:  # type: ignore[call-overload]
            process.stdin.write(TEXT.encode())
            process.stdin.flush()
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            assert process.stderr.read().strip() == b""

    def test_enormous_line(self) -> None:
        text = "我们喜欢中文，" * 150_000 + "\n"
        result = self.segment(stdin=text)
        assert result.stdout.count("\n") == 1
        assert result.stdout.replace(" ", "") == text

    def test_terminal_shows_a_bar(self) -> None:
        Path("text.txt").write_text(TEXT * 1000)
        ours, theirs = pty.openpty()
        args = [*COMMAND, "segment", "-m", str(self.model), "text.txt", "-o", "out.txt"]
        with subprocess.Popen(args, stderr=theirs) as process:
            os.close(theirs)
            shown = b"".join(read_all(ours))
        assert process.returncode == 0
        assert b"segmenting  [" in shown
        assert b"segmenting: 28,000 bytes" in shown


def read_all(terminal: int) -> Iterator[bytes]:
    try:
        while data := os.read(terminal, 1 << 16):
            yield data
    except OSError:  # how a terminal ends on Linux
        pass
    os.close(terminal)
