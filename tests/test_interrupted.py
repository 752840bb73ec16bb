"""Interrupted work: files are complete or unchanged, output ends with a whole line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from threading import Thread

import faults
import pytest
from command import COMMAND, TEXT

from crfseg import Model, Segmenter
from crfseg.common.files import atomic_write


def times(some: int, many: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("count", [some, pytest.param(many, marks=pytest.mark.long)])


@pytest.mark.long
def test_killed_trainings(corpus: Path, tiny: Path, tmp_path: Path) -> None:
    found = faults.kill_trainings([corpus, tiny], tmp_path / "m", 200)
    assert found["killed"] > 100
    assert found["left"] > 0


@pytest.mark.long
def test_killed_trainings_that_are_resumed(sample: Path, tmp_path: Path) -> None:
    found = faults.kill_resumed(sample, tmp_path / "m", 100)
    assert found["killed"] >= 100
    assert found["left"] > 0


@times(1, 50)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_segmenting(
    model: Path, tmp_path: Path, number: signal.Signals, count: int
) -> None:
    text = tmp_path / "text"
    text.write_text("".join(f"{i}{TEXT}" for i in range(200_000)), encoding="utf-8")
    full = Segmenter(model).segment_bytes(text.read_bytes())
    stopped = 0
    for seed in range(count):
        code, early = faults.stop_segmenting(model, text, full, number, seed)
        assert code in (0, 128 + number)
        assert early == (code != 0)
        stopped += early
    assert stopped


def test_terminated_with_an_output_file(model: Path, tmp_path: Path) -> None:
    """The old file is there, and nothing besides."""
    (tmp_path / "out").write_text("old")
    with faults.start(
        "segment", "-m", model, "-", "-o", tmp_path / "out",
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stderr
        process.stdin.write(TEXT.encode())
        process.stdin.flush()
        while not faults.temporary(tmp_path):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        assert process.stderr.read() == b""
    assert os.listdir(tmp_path) == ["out"]
    assert (tmp_path / "out").read_text() == "old"


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "file"
    program = (
        "import os, sys\nfrom crfseg.common.files import atomic_write\n"
        "with atomic_write(sys.argv[1]) as file:\n    os.kill(os.getpid(), 9)"
    )
    for _ in range(3):
        subprocess.run([sys.executable, "-c", program, str(target)], check=False)
        assert len(faults.temporary(tmp_path)) == 1
    with atomic_write(target) as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == ["file"]
    assert target.read_bytes() == b"new"


def test_writers_of_one_file_are_not_in_each_others_way(tmp_path: Path) -> None:
    target = tmp_path / "file"
    writers = [atomic_write(target) for _ in range(12)]
    for k, writer in enumerate(writers):
        writer.__enter__().write(b"%d" % k)
    assert len(faults.temporary(tmp_path)) == 12
    for k, writer in enumerate(writers):
        writer.__exit__(None, None, None)
        assert target.read_bytes() == b"%d" % k
    assert os.listdir(tmp_path) == ["file"]


def test_no_link_is_taken_for_what_was_left(tmp_path: Path) -> None:
    target, other = tmp_path / "file", tmp_path / "other"
    other.write_text("kept")
    with atomic_write(target):
        ((name, _),) = faults.temporary(tmp_path)
    (tmp_path / name).symlink_to(other)
    with atomic_write(target) as file:
        file.write(b"new")
    assert (other.read_text(), target.read_bytes()) == ("kept", b"new")


@pytest.mark.long
def test_two_trainings_of_one_output(corpus: Path, tiny: Path, tmp_path: Path) -> None:
    both = [faults.start("train", "-q", path, "-o", tmp_path / "m") for path in (corpus, tiny)]
    for process in both:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    assert Model.load(tmp_path / "m").metadata["corpora"] in ([corpus.name], [tiny.name])
    assert os.listdir(tmp_path) == ["m"]


@pytest.mark.parametrize("cached", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_full_disk(corpus: Path, model: Path, tmp_path: Path, cached: bool) -> None:
    """Of the output; and, all having to be compiled, of the folder where that is kept."""
    text, old = tmp_path / "text", tmp_path / "old"
    text.write_text(TEXT * 1000, encoding="utf-8")
    old.write_text("old")
    environment = dict(os.environ)
    if not cached:
        environment["NUMBA_CACHE_DIR"] = str(tmp_path / ".cache")
    options = {"env": environment, "preexec_fn": partial(faults.limit_files, 2000)}
    for args in (["train", "-q", corpus], ["segment", "-q", "-m", model, text]):
        with faults.start(*args, "-o", old, **options) as process:
            assert process.stderr
            said = process.stderr.read().decode()
        assert process.returncode == 1
        assert said.startswith(f"crfseg: error: {old}: cannot be written: ")
        assert said.count("\n") == 1
        assert old.read_text() == "old"
        assert {"old", "text"} == {*os.listdir(tmp_path)} - {".cache"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with faults.start("segment", "-q", "-m", model, **options, **pipes) as process:
        assert process.communicate(TEXT.encode())[0].decode().replace(" ", "") == TEXT


@pytest.mark.parametrize("command", ["info", "segment"])
def test_output_that_nobody_takes(command: str) -> None:
    """A full device is one line of error; a reader that has gone is none."""
    words = [*COMMAND, *command.split()]
    text = TEXT.encode() * 20_000
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, input=text, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith(b"crfseg: error: ")
    assert done.stderr.count(b"\n") == 1
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, input=text, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_does_not_wait(model: Path, unbuffered: str) -> None:
    """A pipe that takes what fits, and whose reader is slow."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    text = TEXT.encode() * 20_000
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with faults.start(
        "segment", "-q", "-m", model, stdin=subprocess.PIPE, stdout=writing, env=environment
    ) as process:
        os.close(writing)
        feeder = Thread(target=process.communicate, args=[text])
        feeder.start()
        output = b""
        while data := os.read(reading, 100_000):
            output += data
            time.sleep(0.001)
        feeder.join()
    os.close(reading)
    assert output == Segmenter(model).segment_bytes(text)
