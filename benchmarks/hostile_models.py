"""Damaged and forged model files: how many are refused or accepted, and the cost.

python benchmarks/hostile_models.py --files 100000
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from _reliability import from_tests, keep_option, publish

conftest, forge, hostile, workers = map(from_tests, ("conftest", "forge", "hostile", "workers"))

#: Address space a process may add for a file of some kilobytes.
ROOM = 1 << 30


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--files", type=click.IntRange(min=1), default=100_000, show_default=True)
@click.option("--first", type=int, default=0, show_default=True, help="The first seed.")
@keep_option
@click.pass_context
def main(context: click.Context, files: int, first: int, keep: bool) -> None:
    """Load mutated models for segmenting and for tagging; use those that are accepted."""
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        corpus = Path(folder, "tiny.txt")
        corpus.write_text(conftest.TINY, encoding="utf-8")
        models = forge.bases(corpus, Path(folder))
        taggers = forge.tagger_bases(Path(folder))
    seeds = range(first, first + files)
    figures = workers.Figures()
    for check in (hostile.check_of_models(models), hostile.check_of_taggers(taggers)):
        for seed in range(4, 30):  # what is compiled here is not compiled in every process
            list(check(seed))
        figures.add(workers.run(check, seeds, room=ROOM))
    count = figures.outcomes
    rows = [
        ["files, half of them of taggers, damaged or forged", f"{2 * files:,}"],
        ["refused with one line", f"{count['refused']:,}"],
        ["forged, accepted, and doing what they say", f"{count['accepted']:,}"],
        ["damaged where it means nothing (blanks of the header)", f"{count['the same model']:,}"],
        ["crashes, hangs, wrong answers, other errors", f"{len(figures.failures):,}"],
        ["most processor seconds to load or refuse one", f"{figures.slowest[0]:.2f}"],
        ["most memory to load or refuse one", f"{figures.largest[0] / 1e6:.0f} MB"],
    ]
    failures = [f"seed {seed}: {why}" for seed, why in figures.failures]
    publish(context, "hostile_models.py", rows, failures)


if __name__ == "__main__":
    main()
