"""The compiled pipeline equals the general code path for any model."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import general
import naive
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import RandomModel, with_random_weights
from strategies import plain_texts, texts

from crfseg import Model, train
from crfseg.segmentation import compiler
from crfseg.segmentation.segmenter import Segmenter


def cut(model: Model, text: str) -> list[str]:
    return Segmenter(model, keep_whole=False).cut(text)


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> RandomModel:
    return RandomModel(tmp_path_factory.mktemp("random"))


@given(data=st.data(), text=texts, dense=st.sampled_from([1 << 19, 100, 0]))
def test_segmenter_equals_the_general_path(
    random_model: RandomModel, data: st.DataObject, text: str, dense: int
) -> None:
    """For random models and any text; families as plain tables, as hash tables, or both."""
    model = random_model.draw(data, tags=4)
    with patch.object(compiler, "_DENSE", dense):
        assert cut(model, text) == general.cut(model, text)


@settings(max_examples=10)
@given(data=st.data(), text=texts)
def test_the_same_with_six_tags(random_model: RandomModel, data: st.DataObject, text: str) -> None:
    model = random_model.draw(data, tags=6)
    assert cut(model, text) == general.cut(model, text)


@given(data=st.data(), text=plain_texts)
def test_both_equal_enumeration(random_model: RandomModel, data: st.DataObject, text: str) -> None:
    """Emissions summed feature by feature from dictionaries, and the best of all paths."""
    model = random_model.draw(data, tags=4)
    assert cut(model, text) == naive.cut(model, text)


@pytest.mark.parametrize("kind", ["crf", "maxent", "hmm"])
def test_models_of_every_kind(kind: str, tiny: Path) -> None:
    model = train(tiny, kind=kind, max_iter=5).model
    for text in ("中国人民爱北京大学", "为学生服务，2023年龘", "我", "\u0301我e\u0301 \u200d大"):
        assert cut(model, text) == general.cut(model, text)


def test_as_many_lexicons_as_there_may_be(tiny: Path, tmp_path: Path) -> None:
    """Each has its bit in the flags of a word, the last one too."""
    paths = []
    for k in range(8):
        paths.append(tmp_path / f"words{k}.txt")
        paths[k].write_text("京大" if k == 7 else "人民\n的学", encoding="utf-8")
    lines = ["U0:%x[0,0]", *(f"U{c}:%x[0,{c}]" for c in range(2, 20))]
    model = train(tiny, lexicons=paths, templates=lines, max_iter=2, prune=0.0).model
    for seed in range(10):
        chance = with_random_weights(model, seed, 3)
        text = "北京大学的学生人民"
        assert cut(chance, text) == general.cut(chance, text) == naive.cut(chance, text)


def test_a_long_text(sample_model: Path, sample: Path) -> None:
    """The sample corpus without its spaces, as one sequence and line by line."""
    model = Model.load(sample_model)
    lines = sample.read_text("utf-8").replace(" ", "")
    assert cut(model, lines) == general.cut(model, lines)
    whole = lines.replace("\n", "")
    assert cut(model, whole) == general.cut(model, whole)
