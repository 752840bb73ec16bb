"""Choose settings by successive halving: many candidates on little text, the best on more.

Jamieson & Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", section 3. The budget is the number of training sentences: the best settings on
few sentences are among the best on all, and training time is proportional to them.
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
from crfseg.common.progress import Progress, progress_of
from crfseg.corpus.corpus import Corpus
from crfseg.training.segmenter import Files, read_corpora, train

#: The fraction of the sentences to train on in each round; a third of the candidates survives.
PARTS = (Fraction(1, 9), Fraction(1, 3), Fraction(1))
_HALVING = 3
#: The default search space; the first value of each setting is the default of `train`.
SPACE: Mapping[str, Sequence[Any]] = {
    "l2": (1.0, 0.1, 0.3, 3.0, 10.0),
    "margin": (1.0, 0.0, 0.5, 2.0, 3.0),
    "own_lexicon": (True, False),
}
#: A fraction of the text is taken as this many contiguous runs, so that it is representative.
_RUNS = 10
#: Without a development corpus, the last 1/_HELD_OUT of the sentences is held out.
_HELD_OUT = 10


@dataclass(frozen=True)
class Trial:
    """One training; settings: those that vary; part: the fraction of sentences; f1: on dev."""

    settings: dict[str, Any]
    part: Fraction
    f1: float
    seconds: float


@dataclass
class Tuning:
    """All trials in order; ``interrupted`` if the search ended early."""

    trials: list[Trial] = field(default_factory=list)
    interrupted: bool = False

    @property
    def best(self) -> Trial:
        """The best trial of the last round; raises SettingsError if there is no trial."""
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
    progress: Progress | bool | None = None,
    **settings: Any,
) -> Tuning:
    """Search for good settings of `train`.

    dev: a corpus to score on, the last tenth of the corpora if omitted; space: values to try, by
    setting of `train`; candidates: the number of combinations in the first round, the first
    values and others drawn at random with ``seed``; settings: further settings, the same for
    all trials. KeyboardInterrupt ends the search early. Raises what `train` raises.
    """
    progress = progress_of(progress)
    if candidates < 1:
        raise SettingsError("must be at least 1", parameter="candidates", value=candidates)
    for name, values in space.items():
        if not len(values):
            raise SettingsError(f"{name} has no value to try", parameter="space")
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
    """The training corpus and the development corpus."""
    (text,) = read_corpora(corpora, format, encoding, progress).values()
    if dev is not None:
        (dev_text,) = read_corpora(dev, format, encoding, progress).values()
        return text, dev_text
    if len(text) < _HELD_OUT:
        problem = f"must be given for a corpus of less than {_HELD_OUT} sentences"
        raise SettingsError(problem, parameter="dev")
    first = np.arange(len(text)) < len(text) - len(text) // _HELD_OUT
    return text.taken(first), text.taken(~first)


def _draw(
    space: Mapping[str, Sequence[Any]], candidates: int, chance: random.Random
) -> list[dict[str, Any]]:
    first, *others = product(*space.values())
    drawn = [first, *chance.sample(others, min(candidates - 1, len(others)))]
    return [dict(zip(space, values, strict=True)) for values in drawn]


def _spread(sentences: int, part: Fraction) -> np.ndarray:
    """bool [S]: a selection of contiguous runs; smaller parts are subsets of larger ones."""
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
    """Train all candidates on a part of the text; appends the trials to the result."""
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
