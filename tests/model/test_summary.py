"""`crfseg info` agrees with the contents of the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import run

from crfseg import train_tagger
from crfseg.model.segmentation_model import Model
from crfseg.model.summary import summarise, summarise_tagger
from crfseg.training.segmenter import train

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


def test_taggers() -> None:
    sentences = [[("我", "x", "r"), ("爱", "y", "v"), ("a b", "x", "n")], [("他", "x", "r")]]
    lines = ["U00:%x[0,0]", "U01:%x[-1,0]/%x[0,1]", "B", "B00:%x[0,0]"]
    model = train_tagger(sentences, templates=lines, l2=10, prune=0.0).model
    summary = summarise_tagger(model, most=1000)
    assert summary.sizes["labels"] == 3
    assert "labels" not in summary.card
    found = dict(summary.strongest["n"])
    assert set(found) == {r"%x[0,0]=a\u0020b", "%x[-1,0]=爱 %x[0,1]=x"}
    assert "%x[-1,0]=(outside) %x[0,1]=x" in dict(summary.strongest["r"])
    assert found[r"%x[0,0]=a\u0020b"] > 0
    for features in summary.strongest.values():
        weights = [weight for _, weight in features]
        assert weights == sorted(weights, reverse=True)
    moves = {(s, t): w for s, t, w in summary.transitions}
    assert len(moves) > 1
    names = model.scheme.names
    for (s, t), w in moves.items():
        k = names.index(s), names.index(t)
        assert w == pytest.approx(int(model.transitions[k]) * model.scale)


def test_the_command_describes_taggers(tmp_path: Path) -> None:
    path = tmp_path / "tags.crfseg"
    train_tagger([[("我", "r"), ("爱", "v")]], output=path, l2=10)
    result = run("info", path)
    assert result.exit_code == 0, result.output
    assert "strongest features of r" in result.stdout and "%x[0,0]=我" in result.stdout
    assert json.loads(run("info", path, "--json").stdout)["sizes"]["labels"] == 2
