"""Cross-validation: how well given settings generalise to unseen text."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.common.progress import Iteration, Progress, progress_of
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import folds_of
from crfseg.evaluation.evaluate import score_segmenter
from crfseg.metrics.words import Scores
from crfseg.segmentation.segmenter import Segmenter
from crfseg.training.segmenter import Corpora, read_corpora, train
from crfseg.training.settings import TrainingSettings

MEASURES = ("precision", "recall", "f1", "oov_rate", "oov_recall", "iv_recall")


@dataclass(frozen=True)
class Fold:
    """The scores of a model on its held-out fold.

    number: of the fold, from 1; standard: of the text, "" if there is only one; scores: the
    vocabulary for OOV figures is the words of the other folds; seconds: for training and scoring.
    """

    number: int
    standard: str
    scores: Scores
    seconds: float


@dataclass
class CrossValidation:
    """The result of a cross-validation; ``interrupted`` if it has fewer than k folds."""

    k: int
    folds: list[Fold] = field(default_factory=list)
    interrupted: bool = False

    def of(self, standard: str) -> list[Fold]:
        """The folds of a standard."""
        return [fold for fold in self.folds if fold.standard == standard]

    def mean(self, measure: str = "f1", standard: str = "") -> tuple[float, float]:
        """The mean of a measure over the folds that have it, and its standard error.

        NaN if there are too few folds. The training sets overlap, so the true error is somewhat
        larger (Bengio & Grandvalet 2004, "No Unbiased Estimator of the Variance of K-Fold
        Cross-Validation").
        """
        scores = [getattr(fold.scores, measure) for fold in self.of(standard)]
        values = np.array([value for value in scores if value is not None])
        n = len(values)
        mean = float(values.mean()) if n else math.nan
        return mean, float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan


def crossval(
    corpora: Corpora,
    k: int = 10,
    *,
    format: str = "auto",
    encoding: str = "utf-8",
    threads: int | None = None,
    progress: Progress | bool | None = None,
    **settings: Any,
) -> CrossValidation:
    """Train k times, each time holding out one of k contiguous runs of sentences for scoring.

    corpora: as for `train`; with several standards, each standard's text is split into folds and
    scored separately. settings: any others of `train`. KeyboardInterrupt ends it early: the
    result then has the completed folds, and ``interrupted`` is set. Raises what `train` raises.
    """
    progress = progress_of(progress)
    groups = read_corpora(corpora, format, encoding, progress)
    _check(k, groups)
    result = CrossValidation(k)
    try:
        for number in range(1, k + 1):
            folds = _one_fold(groups, number, k, threads, progress, settings)
            result.folds += folds
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def _check(k: int, groups: Mapping[str, Corpus]) -> None:
    if k < 2:
        raise SettingsError("must be at least 2", parameter="k", value=k)
    for name, corpus in groups.items():
        corpus.check_whole(name or "the corpus")
        if len(corpus) < k:
            of = f" of {name}" if name else ""
            expected = f"must be at most {len(corpus)}, the sentences{of}"
            raise SettingsError(expected, parameter="k", value=k)


def _one_fold(
    groups: Mapping[str, Corpus],
    number: int,
    k: int,
    threads: int | None,
    progress: Progress,
    settings: dict[str, Any],
) -> list[Fold]:
    """Train without one fold and score it, by standard."""
    start = time.perf_counter()
    held_out = {name: folds_of(len(corpus), k) == number - 1 for name, corpus in groups.items()}
    rest = {name: corpus.taken(~held_out[name]) for name, corpus in groups.items()}
    progress.begin(f"fold {number} of {k}", settings.get("max_iter") or TrainingSettings.max_iter)
    corpora: Any = rest.get("", rest)
    trained = train(corpora, threads=threads, progress=Steps(progress), **settings)
    if trained.interrupted:
        raise KeyboardInterrupt
    folds = []
    for name, corpus in groups.items():
        segmenter = Segmenter(trained.model, standard=name or None)
        gold = corpus.taken(held_out[name]).sentences()
        scores = score_segmenter(gold, segmenter, set(rest[name].words()), threads)
        folds.append(Fold(number, name, scores, time.perf_counter() - start))
    progress.end("F1 " + ", ".join(f"{100 * fold.scores.f1:.2f}" for fold in folds))
    return folds


class Steps(Progress):
    """Counts every training iteration as one step of an outer stage."""

    def __init__(self, outer: Progress) -> None:
        self.outer = outer

    def iteration(self, step: Iteration) -> None:
        self.outer.advance(1)
