"""Traditional characters have the features of the simplified ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg.segmentation.segmenter import Segmenter
from crfseg.text import characters
from crfseg.text.codes import HAN, NUMERAL
from crfseg.text.traditional import PAIRS
from crfseg.training.segmenter import train

SIMPLIFIED = dict(zip(PAIRS[1::2], PAIRS[::2], strict=True))
TRADITIONAL = {simple: written for written, simple in SIMPLIFIED.items()}


def test_pairs_are_of_two_han_characters_and_each_is_there_once() -> None:
    assert len(SIMPLIFIED) == len(PAIRS) // 2 > 3000
    assert not set(SIMPLIFIED) & set(SIMPLIFIED.values())
    assert set(characters.types()[characters.code_points(PAIRS)]) <= {HAN, NUMERAL}


@pytest.mark.parametrize(
    ("written", "simple"),
    [
        ("臺灣語言學", "台湾语言学"), ("為人民服務", "为人民服务"),
        ("頭髮發後裡裏", "头发发后里里"),
        ("著名瞭望", "著名瞭望"), ("中国", "中国"),
    ],
)  # fmt: skip
def test_simplified(written: str, simple: str) -> None:
    assert "".join(SIMPLIFIED.get(c, c) for c in written) == simple


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter()


@settings(deadline=None)
@given(st.text(st.one_of(st.sampled_from(sorted(TRADITIONAL)), st.characters())))
def test_the_script_changes_no_boundary(segmenter: Segmenter, simple: str) -> None:
    written = "".join(TRADITIONAL.get(c, c) for c in simple)
    assert segmenter.spans(written) == segmenter.spans(simple)
    assert "".join(segmenter.cut(written)) == written


@pytest.mark.parametrize("script", [SIMPLIFIED, TRADITIONAL])
def test_a_model_of_one_script_reads_the_other(script: dict[str, str], tmp_path) -> None:
    lines = ["國家 圖書館 開放 了", "我 去 圖書館 看 書", "國家 開放 圖書館 嗎", "我 在 圖書館 看"]
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join("".join(script.get(c, c) for c in line) for line in lines), "utf-8")
    segmenter = Segmenter(train(corpus).model)
    for line in lines:
        for other in (line, "".join(SIMPLIFIED.get(c, c) for c in line)):
            assert segmenter.segment(other.replace(" ", "")) == other


def test_normal_forms_know_the_pairs() -> None:
    codes = characters.code_points(PAIRS).reshape(-1, 2)
    assert np.array_equal(characters.normal_forms()[codes[:, 1]], codes[:, 0])
