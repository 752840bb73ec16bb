"""Objectives of a few sentences, and slow references for their scores."""

from __future__ import annotations

import numpy as np

from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import folds_of
from crfseg.corpus.schemes import TagScheme
from crfseg.crf.objective import DenseObjective
from crfseg.features.character_encoder import Encoder, Sequences, collect_lexicons, gold_tags
from crfseg.features.index import Index, build_index
from crfseg.features.templates import default_lines, parse

SENTENCES = [
    line.split()
    for line in (
        "我 爱 北京", "中国 人民 大学", "为 人民 服务", "北京大学 的 大学生", "人", "大 学生",
        "2024年 我们 在 e\u0301", "人民 爱 人民",
    )
]  # fmt: skip


def build(
    scheme: TagScheme, sequential: bool, run, lines: list[str] | None = None, margin: float = 0.0
) -> tuple[DenseObjective, np.ndarray, np.ndarray]:
    """The objective of the sentences above, random weights, and the sequences' bounds."""
    corpus = Corpus.from_sentences(SENTENCES)
    folds = folds_of(len(corpus))
    lexicons = collect_lexicons(corpus, folds, own=True, paths=[])
    sequences = Sequences.of(corpus)
    encoder = Encoder.make(sequences, lexicons, parse(lines or default_lines(1)))
    table = encoder.training_table(sequences, lexicons, folds, 0.0)
    index, rows = build_index(table, encoder.plan, encoder.templates, scheme, run)
    gold = gold_tags(sequences, table, scheme)
    objective = DenseObjective(
        index, rows, table.bounds, gold, scheme, sequential=sequential, run=run, margin=margin
    )
    weights = np.random.default_rng(0).normal(scale=0.3, size=index.layout.size)
    weights[: index.layout.zeros] = 0
    return objective, weights.astype(np.float32), table.bounds


def value_and_gradient(objective: DenseObjective, weights: np.ndarray) -> tuple[float, np.ndarray]:
    gradient = np.full_like(weights, np.nan)
    return objective(weights, gradient), gradient


def emissions(index: Index, rows: np.ndarray, begin: int, end: int, w: np.ndarray) -> np.ndarray:
    """float64 [n, T]: template by template, position by position."""
    T = index.layout.tags
    out = np.zeros((end - begin, T))
    for f, shape in enumerate(index.templates.families):
        for place, shift in enumerate(shape.shifts):
            for i in range(begin, end):
                at = rows[f, i + shift] + place * T
                out[i - begin] += w[at : at + T]
    return out
