"""The default standard: what lies between the others, learnt from all the text there is.

No two corpora agree on what a word is. This standard is to be near to most of them: personal
names are joined, as in ``joined``; most of what the Penn Chinese Treebank and Universal
Dependencies both cut is cut (一/个, 这/次, 还/有; not 我国, 尚未), but no compounds (有限公司);
years are cut (1998/年), as in Universal Dependencies and half the time in CTB6, months and
days are not; 于 is cut from some verbs (位/于). The sentences of Universal Dependencies stand
among those of the People's Daily, each twice, as they are but for foreign names, months, days,
and some suffixes, so that the words of encyclopedias are cut as there.

Which rules to have, and how much of which text, was settled on the development text of CTB6, on
the last tenths of the People's Daily and of the training text of Universal Dependencies, and on
the sentences of tests/golden.tsv. That learning from both texts does good, and that one model did
not go far enough in it, was seen on the development text of Universal Dependencies; that one cut
too much of what the People's Daily joins, on the SIGHAN 2005 PKU test. Beside ``joined`` it is
much nearer to Universal Dependencies, as near to CTB6, and further from the People's Daily.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from crfseg.data.joined import Tagged
from crfseg.data.treebank import cut_widely, words_of

_TIME = "t"
_NUMBER = "[0-9０-９〇○零一二三四五六七八九十百千两]+"
_YEAR = re.compile(f"({_NUMBER})(年)")
_IS_NUMBER = re.compile(_NUMBER).fullmatch
#: 于 is a word of its own after these, as in Universal Dependencies.
_WITH_PREPOSITION = words_of("""
    属于 有利于 有助于 取决于 源于 基于 利于 便于 在于 归于 始于 善于
""")
_OF_A_YEAR = frozenset("月日")
#: Not cut from a word before them: 程序员, 存储器, 南京市.
_SUFFIXES = frozenset("员器市")
#: Between the parts of a foreign name.
_DOTS = frozenset("·•‧・")
#: How often the text of Universal Dependencies is read: it is the smaller by far.
_TIMES = 2


def newspaper(sentence: Iterable[Tagged]) -> Iterator[str]:
    """The words of a sentence of ``joined``."""
    for word, tag in sentence:
        if tag == _TIME and (year := _YEAR.fullmatch(word)):
            yield from year.groups()
        elif word in _WITH_PREPOSITION:
            yield from (word[:-1], word[-1])
        else:
            yield from cut_widely(word, tag)


def encyclopedia(sentence: Iterable[str]) -> list[str]:
    """The words of a sentence of Universal Dependencies: 约翰/·/史密斯, 5/月, 程序/员 are one."""
    words: list[str] = []
    open_name = False
    for word in sentence:
        last = words[-1] if words else ""
        dot = word in _DOTS and len(last) > 1
        suffix = word in _SUFFIXES and len(last) > 1
        if open_name or dot or suffix or (word in _OF_A_YEAR and _IS_NUMBER(last)):
            words[-1] += word
        else:
            words.append(word)
        open_name = dot
    return words


def repeated(sentences: Iterable[list[str]]) -> list[list[str]]:
    """Each sentence as often as it is read, one after the other: they stay in one fold."""
    return [sentence for sentence in sentences for _ in range(_TIMES)]


def spread(many: Sequence[list[str]], few: Sequence[list[str]]) -> list[list[str]]:
    """``few`` among ``many``, evenly, so that every fold of a jackknife has its share of both."""
    places = [
        ((k + 0.5) / len(sentences), source, sentence)
        for source, sentences in enumerate((many, few))
        for k, sentence in enumerate(sentences)
    ]
    return [sentence for *_, sentence in sorted(places)]
