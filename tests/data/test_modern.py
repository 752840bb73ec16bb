"""Sentences generated from patterns: their words, and reproducibility."""

from __future__ import annotations

import re
from itertools import pairwise

from crfseg.data.modern import sentences, universal

TAGGED = [
    [(word, "n") for word in ("苹果", "衣服", "苹")] * 5,
    [("北京", "ns"), ("南京市", "ns"), ("长江边", "ns")] * 5,
    [("王小明", "nr"), ("小王", "nr"), ("来到", "v")] * 5,
    [("稀罕", "n"), ("李雷", "nr")] * 4,
]


def test_words_are_those_of_the_lists_and_of_the_text() -> None:
    found = {word for sentence in sentences(TAGGED) for word in sentence}
    assert {"苹果", "衣服", "北京", "南京市", "王小明", "小王", "来到"} <= found
    assert {"多云", "℃", "@", "vs", "C++"} <= found
    assert not {"苹", "稀罕", "李雷", "长江边"} & found  # too short, too rare, of another form
    assert not any(re.search(r"[{}\s]", word) for word in found)


def test_no_two_numbers_stand_side_by_side() -> None:
    for sentence in sentences(TAGGED):
        for word, following in pairwise(sentence):
            assert not (word[-1].isdigit() and following[0].isdigit()), sentence


def test_they_are_the_same_each_time() -> None:
    assert sentences(TAGGED) == sentences(TAGGED)
    assert len(sentences(TAGGED)) > 200


def test_universal_dependencies_cut_what_kind_of_place_it_is() -> None:
    found = universal(["南京市", "江苏省", "城市", "市", "去"])
    assert " ".join(found) == "南京 市 江苏 省 城市 市 去"
