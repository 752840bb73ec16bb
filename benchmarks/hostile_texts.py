"""Hostile text: millions of strings segmented.

python benchmarks/hostile_texts.py --texts 10000000
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from _reliability import from_tests, keep_option, publish

conftest, hostile, workers = map(from_tests, ("conftest", "hostile", "workers"))

#: Texts per seed.
EACH = 1000


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--texts", type=click.IntRange(min=EACH), default=10_000_000, show_default=True)
@click.option("--first", type=int, default=0, show_default=True, help="The first seed.")
@keep_option
@click.pass_context
def main(context: click.Context, texts: int, first: int, keep: bool) -> None:
    """Segment random texts."""
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        corpus = Path(folder, "tiny.txt")
        corpus.write_text(conftest.TINY, encoding="utf-8")
        segmenters = hostile.segmenters(corpus)
    batches = range(first, first + texts // EACH)
    cut = workers.run(hostile.check_of_texts(segmenters, EACH), batches)
    rows = [
        ["texts segmented, in batches of 1,000", f"{EACH * len(batches):,}"],
        ["... of them at the edges of memory, and byte strings", f"{20 * len(batches):,}"],
        ["crashes, hangs, characters lost, other errors", f"{len(cut.failures):,}"],
        ["most processor seconds for a batch", f"{cut.slowest[0]:.2f}"],
    ]
    failures = [f"seed {seed}: {why}" for seed, why in cut.failures]
    publish(context, "hostile_texts.py", rows, failures)


if __name__ == "__main__":
    main()
