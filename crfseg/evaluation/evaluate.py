"""Score a segmenter or a tagger on a corpus."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.files import Path
from crfseg.corpus.sentences import read_sentences
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

#: Sentences per call of a segmenter.
_BATCH = 4096


def score_segmenter(
    gold: Sentences,
    segmenter: Segmenter,
    known_words: Collection[str] | None = None,
    threads: int | None = None,
) -> Scores:
    """Score a segmenter on sentences of words; see `metrics.words.score_sentences`."""
    return score_pairs(_segmented(iter(gold), segmenter, threads), known_words)


def evaluate(
    gold: Path | Sentences,
    *,
    segmenter: Segmenter | None = None,
    pred: Path | Sentences | None = None,
    train: Path | Sequence[Path] | None = None,
    format: str = "auto",
    encoding: str = "utf-8",
    threads: int | None = None,
) -> Scores:
    """Score a segmenter (the default one if omitted), or ``pred``, against gold segmentation.

    gold, pred: a corpus file, or sentences as lists of words; train: the corpus or corpora whose
    words are the vocabulary; format: of the gold file, the formats of the other files are
    detected. Raises DataError for files that cannot be read, CrfsegError for text that differs
    from gold.
    """
    if pred is not None and segmenter is not None:
        raise SettingsError("pred and segmenter: one of them must be left out")
    known = None
    if train is not None:
        paths = [train] if isinstance(train, str | os.PathLike) else train
        corpora = (read_sentences(path, encoding=encoding) for path in paths)
        known = set(chain.from_iterable(chain.from_iterable(corpora)))
    sentences = _sentences(gold, format, encoding)
    if pred is not None:
        # If gold was declared as words, a slash in pred is text, not a POS separator.
        predicted = _sentences(pred, "words" if format == "words" else "auto", encoding)
        pairs = pair_sentences(sentences, predicted, _name_of(gold, "gold"), _name_of(pred, "pred"))
    else:
        if segmenter is None:
            from crfseg.segmentation.segmenter import Segmenter  # imported late: slow

            segmenter = Segmenter()
        pairs = _segmented(sentences, segmenter, threads)
    scores = score_pairs(pairs, known)
    if not scores.sentences:
        name = _name_of(gold, "gold")
        raise DataError(name, None, "the corpus is empty", "at least one sentence")
    return scores


def _sentences(source: Path | Sentences, format: str, encoding: str) -> Iterator[Sequence[str]]:
    if isinstance(source, str | os.PathLike):
        return read_sentences(source, format, encoding)
    return (words for words in source if len(words))


def _name_of(source: Path | Sentences, name: str) -> str:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else name


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
    """Score the labels of a file against a gold file; the label is the last column of both.

    Raises DataError for files that cannot be read, have no label, or differ in their tokens (the
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
    """Score a tagger on a file; the label is the last column, after the model's columns.

    Raises DataError for a file that cannot be read or has the wrong number of columns.
    """
    sentences = list(read_tokens(gold_path, format, encoding, tagger.columns + 1))
    if not sentences:
        raise DataError(gold_path, None, "the file is empty", "at least one sentence")
    gold = [[row[-1] for row in rows] for rows in sentences]
    return score_labels(gold, tagger.tag_many(sentences))
