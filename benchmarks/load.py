"""A long stream through `crfseg segment`.

python benchmarks/load.py --gigabytes 20
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
import zlib
from contextlib import suppress
from importlib.resources import files
from threading import Thread

import click
import numpy as np
from _reliability import from_tests, keep_option, publish

texts = from_tests("texts")
#: The separator; it does not occur in the text.
MARK = b"\x01"
BLOCK = 1 << 24


def text_block(seed: int) -> bytes:
    """About 16 MB of lines of the sample corpus and of strange text, in random order."""
    chance = random.Random(seed)
    sample = (files("crfseg.data") / "sample.train.txt").read_text(encoding="utf-8")
    lines = ["".join(line.split()) for line in sample.splitlines()]
    strange = [texts.text(chance)[:1000] for _ in range(len(lines) // 20)]
    lines += [s for s in strange if not any("\ud800" <= c <= "\udfff" for c in s)]
    some = "\n".join(chance.choices(lines, k=40_000)).encode().replace(MARK, b"")
    return (some * (BLOCK // len(some) + 1))[:BLOCK].rpartition(b"\n")[0] + b"\n"


def memory(pid: int) -> int:
    """Resident memory of a process in bytes; 0 if it has ended."""
    with suppress(OSError, StopIteration), open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))
    return 0


class Stream:
    """A stream through a process: input, output and memory over time."""

    def __init__(self, size: int) -> None:
        self.size, self.sent, self.sent_check = size, 0, 0
        self.received, self.received_check = 0, 0
        self.seen: list[tuple[int, int]] = []

    def run(self) -> float:
        """Runs the process; returns the seconds."""
        begin = time.perf_counter()
        command = [sys.executable, "-m", "crfseg.cli", "segment", "-q", "--sep", MARK.decode()]
        with tempfile.TemporaryFile() as said, subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        ) as process:  # fmt: skip
            feeder = Thread(target=self._feed, args=[process])
            feeder.start()
            while data := process.stdout.read(1 << 20):
                plain = data.translate(None, MARK)
                self.received += len(plain)
                self.received_check = zlib.crc32(plain, self.received_check)
                if not self.seen or self.received > self.seen[-1][0] + self.size // 500:
                    self.seen.append((self.received, memory(process.pid)))
            feeder.join()
        if process.returncode:
            raise click.ClickException(f"crfseg segment ended with {process.returncode}")
        return time.perf_counter() - begin

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        blocks = [text_block(seed) for seed in range(4)]
        number = 0
        with process.stdin as pipe:
            while self.sent < self.size:
                block = blocks[number % len(blocks)]
                pipe.write(block)
                self.sent += len(block)
                self.sent_check = zlib.crc32(block, self.sent_check)
                number += 1

    def slope(self) -> float:
        """Bytes of memory per byte of text, over the second half."""
        half = [(at, used) for at, used in self.seen if at > self.size // 2 and used]
        at, used = np.array(half, dtype=np.float64).T
        return float(np.polyfit(at, used, 1)[0])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--gigabytes", type=float, default=20.0, show_default=True)
@keep_option
@click.pass_context
def main(context: click.Context, gigabytes: float, keep: bool) -> None:
    """Stream text, generated on the fly, through a process."""
    stream = Stream(int(gigabytes * 1e9))
    seconds = stream.run()
    same = (stream.sent, stream.sent_check) == (stream.received, stream.received_check)
    most = max(used for _, used in stream.seen)
    rows = [
        ["bytes streamed through `crfseg segment`", f"{stream.sent:,}"],
        ["... seconds", f"{seconds:,.0f}"],
        ["... length and checksum of what came out, marks aside", "the same" if same else "OTHERS"],
        ["... most memory", f"{most / 1e6:.0f} MB"],
        ["... growth of memory, second half", f"{stream.slope() * 1e6:+.2f} KB a GB"],
    ]
    publish(context, "load.py", rows, [] if same else ["output is not the input"])


if __name__ == "__main__":
    main()
