"""The standard ``joined``: the People's Daily, joining some words that it splits and CTB6 does not.

The People's Daily splits Chinese names (江/nr 泽民/nr), peoples (台湾/ns 人/n), deputies (副/b
主席/n), verbs and their complements (谈/v 到/v) and some numbers (十/m 多/m). The choice of which
to join was made on the development text of CTB6, which is not used for training. Universal
Dependencies also splits peoples, deputies and most names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

#: A word and its tag in the tag set of the People's Daily: Shiwen Yu and others (2002), The
#: basic processing of contemporary Chinese corpus at Peking University.
Tagged = tuple[str, str]

_PERSON = "nr"
_LONGEST_SURNAME = _LONGEST_GIVEN_NAME = 2
_LONGEST_COUNTRY = 3
_COMPLEMENTS = frozenset("到出起完成为给入下上回进住掉开过")
#: Verbs that are followed by another verb, not by a complement.
_AUXILIARIES = frozenset("能要会可应敢愿想该肯是有无没像")


def join(sentence: Iterable[Tagged]) -> Iterator[Tagged]:
    """Convert a sentence to the words of ``joined``, each with the tag of the whole word."""
    return join_parts(_join_names(sentence), _tag_of_both)


def join_parts(
    sentence: Iterable[Tagged], tag_of_both: Callable[[Tagged, Tagged], str]
) -> Iterator[Tagged]:
    """Join adjacent words for which ``tag_of_both`` returns a tag; "" keeps them apart."""
    last: Tagged | None = None
    for word in sentence:
        tag = tag_of_both(last, word) if last else ""
        if last and tag:
            last = last[0] + word[0], tag
            continue
        if last:
            yield last
        last = word
    if last:
        yield last


def _join_names(sentence: Iterable[Tagged]) -> Iterator[Tagged]:
    """Join surnames with the given names that follow them."""
    surname = ""
    for word, tag in sentence:
        person = tag == _PERSON
        if surname and person and len(word) <= _LONGEST_GIVEN_NAME:
            yield surname + word, tag
            surname = ""
            continue
        if surname:
            yield surname, _PERSON
        surname = word if person and len(word) <= _LONGEST_SURNAME else ""
        if not surname:
            yield word, tag
    if surname:
        yield surname, _PERSON


def _tag_of_both(first: Tagged, second: Tagged) -> str:
    """The tag of two words as one word; "" if they stay two words."""
    (before, kind), (word, tag) = first, second
    if kind == tag == "m":
        return "m" if _is_number(before, word) else ""
    if kind == "m" and word == "年代":
        return "t"
    if kind == tag == "v":
        one = len(before) == 1 and before not in _AUXILIARIES
        return "v" if one and word in _COMPLEMENTS else ""
    deputy = before == "副" and kind == "b" and tag == "n"
    people = kind == "ns" and len(before) <= _LONGEST_COUNTRY and word == "人"
    return "n" if deputy or people else ""


def _is_number(before: str, word: str) -> bool:
    """Whether two numerals form one number: 十 多, 十多 万."""
    if word in ("多", "余"):
        return before[-1] in "十百千万亿０"
    return word in ("百", "千", "万", "亿") and before[-1] in "多余" and len(before) > 1
