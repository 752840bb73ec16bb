"""One training run: index the n-grams, estimate their weights, export the model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crfseg import __version__, baselines, templates
from crfseg.corpus import Corpus
from crfseg.devscore import DevScore
from crfseg.estimation import estimate
from crfseg.export import export
from crfseg.features import Table, folds_of
from crfseg.files import Path
from crfseg.model import Model
from crfseg.objective import Index, Objective, build_index
from crfseg.prepare import Encoder, Lexicons, Sequences, collect_lexicons, gold_tags
from crfseg.progress import Iteration, Progress
from crfseg.settings import Settings
from crfseg.tags import TagScheme, scheme_by_name
from crfseg.threads import Map


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
            found = estimate(objective, self.settings, run, self.progress, start, score)
            weights, reason, interrupted = found.weights, found.reason, found.interrupted
            self.history = found.history
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
