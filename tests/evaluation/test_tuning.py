"""Successive halving: the settings tried in each round, the amount of text, the result."""

from __future__ import annotations

import re
import shlex
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from command import fails, run

from crfseg import tune
from crfseg.common.errors import SettingsError
from crfseg.corpus.corpus import Corpus
from crfseg.evaluation import tuning
from crfseg.evaluation.tuning import PARTS


class Trainer:
    """Stands for `train`: F1 is a function of the settings; interrupted after some calls."""

    def __init__(self, after: int = 10**9) -> None:
        self.calls: list[tuple[int, dict]] = []
        self.after = after

    def __call__(self, text: Corpus, *, dev: Corpus, threads: int, **settings: object) -> object:
        self.calls.append((len(text), settings))
        f1 = 0.5 - abs(settings["l2"] - 3) / 100 + settings["margin"] / 1000
        return SimpleNamespace(dev_f1=f1, interrupted=len(self.calls) > self.after)


SPACE = {"l2": (1.0, 2.0, 3.0, 4.0), "margin": (0.0, 1.0, 2.0)}


def test_a_third_goes_on(sample: Path) -> None:
    trainer = Trainer()
    with patch.object(tuning, "train", trainer):
        result = tune(sample, space=SPACE, tags=6)
    assert [trial.part for trial in result.trials] == [PARTS[0]] * 12 + [PARTS[1]] * 4 + [1, 1]
    assert result.best.settings == {"l2": 3.0, "margin": 2.0}
    assert result.trials[0].settings == {"l2": 1.0, "margin": 0.0}
    assert len({tuple(t.settings.items()) for t in result.trials[:12]}) == 12
    assert all(settings["tags"] == 6 for _, settings in trainer.calls)
    sizes = sorted({size for size, _ in trainer.calls})
    whole = len(Corpus.read(sample))
    assert sizes[-1] == whole - whole // 10
    for size, part in zip(sizes, PARTS, strict=True):
        assert abs(size - sizes[-1] * part) <= 10


def test_combinations_are_drawn(sample: Path) -> None:
    def tried(**settings: object) -> list[dict]:
        with patch.object(tuning, "train", Trainer()):
            return [t.settings for t in tune(sample, space=SPACE, candidates=5, **settings).trials]

    assert len(tried()) == 5 + 2 + 1
    assert tried()[0] == tried(seed=1)[0] == {"l2": 1.0, "margin": 0.0}
    assert tried() == tried()
    assert tried()[:5] != tried(seed=1)[:5]


def test_parts_are_nested() -> None:
    parts = [tuning._spread(1000, part) for part in PARTS]
    assert [int(part.sum()) for part in parts] == [120, 340, 1000]
    assert not np.any(parts[0] & ~parts[1])
    assert tuning._spread(3, Fraction(1, 9)).any()


def test_an_interrupt_gives_what_was_tried(sample: Path) -> None:
    with patch.object(tuning, "train", Trainer(after=13)):
        result = tune(sample, space=SPACE)
    assert (len(result.trials), result.interrupted) == (13, True)
    assert result.best.part == PARTS[1]
    with patch.object(tuning, "train", Trainer(after=0)):
        nothing = tune(sample, space=SPACE)
    with pytest.raises(SettingsError, match="nothing was tried"):
        _ = nothing.best


def test_what_cannot_be(tiny: Path) -> None:
    for settings, problem in (
        ({"candidates": 0}, "candidates=0: must be at least 1"),
        ({"space": {"l2": ()}}, "space: l2 has no value"),
        ({}, "dev: must be given for a corpus of less than 10 sentences"),
    ):
        with pytest.raises(SettingsError, match=problem):
            tune(tiny, **settings)


def test_the_command(sample: Path, tmp_path: Path) -> None:
    """Its last line trains a model as good as it says."""
    words, dev = tmp_path / "some words.txt", sample.with_name("sample.dev.txt")
    words.write_text("人民\n", encoding="utf-8")
    result = run(
        "tune", sample, "--dev", dev, "--lexicon", words, "--try", "l2=1,0.01", "--margin", "0",
        "--max-iter", "4", "-n", "6",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    head, *rows, blank, command = result.stdout.splitlines()
    assert head.split()[-1] == "settings"
    assert len(rows) == 6
    assert "6 trainings on 1/9 of the sentences: best F1" in result.stderr
    assert not blank
    program, name, *arguments = shlex.split(command)
    assert (program, name, arguments[0]) == ("crfseg", "train", str(sample))
    assert "--margin 0 --max-iter 4" in command
    assert "--l2 0.01" not in command
    model = tmp_path / "best.crfseg"
    trained = run("train", *arguments, "--dev", dev, "-o", model)
    shown = re.search(r"dev F1 (\S+)\n", trained.stderr.split("stopped")[1])
    assert rows[0].split()[2] == shown[1]


def test_the_command_when_interrupted(sample: Path) -> None:
    with patch.object(tuning, "train", Trainer(after=3)):
        stopped = run("tune", sample, "-q", "--no-lexicon", "--try", "tags=4,6")
    assert stopped.exit_code == 130
    assert stopped.stderr == "interrupted after 3 trainings\n"
    assert stopped.stdout.splitlines()[-1].startswith(f"crfseg train {sample} ")
    with patch.object(tuning, "train", Trainer(after=0)):
        assert run("tune", sample, "-q").stdout == ""


def test_bad_input(sample: Path) -> None:
    fails(run("tune", "missing.txt", "-q"), "missing.txt")
    fails(run("tune"), "CORPUS", code=2)
    for text in ("l2", "lexicon=a", "x=1"):
        fails(run("tune", sample, "--try", text), f"--try {text}: expected NAME=VALUE", code=2)
    fails(run("tune", sample, "--try", "l2=a"), "'a' is not a valid float", code=2)
    fails(run("tune", sample, "--try", "tags=5"), "'5' is not one of '4', '6'", code=2)
    fails(run("tune", sample, "--model", "hmm"), "no settings to choose", code=2)
    fails(run("tune", sample, "-q", "--try", "l2=-1"), "--l2 -1.0: must be")
