"""Training a segmentation model: index the n-grams, find their weights, export the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crfseg.common.files import Path
from crfseg.common.progress import Progress
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import folds_of
from crfseg.corpus.schemes import TagScheme, scheme_by_name
from crfseg.crf.decode import decode_tags
from crfseg.crf.objective import DenseObjective, PartialTags
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
from crfseg.training.dev_score import DevScore
from crfseg.training.export import export
from crfseg.training.fit import Estimate
from crfseg.training.session import Session, describe
from crfseg.training.settings import TrainingSettings
from crfseg.training.warm_start import Grown, Warm, grow, inherited


@dataclass(frozen=True)
class Inputs:
    """What a segmentation model is trained from besides its corpus.

    lines: the template lines and their name in errors; standards: names, none for a plain model;
    dev: the development corpus; warm: the model to start from; files: the corpora, by name.
    """

    settings: TrainingSettings
    lexicons: Sequence[Path]
    lines: tuple[list[str], str]
    standards: Sequence[str]
    dev: Corpus | None = None
    warm: Warm | None = None
    files: Sequence[Path] = ()


class SegmentationTask:
    """A corpus to train a segmentation model on, encoded; see `session.Task`."""

    def __init__(
        self,
        corpus: Corpus,
        inputs: Inputs,
        progress: Progress,
        completed: Corpus | None = None,
    ) -> None:
        """completed: the corpus with all boundaries, to take words from, if some are guessed."""
        self.corpus, self.inputs, self.warm = corpus, inputs, inputs.warm
        self.settings = settings = inputs.settings
        self.scheme: TagScheme = scheme_by_name(settings.tags)
        self.sequential = settings.kind != "maxent"
        self.counts = {
            "sentences": len(corpus),
            "words": corpus.word_count,
            "characters": len(corpus.codes),
        }
        shapes = templates.parse(*inputs.lines)
        progress.begin("indexing features")
        folds = np.concatenate([folds_of(n) for n in np.bincount(corpus.standards).tolist()])
        own = settings.own_lexicon and settings.kind != "hmm"
        words, alphabet = None, None
        if self.warm is not None:
            own = own and self.warm.has_own
            words, alphabet = self.warm.known_words(), self.warm.model.alphabet
        self.lexicons: Lexicons = collect_lexicons(
            completed or corpus, folds, own, inputs.lexicons, words
        )
        self.sequences = Sequences.of(corpus)
        self.encoder = Encoder.make(self.sequences, self.lexicons, shapes, alphabet)
        self.table: Table = self.encoder.training_table(
            self.sequences, self.lexicons, folds, settings.lexicon_dropout
        )
        self.gold = gold_tags(self.sequences, self.table, self.scheme)
        self.allowed = allowed_tags(self.sequences, self.table, self.scheme)
        self._score: DevScore | None = None

    def estimate(self, session: Session) -> Estimate:
        """Minimise the objective, or count the n-grams of a hidden Markov model."""
        if self.settings.kind == "hmm":
            index, _ = self._build_index(session)
            session.progress.end()
            self.index, weights = hmm.hmm_weights(
                index, self.table.columns[0], self.gold, self.table.bounds, self.scheme
            )
            self._score = self._dev_score()
            return Estimate(weights, [], "counted")
        objective, grown = self._objective(session)
        self.index = objective.index if grown is None else grown.index
        self._score = self._dev_score()
        found = self._minimise(session, objective, grown)
        return found if grown is None else replace(found, weights=grown.weights(found.weights))

    def score(self, weights: np.ndarray) -> float | None:
        """F1 on the development corpus; None without one."""
        return None if self._score is None else self._score(weights)

    def export(self, found: Estimate) -> Model:
        """The model of the weights, pruned and quantised."""
        metadata: dict[str, Any] = {
            **describe(self.settings, len(found.history), self.inputs.files),
            **self.counts,
            "kind": self.settings.kind,
        }
        if self.warm is not None:
            metadata |= inherited(self.warm.model.metadata, metadata["corpora"])
        if self.inputs.standards:
            metadata["standards"] = list(self.inputs.standards)
        prune = 0.0 if self.settings.kind == "hmm" else self.settings.prune
        return export(
            metadata, found.weights, self.index, self.encoder, self.lexicons, self.scheme, prune
        )

    def completed(self, session: Session) -> Corpus:
        """The corpus with the likeliest boundaries where they are not known."""
        objective, grown = self._objective(session)
        found = self._minimise(session, objective, grown)
        if found.interrupted:
            raise KeyboardInterrupt
        tags = decode_tags(
            objective.index, objective.rows, self.table.bounds, found.weights, self.scheme,
            sequential=self.sequential, allowed=self.allowed,
        )  # fmt: skip
        begins = np.zeros_like(self.corpus.begins)
        begins[self.sequences.kept] = self.scheme.begins[tags]
        return replace(self.corpus, begins=begins, known=None)

    def _build_index(self, session: Session) -> tuple[Index, np.ndarray]:
        encoder = self.encoder
        return build_index(self.table, encoder.plan, encoder.templates, self.scheme, session.run)

    def _objective(self, session: Session) -> tuple[DenseObjective, Grown | None]:
        index, rows = self._build_index(session)
        self.table = Table(self.table.columns[:0], self.table.bounds)  # the columns: free them
        session.progress.end(f"{index.layout.size:,} weights")
        partial = None
        if self.allowed is not None:
            partial = PartialTags(self.allowed, self.corpus.partly)
        objective = DenseObjective(
            index, rows, self.table.bounds, self.gold, self.scheme,
            sequential=self.sequential, run=session.run, margin=self.settings.margin,
            partial=partial, counts=self.corpus.weights,
        )  # fmt: skip
        grown = None if self.warm is None else grow(index, self.warm.model, self.encoder)
        return objective, grown

    def _minimise(
        self, session: Session, objective: DenseObjective, grown: Grown | None
    ) -> Estimate:
        """The weights of the n-grams of the text; the score is asked for those of all n-grams."""
        score: Callable[[np.ndarray], float] | None = self._score
        if grown is None:
            return session.minimise(objective, self.settings, score)
        if (of_all := self._score) is not None:
            score = lambda weights: of_all(grown.weights(weights))  # noqa: E731
        return session.minimise(objective, self.settings, score, grown.start)

    def _dev_score(self) -> DevScore | None:
        if self.inputs.dev is None:
            return None
        return DevScore(
            self.inputs.dev, self.encoder, self.index, self.scheme, sequential=self.sequential
        )
