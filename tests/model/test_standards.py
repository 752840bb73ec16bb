"""Models of several standards: each selected standard equals the whole model on its text."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import general
import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from random_models import with_random_weights
from strategies import texts

from crfseg import Model, Segmenter, train
from crfseg.cli.main import cli
from crfseg.common.errors import ModelError, SettingsError, TemplateError
from crfseg.model.standards import select

SPLIT = "江 泽民 在 北京 。\n中国 人民 爱 北京 大学 。\n"
JOINED = "江泽民 在 北京 。\n中国人民 爱 北京大学 。\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("standards")
    (folder / "split.txt").write_text(SPLIT * 10, encoding="utf-8")
    (folder / "joined.txt").write_text(JOINED * 10, encoding="utf-8")
    (folder / "words.txt").write_text("人民\n大学\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def both(folder: Path) -> Path:
    """A model of two standards, saved."""
    path = folder / "both.crfseg"
    corpora = {"split": folder / "split.txt", "joined": folder / "joined.txt"}
    train(corpora, lexicons=folder / "words.txt", output=path)
    return path


def test_each_standard_is_followed(both: Path) -> None:
    for name, expected in (("split", SPLIT), ("joined", JOINED), (None, SPLIT)):
        segmenter = Segmenter(both, standard=name)
        for line in expected.splitlines():
            assert segmenter.segment(line.replace(" ", "")) == line
        copy = pickle.loads(pickle.dumps(segmenter))
        assert copy.segment("江泽民在北京。") == segmenter.segment("江泽民在北京。")


@given(text=texts, seed=st.integers(0, 5), own=st.booleans(), standard=st.integers(0, 1))
def test_the_plain_model_equals_the_general_path(
    folder: Path, text: str, seed: int, own: bool, standard: int
) -> None:
    """With and without a lexicon of the training words, for random weights."""
    path = folder / f"{own}.crfseg"
    if not path.exists():
        corpora = {"split": folder / "split.txt", "joined": folder / "joined.txt"}
        train(
            corpora, lexicons=folder / "words.txt", own_lexicon=own, max_iter=2, prune=0.0,
            output=path,
        )  # fmt: skip
    model = with_random_weights(Model.load(path), seed, 3)
    segmenter = Segmenter(model, standard=model.standards[standard], keep_whole=False)
    assert segmenter.cut(text) == general.cut(model, text, standard)


def test_a_template_of_one_standard_only(folder: Path) -> None:
    corpora = {"split": folder / "split.txt", "joined": folder / "joined.txt"}
    lines = ["U0:%x[0,0]", "U1:%x[-1,0]/%x[0,0]/%x[0,4]", "B"]
    model = train(corpora, templates=lines, prune=0.0).model
    plain = select(model, "joined")
    assert not plain.standards
    for text in ("江泽民在北京大学。", "人民爱北京"):
        assert Segmenter(model, standard="joined", keep_whole=False).cut(text) == general.cut(
            model, text, 1
        )


def test_a_template_needs_more_than_the_standard(folder: Path) -> None:
    corpora = {"split": folder / "split.txt", "joined": folder / "joined.txt"}
    with pytest.raises(TemplateError, match="alone; expected a cell besides the standard"):
        train(corpora, templates=["U0:%x[0,0]", "U1:%x[0,4]"])


def test_one_named_standard_is_a_model_like_any_other(folder: Path) -> None:
    model = train({"only": folder / "split.txt"}).model
    assert model.standards == ["only"]
    plain = train(folder / "split.txt").model
    chosen = select(model, "only")
    assert all(
        np.array_equal(a.weights, b.weights)
        for a, b in zip(chosen.families, plain.families, strict=True)
    )


def test_dev_text_has_a_standard(folder: Path) -> None:
    corpora = {"split": folder / "split.txt", "joined": folder / "joined.txt"}
    dev = folder / "joined.txt"
    assert train(corpora, dev=dev, dev_standard="joined").dev_f1 == 1.0
    assert train(corpora, dev=dev).dev_f1 < 0.9


def test_standards_that_are_not_there(both: Path, folder: Path) -> None:
    with pytest.raises(SettingsError, match="standard=ud: must be one of split, joined"):
        Segmenter(both, standard="ud")
    plain = train(folder / "split.txt", max_iter=1).model
    with pytest.raises(SettingsError, match="the model has no standards"):
        Segmenter(plain, standard="ud")
    with pytest.raises(SettingsError, match="a hidden Markov model has no standards"):
        train({"a": folder / "split.txt"}, kind="hmm")
    with pytest.raises(SettingsError, match="dev_standard=x: there is no such"):
        train({"a": folder / "split.txt"}, dev=folder / "split.txt", dev_standard="x")
    for unnamed in ({}, {"": folder / "split.txt", "a": folder / "split.txt"}):
        with pytest.raises(SettingsError, match="each corpus needs the name of its standard"):
            train(unnamed)
    with pytest.raises(SettingsError, match="corpora: 13 standards are too many"):
        train({str(k): folder / "split.txt" for k in range(13)})
    metadata = {**Model.load(both).metadata, "standards": ["a", "a"]}
    with pytest.raises(ModelError, match="standards must be a list"):
        Model.make(metadata, Model.load(both).arrays())


def test_the_commands(folder: Path, both: Path) -> None:
    def run(*arguments: object, text: str = "") -> Result:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(cli, words, input=text.encode(), catch_exceptions=False)

    out = folder / "commands.crfseg"
    split, joined = f"split={folder / 'split.txt'}", f"joined={folder / 'joined.txt'}"
    trained = run(
        "train", "--standard", split, "--standard", joined, "--dev", joined, "-o", out, "-q",
    )  # fmt: skip
    assert trained.exit_code == 0, trained.stderr
    segmented = run("segment", "-m", out, "--standard", "joined", text="江泽民在北京。")
    assert segmented.stdout == "江泽民 在 北京 。"
    gold = folder / "joined.txt"
    scored = run("eval", gold, "-m", out, "--standard", "joined", "--json")
    assert json.loads(scored.stdout)["f1"] == 1.0
    shown = run("info", both).stdout
    assert re.search(r"standards +split\n +joined", shown)
    assert "standard0=joined" in shown
    for arguments, problem in (
        (("train", gold, "--standard", split), "give either CORPUS... or --standard"),
        (("train",), "give either CORPUS... or --standard"),
        (("train", "--standard", "x"), "--standard x: expected NAME=FILE"),
        (("eval", gold, "--pred", gold, "--standard", "x"), "give either -m MODEL"),
        (("segment", "-m", out, "--standard", "x"), "must be one of split, joined"),
    ):
        failed = run(*arguments)
        assert failed.exit_code in (1, 2)
        assert problem in failed.stderr
