"""The default model's corpus: surnames and given names are joined."""

from __future__ import annotations

import pytest

from crfseg.data.build import join_tagged


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("李/nr 小明/nr 来/v 了/u", "李小明 来 了"),
        ("欧阳/nr 雪/nr", "欧阳雪"),
        ("李/nr 小明/nr 王/nr 红/nr", "李小明 王红"),
        ("李/nr 、/w 王/nr", "李 、 王"),
        ("约翰逊/nr 李/nr", "约翰逊 李"),
        ("李/nr 约翰逊/nr 红/nr", "李 约翰逊 红"),
        ("见/v 李/nr", "见 李"),
        ("", ""),
    ],
)
def test_names_are_joined(tagged: str, expected: str) -> None:
    pairs = [tuple(token.split("/")) for token in tagged.split()]
    assert " ".join(word for word, _ in join_tagged(pairs)) == expected
