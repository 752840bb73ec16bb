"""The fused decoder equals the general path, whatever the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import general
import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import LETTERS, corpora, plain_texts, template_lines, texts

from crfseg import Model, compiled, train
from crfseg.model import FamilyWeights
from crfseg.segmenter import Segmenter


def cut(model: Model, text: str) -> list[str]:
    return Segmenter.from_model(model, keep_whole=False).cut(text)


def with_random_weights(model: Model, seed: int, spread: int) -> Model:
    """Small whole numbers for weights: many paths are then equally good."""
    random = np.random.default_rng(seed)

    def draw(like: np.ndarray) -> np.ndarray:
        return random.integers(-spread, spread + 1, like.shape).astype(np.int16)

    families = [FamilyWeights(f.keys, draw(f.weights)) for f in model.families]
    return replace(model, transitions=draw(model.transitions), families=families)


class RandomModel:
    """Draws models: a corpus, templates and lexicons, two iterations, then perhaps chance."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def draw(self, data: st.DataObject, tags: int) -> Model:
        lexicons = []
        for k in range(data.draw(st.integers(0, 2), label="lexicons")):
            words = data.draw(st.lists(st.text(LETTERS, min_size=2, max_size=8), min_size=1))
            lexicons.append(self.folder / f"words{k}.txt")
            lexicons[k].write_text("\n".join(words), encoding="utf-8")
        own = data.draw(st.booleans(), label="own lexicon")
        corpus = self.folder / "corpus.txt"
        sentences = data.draw(corpora, label="corpus")
        corpus.write_text("\n".join(map(" ".join, sentences)), encoding="utf-8")
        lines = data.draw(template_lines(2 + 2 * (own + len(lexicons))), label="templates")
        model = train(
            corpus, format="words", tags=tags, templates=lines, lexicons=lexicons, prune=0.0,
            own_lexicon=own, max_iter=2, threads=1,
        ).model  # fmt: skip
        spread = data.draw(st.sampled_from([None, 1, 2, 32767]), label="spread")
        return with_random_weights(model, 0, spread) if spread else model


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> RandomModel:
    return RandomModel(tmp_path_factory.mktemp("random"))


@given(data=st.data(), text=texts, dense=st.sampled_from([1 << 19, 100, 0]))
def test_segmenter_equals_the_general_path(
    random_model: RandomModel, data: st.DataObject, text: str, dense: int
) -> None:
    """For random models and any text; families as plain tables, as hash tables, or both."""
    model = random_model.draw(data, tags=4)
    with patch.object(compiled, "_DENSE", dense):
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
    model = train(tiny, model=kind, max_iter=5).model
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
