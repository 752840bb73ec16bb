"""Damaged files of all formats, read for a given time.

python benchmarks/hostile_files.py --minutes 60
"""

from __future__ import annotations

import tempfile
import time
from itertools import count
from pathlib import Path

import click
from _reliability import from_tests, keep_option, publish

import crfseg

conftest, readers, workers = map(from_tests, ("conftest", "readers", "workers"))

#: Seeds between two looks at the clock.
ROUND = 4000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--minutes", type=float, default=60, show_default=True)
@click.option("--first", type=int, default=0, show_default=True, help="The first seed.")
@keep_option
@click.pass_context
def main(context: click.Context, minutes: float, first: int, keep: bool) -> None:
    """Read random files."""
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        corpus = Path(folder, "tiny.txt")
        corpus.write_text(conftest.TINY, encoding="utf-8")
        crfseg.train(corpus, output=Path(folder, "m"), max_iter=3)
        check = readers.check_of_readers(readers.files_to_read(Path(folder, "m"), Path(folder)))
    read, end = workers.Figures(), time.monotonic() + 60 * minutes
    for start in count(first, ROUND):
        if time.monotonic() > end:
            break
        read.add(workers.run(check, range(start, start + ROUND), room=1 << 30))
    files = read.outcomes.total() + len(read.failures)
    good = sum(n for name, n in read.outcomes.items() if name.endswith(": read"))
    rows = [
        ["files read as corpora, word lists, templates, dumps, streams", f"{files:,}"],
        ["... for minutes, with two processes", f"{minutes:g}"],
        ["... that were what they were read as", f"{good:,}"],
        ["... refused with one line", f"{read.outcomes.total() - good:,}"],
        ["crashes, hangs, characters lost, other errors", f"{len(read.failures):,}"],
        ["most processor seconds for a file", f"{read.slowest[0]:.2f}"],
    ]
    failures = [f"seed {seed}: {why}" for seed, why in read.failures]
    publish(context, "hostile_files.py", rows, failures)


if __name__ == "__main__":
    main()
