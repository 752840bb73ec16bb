"""Hostile text: millions of strings segmented, files read, for as long as is asked.

python benchmarks/hostile_texts.py --texts 10000000 --minutes 10
"""

from __future__ import annotations

import tempfile
import time
from itertools import count
from pathlib import Path

import click
from _reliability import from_tests, keep_option, publish

import crfseg

conftest, hostile, workers = map(from_tests, ("conftest", "hostile", "workers"))

#: Texts of a seed, and seeds until time is looked at.
EACH, ROUND = 1000, 4000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--texts", type=click.IntRange(min=EACH), default=10_000_000, show_default=True)
@click.option("--minutes", type=float, default=10, show_default=True, help="To read files for.")
@click.option("--first", type=int, default=0, show_default=True, help="The first seed.")
@keep_option
@click.pass_context
def main(context: click.Context, texts: int, minutes: float, first: int, keep: bool) -> None:
    """Segment random texts and read random files."""
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        corpus = Path(folder, "tiny.txt")
        corpus.write_text(conftest.TINY, encoding="utf-8")
        crfseg.train(corpus, output=Path(folder, "m"), max_iter=3)
        segmenters = hostile.segmenters(corpus)
        check = hostile.check_of_readers(hostile.files_to_read(Path(folder, "m"), Path(folder)))
    read, end = workers.Figures(), time.monotonic() + 60 * minutes
    for start in count(first, ROUND):
        if time.monotonic() > end:
            break
        read.add(workers.run(check, range(start, start + ROUND), room=1 << 30))
    batches = range(first, first + texts // EACH)
    cut = workers.run(hostile.check_of_texts(segmenters, EACH), batches)
    files = read.outcomes.total() + len(read.failures)
    good = sum(n for name, n in read.outcomes.items() if name.endswith(": read"))
    rows = [
        ["texts segmented, in batches of 1,000", f"{EACH * len(batches):,}"],
        ["... of them at the edges of memory, and byte strings", f"{20 * len(batches):,}"],
        ["crashes, hangs, characters lost, other errors", f"{len(cut.failures):,}"],
        ["most processor seconds for a batch", f"{cut.slowest[0]:.2f}"],
        ["files read as corpora, word lists, templates, dumps, streams", f"{files:,}"],
        ["... for minutes, with two processes", f"{minutes:g}"],
        ["... that were what they were read as", f"{good:,}"],
        ["... refused with one line", f"{read.outcomes.total() - good:,}"],
        ["crashes, hangs, characters lost, other errors", f"{len(read.failures):,}"],
        ["most processor seconds for a file", f"{read.slowest[0]:.2f}"],
    ]
    failures = [f"seed {seed}: {why}" for seed, why in [*cut.failures, *read.failures]]
    publish(context, "hostile_texts.py", rows, failures)


if __name__ == "__main__":
    main()
