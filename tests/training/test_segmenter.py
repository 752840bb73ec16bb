"""Training: the same bytes for any number of threads, every kind of model, clear errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crfseg import Model, evaluate, train
from crfseg.common.errors import CrfsegError, DataError, SettingsError, TemplateError
from crfseg.common.progress import Iteration, Progress
from crfseg.corpus.corpus import Corpus
from crfseg.segmentation.segmenter import Segmenter

CRFPP = """\
# Unigram
U00:%x[-1,0]
U01:%x[0,0]
U02:%x[1,0]
U03:%x[-1,0]/%x[0,0]
U04:%x[-1,1]/%x[0,1]

# Bigram
B
"""


@pytest.mark.parametrize(
    "options",
    [{}, {"tags": 6}, {"kind": "maxent"}, {"l1": 0.1}, {"kind": "hmm"}],
    ids=["crf", "6 tags", "maxent", "l1", "hmm"],
)
def test_the_same_bytes_for_any_number_of_threads(
    sample: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    written = []
    for threads in (1, 2, 3, 1):
        path = tmp_path / "sample.crfseg"
        train(sample, output=path, threads=threads, max_iter=4, **options)
        written.append(path.read_bytes())
    assert written[0] == written[1] == written[2] == written[3]


@pytest.mark.parametrize("tags", [4, "6"])
@pytest.mark.parametrize("kind", ["crf", "maxent", "hmm"])
def test_every_kind_of_model_learns(sample: Path, kind: str, tags: int | str) -> None:
    result = train(sample, kind=kind, tags=tags, max_iter=6)
    assert result.model.metadata["kind"] == kind
    assert result.model.scheme.name == str(tags)
    assert result.weights == result.model.weight_count
    scores = evaluate(sample, segmenter=Segmenter(result.model))
    assert scores.f1 > (0.85 if kind == "hmm" else 0.97)
    if kind != "crf":
        return
    values = [step.objective for step in result.history]
    assert values == sorted(values, reverse=True)
    assert [step.number for step in result.history] == list(range(1, 7))


def test_the_result_says_what_it_was_made_of(tiny: Path, tmp_path: Path) -> None:
    output = tmp_path / "tiny.crfseg"
    result = train([tiny, tiny], output=output, dev=tiny, max_iter=3)
    words = 2 * len(tiny.read_text("utf-8").split())
    assert (result.sentences, result.words) == (10, words)
    assert result.characters == 2 * len("".join(tiny.read_text("utf-8").split()))
    assert not result.interrupted
    assert result.stop_reason == "reached 3 iterations"
    assert all(step.dev_f1 is not None for step in result.history)
    assert result.seconds >= result.history[-1].seconds > 0
    metadata = Model.load(output).metadata
    assert metadata == result.model.metadata
    assert metadata["corpora"] == ["tiny.txt", "tiny.txt"]
    assert metadata["settings"]["max_iter"] == 3


@pytest.mark.parametrize("kind", ["crf", "maxent", "hmm"])
def test_dev_f1_is_what_the_model_scores(sample: Path, kind: str) -> None:
    """With unknown characters too; quantised weights may move a word or two."""
    dev = sample.with_name("sample.dev.txt")
    result = train(sample, kind=kind, dev=dev, max_iter=5, prune=0.0)
    model_f1 = evaluate(dev, segmenter=Segmenter(result.model, keep_whole=False)).f1
    assert result.dev_f1 == pytest.approx(model_f1, abs=0.003)


def test_a_crfpp_template_file(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "template"
    path.write_text(CRFPP, encoding="utf-8")
    without = train(tiny, templates=path, own_lexicon=False, max_iter=3).model
    assert without.metadata["templates"] == [
        line.strip() for line in CRFPP.splitlines() if line and line[0] != "#"
    ]
    assert without.lexicons == 0
    # Templates that know nothing of lexicons get those of the lexicons added.
    added = train(tiny, templates=path, max_iter=3).model
    assert added.lexicons == 1
    assert len(added.metadata["templates"]) > len(without.metadata["templates"])
    lines = ["U00:%x[0,0]", "U01:%x[0,2]/%x[0,3]"]
    own = train(tiny, templates=lines, max_iter=3).model
    assert own.metadata["templates"] == lines
    assert not own.transitions.any()


def test_a_lexicon_that_knows_the_words_helps(sample: Path, tmp_path: Path) -> None:
    dev, lexicon = sample.with_name("sample.dev.txt"), tmp_path / "words.txt"
    words = sample.read_text("utf-8").split() + dev.read_text("utf-8").split()
    lexicon.write_text("\n".join(words), encoding="utf-8")
    without = train(sample, dev=dev, max_iter=10)
    result = train(sample, dev=dev, lexicons=[lexicon], max_iter=10)
    assert result.model.metadata["lexicons"] == ["words of the training corpus", "words.txt"]
    assert result.dev_f1 > without.dev_f1 + 0.01


def test_which_lexicons_a_model_has(tiny: Path, sample: Path) -> None:
    words = sample.with_name("sample.lexicon.txt")

    def lexicons(**options: Any) -> int:
        return train(tiny, max_iter=2, **options).model.lexicons

    assert lexicons() == 1
    assert lexicons(lexicons=[words, words]) == 3
    assert lexicons(lexicons=[words], own_lexicon=False) == 1
    assert lexicons(own_lexicon=False) == 0
    assert lexicons(lexicons=[words], kind="hmm") == 0


def test_pruning_and_l1_make_models_smaller(sample: Path) -> None:
    def weights(**options: float) -> int:
        return train(sample, max_iter=4, **options).weights

    whole, pruned = weights(prune=0.0), weights(prune=0.1)
    assert pruned < 0.7 * whole
    assert weights(prune=0.0, l1=1.0) < 0.5 * whole


def test_a_penalty_may_be_left_out(tiny: Path) -> None:
    model = train(tiny, l2=float("inf"), max_iter=5).model
    assert model.metadata["settings"]["l2"] == "inf"


class Interrupting(Progress):
    """Ctrl-C at a given iteration, or before the first."""

    def __init__(self, at: int) -> None:
        self.at = at

    def begin(self, what: str, total: int | None = None, unit: str = "") -> None:
        if what == "training" and self.at == 0:
            raise KeyboardInterrupt

    def iteration(self, step: Iteration) -> None:
        if step.number == self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("options", [{}, {"l1": 0.1}], ids=["l2", "l1"])
def test_interrupted_training_saves_what_there_is(
    sample: Path, tmp_path: Path, options: dict[str, float]
) -> None:
    """It is the model of the last iteration done, to the bit."""
    output = tmp_path / "model.crfseg"
    result = train(sample, output=output, progress=Interrupting(3), **options)
    assert result.interrupted
    assert result.stop_reason == "interrupted"
    assert len(result.history) == 3
    complete = train(sample, max_iter=3, **options).model
    interrupted = Model.load(output)
    for one, other in zip(interrupted.families, complete.families, strict=True):
        np.testing.assert_array_equal(one.keys, other.keys)
        np.testing.assert_array_equal(one.weights, other.weights)


def test_interrupted_before_there_is_anything(tiny: Path, tmp_path: Path) -> None:
    output = tmp_path / "model.crfseg"
    output.write_text("precious")
    with pytest.raises(KeyboardInterrupt):
        train(tiny, output=output, progress=Interrupting(0))
    assert output.read_text() == "precious"


CORPORA: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b"\n \n", "empty"),
    "no words": ("我 爱 北 京\n".encode(), "no word has more than one character"),
    "unsegmented": ("今天天气很好我们去公园玩吧\n".encode() * 3, "no line has more than one word"),
    "mixed": ("我 爱 北京\n".encode() + "北/ns 京/ns 好/a\n".encode(), "corpus.txt:2: "),
    "encoding": ("我 爱 北京\n".encode("gb18030"), "gb18030"),
    "NUL": ("我 爱 北京\n我 \0\n".encode(), "corpus.txt:2: "),
    "enormous": (("北京 " + "人" * 5000 + "\n").encode(), "corpus.txt:1: "),
}


@pytest.mark.parametrize("name", CORPORA)
def test_corpora_that_are_none(name: str, tmp_path: Path) -> None:
    content, problem = CORPORA[name]
    corpus, output = tmp_path / "corpus.txt", tmp_path / "model.crfseg"
    corpus.write_bytes(content)
    output.write_text("precious")
    with pytest.raises(DataError, match=r"corpus\.txt") as caught:
        train(corpus, output=output)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert output.read_text() == "precious"


def missing(folder: Path) -> Path:
    return folder / "missing"


MISTAKES: dict[str, tuple[Callable[[Path], dict[str, Any]], type[CrfsegError], str]] = {
    "C": (lambda _: {"l2": -1}, SettingsError, "l2=-1.0: must be at least 1e-9"),
    "C of nothing": (lambda _: {"l2": float("nan")}, SettingsError, "l2=nan"),
    "l1": (lambda _: {"l1": -0.5}, SettingsError, "l1=-0.5"),
    "l1 without end": (lambda _: {"l1": float("inf")}, SettingsError, "l1=inf"),
    "margin": (lambda _: {"margin": -1}, SettingsError, "margin=-1.0: must be from 0 to 10"),
    "iterations": (lambda _: {"max_iter": 0}, SettingsError, "max_iter=0"),
    "tolerance": (lambda _: {"tol": -1e-3}, SettingsError, "tol=-0.001"),
    "lexicon dropout": (lambda _: {"lexicon_dropout": 1}, SettingsError, "lexicon_dropout=1.0"),
    "prune": (lambda _: {"prune": -1}, SettingsError, "prune=-1.0"),
    "threads": (lambda _: {"threads": 0}, SettingsError, "threads=0"),
    "tags": (lambda _: {"tags": 5}, SettingsError, "tags=5: must be one of 4, 6"),
    "kind": (lambda _: {"kind": "lstm"}, SettingsError, "kind=lstm: must be one of crf"),
    "format": (lambda _: {"format": "xml"}, SettingsError, "format=xml"),
    "encoding": (lambda _: {"encoding": "klingon"}, SettingsError, "encoding=klingon"),
    "template": (lambda _: {"templates": ["U00:%x[0"]}, TemplateError, "templates:1: "),
    "column": (lambda _: {"templates": ["U00:%x[0,9]"]}, TemplateError, "there is no column 9"),
    "template file": (lambda f: {"templates": missing(f)}, TemplateError, "cannot be read"),
    "lexicon": (lambda f: {"lexicons": [missing(f)]}, DataError, "cannot be read"),
    "dev": (lambda f: {"dev": missing(f)}, DataError, "cannot be read"),
    "output": (lambda f: {"output": missing(f) / "model"}, CrfsegError, "cannot be written"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(mistake: str, tiny: Path, tmp_path: Path) -> None:
    options, kind, problem = MISTAKES[mistake]
    output = tmp_path / "model.crfseg"
    output.write_text("precious")
    with pytest.raises(kind) as caught:
        train(tiny, **{"output": output, "max_iter": 1, **options(tmp_path)})
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert output.read_text() == "precious"


def test_a_corpus_that_is_missing(tmp_path: Path) -> None:
    for path in (missing(tmp_path), tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            train(path)


@pytest.mark.parametrize("kind", ["crf", "hmm"])
def test_half_a_surrogate_pair_in_a_word(kind: str, tmp_path: Path) -> None:
    """Which no file has; the model could not be saved, after all of the training."""
    corpus = Corpus.from_sentences([["我们", "在\ud800", "北京"]] * 12)
    train(corpus, kind=kind, output=tmp_path / "m", max_iter=5)
    assert Segmenter(tmp_path / "m").cut("我们在\ud800北京") == ["我们", "在\ud800", "北京"]


def test_the_output_must_not_be_an_input(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("小猫 吃 鱼\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="must not be one of the files read"):
        train(corpus, output=corpus)
    assert corpus.read_text(encoding="utf-8") == "小猫 吃 鱼\n"


def test_one_lexicon_may_be_given_by_itself(tmp_path: Path) -> None:
    corpus, words = tmp_path / "corpus.txt", tmp_path / "words.txt"
    corpus.write_text("小猫 吃 鱼\n" * 3, encoding="utf-8")
    words.write_text("小狗\n", encoding="utf-8")
    assert train(corpus, lexicons=str(words)).model.metadata["lexicons"][1] == "words.txt"
