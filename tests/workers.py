"""Run a check for many seeds in forked processes, so that a crash is traced to its seed."""

from __future__ import annotations

import os
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

#: Yields when it is ready, and then the name of an outcome; what it takes between the two is
#: measured, the rest is only run. Raises AssertionError, or anything, for a failure.
Check = Callable[[int], Iterator[str]]
#: Processor seconds after which a check is a hang.
HANG = 20


@dataclass
class Figures:
    """What came of many checks.

    outcomes: how often each; slowest: processor seconds and seed; largest: bytes of memory that
    were taken besides what was in use before, and seed; failures: seed and what happened.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[float, int] = (0, -1)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        self.outcomes.update(other.outcomes)
        self.slowest = max(self.slowest, other.slowest)
        self.largest = max(self.largest, other.largest)
        self.failures += other.failures


def run(
    check: Check,
    seeds: Iterable[int],
    *,
    processes: int = 2,
    each: int = 500,
    room: int | None = None,
) -> Figures:
    """Check all seeds.

    each: seeds a process checks before another takes its place; room: bytes of address space
    that a process may add to what it has when it is forked.
    """
    pending = [list(seeds)[::-1]]
    queue = pending.pop()
    figures, running = Figures(), dict[int, tuple[str, list[int]]]()
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        while queue or running:
            while queue and len(running) < processes:
                part = [queue.pop() for _ in range(min(each, len(queue)))]
                path = os.path.join(folder, str(part[0]))
                running[_fork(check, part, path, room)] = path, part
            pid, status = os.waitpid(-1, 0)
            if pid not in running:
                continue
            path, part = running.pop(pid)
            found, done = _read(path, part)
            figures.add(found)
            if done < len(part):  # the process died at this seed
                why = (
                    f"signal {signal.Signals(-code).name}"
                    if (code := os.waitstatus_to_exitcode(status)) < 0
                    else f"exit code {code}"
                )
                figures.failures.append((part[done], f"the process died: {why}"))
                queue += part[:done:-1]
    return figures


def _fork(check: Check, seeds: list[int], path: str, room: int | None) -> int:
    sys.stdout.flush()
    with warnings.catch_warnings():  # threads that are there are asleep
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    try:
        _check_all(check, seeds, path, room)
    finally:
        os._exit(0)


def _check_all(check: Check, seeds: list[int], path: str, room: int | None) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    if room:
        limit = _address_space() + room
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with open(path, "wb", buffering=0) as file:
        for seed in seeds:
            signal.setitimer(signal.ITIMER_PROF, HANG)
            outcome, good, seconds, grown = "", True, 0.0, 0
            try:
                steps = check(seed)
                next(steps)
                begin, before = time.process_time(), _memory(peak=False)
                outcome = next(steps)
                seconds, grown = time.process_time() - begin, _memory(peak=True) - before
                for _ in steps:
                    pass
            except BaseException:
                outcome, good = traceback.format_exc(), False
            text = outcome.encode("utf-8", "backslashreplace")
            file.write(struct.pack("<?ddI", good, seconds, grown, len(text)) + text)
    signal.setitimer(signal.ITIMER_PROF, 0)


def _read(path: str, seeds: list[int]) -> tuple[Figures, int]:
    """What a process wrote, and how many seeds it got through."""
    figures, done = Figures(), 0
    with open(path, "rb") as file:
        while len(head := file.read(struct.calcsize("<?ddI"))) == struct.calcsize("<?ddI"):
            good, seconds, grown, length = struct.unpack("<?ddI", head)
            text = file.read(length).decode("utf-8")
            if good:
                figures.outcomes[text] += 1
            else:
                figures.failures.append((seeds[done], text))
            figures.slowest = max(figures.slowest, (seconds, seeds[done]))
            figures.largest = max(figures.largest, (grown, seeds[done]))
            done += 1
    os.unlink(path)
    return figures, done


def _memory(peak: bool) -> int:
    """Bytes in memory at most since the last call, or now (and from now on the peak)."""
    if not peak:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    name = "VmHWM" if peak else "VmRSS"
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))


def _address_space() -> int:
    """Bytes of address space in use."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
