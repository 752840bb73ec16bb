"""Tags segmented words with parts of speech.

The features of a word are its columns, see `word_columns`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import islice

from crfseg.common.errors import ModelError
from crfseg.common.resources import default_pos_path
from crfseg.model.container import sound
from crfseg.model.tagger_model import TaggerModel
from crfseg.tagging.kernels.layout import NO_TAG
from crfseg.tagging.pos_tables import PosEngine
from crfseg.text.codes import BREAK
from crfseg.text.whitespace import is_space

#: The metadata entry "columns of" of a model trained on the columns of `word_columns`.
WORDS = "words"
_BREAK = chr(BREAK)


class PosTagger:
    """Parts of speech of words: PosTagger().tag(["为", "人民", "服务"]).

    model: a file (by default the bundled one) or a TaggerModel, made by `train_pos`, or any tagger
    of one column. Raises ModelError. May be used by many threads at once.
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
            from crfseg.tagging.tagger import Tagger

            self._tagger = Tagger(found)
        self._names = [*self.labels, *[""] * (NO_TAG + 1 - len(self.labels))]

    def tag(self, words: Sequence[str]) -> list[str]:
        """The part of speech of each word of a sentence."""
        return self.tag_many([words])[0]

    def tag_many(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """The parts of speech of the words of each sentence."""
        if self._tagger is not None:
            return self._tagger.tag_many(sentences)
        given = list(sentences)
        found = iter(self.tag_tokens([token for words in given for token in (*words, "\n")]))
        return [list(islice(found, len(words) + 1))[:-1] for words in given]

    def tag_tokens(self, tokens: Sequence[str]) -> list[str]:
        """Tags the tokens of a text: whitespace has the tag "", and a line is a sentence."""
        if self.engine is not None:
            joined = _BREAK.join(tokens)
            if joined.count(_BREAK) >= max(len(tokens), 1):  # a token contains it
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
