"""The rules that convert the People's Daily to the standard of the Penn Chinese Treebank."""

from __future__ import annotations

import pytest

from crfseg.data.treebank import Treebank

COMMON = [
    [("市场", "n"), ("经济", "n"), ("跨国", "b"), ("公司", "n"), ("社会", "n"), ("主义", "n")]
]


def words(tagged: str) -> str:
    pairs = [(word, tag) for word, _, tag in (token.rpartition("/") for token in tagged.split())]
    return " ".join(Treebank(COMMON * 5).words(pairs))


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("这次/r 会议/n", "这 次 会议"),
        ("这些/r 人/n 每年/r 来/v", "这些 人 每 年 来"),
        ("那年/t 这样/r", "那 年 这样"),
        ("这位/n", "这位"),  # not a determiner where it is no pronoun
        ("该/r 市/n", "该 市"),
        ("全国/n 人民/n 全体/n 会员/n", "全 国 人民 全体 会员"),
        ("全国性/n 全面/a", "全国性 全面"),
        ("一个/m 多年/m 一些/m 第一/m", "一 个 多 年 一些 第一"),
        ("还是/v 还是/c 还是/d", "还 是 还是 还是"),
        ("不要/d 不断/d", "不 要 不断"),
        ("我国/n 与/p 一方面/c ……/w", "我 国 与 一 方面 … …"),
        ("发展中国家/l", "发展中 国家"),
    ],
)
def test_words_that_begin_with_a_word(tagged: str, expected: str) -> None:
    assert words(tagged) == expected


def test_compounds_are_cut_where_both_halves_are_common() -> None:
    assert words("市场经济/n 跨国公司/n") == "市场 经济 跨国 公司"
    assert words("市场规律/n") == "市场规律"
    assert words("市场经济/i") == "市场经济"
    assert words("社会主义/n") == "社会主义"
    assert " ".join(Treebank(COMMON * 4).words([("市场经济", "n")])) == "市场经济"


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("专家/n 们/k 说/v", "专家们 说"),
        ("非/h 国有/vn", "非 国有"),
        ("特别/d 是/v 他/r", "特别是 他"),
        ("", ""),
    ],
)
def test_what_is_no_word_is_joined(tagged: str, expected: str) -> None:
    assert words(tagged) == expected
