"""Choosing settings by successive halving: many on little text, the better ones on more.

Jamieson & Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", section 3. What is rationed is the sentences to train on: what is best on
few of them is among the best on all, and training takes time in proportion.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.common.files import Path
from crfseg.common.progress import Progress
from crfseg.corpus.corpus import Corpus
from crfseg.training.segmenter import Files, read_corpora, train

#: The parts of the sentences to train on; of the candidates, a third goes on to the next.
PARTS = (Fraction(1, 9), Fraction(1, 3), Fraction(1))
_HALVING = 3
#: What is tried if nothing else is said; the defaults of `train` come first.
SPACE: Mapping[str, Sequence[Any]] = {
    "l2": (1.0, 0.1, 0.3, 3.0, 10.0),
    "margin": (1.0, 0.0, 0.5, 2.0, 3.0),
    "own_lexicon": (True, False),
}
#: A part is this many runs of neighbouring sentences, so that it has something of everything.
_RUNS = 10
#: The development text is the last tenth, if none is given.
_HELD_OUT = 10


@dataclass(frozen=True)
class Trial:
    """F1 of a training on a part of the sentences; settings: those that differ between trials."""

    settings: dict[str, Any]
    part: Fraction
    f1: float
    seconds: float


@dataclass
class Tuning:
    """All trials in the order in which they were made; ``interrupted`` if some are missing."""

    trials: list[Trial] = field(default_factory=list)
    interrupted: bool = False

    @property
    def best(self) -> Trial:
        """The best trial of those on most text; raises SettingsError if there is none."""
        if not self.trials:
            raise SettingsError("nothing was tried")
        return max(self.trials, key=lambda trial: (trial.part, trial.f1))


def tune(
    corpora: Files,
    *,
    dev: Path | Corpus | None = None,
    space: Mapping[str, Sequence[Any]] = SPACE,
    candidates: int = 27,
    seed: int = 0,
    format: str = "auto",
    encoding: str = "utf-8",
    threads: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Tuning:
    """Look for good settings of `train`.

    dev: a corpus to score on, the last tenth of the corpora if omitted; space: for settings
    of `train` the values to try; candidates: how many combinations to begin with: the first
    values, and others drawn by ``seed``; settings: further ones, the same for all trials.
    KeyboardInterrupt ends it early. Raises what `train` raises.
    """
    progress = progress or Progress()
    if candidates < 1:
        raise SettingsError(f"candidates {candidates}: must be at least 1")
    for name, values in space.items():
        if not len(values):
            raise SettingsError(f"space: {name} has no value to try")
    text, dev_text = _texts(corpora, dev, format, encoding, progress)
    result, chosen = Tuning(), _draw(space, candidates, random.Random(seed))
    try:
        for part in PARTS:
            some = text.taken(_spread(len(text), part))
            done = _one_part(result, chosen, some, part, dev_text, threads, progress, settings)
            done.sort(key=lambda trial: -trial.f1)
            chosen = [trial.settings for trial in done[: math.ceil(len(done) / _HALVING)]]
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def _texts(
    corpora: Files, dev: Path | Corpus | None, format: str, encoding: str, progress: Progress
) -> tuple[Corpus, Corpus]:
    """What to train on and what to score on."""
    (text,) = read_corpora(corpora, format, encoding, progress).values()
    if dev is not None:
        (dev_text,) = read_corpora(dev, format, encoding, progress).values()
        return text, dev_text
    if len(text) < _HELD_OUT:
        raise SettingsError(f"--dev: must be given for a corpus of less than {_HELD_OUT} sentences")
    first = np.arange(len(text)) < len(text) - len(text) // _HELD_OUT
    return text.taken(first), text.taken(~first)


def _draw(
    space: Mapping[str, Sequence[Any]], candidates: int, chance: random.Random
) -> list[dict[str, Any]]:
    first, *others = product(*space.values())
    drawn = [first, *chance.sample(others, min(candidates - 1, len(others)))]
    return [dict(zip(space, values, strict=True)) for values in drawn]


def _spread(sentences: int, part: Fraction) -> np.ndarray:
    """bool [S]: runs of neighbouring sentences; a smaller part is within every larger one."""
    place = np.arange(sentences) * _RUNS / sentences
    chosen: np.ndarray = place - np.floor(place) < float(part)
    return chosen


def _one_part(
    result: Tuning,
    chosen: list[dict[str, Any]],
    text: Corpus,
    part: Fraction,
    dev: Corpus,
    threads: int | None,
    progress: Progress,
    settings: dict[str, Any],
) -> list[Trial]:
    """The trials of all candidates on a part of the text; also added to the result."""
    where = f"{part} of the" if part < 1 else "all"
    progress.begin(f"{len(chosen)} trainings on {where} sentences", len(chosen))
    trials = []
    for candidate in chosen:
        start = time.perf_counter()
        trained = train(text, dev=dev, threads=threads, **{**settings, **candidate})
        if trained.interrupted:
            raise KeyboardInterrupt
        f1 = trained.dev_f1 or 0.0
        trials.append(Trial(candidate, part, f1, time.perf_counter() - start))
        result.trials.append(trials[-1])
        progress.advance(1)
    progress.end(f"best F1 {100 * max(trial.f1 for trial in trials):.2f}")
    return trials
