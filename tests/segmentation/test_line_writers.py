"""Line-by-line output of ``crfseg segment`` other than words."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from command import fails, run
from hypothesis import given
from strategies import valid_texts

from crfseg.common.errors import DataError, SettingsError
from crfseg.segmentation import stream
from crfseg.segmentation.line_writers import Lines
from crfseg.segmentation.segmenter import OUTPUTS, Segmenter

TEXT = "我们喜欢学习中文。\n\n 老师\t在学校\r\n我"


@pytest.fixture(scope="module")
def segmenter(model: Path) -> Segmenter:
    return Segmenter(model)


def test_nbest(model: Path, segmenter: Segmenter) -> None:
    printed = run("segment", "-m", model, "--nbest", "2", "--sep", "|", stdin=TEXT).stdout
    groups = printed.replace("\r", "").split("\n\n")
    assert len(groups) == 4
    for line, group in zip(TEXT.replace("\r", "").split("\n"), groups, strict=True):
        best = segmenter.nbest(line, 2)
        rows = [row.split("\t", 1) for row in group.rstrip("\n").split("\n")]
        assert [float(p) for p, _ in rows] == [float(f"{s.probability:.4g}") for s in best]
        assert [words.replace("|", "") for _, words in rows] == [line] * len(best)
        assert rows[0][1] == segmenter.segment(line, "|")
    printed = run("segment", "-m", model, "--nbest", "3", "--output", "json", stdin=TEXT).stdout
    for line, row in zip(TEXT.replace("\r", "").split("\n"), printed.split("\n"), strict=True):
        best = segmenter.nbest(line, 3)
        assert [s["words"] for s in json.loads(row)] == [s.words for s in best]
        for s, expected in zip(json.loads(row), best, strict=True):
            assert s["log_probability"] == pytest.approx(expected.log_probability, abs=1e-4)


def test_samples(model: Path) -> None:
    options = "segment", "-m", model, "--sample", "3", "--seed", "5"
    printed = run(*options, stdin=TEXT).stdout
    assert printed == run(*options, "--threads", "1", stdin=TEXT).stdout
    assert printed.startswith(run(*options, stdin=TEXT[: TEXT.index("\n") + 1]).stdout)
    assert printed.replace(" ", "").split("\n")[:5] == [*["我们喜欢学习中文。"] * 3, "", ""]
    rows = run(*options, "--output", "json", stdin=TEXT).stdout.split("\n")
    assert ["".join(words) for words in json.loads(rows[2])] == [" 老师\t在学校"] * 3


def test_scores(model: Path, segmenter: Segmenter) -> None:
    printed = run("segment", "-m", model, "--score", stdin="我们 学习\n\n我 们  学习\n").stdout
    expected = [segmenter.log_likelihood(w) for w in (["我们", "学习"], [], ["我", "们", "学习"])]
    assert [float(row) for row in printed.split()] == pytest.approx(expected, abs=1e-4)
    assert run("segment", "-m", model, "--score", stdin="e \u0301").stdout == "-inf"
    marked = run("segment", "-m", model, "--score", stdin="\ufeff我们\u3000学习").stdout
    assert float(marked) == pytest.approx(expected[0], abs=1e-4)
    assert math.exp(expected[0]) > math.exp(expected[2])


def test_marginals(model: Path, segmenter: Segmenter) -> None:
    printed = run("segment", "-m", model, "--output", "marginals", stdin=TEXT).stdout_bytes
    rows = printed.decode().split("\n")
    assert rows[2].endswith("}\r")
    for line, row in zip(TEXT.replace("\r", "").split("\n"), rows, strict=True):
        found, expected = json.loads(row), segmenter.marginals(line)
        assert found["boundaries"] == expected.boundaries[1:-1].round(4).tolist()
        assert list(found["tags"]) == list("sbme")
        assert found["tags"]["s"] == expected.tags[:, 0].round(4).tolist()
        words = [(w["word"], w["begin"], w["end"]) for w in found["words"]]
        assert words == segmenter.tokenize(line)


def test_partial(model: Path, segmenter: Segmenter) -> None:
    def ask(line: str, *options: str) -> str:
        result = run("segment", "-m", model, "--partial", *options, stdin=line)
        return result.stdout_bytes.decode()

    assert ask("我|们 喜-欢\r\n\n我-们|学|习\n") == "我 们 喜欢\r\n\n我们 学 习\n"
    assert ask("\ufeff我|们") == "我 们"
    assert ask("我|们", "--output", "tags") == "我/s 们/s"
    assert ask("我|们", "--output", "spans") == "0:1 1:2"
    tokens = json.loads(ask("我|们", "--output", "json"))
    assert tokens == [{"word": "我", "confidence": 1.0}, {"word": "们", "confidence": 1.0}]
    assert json.loads(ask("我|们", "--output", "marginals"))["boundaries"] == [1.0]
    assert ask("我|们", "--nbest", "3") == "1\t我 们\n"
    assert ask("我-们", "--sample", "2") == "我们\n我们\n"
    result = run("segment", "-m", model, "--partial", stdin="我|们\n我们\n")
    assert result.stdout == "我 们\n"
    assert "<stdin>:2: '们' at character 2; expected one of | - space" in result.stderr
    fails(run("segment", "-m", model, "--partial", stdin="我- -们"), "<stdin>:1: place 1")


@given(valid_texts)
def test_one_line_of_each_form(segmenter: Segmenter, text: str) -> None:
    """The forms of a segmenter, word by word through the other way."""
    line = text.replace("\n", "").removesuffix("\r")
    marked = " ".join(line)
    for output in OUTPUTS:
        expected = segmenter.segment_bytes(line.encode() + b"\n", output, "|")
        found = Lines(segmenter, partial=True).segment_bytes(marked.encode() + b"\n", output, "|")
        assert found == expected


def test_lines_too_long(segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LONGEST", 30)
    out: list[bytes] = []
    chunks = iter(["我们\n".encode(), "我们喜欢学习中文。我们喜欢".encode(), b""])
    with pytest.raises(DataError, match="<stdin>:2: more than 1 MB; expected shorter lines"):
        stream.segment_stream(
            Lines(segmenter, nbest=1), lambda _: next(chunks), out.append, threads=1
        )
    assert b"".join(out).decode().endswith("\t我们\n\n")


def test_options_that_do_not_go_together(model: Path) -> None:
    for options, parts in (
        (["--nbest", "2", "--sample", "2"], ["--nbest and --sample"]),
        (["--score", "--partial"], ["--score and --partial"]),
        (["--score", "--output", "json"], ["--score and --output json"]),
        (["--nbest", "2", "--output", "tags"], ["--nbest goes with --output words or json"]),
        (["--seed", "2"], ["--seed goes with --sample"]),
        (["--nbest", "0"], ["--nbest"]),
    ):
        fails(run("segment", "-m", model, *options), *parts, code=2)


def test_more_than_there_is_room_for(segmenter: Segmenter) -> None:
    with pytest.raises(SettingsError, match="must be at most"):
        segmenter.nbest("我们" * 10, 10_000_000)
