"""The commands as a user runs them: what they print, what they say of bad input."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crfseg.cli.main import COMMANDS, cli
from crfseg.settings import Settings

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


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text(CORPUS)
    return path


@pytest.fixture(scope="module")
def model(corpus: Path) -> Path:
    path = corpus.with_suffix(".crfseg")
    result = run("train", corpus, "-o", path, "-q")
    assert (result.exit_code, result.output) == (0, "")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestGroup:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_help_has_an_example(self, command: str) -> None:
        short, long = run(command, "-h"), run(command, "--help")
        assert short.exit_code == 0
        assert short.output == long.output
        assert f"\n  crfseg {command}" in short.output or f"| crfseg {command}" in short.output

    def test_help_and_version_need_no_numpy(self) -> None:
        code = (
            "import sys\n"
            "from crfseg.cli.main import cli\n"
            "for option in ('--version', '-h'):\n"
            "    try: cli.main([option], prog_name='crfseg')\n"
            "    except SystemExit as end: assert end.code == 0\n"
            "assert not {'numpy', 'numba'} & set(sys.modules)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.match(r"crfseg \d+\.\d+", done.stdout)

    def test_no_command_prints_the_help(self) -> None:
        result = run()
        assert result.exit_code == 2
        assert "Usage: crfseg" in result.stderr

    @pytest.mark.parametrize(
        "args",
        [["nosuch"], ["--nosuch"], ["segment", "--nosuch"], ["train"], ["eval"]],
        ids=" ".join,
    )
    def test_wrong_usage_is_one_line(self, args: list[str]) -> None:
        fails(run(*args), " -h)", code=2)

    def test_wrong_choice_names_the_right_ones(self) -> None:
        fails(run("train", "x", "--model", "svm"), "'--model'", "crf", "maxent", "hmm", code=2)


class TestTrain:
    def test_default_output_and_report(self, corpus: Path, folder: Path) -> None:
        result = run("train", corpus, "--dev", corpus, "--max-iter", "3")
        assert result.exit_code == 0, result.output
        assert result.stdout == ""
        assert (folder / "corpus.crfseg").stat().st_size > 0
        steps = [line for line in result.stderr.splitlines() if line.startswith("iteration")]
        step = r"iteration +{}  objective +[\d.]+  change +\S+  +[\d.]+ s  dev F1 [\d.]+"
        for number, line in enumerate(steps, start=1):
            assert re.fullmatch(step.format(number), line)
        assert 1 <= len(steps) <= 3
        assert "9 sentences, 55 words, 88 characters" in result.stderr
        assert "stopped after" in result.stderr
        assert "dev F1" in result.stderr.splitlines()[-2]
        assert re.search(r"saved corpus\.crfseg \([\d.]+ MB\)", result.stderr)

    @pytest.mark.parametrize("kind", ["crf", "maxent", "hmm"])
    @pytest.mark.parametrize("tags", ["4", "6"])
    def test_every_model_segments(self, corpus: Path, folder: Path, kind: str, tags: str) -> None:
        assert run("train", corpus, "--model", kind, "--tags", tags).exit_code == 0
        result = run("segment", "-m", "corpus.crfseg", stdin=TEXT)
        assert result.stdout.replace(" ", "") == TEXT
        assert " " in result.stdout

    def test_options_reach_the_library(self, corpus: Path, folder: Path) -> None:
        (folder / "words.txt").write_text("\n".join(WORDS.split()))
        (folder / "templates").write_text("U00:%x[0,0]\nU01:%x[-1,0]/%x[0,0]\nB\n")
        gb = folder / "gb.txt"
        gb.write_text(CORPUS, encoding="gb18030")
        options = "--format words --l2 2 --l1 0.01 --margin 2 --max-iter 5 --tol 1e-3 --no-lexicon"
        options += " --lexicon words.txt --templates templates --threads 2 --prune 0.001"
        result = run("train", gb, "--encoding", "gb18030", *options.split())
        assert result.exit_code == 0, result.output
        assert (folder / "gb.crfseg").exists()

    def test_help_tells_the_defaults(self) -> None:
        text = " ".join(run("train", "-h").output.split())
        for option in ("l2", "l1", "margin", "max_iter", "tol", "prune"):
            entry = text.split(f"--{option.replace('_', '-')} ")[1]
            assert f"[default: {getattr(Settings, option):g}]" in entry.split(" --")[0]

    def test_standard_input(self, folder: Path) -> None:
        assert run("train", "-", stdin=CORPUS).exit_code == 0
        assert (folder / "stdin.crfseg").exists()
        (folder / "stdin.crfseg").unlink()
        fails(run("train", "-", "-q", stdin="一 二 三\n"), "<stdin>")

    @pytest.mark.parametrize(
        ("args", "parts"),
        [
            (["missing.txt"], ["missing.txt"]),
            (["."], [": ", "directory"]),
            (["empty.txt"], ["empty.txt", "empty"]),
            (["single.txt"], ["single.txt", "no word has more than one character"]),
            (["gb.txt"], ["gb.txt:1", "utf-8", "--encoding gb18030"]),
            (["mixed.txt"], ["mixed.txt:3"]),
            (["nul.txt"], ["nul.txt:2", "NUL"]),
            (["enormous.txt"], ["enormous.txt:1"]),
            (["good.txt", "--l2", "-1"], ["--l2", "-1"]),
            (["good.txt", "--l1", "-1"], ["--l1", "-1"]),
            (["good.txt", "--margin", "-1"], ["--margin", "-1"]),
            (["good.txt", "--max-iter", "-1"], ["--max-iter", "-1"]),
            (["good.txt", "--tol", "-1"], ["--tol", "-1"]),
            (["good.txt", "--prune", "-1"], ["--prune", "-1"]),
            (["good.txt", "--threads", "0"], ["--threads", "0"]),
            (["good.txt", "--encoding", "klingon"], ["--encoding klingon"]),
            (["good.txt", "--dev", "missing.txt"], ["missing.txt"]),
            (["good.txt", "--lexicon", "missing.txt"], ["missing.txt"]),
            (["good.txt", "--templates", "missing.txt"], ["missing.txt"]),
            (["good.txt", "--templates", "bad.templates"], ["bad.templates:2"]),
        ],
        ids=lambda value: " ".join(value) if value[0].endswith((".txt", ".")) else "",
    )
    def test_bad_input(self, folder: Path, args: list[str], parts: list[str]) -> None:
        Path("good.txt").write_text(CORPUS)
        Path("empty.txt").write_text("\n \n")
        Path("single.txt").write_text("我 在 家\n")
        Path("gb.txt").write_text(CORPUS, encoding="gb18030")
        Path("mixed.txt").write_text("我们/r 喜欢/v\n老师/n 高兴/a\n我们 喜欢 听 音乐\n")
        Path("nul.txt").write_text("我们 喜欢\n老\0师 高兴\n")
        Path("enormous.txt").write_text("我们" * 10**6 + "\n")
        Path("bad.templates").write_text("U00:%x[0,0]\nU01:%x[0\n")
        model = Path("model.crfseg")
        model.write_bytes(b"old")
        fails(run("train", *args, "-q", "-o", model), *parts)
        assert model.read_bytes() == b"old"
        assert not list(folder.glob(".crfseg*"))

    @pytest.mark.parametrize("output", [".", "nowhere/model.crfseg", "-"])
    def test_unwritable_output_is_found_before_the_work(self, output: str, folder: Path) -> None:
        fails(run("train", "missing.txt", "-o", output), f"-o {output}: ")

    def test_interrupt_saves_the_model(self, corpus: Path, folder: Path) -> None:
        (folder / "large.txt").write_text(CORPUS * 3000)
        args = ["train", "large.txt", "--tol", "0", "--max-iter", "100000"]
        with subprocess.Popen([*COMMAND, *args], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            for line in process.stderr:
                if line.startswith("iteration   2"):
                    process.send_signal(signal.SIGINT)
                    break
            rest = process.stderr.read()
        assert process.returncode == 130
        assert "Traceback" not in rest
        assert "saved large.crfseg" in rest
        assert run("segment", "-m", "large.crfseg", stdin=TEXT).exit_code == 0


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
            tokens = json.loads(arrays[row])
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
        assert json.loads(result.stdout) == ["New York"]

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


class TestEval:
    KEYS = "precision recall f1 oov_rate oov_recall iv_recall gold_words predicted_words sentences"

    def test_json(self, corpus: Path, model: Path) -> None:
        result = run("eval", corpus, "-m", model, "--json")
        scores = json.loads(result.stdout)
        assert " ".join(scores) == self.KEYS
        assert scores["f1"] > 0.9
        assert (scores["gold_words"], scores["sentences"]) == (55, 9)
        assert scores["oov_rate"] is scores["oov_recall"] is scores["iv_recall"] is None
        known = json.loads(run("eval", corpus, "-m", model, "--json", "--train", corpus).stdout)
        assert known["oov_rate"] == 0
        assert known["iv_recall"] == scores["recall"]

    def test_table_and_errors(self, folder: Path) -> None:
        Path("gold.txt").write_text("我们 喜欢 中文\n" * 3)
        Path("pred.txt").write_text("我们 喜 欢 中文\n" * 3)
        result = run("eval", "gold.txt", "--pred", "pred.txt")
        assert re.search(r"^precision +50\.00 %$", result.stdout, re.M)
        assert re.search(r"^gold words +9$", result.stdout, re.M)
        assert "OOV" not in result.stdout
        assert "3  我们 [喜欢] 中文  喜 欢\n" in result.stdout
        hidden = run("eval", "gold.txt", "--pred", "pred.txt", "--errors-shown", "0")
        assert "most frequent errors" not in hidden.stdout

    def test_a_dictionary_is_scored(self, corpus: Path, model: Path, tmp_path: Path) -> None:
        words = tmp_path / "words.txt"
        words.write_text("学校学习\n", encoding="utf-8")
        scores = [
            json.loads(run("eval", corpus, "-m", model, "--json", *options).output)
            for options in ([], ["--force-dict", words])
        ]
        assert scores[0]["predicted_words"] == scores[1]["predicted_words"] + 1

    def test_prediction_from_standard_input(self, corpus: Path) -> None:
        assert '"f1": 1.0' in run("eval", corpus, "--pred", "-", "--json", stdin=CORPUS).stdout

    def test_bad_input(self, corpus: Path, folder: Path) -> None:
        Path("other.txt").write_text("完全 不同\n")
        Path("empty.txt").write_text("")
        fails(run("eval", corpus, "--pred", "other.txt"), "other.txt", "sentence 1")
        fails(run("eval", corpus, "--pred", "missing.txt"), "missing.txt")
        fails(run("eval", "missing.txt", "--pred", corpus), "missing.txt")
        fails(run("eval", "empty.txt", "--pred", "empty.txt"), "empty.txt", "empty")
        fails(run("eval", ".", "--pred", corpus), ".: ", "directory")
        fails(run("eval", corpus, "-m", "missing.crfseg"), "missing.crfseg")
        fails(run("eval", corpus, "-m", "x", "--pred", "y"), "-m", "--pred", code=2)


class TestInfo:
    def test_sections(self, model: Path) -> None:
        result = run("info", model)
        assert result.exit_code == 0, result.stderr
        for title in ("model", "sizes", "strongest features of s", "transitions"):
            assert re.search(rf"^{title}$", result.stdout, re.M)
        assert "U00:%x[-1,0]" in result.stdout

    def test_json(self, model: Path) -> None:
        summary = json.loads(run("info", model, "--json").stdout)
        assert set(summary) == {"card", "sizes", "strongest", "transitions"}

    def test_bad_input(self, folder: Path) -> None:
        fails(run("info", "missing.crfseg"), "missing.crfseg")
        fails(run("info", "."), ".: ")
