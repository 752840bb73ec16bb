"""The commands from a user's view: output, help, and errors for bad input."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from command import COMMAND, CORPUS, TEXT, WORDS, fails, run

from crfseg.cli.main import COMMANDS, cli
from crfseg.training.settings import TrainingSettings


class TestGroup:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_help_has_an_example(self, command: str) -> None:
        short, long = run(command, "-h"), run(command, "--help")
        assert short.exit_code == 0
        assert short.output == long.output
        assert f"\n  crfseg {command}" in short.output or f"| crfseg {command}" in short.output

    def test_summaries_of_commands_are_not_cut_off(self) -> None:
        summaries = run("-h").output.split("Commands:\n")[1].splitlines()
        assert [line.split()[0] for line in summaries] == list(COMMANDS)
        assert all(line.endswith(".") and "..." not in line for line in summaries)

    @pytest.mark.parametrize(
        ("words", "completed"),
        [
            ("train cor", "file,cor"),
            ("train -o cor", "file,cor"),
            ("segment --dict cor", "file,cor"),
            ("segment --output sp", "plain,spans"),
            ("segment --threads cor", ""),
        ],
    )
    def test_shells_complete_file_names(self, words: str, completed: str) -> None:
        variables = {
            "_CRFSEG_COMPLETE": "bash_complete",
            "COMP_WORDS": f"crfseg {words}",
            "COMP_CWORD": str(len(words.split())),
        }
        result = CliRunner().invoke(cli, [], env=variables, prog_name="crfseg")
        assert result.output.strip() == completed

    def test_help_and_version_need_no_numpy(self) -> None:
        code = (
            "import sys\n"
            "from crfseg.cli.main import cli\n"
            "for option in ('--version', '-V', '-h'):\n"
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

    @pytest.mark.parametrize(
        ("args", "line"),
        [
            (["train", "c", "--threads", "0"], "--threads 0: must be at least 1"),
            (["train", "c", "--max-iter", "0"], "--max-iter 0: must be at least 1"),
            (["train", "c", "--weight", "d=2"], "--weight d: expected one of the corpora"),
            (
                ["train", "--standard", "a=c", "--model", "hmm"],
                "--model hmm: a hidden Markov model has no standards; expected crf",
            ),
            (["train", "c", "-o", "c"], "-o c: must not be one of the files read"),
            (["crossval", "c", "-k", "1"], "-k 1: must be at least 2"),
            (["tune", "-"], "--dev: must be given for a corpus of less than 10 sentences"),
            (["segment", "--errors", "strict", "gb"], "try --encoding gb18030 or --errors replace"),
            (["train", "gb"], "(the file reads as gb18030: give --encoding gb18030)"),
            (["train", "-", "--format", "chars"], "format, give --format ...)"),
        ],
        ids=lambda value: "" if isinstance(value, str) else " ".join(value),
    )
    def test_options_are_spelled_as_they_are_given(
        self, folder: Path, args: list[str], line: str
    ) -> None:
        Path("c").write_text(CORPUS)
        Path("gb").write_text(CORPUS, encoding="gb18030")
        result = run(*args, "-q", stdin=CORPUS)
        fails(result)
        assert result.stderr.endswith(f"{line}\n")


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
        options += " --lexicon words.txt --lexicon-dropout 0.2 --templates templates --threads 2"
        options += " --prune 0.001"
        result = run("train", gb, "--encoding", "gb18030", *options.split())
        assert result.exit_code == 0, result.output
        assert (folder / "gb.crfseg").exists()

    def test_help_tells_the_defaults(self) -> None:
        text = " ".join(run("train", "-h").output.split())
        for option in ("l2", "l1", "margin", "max_iter", "tol", "lexicon_dropout", "prune"):
            entry = text.split(f"--{option.replace('_', '-')} ")[1]
            assert f"[default: {getattr(TrainingSettings, option):g}]" in entry.split(" --")[0]

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
