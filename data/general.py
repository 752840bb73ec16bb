"""The default standard, ``general``: a compromise between the others, trained on all texts.

Corpora disagree on what counts as a word. This standard is close to most of them: personal names
are joined, as in ``joined``; most of what both the Penn Chinese Treebank and Universal
Dependencies cut is cut (一/个, 这/次, 还/有; not 我国, 尚未), except compounds (有限公司); years
are cut (1998/年), as in Universal Dependencies and half the time in CTB6, but months and days are
not; 于 is cut from some verbs (位/于). The training text mixes the People's Daily with the
sentences of Universal Dependencies, each twice, so that words of encyclopedias are cut as there.
These sentences are unchanged except for foreign names, months, days and some suffixes.

The rules and the proportions of the texts were chosen on the development text of CTB6, on the last
tenths of the People's Daily and of the training text of Universal Dependencies, and on the
sentences of tests/golden.tsv. Two observations were made on other test sets: on the development
text of Universal Dependencies, that training on both texts helps, and that a trial model did not
go far enough in it; on the SIGHAN 2005 PKU test, that a trial model cut too much of what the
People's Daily joins. Compared with ``joined``, this standard is much closer to Universal
Dependencies, equally close to CTB6, and further from the People's Daily.
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
#: Words from which 于 is cut, as in Universal Dependencies.
_WITH_PREPOSITION = words_of("""
    属于 有利于 有助于 取决于 源于 基于 利于 便于 在于 归于 始于 善于
""")
_OF_A_YEAR = frozenset("月日")
#: Suffixes that are not cut from the preceding word: 程序员, 存储器, 南京市.
_SUFFIXES = frozenset("员器市")
#: Dots between the parts of a foreign name.
_DOTS = frozenset("·•‧・")
#: How many times the text of Universal Dependencies is used: it is by far the smaller one.
_TIMES = 2


def newspaper(sentence: Iterable[Tagged]) -> Iterator[str]:
    """Convert a sentence of ``joined`` to the words of ``general``."""
    for word, tag in sentence:
        if tag == _TIME and (year := _YEAR.fullmatch(word)):
            yield from year.groups()
        elif word in _WITH_PREPOSITION:
            yield from (word[:-1], word[-1])
        else:
            yield from cut_widely(word, tag)


def encyclopedia(sentence: Iterable[str]) -> list[str]:
    """Convert a sentence of Universal Dependencies: joins 约翰/·/史密斯, 5/月 and 程序/员."""
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
    """Repeat each sentence _TIMES times; copies are adjacent, so they stay in one fold."""
    return [sentence for sentence in sentences for _ in range(_TIMES)]


def spread(many: Sequence[list[str]], few: Sequence[list[str]]) -> list[list[str]]:
    """Spread ``few`` evenly among ``many``, so that every jackknife fold has its share of both."""
    places = [
        ((k + 0.5) / len(sentences), source, sentence)
        for source, sentences in enumerate((many, few))
        for k, sentence in enumerate(sentences)
    ]
    return [sentence for *_, sentence in sorted(places)]
