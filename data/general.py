"""The default standard: what lies between the others, learnt from all the text there is.

No two corpora agree on what a word is. This standard is to be near to most of them: personal
names are joined, as in ``joined``; half of what the rules of the Penn Chinese Treebank cut is cut
(一/个, 有限/公司, 还/有; not 这个, 尚未); dates are cut (1998/年), as Universal Dependencies and
jieba have them. The sentences of Universal Dependencies stand among those of the People's Daily,
as they are but for foreign names, so that the words of encyclopedias are cut as there.

Which rules to have, and how much of which text, was settled on the development text of CTB6, on
the last tenths of the People's Daily and of the training text of Universal Dependencies, and on
the sentences of tests/golden.tsv. Beside ``joined`` it is much nearer to Universal Dependencies,
as near to CTB6, and further from the People's Daily.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from crfseg.data.joined import Tagged
from crfseg.data.treebank import Treebank

_TIME = "t"
_DATE = re.compile("([0-9０-９〇○零一二三四五六七八九十百千两]+)([年月日号])")
#: Between the parts of a foreign name.
_DOTS = frozenset("·•‧・")


def newspaper(sentence: Iterable[Tagged], rules: Treebank) -> Iterator[str]:
    """The words of a sentence of ``joined``."""
    for word, tag in sentence:
        date = _DATE.fullmatch(word) if tag == _TIME else None
        yield from date.groups() if date else rules.cut_widely(word, tag)


def encyclopedia(sentence: Iterable[str]) -> list[str]:
    """The words of a sentence of Universal Dependencies: 约翰/·/史密斯 is one."""
    words: list[str] = []
    open_name = False
    for word in sentence:
        dot = word in _DOTS and bool(words) and len(words[-1]) > 1
        if dot or open_name:
            words[-1] += word
        else:
            words.append(word)
        open_name = dot
    return words


def spread(many: Sequence[list[str]], few: Sequence[list[str]]) -> list[list[str]]:
    """``few`` among ``many``, evenly, so that every fold of a jackknife has its share of both."""
    places = [
        ((k + 0.5) / len(sentences), source, sentence)
        for source, sentences in enumerate((many, few))
        for k, sentence in enumerate(sentences)
    ]
    return [sentence for *_, sentence in sorted(places)]
