"""F1 on a development corpus during training."""

from __future__ import annotations

import numpy as np

from crfseg.corpus.corpus import Corpus
from crfseg.corpus.schemes import LabelScheme, TagScheme
from crfseg.corpus.tokens import Rows
from crfseg.crf.decode import decode_labels, decode_tags
from crfseg.features.character_encoder import Encoder, Sequences
from crfseg.features.index import Index
from crfseg.features.sparse_index import SparseIndex
from crfseg.features.token_encoder import TokenEncoder
from crfseg.metrics.labels import score_labels


class DevScore:
    """Word F1 on a development corpus with the current weights."""

    def __init__(
        self, dev: Corpus, encoder: Encoder, index: Index, scheme: TagScheme, *, sequential: bool
    ) -> None:
        self.index, self.scheme, self.sequential = index, scheme, sequential
        sequences = Sequences.of(dev)
        table = encoder.table(sequences)
        self.rows, self.bounds = index.rows(table), table.bounds
        self.gold, self.kept = dev.begins, sequences.kept

    def __call__(self, weights: np.ndarray) -> float:
        tags = decode_tags(
            self.index, self.rows, self.bounds, weights, self.scheme, sequential=self.sequential
        )
        predicted = np.zeros_like(self.gold)
        predicted[self.kept] = self.scheme.begins[tags]
        return word_f1(self.gold, predicted)


def word_f1(gold: np.ndarray, predicted: np.ndarray) -> float:
    """Word F1; gold, predicted: bool [N], True where a word begins, as at sentence starts."""
    starts = np.flatnonzero(gold)
    ends = np.append(starts[1:], len(gold))
    closed = np.append(predicted, True)
    inside = np.cumsum(predicted)
    correct = np.count_nonzero(closed[starts] & closed[ends] & (inside[ends - 1] == inside[starts]))
    return float(2 * correct / (len(starts) + np.count_nonzero(predicted)))


class TaggerDevScore:
    """Entity F1 on development sentences with the current weights; accuracy without entities."""

    def __init__(
        self, dev: list[Rows], encoder: TokenEncoder, index: SparseIndex, scheme: LabelScheme
    ) -> None:
        self.index, self.scheme = index, scheme
        self.gold = [[row[-1] for row in rows] for rows in dev]
        table = encoder.table(dev)
        self.rows, self.bounds = index.rows(table), table.bounds

    def __call__(self, weights: np.ndarray) -> float:
        path = decode_labels(self.index, self.rows, self.bounds, weights, self.scheme)
        names = iter([self.scheme.names[t] for t in path.tolist()])
        scores = score_labels(self.gold, [[next(names) for _ in labels] for labels in self.gold])
        return scores.accuracy if scores.entities is None else scores.entities.f1
