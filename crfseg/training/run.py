"""One training run: index the n-grams, estimate their weights, export the model."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from crfseg.common.files import Path
from crfseg.common.progress import Iteration, Progress
from crfseg.common.threads import Map
from crfseg.common.version import __version__
from crfseg.corpus.corpus import Corpus, folds_of
from crfseg.corpus.schemes import TagScheme, scheme_by_name
from crfseg.crf.decode import decode_tags
from crfseg.crf.objective import Objective
from crfseg.features import templates
from crfseg.features.character_encoder import (
    Encoder,
    Lexicons,
    Sequences,
    allowed_tags,
    collect_lexicons,
    gold_tags,
)
from crfseg.features.index import Index, build_index
from crfseg.features.table import Table
from crfseg.model.segmentation_model import Model
from crfseg.training import hmm
from crfseg.training.checkpoint import Checkpoint
from crfseg.training.dev_score import DevScore
from crfseg.training.export import export
from crfseg.training.fit import Estimate, estimate
from crfseg.training.settings import Settings
from crfseg.training.warm_start import Grown, Warm, grow, inherited


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
        completed: Corpus | None = None,
        warm: Warm | None = None,
    ) -> None:
        """completed: the corpus with all boundaries, to take words from, if some are guessed;
        warm: the model to start from.
        """
        self.settings, self.progress, self.standards = settings, progress, standards
        self.scheme: TagScheme = scheme_by_name(settings.tags)
        self.sequential = settings.kind != "maxent"
        self.corpus, self.warm = corpus, warm
        shapes = templates.parse(*lines)
        progress.begin("indexing features")
        folds = np.concatenate([folds_of(n) for n in np.bincount(corpus.standards).tolist()])
        own = settings.own_lexicon and settings.kind != "hmm"
        words, alphabet = None, None
        if warm is not None:
            own = own and warm.has_own
            words, alphabet = warm.known_words(), warm.model.alphabet
        self.lexicons: Lexicons = collect_lexicons(completed or corpus, folds, own, lexicons, words)
        self.sequences = Sequences.of(corpus)
        self.encoder = Encoder.make(self.sequences, self.lexicons, shapes, alphabet)
        self.table: Table = self.encoder.training_table(
            self.sequences, self.lexicons, folds, settings.lexicon_dropout
        )
        self.gold = gold_tags(self.sequences, self.table, self.scheme)
        self.allowed = allowed_tags(self.sequences, self.table, self.scheme)
        self.history: list[Iteration] = []

    def run(
        self,
        run: Map,
        dev: Corpus | None,
        files: Sequence[Path],
        start: float,
        checkpoint: Checkpoint | None = None,
    ) -> TrainingResult:
        """Index, estimate, export."""
        if self.settings.kind == "hmm":
            index = self._index(run)[0]
            self.progress.end()
            index, weights = hmm.hmm_weights(
                index, self.table.columns[0], self.gold, self.table.bounds, self.scheme
            )
            reason, interrupted = "counted", False
            score = self._dev_score(dev, index)
        else:
            objective = self._objective(run)
            grown = self._grown(objective.index)
            index = objective.index if grown is None else grown.index
            score = self._dev_score(dev, index)
            found = self._estimate(objective, grown, run, start, score, checkpoint)
            weights = found.weights if grown is None else grown.weights(found.weights)
            reason, interrupted = found.reason, found.interrupted
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

    def completed(self, run: Map) -> Corpus:
        """The corpus with the likeliest boundaries where they are not known."""
        objective = self._objective(run)
        grown = self._grown(objective.index)
        found = self._estimate(objective, grown, run, time.perf_counter())
        if found.interrupted:
            raise KeyboardInterrupt
        tags = decode_tags(
            objective.index, objective.rows, self.table.bounds, found.weights, self.scheme,
            sequential=self.sequential, allowed=self.allowed,
        )  # fmt: skip
        begins = np.zeros_like(self.corpus.begins)
        begins[self.sequences.kept] = self.scheme.begins[tags]
        return replace(self.corpus, begins=begins, known=None)

    def _index(self, run: Map) -> tuple[Index, np.ndarray]:
        encoder = self.encoder
        return build_index(self.table, encoder.plan, encoder.templates, self.scheme, run)

    def _objective(self, run: Map) -> Objective:
        index, rows = self._index(run)
        self.table = Table(self.table.columns[:0], self.table.bounds)  # needed no more: free it
        self.progress.end(f"{index.layout.size:,} weights")
        return Objective(
            index, rows, self.table.bounds, self.gold, self.scheme,
            sequential=self.sequential, run=run, margin=self.settings.margin,
            allowed=self.allowed, partly=self.corpus.partly, counts=self.corpus.weights,
        )  # fmt: skip

    def _grown(self, index: Index) -> Grown | None:
        return None if self.warm is None else grow(index, self.warm.model, self.encoder)

    def _dev_score(self, dev: Corpus | None, index: Index) -> DevScore | None:
        if dev is None:
            return None
        return DevScore(dev, self.encoder, index, self.scheme, sequential=self.sequential)

    def _estimate(
        self,
        objective: Objective,
        grown: Grown | None,
        run: Map,
        start: float,
        score: DevScore | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Estimate:
        """The weights of the n-grams of the text; ``score`` is asked for those of all."""
        whole: Callable[[np.ndarray], float] | None = score
        origin = None
        if grown is not None:
            origin = grown.start
            whole = None if score is None else lambda weights: score(grown.weights(weights))
        return estimate(
            objective, self.settings, run, self.progress, start, whole, origin, checkpoint
        )

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
        if self.warm is not None:
            metadata |= inherited(self.warm.model.metadata, corpora)
        if self.standards:
            metadata["standards"] = list(self.standards)
        prune = 0.0 if self.settings.kind == "hmm" else self.settings.prune
        return export(metadata, weights, index, self.encoder, self.lexicons, self.scheme, prune)
