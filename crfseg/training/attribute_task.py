"""Training a CRF over items with attributes; see `session.Task`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from crfseg.common.version import __version__
from crfseg.crf.attribute_objective import AttributeObjective, Features
from crfseg.features.attribute_ids import NewAttributeIds
from crfseg.features.attributes import Items, sparse_rows
from crfseg.metrics.labels import accuracy
from crfseg.model.attribute_model import AttributeModel
from crfseg.tagging.attribute_tagger import AttributeTagger
from crfseg.training.fit import Estimate
from crfseg.training.session import Session
from crfseg.training.settings import Optimisation

#: Sequences of items, and the labels of each.
Labelled = tuple[Sequence[Items], Sequence[Sequence[str]]]


@dataclass(frozen=True)
class FeatureChoice:
    """Which features have weights: least is the smallest sum of values of one that was seen;
    all_states, all_transitions: also features that were never seen.
    """

    least: float = 0.0
    all_states: bool = False
    all_transitions: bool = False


class AttributeTask:
    """Labelled sequences of items, encoded; description: metadata recorded in the model."""

    def __init__(
        self,
        data: Labelled,
        settings: Optimisation,
        choice: FeatureChoice,
        description: dict[str, Any],
        dev: Labelled | None = None,
    ) -> None:
        sequences, labels = data
        self.settings, self.description, self.dev = settings, description, dev
        self.labels = list(dict.fromkeys(chain.from_iterable(labels)))
        ids = {name: k for k, name in enumerate(self.labels)}
        self.lengths = np.array([len(one) for one in labels], dtype=np.int64)
        self.gold = np.array([ids[name] for name in chain.from_iterable(labels)], dtype=np.int64)
        names = NewAttributeIds()
        self.rows = sparse_rows(sequences, names)
        self.attributes = list(names.numbers)
        self.features = Features.of(
            self.rows, len(self.attributes), self.gold, self.lengths, len(self.labels),
            least=choice.least, all_states=choice.all_states,
            all_transitions=choice.all_transitions,
        )  # fmt: skip
        self.counts = {"sentences": len(labels), "tokens": len(self.gold)}

    def estimate(self, session: Session) -> Estimate:
        """Minimise the objective."""
        objective = AttributeObjective(
            self.rows, len(self.attributes), self.gold, self.lengths, self.features,
            run=session.run,
        )  # fmt: skip
        score = None if self.dev is None else self._accuracy
        return session.minimise(objective, self.settings, score)

    def score(self, weights: np.ndarray) -> float | None:
        """Accuracy on the development sequences; None without them."""
        return None if self.dev is None else self._accuracy(weights)

    def export(self, found: Estimate) -> AttributeModel:
        """The model of the weights."""
        return self._model(found.weights)

    def _accuracy(self, weights: np.ndarray) -> float:
        sequences, labels = self.dev or ((), ())
        return accuracy(labels, AttributeTagger(self._model(weights)).decode(sequences))

    def _model(self, weights: np.ndarray) -> AttributeModel:
        metadata = {"version": __version__, **self.description}
        codes = self.features.codes
        return AttributeModel(metadata, self.labels, self.attributes, codes, weights)
