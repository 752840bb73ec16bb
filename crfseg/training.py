"""One training run: index the n-grams, estimate their weights, export the model."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crfseg import __version__, baselines, lbfgs, templates
from crfseg.corpus import Corpus
from crfseg.devscore import DevScore
from crfseg.export import export
from crfseg.features import Table, folds_of
from crfseg.files import Path
from crfseg.kernels import vector
from crfseg.model import Model
from crfseg.objective import Index, Objective, build_index
from crfseg.prepare import Encoder, Lexicons, Sequences, collect_lexicons, gold_tags
from crfseg.progress import Iteration, Progress
from crfseg.settings import Settings
from crfseg.tags import TagScheme, scheme_by_name
from crfseg.threads import Map

#: The curvature of an n-gram's weights is estimated as _CURVATURE * (count + _RARE). The
#: variance p (1 - p) of a tag is some 0.2; the n-grams of one place move together, the
#: rare ones most of all: without _RARE the same objective takes twice the evaluations.
_CURVATURE = 0.35
_RARE = 100


@dataclass
class TrainingResult:
    """What came of a training: the model, how it went, and what it was made of.

    ``dev_f1`` is the F1 on the development corpus, if one was given; ``seconds`` is the
    time from the first byte read.
    """

    model: Model
    history: list[Iteration] = field(default_factory=list)
    stop_reason: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    characters: int = 0
    words: int = 0
    sentences: int = 0
    weights: int = 0
    dev_f1: float | None = None


class Training:
    """One training run, stage by stage."""

    def __init__(
        self,
        corpus: Corpus,
        settings: Settings,
        lexicons: Sequence[Path],
        lines: tuple[list[str], str],
        progress: Progress,
        standards: Sequence[str],
    ) -> None:
        self.settings, self.progress, self.standards = settings, progress, standards
        self.scheme: TagScheme = scheme_by_name(settings.tags)
        self.sequential = settings.kind != "maxent"
        self.corpus = corpus
        shapes = templates.parse(*lines)
        progress.begin("indexing features")
        folds = np.concatenate([folds_of(n) for n in np.bincount(corpus.standards).tolist()])
        own = settings.own_lexicon and settings.kind != "hmm"
        self.lexicons: Lexicons = collect_lexicons(corpus, folds, own, lexicons)
        self.sequences = Sequences.of(corpus)
        self.encoder = Encoder.make(self.sequences, self.lexicons, shapes)
        self.table: Table = self.encoder.training_table(
            self.sequences, self.lexicons, folds, settings.lexicon_dropout
        )
        self.gold = gold_tags(self.sequences, self.table, self.scheme)
        self.history: list[Iteration] = []

    def run(
        self, run: Map, dev: Corpus | None, files: Sequence[Path], start: float
    ) -> TrainingResult:
        """Index, estimate, export."""
        encoder = self.encoder
        index, rows = build_index(self.table, encoder.plan, encoder.templates, self.scheme, run)
        bounds = self.table.bounds
        if self.settings.kind == "hmm":
            self.progress.end()
            index, weights = baselines.hmm_weights(
                index, self.table.columns[0], self.gold, bounds, self.scheme
            )
            reason, interrupted = "counted", False
            score = self._dev_score(dev, index)
        else:
            self.table = Table(self.table.columns[:0], bounds)  # no longer needed: free it
            self.progress.end(f"{index.layout.size:,} weights")
            objective = Objective(
                index, rows, bounds, self.gold, self.scheme,
                sequential=self.sequential, run=run, margin=self.settings.margin,
            )  # fmt: skip
            score = self._dev_score(dev, index)
            weights, reason, interrupted = self._optimise(objective, score, run, start)
        model = self._export(index, weights, files)
        return TrainingResult(
            model=model,
            history=self.history,
            stop_reason=reason,
            interrupted=interrupted,
            characters=len(self.corpus.codes),
            words=self.corpus.word_count,
            sentences=len(self.corpus),
            weights=model.weight_count,
            dev_f1=None if score is None else score(weights),
        )

    def _dev_score(self, dev: Corpus | None, index: Index) -> DevScore | None:
        if dev is None:
            return None
        return DevScore(dev, self.encoder, index, self.scheme, sequential=self.sequential)

    def _optimise(
        self, objective: Objective, score: DevScore | None, run: Map, start: float
    ) -> tuple[np.ndarray, str, bool]:
        settings, size = self.settings, objective.index.layout.size
        each = lbfgs.Vectors(size, run)

        def penalised(weights: np.ndarray, gradient: np.ndarray) -> float:
            value = objective(weights, gradient)
            squares = each(vector.add_penalty, weights, 1 / settings.l2, gradient)
            return value + 0.5 / settings.l2 * squares

        best = np.zeros(size, dtype=np.float32)

        def on_step(number: int, value: float, change: float, weights: np.ndarray) -> None:
            nonlocal best
            best = weights
            f1 = None if score is None else score(weights)
            step = Iteration(number, value, change, time.perf_counter() - start, f1)
            self.history.append(step)
            self.progress.iteration(step)

        self.progress.begin("training", settings.max_iter, "iterations")
        try:
            minimum = lbfgs.minimise(
                penalised,
                np.zeros(size, dtype=np.float32),
                _inverse_curvature(objective.index, self.gold.size, settings.l2),
                l1=settings.l1,
                max_iter=settings.max_iter,
                tol=settings.tol,
                run=run,
                on_step=on_step,
            )
        except KeyboardInterrupt:
            if not self.history:  # nothing to save yet
                raise
            self.progress.end("interrupted")
            return best, "interrupted", True
        self.progress.end(minimum.reason)
        return minimum.x, minimum.reason, False

    def _export(self, index: Index, weights: np.ndarray, files: Sequence[Path]) -> Model:
        corpora = [os.path.basename(os.fspath(path)) for path in files]
        metadata: dict[str, Any] = {
            "kind": self.settings.kind,
            "version": __version__,
            "corpora": corpora,
            "sentences": len(self.corpus),
            "words": self.corpus.word_count,
            "characters": len(self.corpus.codes),
            "iterations": len(self.history),
            "settings": self.settings.as_dict(),
        }
        if self.standards:
            metadata["standards"] = list(self.standards)
        prune = 0.0 if self.settings.kind == "hmm" else self.settings.prune
        return export(metadata, weights, index, self.encoder, self.lexicons, self.scheme, prune)


def _inverse_curvature(index: Index, positions: int, l2: float) -> np.ndarray:
    """float32: the diagonal of the initial inverse Hessian, from the counts of n-grams."""
    T = index.layout.tags
    counts = np.zeros(index.layout.size, dtype=np.float32)
    counts[index.layout.transitions] = positions / T
    for shape, family in zip(index.templates.families, index.families, strict=True):
        width = len(shape.shifts) * T
        end = family.base + len(family.counts) * width
        counts[family.base : end] = np.repeat(family.counts, width)
    counts += _RARE
    counts *= _CURVATURE
    counts += 1 / l2
    return np.divide(1, counts, out=counts)
