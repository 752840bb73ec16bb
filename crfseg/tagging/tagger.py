"""Labels tokens with a model trained by `training.tagger`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain
from typing import cast

import numpy as np

from crfseg.common.errors import ModelError, SettingsError
from crfseg.common.threads import thread_count, workers
from crfseg.corpus.tokens import Rows
from crfseg.crf.decode import decode_labels, label_marginals
from crfseg.features.index import FamilyIndex
from crfseg.features.sparse_index import SparseIndex, first_slot
from crfseg.model.tagger_model import TaggerModel

#: A token: its columns, or a string if it has only one.
Token = str | Sequence[str]
#: Tokens processed at a time, to keep their feature table small.
_BATCH = 1 << 14


class Tagger:
    """A model for tagging, ready for use: Tagger("pos.crfseg").tag(["我", "爱", "北京"]).

    model: a file, or a TaggerModel. A token is a string, or the sequence of its columns, at least
    as many as the model was trained with (`columns`). Raises ModelError. May be used by many
    threads at once.
    """

    def __init__(self, model: str | os.PathLike[str] | TaggerModel) -> None:
        self.model = model if isinstance(model, TaggerModel) else TaggerModel.load(model)
        self.columns = self.model.columns
        self.labels = list(self.model.scheme.names)

    def tag(self, tokens: Sequence[Token]) -> list[str]:
        """The label of each token of a sentence."""
        return self.tag_many([tokens])[0]

    def tag_many(
        self, sentences: Iterable[Sequence[Token]], threads: int | None = None
    ) -> list[list[str]]:
        """The labels of each sentence, in several threads; None: one per processor.

        Raises SettingsError for tokens with too few columns.
        """
        batches = list(self._batches(sentences))
        count = min(thread_count(threads), max(len(batches), 1))
        self._index  # noqa: B018 - built once, before threads start
        with workers(count) as run:
            return list(chain.from_iterable(run(self._tag, batches)))

    def marginals(self, tokens: Sequence[Token]) -> np.ndarray:
        """float32 [n, T]: the probability of each label of `labels` for each token."""
        return self.marginals_many([tokens])[0]

    def marginals_many(self, sentences: Iterable[Sequence[Token]]) -> list[np.ndarray]:
        """The `marginals` of each sentence."""
        every = [self._rows(tokens) for tokens in sentences]
        full = [rows for rows in every if rows]
        lengths = [len(rows) for rows in every]
        if not full:
            return [np.zeros((0, len(self.labels)), dtype=np.float32) for _ in every]
        index, weights = self._index
        table = self.model.encoder.table(full)
        found = label_marginals(
            index, index.rows(table), table.bounds,
            weights * np.float32(self.model.scale), self.model.scheme,
        )  # fmt: skip
        return np.split(found, np.cumsum(lengths)[:-1])

    def _tag(self, sentences: list[Rows]) -> list[list[str]]:
        full = [rows for rows in sentences if rows]
        if not full:
            return [[] for _ in sentences]
        index, weights = self._index
        table = self.model.encoder.table(full)
        rows = index.rows(table)
        path = decode_labels(index, rows, table.bounds, weights, self.model.scheme)
        names = list(map(self.labels.__getitem__, path.tolist()))
        ends = accumulate(map(len, sentences))
        return [names[end - len(rows) : end] for rows, end in zip(sentences, ends, strict=True)]

    @cached_property
    def _index(self) -> tuple[SparseIndex, np.ndarray]:
        """The index of the model's n-grams, and its weights, int16, in the layout of training."""
        model, T = self.model, len(self.labels)
        templates = model.encoder.templates
        base = zeros = first_slot((*templates.families, *templates.pairs))
        none = np.zeros(0, dtype=np.int64)
        families, counts = [], [np.zeros(zeros, dtype=np.int64)]
        labels, weights = [np.zeros(T * T, dtype=np.uint16)], [model.transitions.ravel()]
        for family in model.families:
            families.append(FamilyIndex(family.keys, none, none, none, base))
            base += family.counts.size
            counts.append(family.counts.ravel())
            labels.append(family.labels)
            weights.append(family.weights)
        starts = np.concatenate(([0], np.cumsum(np.concatenate(counts), dtype=np.int64))) + T * T
        if max(base, starts[-1]) > np.iinfo(np.int32).max:
            raise ModelError("a model of too many weights")
        index = SparseIndex(
            model.encoder.plans, templates, families, starts.astype(np.int32),
            np.concatenate(labels), T,
        )  # fmt: skip
        return index, np.concatenate(weights)

    def _batches(self, sentences: Iterable[Sequence[Token]]) -> Iterator[list[Rows]]:
        batch: list[Rows] = []
        size = 0
        for tokens in sentences:
            batch.append(self._rows(tokens))
            size += len(tokens)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
        yield batch

    def _rows(self, tokens: Sequence[Token]) -> Rows:
        kinds = set(map(type, tokens))
        rows: Rows
        if kinds == {tuple}:
            rows = cast(Rows, tokens)
        elif kinds == {str}:
            rows = [(token,) for token in cast(Sequence[str], tokens)]
        else:
            rows = [(token,) if isinstance(token, str) else tuple(token) for token in tokens]
        if min(map(len, rows), default=self.columns) < self.columns:
            few = next(k for k, row in enumerate(rows, 1) if len(row) < self.columns)
            problem = f"token {few}: has {len(rows[few - 1])} columns"
            raise SettingsError(
                f"{problem}; expected {self.columns}, as the model was trained with"
            )
        return rows
