"""The default standard: years, words that most standards cut, names, and mixing of texts."""

from __future__ import annotations

import pytest

from crfseg.data.general import encyclopedia, newspaper, repeated, spread


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("１９９８年/t ５月/t １９日/t", "１９９８ 年 ５月 １９日"),
        ("二十世纪/t 八十年代/t １０时/t", "二十世纪 八十年代 １０时"),
        ("今年/t 去年/t 元月/t 春节/t", "今年 去年 元月 春节"),
        ("百年/m", "百 年"),  # counted, no date
        ("江泽民/nr 来/v 中国/ns", "江泽民 来 中国"),
        ("一个/m 城市/n 还有/v", "一 个 城市 还 有"),
        ("这次/r 这里/r 那天/r 每次/r", "这 次 这里 那 天 每次"),
        ("近年来/l 我国/n 有限公司/n 尚未/d", "近年 来 我国 有限公司 尚未"),
        ("位于/v 属于/v 等于/v 由于/p", "位 于 属 于 等于 由于"),
        ("……/w", "……"),
        ("", ""),
    ],
)
def test_newspaper(tagged: str, expected: str) -> None:
    pairs = [(word, tag) for word, _, tag in (token.rpartition("/") for token in tagged.split())]
    assert " ".join(newspaper(pairs)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("约翰 · 史密斯 说", "约翰·史密斯 说"),
        ("让 · 保罗 来", "让 · 保罗 来"),  # 让 is as often a verb
        ("约翰 · 路易 · 史密斯", "约翰·路易·史密斯"),
        ("· 史密斯 约翰 ·", "· 史密斯 约翰·"),
        ("1998 年 5 月 19 日", "1998 年 5月 19日"),
        ("十二 月 这 月 日 月", "十二月 这 月 日 月"),
        ("程序 员 成 员 器", "程序员 成 员 器"),
        ("南京 市 和 该 市", "南京市 和 该 市"),
        ("", ""),
    ],
)
def test_encyclopedia(words: str, expected: str) -> None:
    assert " ".join(encyclopedia(words.split())) == expected


def test_a_text_is_repeated_sentence_by_sentence() -> None:
    assert repeated([["a"], ["b"]]) == [["a"], ["a"], ["b"], ["b"]]


def test_texts_are_spread_evenly_and_keep_their_order() -> None:
    many, few = [[f"a{k}"] for k in range(6)], [["b0"], ["b1"]]
    assert " ".join(word for (word,) in spread(many, few)) == "a0 a1 b0 a2 a3 a4 b1 a5"
    assert spread(many, []) == many
    assert spread([], few) == few
