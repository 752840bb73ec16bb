"""Warm start: the weights that stay, those that are learnt, and unsuitable settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import fails, run
from contents import weights_of, words_of

from crfseg import Model, Segmenter, train
from crfseg.common.errors import CrfsegError, ModelError, SettingsError
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import folds_of
from crfseg.features.character_encoder import collect_lexicons
from crfseg.training.warm_start import Warm

NEW = "蓝鲸 是 哺乳动物 。\n小 蓝鲸 爱 北京 。\n" * 3


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.txt"
    path.write_text(NEW, encoding="utf-8")
    return path


def test_what_the_new_text_lacks_stays_as_it_is(sample_model: Path, new: Path) -> None:
    old = Model.load(sample_model)
    result = train(new, init=sample_model, max_iter=5)
    before, after = weights_of(old), weights_of(result.model)
    assert set(before) <= set(after)
    same = [ngram for ngram in before if before[ngram] == after[ngram]]
    assert 0.9 * len(before) < len(same) < len(before)
    assert len(after) > len(before)
    assert set(words_of(old)) | {"蓝鲸", "哺乳动物", "北京"} == set(words_of(result.model))
    assert result.model.metadata["corpora"] == [*old.metadata["corpora"], "new.txt"]
    assert Segmenter(result.model).cut("蓝鲸爱北京。") == ["蓝鲸", "爱", "北京", "。"]


def test_both_texts_come_out_well(sample: Path, sample_model: Path) -> None:
    """F1 on the development text is higher than without the old model."""
    dev = sample.with_name("sample.dev.txt")
    part = Corpus.read(sample).taken(np.arange(len(Corpus.read(sample))) % 5 == 0)
    cold = train(part, dev=dev, max_iter=8).dev_f1
    warm = train(part, init=sample_model, dev=dev, max_iter=8).dev_f1
    assert cold is not None and warm is not None
    assert warm > cold + 0.01


def test_a_strong_pull_leaves_the_model_as_it_is(sample_model: Path, new: Path) -> None:
    old = Model.load(sample_model)
    again = train(new, init=old, l2=1e-9, max_iter=3, prune=0.0).model
    before, after = weights_of(old), weights_of(again)
    assert {ngram: after[ngram] for ngram in before} == before
    assert np.array_equal(again.transitions, old.transitions)


@pytest.mark.parametrize(
    "options",
    [{}, {"kind": "maxent"}, {"l1": 0.1}, {"templates": ["U0:%x[0,0]", "U1:%x[2,0]", "B"]}],
    ids=["crf", "maxent", "l1", "templates"],
)
def test_the_same_bytes_for_any_number_of_threads(
    sample_model: Path, new: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    written = []
    for threads in (1, 2, 3):
        path = tmp_path / "new.crfseg"
        result = train(
            new, init=sample_model, output=path, threads=threads, max_iter=3, dev=new, **options
        )
        written.append(path.read_bytes())
    assert written[0] == written[1] == written[2]
    assert result.dev_f1 is not None


def test_words_keep_their_tiers(sample_model: Path, sample: Path) -> None:
    """For decoding, and in training where one fold of ten is hidden."""
    model = Model.load(sample_model)
    corpus = Corpus.from_sentences([["人"]])
    before = Warm.of(model).known_words()
    lexicons = collect_lexicons(corpus, folds_of(1), True, [], before)
    assert lexicons.words == words_of(model)
    assert np.array_equal(lexicons.members, model.members)
    for fold in range(10):
        visible = [bits & ~(1 << fold) for bits in lexicons.flags[0].tolist()]
        ranks = [0 if not v else 1 + sum(v.bit_count() >= n for n in (2, 5)) for v in visible]
        wrong = [r for r, m in zip(ranks, model.members.tolist(), strict=True) if r != m]
        assert set(wrong) <= {0}  # a rare word is hidden from one fold
        assert len(wrong) < len(ranks) / 5


def test_lexicons_are_kept_and_added(tiny: Path, sample: Path, new: Path, tmp_path: Path) -> None:
    words = sample.with_name("sample.lexicon.txt")
    old = train(tiny, lexicons=[words], max_iter=3).model
    more = tmp_path / "sub" / words.name
    more.parent.mkdir()
    more.write_text("蓝鲸\n", encoding="utf-8")
    again = train(new, init=old, lexicons=[more], max_iter=3).model
    assert again.metadata["lexicons"] == old.metadata["lexicons"]
    other = tmp_path / "other.txt"
    other.write_text("小蓝鲸\n", encoding="utf-8")
    further = train(new, init=old, lexicons=[other], max_iter=3).model
    assert further.metadata["lexicons"] == [*old.metadata["lexicons"], "other.txt"]
    assert len(further.metadata["templates"]) == len(old.metadata["templates"]) + 4
    without = train(tiny, own_lexicon=False, max_iter=3).model
    assert train(new, init=without, max_iter=3).model.lexicons == 0


def test_standards(tiny: Path, sample: Path, new: Path) -> None:
    old = train({"a": tiny, "b": sample}, max_iter=3).model
    again = train({"b": new}, init=old, max_iter=3, dev=new, dev_standard="b").model
    assert again.standards == ["a", "b"]
    cut = Segmenter(again, standard="b").cut
    assert cut("蓝鲸爱北京。") == ["蓝鲸", "爱", "北京", "。"]
    # The private weights of the other standard are what they were.
    column = again.columns - 1
    before, after = weights_of(old), weights_of(again)
    private = [
        (pattern, values)
        for pattern, values in before
        for (_, c), value in zip(reversed(pattern), values, strict=True)
        if c == column and value == 0
    ]
    assert private
    assert all(before[ngram] == after[ngram] for ngram in private)
    for corpora, problem in (
        (new, r"init: the model has standards \(a, b\); expected one of them for each"),
        ({"c": new}, "corpora: standard c: the model to start from has a, b"),
    ):
        with pytest.raises(SettingsError, match=problem):
            train(corpora, init=old)
    with pytest.raises(SettingsError, match="lexicons: a model of several standards gets no"):
        train({"b": new}, init=old, lexicons=[sample.with_name("sample.lexicon.txt")])


def test_mistakes(tiny: Path, tiny_model: Path, new: Path, tmp_path: Path) -> None:
    hmm = train(tiny, kind="hmm").model
    for options, kind, problem in (
        ({"init": hmm}, SettingsError, "init: a hidden Markov model is counted"),
        ({"init": tiny_model, "kind": "hmm"}, SettingsError, "kind=hmm: is counted"),
        ({"init": tiny_model, "tags": 6}, SettingsError, "tags=6: the model to start from has 4"),
        ({"init": tmp_path / "no.crfseg"}, ModelError, "cannot be read"),
        ({"init": new}, ModelError, "not a crfseg model"),
        ({"init": tiny_model, "output": tiny_model}, SettingsError, "must not be one of the files"),
    ):
        with pytest.raises(CrfsegError) as caught:
            train(new, **options)  # type: ignore[arg-type]
        assert type(caught.value) is kind
        assert problem in str(caught.value)
    with pytest.raises(SettingsError, match="standard a: the model to start from has none"):
        train({"a": new}, init=tiny_model)
    output = tmp_path / "out.crfseg"
    fails(run("train", new, "--init", new, "-o", output, "-q"), "not a crfseg model")
    assert run("train", new, "--init", tiny_model, "-o", output, "-q").exit_code == 0
