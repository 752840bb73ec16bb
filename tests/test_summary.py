"""What `crfseg info` says of a model is what the model holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crfseg.model import Model
from crfseg.summary import summarise
from crfseg.trainer import train

CORPUS = "小猫 爱 吃 鱼\n小狗 不 爱 吃 鱼\n3 只 小猫\n" * 3


def model_of(folder: Path, **settings) -> Model:
    corpus = folder / "corpus.txt"
    corpus.write_text(CORPUS, encoding="utf-8")
    return train(corpus, threads=1, **settings).model


def test_counts_and_transitions(tmp_path: Path) -> None:
    model = model_of(tmp_path)
    summary = summarise(model)
    assert summary.sizes["characters"] == len(set("小猫爱吃鱼狗不3只"))
    assert summary.sizes["lexicon words"] == 2
    assert summary.sizes["n-grams"] == sum(len(family.keys) for family in model.families)
    assert len(summary.transitions) == 8
    weights = {(s, t): w for s, t, w in summary.transitions}
    assert weights["b", "e"] == model.transitions[1, 3] * model.scale


def test_strongest_features_are_the_largest_weights(tmp_path: Path) -> None:
    model = model_of(tmp_path)
    for t, tag in enumerate(model.scheme.tags):
        every = np.concatenate([family.weights[:, :, t].ravel() for family in model.families])
        expected = np.sort(every)[::-1][:10] * model.scale
        found = summarise(model).strongest[tag]
        np.testing.assert_allclose([weight for _, weight in found], expected)


def test_features_are_spelled_out(tmp_path: Path) -> None:
    model = model_of(tmp_path, templates=["U:%x[-1,0]/%x[0,0]", "U1:%x[1,1]"], own_lexicon=False)
    names = {name for name, _ in summarise(model, most=1000).strongest["e"]}
    assert {"C-1=小 C0=猫", "type+1=Han", "C-1=(outside) C0=小"} <= names
    # Digits have one normal form.
    assert "C-1=0 C0=只" in names
