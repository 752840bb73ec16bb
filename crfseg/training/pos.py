"""Train part-of-speech models."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from crfseg.common.errors import DataError
from crfseg.common.files import Path
from crfseg.corpus.sentences import read_tagged
from crfseg.corpus.tokens import Rows
from crfseg.model.tagger_model import TagDictionary, TaggerModel
from crfseg.tagging.pos_tagger import WORDS
from crfseg.tagging.word_columns import TEMPLATES, word_columns
from crfseg.training.session import TrainingResult
from crfseg.training.tagger import train_tagger

#: A sentence: words with their parts of speech.
Tagged = Sequence[tuple[str, str]]
#: A word seen at most _RARE times is rare; unknown words may have tags of _OPEN or more of them.
_RARE, _OPEN = 2, 10


def train_pos(
    corpus: Path | Sequence[Tagged], *, output: Path | None = None, **settings: Any
) -> TrainingResult[TaggerModel]:
    """Train a part-of-speech model on a file of word/POS, or on sentences of (word, tag).

    The settings are those of `train_tagger`. Raises CrfsegError.
    """
    more: dict[str, Any] = {"columns of": WORDS}
    if isinstance(corpus, str | os.PathLike):
        more["corpora"] = [os.path.basename(corpus)]
        corpus = _read(corpus)
    rows: list[Rows] = []
    for pairs in corpus:
        columns = word_columns([word for word, _ in pairs])
        rows.append([(*row, tag) for row, (_, tag) in zip(columns, pairs, strict=True)])
    result = train_tagger(rows, templates=TEMPLATES, labels="free", **settings)
    model = result.model
    result.model = replace(
        model, metadata={**model.metadata, **more}, dictionary=tag_dictionary(model, rows)
    )
    if output is not None:
        result.model.save(output)
    return result


def tag_dictionary(model: TaggerModel, rows: Iterable[Rows]) -> TagDictionary:
    """The tags of each word in the rows (columns, then the tag) of sentences.

    Unknown words get the tags that at least _OPEN rare words have, or all tags if there are none.
    """
    numbers = {label: t for t, label in enumerate(model.scheme.names)}
    tag_counts: dict[str, Counter[int]] = {
        word: Counter() for word in model.encoder.vocabularies[0].words
    }
    for row in chain.from_iterable(rows):
        tag_counts[row[0]][numbers[row[-1]]] += 1
    rare = Counter(t for tags in tag_counts.values() if tags.total() <= _RARE for t in tags)
    frequent = [t for t in sorted(rare) if rare[t] >= _OPEN]
    kinds = [sorted(tags) for tags in tag_counts.values()]
    arrays = [len(tags) for tags in kinds], chain.from_iterable(kinds), frequent or numbers.values()
    return TagDictionary(*(np.array(list(array), dtype=np.uint8) for array in arrays))


def _read(path: Path) -> Sequence[Tagged]:
    sentences = [pairs for pairs in read_tagged(path) if pairs]
    if not sentences or not all(tag for pairs in sentences for _, tag in pairs):
        raise DataError(path, None, "has no parts of speech", "lines of word/POS")
    return sentences
