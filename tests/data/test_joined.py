"""The words of the standard joined: names, deputies, verbs with complements, some numbers."""

from __future__ import annotations

import pytest

from crfseg.data.joined import join


def joined(tagged: str) -> str:
    """As ``tagged``, words with their tags."""
    pairs = [(word, tag) for word, _, tag in (token.rpartition("/") for token in tagged.split())]
    return " ".join("/".join(pair) for pair in join(pairs))


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("李/nr 小明/nr 来/v 了/u", "李小明/nr 来/v 了/u"),
        ("欧阳/nr 雪/nr", "欧阳雪/nr"),
        ("李/nr 小明/nr 王/nr 红/nr", "李小明/nr 王红/nr"),
        ("李/nr 、/w 王/nr", "李/nr 、/w 王/nr"),
        ("约翰逊/nr 李/nr", "约翰逊/nr 李/nr"),
        ("李/nr 约翰逊/nr 红/nr", "李/nr 约翰逊/nr 红/nr"),
        ("见/v 李/nr", "见/v 李/nr"),
        ("", ""),
    ],
)
def test_names(tagged: str, expected: str) -> None:
    assert joined(tagged) == expected


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("副/b 市长/n 和/c 一/m 副/q 对联/n", "副市长/n 和/c 一/m 副/q 对联/n"),
        ("台湾/ns 人/n 中国/ns 人民/n", "台湾人/n 中国/ns 人民/n"),
        ("哈萨克斯坦/ns 人/n", "哈萨克斯坦/ns 人/n"),
        ("走/v 到/v 这里/r", "走到/v 这里/r"),
        ("来到/v 到/v 那里/r", "来到/v 到/v 那里/r"),
        ("能/v 为/v 人民/n", "能/v 为/v 人民/n"),
        ("打/v 开/q", "打/v 开/q"),
        ("专家/n 们/k 说/v", "专家/n 们/k 说/v"),
    ],
)
def test_words(tagged: str, expected: str) -> None:
    assert joined(tagged) == expected


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("八十/m 年代/n 本/r 年代/n", "八十年代/t 本/r 年代/n"),
        ("三十/m 多/m 万/m 人/n", "三十多万/m 人/n"),
        ("十/m 余/m 年/q 多/m 万/m", "十余/m 年/q 多/m 万/m"),
        ("五/m 多/m", "五/m 多/m"),
    ],
)
def test_numbers(tagged: str, expected: str) -> None:
    assert joined(tagged) == expected
