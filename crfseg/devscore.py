"""F1 on a development corpus while a training goes on."""

from __future__ import annotations

import numpy as np

from crfseg.corpus import Corpus
from crfseg.objective import Index, decode
from crfseg.prepare import Encoder, Sequences
from crfseg.tags import TagScheme


class DevScore:
    """F1 on a development corpus under the weights of the moment."""

    def __init__(
        self, dev: Corpus, encoder: Encoder, index: Index, scheme: TagScheme, *, sequential: bool
    ) -> None:
        self.index, self.scheme, self.sequential = index, scheme, sequential
        sequences = Sequences.of(dev)
        table = encoder.table(sequences)
        self.rows, self.bounds = index.rows(table), table.bounds
        self.gold, self.kept = dev.begins, sequences.kept

    def __call__(self, weights: np.ndarray) -> float:
        tags = decode(
            self.index, self.rows, self.bounds, weights, self.scheme, sequential=self.sequential
        )
        predicted = np.zeros_like(self.gold)
        predicted[self.kept] = self.scheme.begins[tags]
        return word_f1(self.gold, predicted)


def word_f1(gold: np.ndarray, predicted: np.ndarray) -> float:
    """F1 of words whose beginnings are marked; bool [N] each, both True at sentence starts."""
    starts = np.flatnonzero(gold)
    ends = np.append(starts[1:], len(gold))
    closed = np.append(predicted, True)
    inside = np.cumsum(predicted)
    correct = np.count_nonzero(closed[starts] & closed[ends] & (inside[ends - 1] == inside[starts]))
    return float(2 * correct / (len(starts) + np.count_nonzero(predicted)))
