"""Cross-validation equals training and scoring by hand, fold by fold."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from statistics import mean, stdev
from unittest.mock import patch

import numpy as np
import pytest
from command import fails, run

from crfseg import Segmenter, crossval, train
from crfseg.common.errors import SettingsError
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.sentences import read_sentences
from crfseg.evaluation import cross_validation
from crfseg.metrics.words import score_sentences


def test_sentences_taken(tiny: Path) -> None:
    corpus = Corpus.read(tiny)
    sentences = list(corpus.sentences())
    chosen = np.array([True, False, False, True, True])
    taken = corpus.taken(chosen)
    assert list(taken.sentences()) == [sentences[0], sentences[3], sentences[4]]
    assert len(corpus.taken(np.zeros(5, dtype=bool))) == 0
    assert list(Corpus.joined([corpus, taken]).of_standard(1).taken(np.ones(8, bool)).standards) \
        == [1] * 8  # fmt: skip


def test_it_equals_training_and_scoring_by_hand(sample: Path, tmp_path: Path) -> None:
    sentences = list(read_sentences(sample))
    result = crossval(sample, 3, max_iter=4, l2=0.5)
    assert [fold.number for fold in result.folds] == [1, 2, 3]
    size = len(sentences) / 3
    for number, fold in enumerate(result.folds):
        first, last = math.ceil(number * size), math.ceil((number + 1) * size)
        rest = sentences[:first] + sentences[last:]
        (tmp_path / "rest.txt").write_text("\n".join(map(" ".join, rest)), encoding="utf-8")
        model = train(tmp_path / "rest.txt", max_iter=4, l2=0.5).model
        gold = sentences[first:last]
        cut = Segmenter(model).cut_many(list(map("".join, gold)))
        known = {word for sentence in rest for word in sentence}
        assert fold.scores == score_sentences(gold, cut, known)
    f1s = [fold.scores.f1 for fold in result.folds]
    assert result.mean() == pytest.approx((mean(f1s), stdev(f1s) / math.sqrt(3)))
    recalls = [fold.scores.oov_recall for fold in result.folds]
    assert result.mean("oov_recall")[0] == pytest.approx(mean(recalls))


def test_several_standards(tiny: Path, sample: Path) -> None:
    result = crossval({"a": tiny, "b": sample}, 2, max_iter=2)
    assert [(f.number, f.standard) for f in result.folds] == [
        (1, "a"),
        (1, "b"),
        (2, "a"),
        (2, "b"),
    ]
    assert sum(f.scores.sentences for f in result.of("a")) == 5
    assert result.mean(standard="b")[0] > 0.5


def test_folds_that_cannot_be(tiny: Path) -> None:
    with pytest.raises(SettingsError, match="k=1: must be at least 2"):
        crossval(tiny, 1)
    with pytest.raises(SettingsError, match="k=6: must be at most 5, the sentences of a"):
        crossval({"a": tiny}, 6)
    assert len(crossval(tiny, 5, max_iter=1).folds) == 5


def interrupting(after: int) -> object:
    """A `train` that is interrupted when it has been called so many times."""
    calls = []

    def trained(*args: object, **settings: object) -> object:
        calls.append(1)
        result = train(*args, **settings)
        result.interrupted = len(calls) > after
        return result

    return patch.object(cross_validation, "train", trained)


def test_an_interrupt_gives_what_is_done(tiny: Path) -> None:
    with interrupting(2):
        result = crossval(tiny, 4, max_iter=1)
    assert (len(result.folds), result.interrupted) == (2, True)
    assert math.isnan(result.mean("oov_recall", "nothing")[0])


def test_the_command(sample: Path) -> None:
    options = ("-k", "2", "--max-iter", "2", "--no-lexicon")
    result = run("crossval", sample, *options)
    assert result.exit_code == 0, result.stderr
    head, *rows = result.stdout.splitlines()
    assert "precision" in head
    assert "OOV recall" in head
    assert [row.split()[0] for row in rows] == ["1", "2", "mean", "standard"]
    assert "fold 2 of 2: F1 " in result.stderr
    folds = json.loads(run("crossval", sample, *options, "--json", "-q").stdout)["folds"]
    shown = f"{100 * folds[0]['f1']:.2f}"
    assert shown in rows[0]
    assert folds[0]["standard"] == ""
    named = run("crossval", "--standard", f"x={sample}", *options, "-q")
    assert re.match("standard x\n", named.stdout)
    with interrupting(1):
        stopped = run("crossval", sample, *options, "-q")
    assert (stopped.exit_code, stopped.stdout.count("\n")) == (130, 4)
    assert stopped.stderr == "interrupted: 1 of 2 folds are done\n"


def test_bad_input(sample: Path) -> None:
    fails(run("crossval", sample, "-k", "1", "-q"), "-k 1")
    fails(run("crossval", "-q"), "CORPUS", code=2)
    fails(run("crossval", "missing.txt", "-q"), "missing.txt")
