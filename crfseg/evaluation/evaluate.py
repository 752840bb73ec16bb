"""Scoring a segmenter or a tagger on a corpus."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.files import Path
from crfseg.corpus.corpus import read_sentences
from crfseg.corpus.tokens import read_tokens
from crfseg.metrics.labels import (
    LabelScores,
    labelled,
    pair_labels,
    score_label_pairs,
    score_labels,
)
from crfseg.metrics.words import pair_sentences, score_pairs

if TYPE_CHECKING:
    from crfseg.metrics.words import Scores, Sentences
    from crfseg.segmentation.segmenter import Segmenter
    from crfseg.tagging.tagger import Tagger

#: Sentences given to a segmenter at a time.
_BATCH = 4096


def score_segmenter(
    gold: Sentences,
    segmenter: Segmenter,
    known_words: Collection[str] | None = None,
    threads: int | None = None,
) -> Scores:
    """Scores a segmenter on sentences of words; see ``score_sentences``."""
    return score_pairs(_segmented(iter(gold), segmenter, threads), known_words)


def evaluate(
    gold_path: Path,
    *,
    segmenter: Segmenter | None = None,
    pred: Path | None = None,
    train: Path | Sequence[Path] | None = None,
    format: str = "auto",
    encoding: str = "utf-8",
    threads: int | None = None,
) -> Scores:
    """Scores a segmenter (the default one if none is given) or the file ``pred`` on a gold file.

    ``train``: the corpus or corpora whose words are the vocabulary. ``format`` is that of
    the gold file; the formats of the others are found out. Raises DataError for files that
    cannot be read or hold other text than gold.
    """
    if pred is not None and segmenter is not None:
        raise SettingsError("--pred and a segmenter: one of them must be left out")
    known = None
    if train is not None:
        paths = [train] if isinstance(train, str | os.PathLike) else train
        corpora = (read_sentences(path, encoding=encoding) for path in paths)
        known = set(chain.from_iterable(chain.from_iterable(corpora)))
    gold = read_sentences(gold_path, format, encoding)
    if pred is not None:
        # In words a slash may be just that, so where gold was said to be words, it is.
        predicted = read_sentences(pred, "words" if format == "words" else "auto", encoding)
        pairs = pair_sentences(gold, predicted, os.fspath(gold_path), os.fspath(pred))
    else:
        if segmenter is None:
            from crfseg.segmentation.segmenter import Segmenter  # late: it brings numba

            segmenter = Segmenter()
        pairs = _segmented(gold, segmenter, threads)
    scores = score_pairs(pairs, known)
    if not scores.sentences:
        raise DataError(gold_path, None, "the corpus is empty", "at least one sentence")
    return scores


def _segmented(
    gold: Iterator[Sequence[str]], segmenter: Segmenter, threads: int | None
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    while batch := list(islice(gold, _BATCH)):
        texts = ["".join(words) for words in batch]
        yield from pair_sentences(
            batch, segmenter.cut_many(texts, threads=threads, keep_space=False)
        )


def evaluate_labels(
    gold_path: Path, pred_path: Path, *, format: str = "auto", encoding: str = "utf-8"
) -> LabelScores:
    """Scores a file against a gold one; the label is the last column of both.

    Raises DataError for files that cannot be read, have no label, or not the same tokens (the
    first column).
    """
    gold = labelled(gold_path, read_tokens(gold_path, format, encoding))
    pred = labelled(pred_path, read_tokens(pred_path, format, encoding))
    scores = score_label_pairs(pair_labels(gold, pred, gold_path, pred_path))
    if not scores.sentences:
        raise DataError(gold_path, None, "the file is empty", "at least one sentence")
    return scores


def evaluate_tagger(
    gold_path: Path, tagger: Tagger, *, format: str = "auto", encoding: str = "utf-8"
) -> LabelScores:
    """Scores a tagger on a file; the label is the last column, after those of the model.

    Raises DataError for a file that cannot be read or has other columns.
    """
    sentences = list(read_tokens(gold_path, format, encoding, tagger.columns + 1))
    if not sentences:
        raise DataError(gold_path, None, "the file is empty", "at least one sentence")
    gold = [[row[-1] for row in rows] for rows in sentences]
    return score_labels(gold, tagger.tag_many(sentences))
