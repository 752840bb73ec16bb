"""Fault injection: processes that are killed or stopped, run out of disk, or compete."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from command import COMMAND

from crfseg import Model


def start(*args: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """The command, started; stderr is kept."""
    return subprocess.Popen(
        [*COMMAND, *map(str, args)], stderr=subprocess.PIPE, start_new_session=True, **options
    )


def temporary(folder: Path) -> set[tuple[str, int]]:
    """Files that are written aside: their names and when they were made."""
    found = set()
    for path in folder.glob(".crfseg-*"):
        with suppress(FileNotFoundError):
            found.add((path.name, path.stat().st_ctime_ns))
    return found


def train_to_the_end(corpus: Path, output: Path, *more: str) -> float:
    """Train; returns seconds."""
    begin = time.monotonic()
    with start("train", "-q", corpus, "-o", output, *more) as process:
        assert process.stderr
        said = process.stderr.read()
    assert process.returncode == 0, said
    return time.monotonic() - begin


def kill_trainings(corpora: Sequence[Path], output: Path, times: int) -> Counter[str]:
    """Kill ``crfseg train`` at random moments, every third time while it saves.

    output: what all of them write. Whenever one is killed, the model there must be whole, and one
    of those the corpora give. Returns how many were killed, came to their end, left files aside.
    """
    chance, found, models = random.Random(times), Counter[str](), []
    for corpus in corpora:
        seconds = train_to_the_end(corpus, output)
        models.append(output.read_bytes())
    before: set[tuple[str, int]] = set()
    for k in range(times):
        with start("train", "-q", corpora[k % len(corpora)], "-o", output) as process:
            if k % 3 == 0:  # when it saves, which takes milliseconds
                while process.poll() is None and temporary(output.parent) <= before:
                    time.sleep(0.0002)
                time.sleep(chance.random() * 0.01)
            else:
                time.sleep(chance.random() * seconds)
            found["killed" if process.poll() is None else "too late"] += 1
            process.kill()
        assert output.read_bytes() in models
        Model.load(output)
        left = temporary(output.parent)
        assert len(left) <= 1  # the next one removes what was left
        found["left"] += len(left - before)
        before = left
    train_to_the_end(corpora[0], output)
    assert temporary(output.parent) == set()
    return found


def kill_resumed(corpus: Path, output: Path, times: int) -> Counter[str]:
    """Kill ``crfseg train --resume`` at random moments, and run it again until it ends.

    Every model must be, byte for byte, that of a training that nobody killed. Returns how many
    were killed, and how many of those left a checkpoint, from which the next one went on.
    """
    chance, found = random.Random(times), Counter[str]()
    more = ("--max-iter", "80", "--tol", "0")  # as long as checkpoints take to come
    seconds = train_to_the_end(corpus, output, *more)
    whole, checkpoint = output.read_bytes(), Path(f"{output}.checkpoint")
    while found["killed"] < times:
        output.unlink()
        killed = True
        while killed and chance.random() < 0.8:
            with start("train", "-q", corpus, "-o", output, *more, "--resume") as process:
                time.sleep((0.3 + 0.6 * chance.random()) * seconds)
                killed = process.poll() is None
                process.kill()
            found["killed"] += killed
            found["left"] += killed and checkpoint.exists()
        train_to_the_end(corpus, output, *more, "--resume")
        assert output.read_bytes() == whole
        assert not checkpoint.exists()
        assert temporary(output.parent) == set()
        found["resumed"] += 1
    return found


def stop_segmenting(
    model: Path, text: Path, full: bytes, number: signal.Signals, seed: int
) -> tuple[int, bool]:
    """Stop ``crfseg segment`` while its output is read: whole lines must come, in order.

    full: all that it writes. Returns its exit code, and whether it was stopped before the end.
    """
    chance = random.Random(seed)
    threads = str(chance.choice((1, 2)))
    with start(
        "segment", "-q", "-m", model, "--threads", threads, text, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        output = process.stdout.read(chance.choice((1, 1000, 100_000, 1_000_000)))
        process.send_signal(number)
        time.sleep(chance.choice((0, 0.001, 0.05)))
        output += process.stdout.read()
        said = process.stderr.read()
    assert said.strip() == b"", said
    assert full.startswith(output)
    assert output.endswith(b"\n"), (process.returncode, len(output), len(full), output[-50:])
    return process.returncode, len(output) < len(full)


def limit_files(size: int) -> None:
    """For ``preexec_fn``: no file may become larger, as if the disk were full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
