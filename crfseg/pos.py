"""Parts of speech: a tagger of words behind the segmenter.

A word is seen as its columns, see `word_columns`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from crfseg import forms
from crfseg.container import sound
from crfseg.errors import DataError, ModelError
from crfseg.files import Path
from crfseg.kernels.layout import BREAK
from crfseg.kernels.word_layout import NO_TAG
from crfseg.pos_tables import PosEngine
from crfseg.spaces import is_space
from crfseg.tagger_model import TagDictionary, TaggerModel
from crfseg.tokens import Rows
from crfseg.word_columns import TEMPLATES, word_columns

if TYPE_CHECKING:
    from crfseg.segmenter import Segmenter
    from crfseg.tagger import Tagger
    from crfseg.tagger_training import TaggerResult

#: A sentence: words and their parts of speech.
Tagged = Sequence[tuple[str, str]]
#: What a model says that was trained on the columns of `word_columns`.
WORDS = "words"
#: Words seen so often are rare; an unknown word may have the tags of so many of them.
_RARE, _OPEN = 2, 10
_BREAK = chr(BREAK)


def default_pos_path() -> str:
    """Where the model of parts of speech that comes with crfseg is."""
    from crfseg import data

    return os.path.join(data.__path__[0], "pos.crfseg")


class PosTagger:
    """Parts of speech of words: PosTagger().tag(["为", "人民", "服务"]).

    model: a file, the one that comes with crfseg if omitted, or a TaggerModel; made by `train_pos`,
    or any tagger of one column. Raises ModelError. May be used by many threads at once.
    """

    def __init__(self, model: str | os.PathLike[str] | TaggerModel | None = None) -> None:
        name = default_pos_path() if model is None else model
        found = name if isinstance(name, TaggerModel) else TaggerModel.load(name)
        self.labels = list(found.scheme.names)
        self.engine: PosEngine | None = None
        with sound("the model" if isinstance(name, TaggerModel) else os.fspath(name)):
            if found.metadata.get("columns of") == WORDS:
                self.engine = PosEngine(found)
            elif found.columns != 1:
                problem = f"tags tokens of {found.columns} columns"
                raise ModelError(f"{problem}; expected words alone, as of crfseg.pos.train_pos")
        self._tagger: Tagger | None = None
        if self.engine is None:
            from crfseg.tagger import Tagger

            self._tagger = Tagger(found)
        self._names = [*self.labels, *[""] * (NO_TAG + 1 - len(self.labels))]

    def tag(self, words: Sequence[str]) -> list[str]:
        """The part of speech of each word of a sentence."""
        return self.tag_many([words])[0]

    def tag_many(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """The same of each sentence."""
        if self._tagger is not None:
            return self._tagger.tag_many(sentences)
        given = list(sentences)
        found = iter(self.tag_tokens([token for words in given for token in (*words, "\n")]))
        return [list(islice(found, len(words) + 1))[:-1] for words in given]

    def tag_tokens(self, tokens: Sequence[str]) -> list[str]:
        """Of tokens of a text: whitespace has the tag "", and a line is a sentence."""
        if self.engine is not None:
            joined = _BREAK.join(tokens)
            if joined.count(_BREAK) >= max(len(tokens), 1):  # a token holds it
                joined = _BREAK.join([token.replace(_BREAK, " ") for token in tokens])
            numbers = self.engine.tags(joined.encode("utf-8", "surrogatepass"))
            return [self._names[t] for t in numbers.tolist()][: len(tokens)]
        sentences: list[list[str]] = [[]]
        for token in tokens:
            if not is_space(token):
                sentences[-1].append(token)
            elif "\n" in token:
                sentences.append([])
        tags = iter([tag for found in self.tag_many(sentences) for tag in found])
        return ["" if is_space(token) else next(tags) for token in tokens]


def train_pos(
    corpus: Path | Sequence[Tagged], *, output: Path | None = None, **settings: Any
) -> TaggerResult:
    """Train a model of parts of speech on a file of word/POS, or on sentences of (word, tag).

    The settings are those of `tagger_training.train_tagger`. Raises CrfsegError.
    """
    from crfseg.tagger_training import train_tagger

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
    """The tags that the words of sentences (columns, tag) have there.

    Those of unknown words are the tags that at least _OPEN rare words have, or all if none has.
    """
    numbers = {label: t for t, label in enumerate(model.scheme.names)}
    found: dict[str, Counter[int]] = {
        word: Counter() for word in model.encoder.vocabularies[0].words
    }
    for row in chain.from_iterable(rows):
        found[row[0]][numbers[row[-1]]] += 1
    rare = Counter(t for tags in found.values() if tags.total() <= _RARE for t in tags)
    frequent = [t for t in sorted(rare) if rare[t] >= _OPEN]
    kinds = [sorted(tags) for tags in found.values()]
    arrays = [len(tags) for tags in kinds], chain.from_iterable(kinds), frequent or numbers.values()
    return TagDictionary(*(np.array(list(array), dtype=np.uint8) for array in arrays))


def _read(path: Path) -> Sequence[Tagged]:
    from crfseg.corpus import read_tagged

    sentences = [pairs for pairs in read_tagged(path) if pairs]
    if not sentences or not all(tag for pairs in sentences for _, tag in pairs):
        raise DataError(path, None, "has no parts of speech", "lines of word/POS")
    return sentences


class PosLines:
    """word/POS in place of words; stands in for a segmenter in `stream.segment_stream`."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter, self._tagger = segmenter, segmenter.pos_tagger

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
        """Whole lines of UTF-8 as words or json; raises UnicodeDecodeError."""
        engine = self._tagger.engine
        if engine is not None and output != "json" and _BREAK.encode() not in data:
            return engine.write(self._segmenter.tokens_bytes(data), sep.encode("utf-8"))
        given = data.decode("utf-8")
        if output == "json":
            return self._json(given).encode("utf-8")
        lines = list(forms.lines_of(given))
        cut = self._segmenter.cut_many([given[begin:end] for begin, end, _ in lines], 1)
        words = [[token for token in tokens if not is_space(token)] for tokens in cut]
        pieces = []
        for (_, end, following), tokens, tags in zip(
            lines, cut, self._tagger.tag_many(words), strict=True
        ):
            pieces += [forms.join_pos(tokens, tags, sep), given[end:following]]
        return "".join(pieces).encode("utf-8")

    def _json(self, given: str) -> str:
        lines = list(forms.json_lines(self._segmenter.marginals(given)))
        words = [[t for t in tokens if not is_space(t["word"])] for tokens, _ in lines]
        found = self._tagger.tag_many([[token["word"] for token in here] for here in words])
        for here, tags in zip(words, found, strict=True):
            for token, tag in zip(here, tags, strict=True):
                token["pos"] = tag
        return "".join(forms.as_json(tokens) + end for tokens, end in lines)
