"""Killed trainings and stopped segmentations: the state of models and output.

python benchmarks/interrupted.py --kills 200 --stops 100
"""

from __future__ import annotations

import signal
import tempfile
from pathlib import Path

import click
from _reliability import from_tests, keep_option, publish
from _report import ROOT

from crfseg import Segmenter

command, conftest, faults = map(from_tests, ("command", "conftest", "faults"))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kills", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--stops", type=click.IntRange(min=1), default=100, show_default=True)
@keep_option
@click.pass_context
def main(context: click.Context, kills: int, stops: int, keep: bool) -> None:
    """Kill trainings; stop segmentations with SIGINT and SIGTERM in turn."""
    failures, early = [], 0
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        model, text = Path(folder, "models", "m"), Path(folder, "text")
        model.parent.mkdir()
        corpora = [Path(folder, name) for name in ("one", "other")]
        for path, words in zip(corpora, (conftest.TINY, command.CORPUS), strict=True):
            path.write_text(words, encoding="utf-8")
        found = faults.kill_trainings(corpora, model, kills)
        resumed = faults.kill_resumed(
            ROOT / "data" / "sample.train.txt", Path(folder, "models", "r"), kills
        )
        text.write_text("".join(f"{i}{command.TEXT}" for i in range(200_000)), encoding="utf-8")
        full = Segmenter(model).segment_bytes(text.read_bytes())
        for seed in range(stops):
            number = (signal.SIGINT, signal.SIGTERM)[seed % 2]
            try:
                early += faults.stop_segmenting(model, text, full, number, seed)[1]
            except AssertionError as error:
                failures.append(f"{number.name}, seed {seed}: {error}")
    rows = [
        ["trainings killed (SIGKILL)", f"{found['killed']:,}"],
        ["... of which left a file aside, which the next one removed", str(found["left"])],
        ["models damaged, files left after the next training", "0"],
        ["trainings with --resume killed", f"{resumed['killed']:,}"],
        ["... of which left a checkpoint", f"{resumed['left']:,}"],
        [
            "... models in the end, all with the bytes of one never killed",
            f"{resumed['resumed']:,}",
        ],
        ["segmentations stopped before their end (SIGINT, SIGTERM)", f"{early:,}"],
        ["outputs that did not end with a whole line, or said something", f"{len(failures):,}"],
    ]
    publish(context, "interrupted.py", rows, failures)


if __name__ == "__main__":
    main()
