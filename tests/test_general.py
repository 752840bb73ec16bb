"""The text of the default standard: dates, what most cut, foreign names, how texts are mixed."""

from __future__ import annotations

import pytest

from crfseg.data.general import encyclopedia, newspaper, spread
from crfseg.data.treebank import Treebank

COMMON = [[("有限", "a"), ("公司", "n")]] * 5


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("１９９８年/t ５月/t １９日/t", "１９９８ 年 ５ 月 １９ 日"),
        ("二十世纪/t 八十年代/t １０时/t", "二十世纪 八十年代 １０时"),
        ("今年/t 去年/t 元月/t 春节/t", "今年 去年 元月 春节"),
        ("十分/d 一时/d", "十分 一时"),  # no times
        ("江泽民/nr 来/v 中国/ns", "江泽民 来 中国"),
        ("一个/m 有限公司/n 还有/v", "一 个 有限 公司 还 有"),
        ("这次/r 全国/n 尚未/d 专家/n 们/k", "这次 全国 尚未 专家 们"),  # as in joined
        ("", ""),
    ],
)
def test_newspaper(tagged: str, expected: str) -> None:
    pairs = [(word, tag) for word, _, tag in (token.rpartition("/") for token in tagged.split())]
    assert " ".join(newspaper(pairs, Treebank(COMMON))) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("约翰 · 史密斯 说", "约翰·史密斯 说"),
        ("让 · 保罗 来", "让 · 保罗 来"),  # 让 is as often a verb
        ("约翰 · 路易 · 史密斯", "约翰·路易·史密斯"),
        ("· 史密斯 约翰 ·", "· 史密斯 约翰·"),
        ("", ""),
    ],
)
def test_encyclopedia(words: str, expected: str) -> None:
    assert " ".join(encyclopedia(words.split())) == expected


def test_texts_are_spread_evenly_and_keep_their_order() -> None:
    many, few = [[f"a{k}"] for k in range(6)], [["b0"], ["b1"]]
    assert " ".join(word for (word,) in spread(many, few)) == "a0 a1 b0 a2 a3 a4 b1 a5"
    assert spread(many, []) == many
    assert spread([], few) == few
