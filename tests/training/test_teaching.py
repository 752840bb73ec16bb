"""Teaching: corrections are learnt, unrelated weights stay, impossible ones are reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import strategies
from command import fails, run
from contents import weights_of, words_of
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg import Model, Segmenter, teach, train, train_tagger
from crfseg.common.errors import DataError, ModelError, SettingsError
from crfseg.common.threads import workers
from crfseg.corpus.corpus import Corpus
from crfseg.evaluation.evaluate import evaluate
from crfseg.features.character_encoder import Encoder, Sequences, collect_lexicons
from crfseg.features.index import build_index
from crfseg.model.standards import select
from crfseg.training.teaching import likely_counts
from crfseg.training.warm_start import Warm

LESSON = [
    ["蓝鲸", "是", "哺乳动物", "。"],
    ["小", "蓝鲸", "爱", "小", "鱼", "。"],
    ["他", "的确", "切", "了", "两", "块", "玻璃", "。"],
    ["哺乳动物"],
]


def corrections(*sentences: list[str]) -> Corpus:
    return Corpus.from_sentences(sentences)


def cut(model: Model, words: list[str], standard: str | None = None) -> list[str]:
    return Segmenter(model, standard=standard).cut("".join(words))


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    path = tmp_path / "lesson.txt"
    path.write_text("".join(" ".join(words) + "\n" for words in LESSON), encoding="utf-8")
    return path


def test_corrections_come_out_right_and_other_text_stays(
    sample: Path, sample_model: Path, lesson: Path
) -> None:
    old, dev = Model.load(sample_model), sample.with_name("sample.dev.txt")
    result = teach(sample_model, lesson)
    assert result.sentences == 4
    assert result.wrong == sum(cut(old, words) != words for words in LESSON) > 0
    assert result.unlearnt == []
    assert [cut(result.model, words) for words in LESSON] == LESSON
    before = evaluate(dev, segmenter=Segmenter(old)).f1
    after = evaluate(dev, segmenter=Segmenter(result.model)).f1
    assert after > before - 0.002


def test_ngrams_that_no_correction_has_keep_their_weights(sample_model: Path) -> None:
    old = Model.load(sample_model)
    new = teach(old, corrections(*LESSON)).model
    before, after = weights_of(old), weights_of(new)
    assert set(before) <= set(after)
    changed = sum(before[ngram] != after[ngram] for ngram in before)
    assert 0 < changed < 0.02 * len(before)
    assert set(words_of(old)) | {"蓝鲸", "哺乳动物", "的确", "玻璃"} == set(words_of(new))


def test_what_is_right_changes_no_weight(sample_model: Path) -> None:
    old = Model.load(sample_model)
    words = cut(old, ["我们在学校学习。"])
    result = teach(old, corrections(words))
    assert (result.wrong, result.rounds, result.unlearnt) == (0, 0, [])
    assert weights_of(result.model) == weights_of(old)


def test_words_of_one_character_can_be_taught(sample_model: Path) -> None:
    old = Model.load(sample_model)
    word = next(word for word in words_of(old) if word >= "一" and cut(old, [word]) == [word])
    result = teach(old, corrections(list(word)))
    assert (result.wrong, result.unlearnt) == (1, [])
    assert cut(result.model, [word]) == list(word)


def test_boundaries_that_are_not_known_are_left_to_the_model(
    sample_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "part.txt"
    path.write_text("小|蓝-鲸|爱 小 鱼 。\n", encoding="utf-8")
    result = teach(sample_model, path)
    assert result.unlearnt == []
    assert cut(result.model, ["小蓝鲸爱小鱼。"])[:2] == ["小", "蓝鲸"]


@pytest.mark.parametrize("kind", ["crf", "maxent"])
@pytest.mark.parametrize("tags", ["4", "6"])
def test_every_kind_of_model_learns(tiny: Path, kind: str, tags: str) -> None:
    for own in (True, False):
        old = train(tiny, kind=kind, tags=tags, own_lexicon=own, max_iter=5).model
        new = teach(old, corrections(*LESSON)).model
        assert [cut(new, words) for words in LESSON] == LESSON


def test_standards(tiny: Path) -> None:
    corpus = Corpus.read(tiny)
    old = train({"one": corpus, "two": corpus}, max_iter=5).model
    new = teach(old, corrections(*LESSON), standard="two").model
    assert new.standards == ["one", "two"]
    assert [cut(new, words, "two") for words in LESSON] == LESSON
    assert "蓝鲸" in words_of(select(new, "two"))
    assert "蓝鲸" not in words_of(select(new, "one"))
    before, after = weights_of(select(old, "one")), weights_of(select(new, "one"))
    rounding = old.scale + new.scale  # half a step each, of a shared and a private weight
    for ngram in before.keys() | after.keys():
        change = np.subtract(after.get(ngram, 0), before.get(ngram, 0))
        assert np.abs(change).max() <= rounding
    with pytest.raises(SettingsError, match=r"standard=three: .* expected one of one, two"):
        teach(old, corrections(*LESSON), standard="three")


def test_the_same_for_any_number_of_threads(sample_model: Path, tmp_path: Path) -> None:
    found = []
    for threads in (1, 2, 3):
        path = tmp_path / f"{threads}.crfseg"
        teach(sample_model, corrections(*LESSON), threads=threads, output=path)
        found.append(path.read_bytes())
    assert found[0] == found[1] == found[2]


def test_taught_twice(sample_model: Path) -> None:
    first = teach(sample_model, corrections(*LESSON[:2])).model
    second = teach(first, corrections(*LESSON[2:])).model
    assert [cut(second, words) for words in LESSON] == LESSON
    assert second.metadata["taught"] == 4


def test_what_was_said_of_the_old_model_is_not_said_of_the_new_one(tiny_model: Path) -> None:
    old = Model.load(tiny_model)
    old.metadata.update(scores={"dev": 1.0}, licence="MIT", taught="much", characters="many")
    metadata = teach(old, corrections(*LESSON)).model.metadata
    assert "scores" not in metadata
    assert (metadata["licence"], metadata["taught"]) == ("MIT", 4)


def test_what_cannot_be_learnt_is_said_and_spoils_nothing(sample_model: Path) -> None:
    """A time of day is kept whole whatever the model says; 'e' and its accent are one place."""
    impossible = [["9", ":", "30", "开会"], ["cafe", "\u0301"]]
    result = teach(sample_model, corrections(*LESSON, *impossible))
    assert result.unlearnt == impossible
    assert [cut(result.model, words) for words in LESSON] == LESSON


def test_contradictions_within_one_correction_spoil_nothing(
    sample_model: Path, sample: Path
) -> None:
    """The same context everywhere but two answers: what is left is a good model."""
    dev = sample.with_name("sample.dev.txt")
    hard = ["的", "的的"] * 40 + ["的的的的", "的"] * 20
    result = teach(sample_model, corrections(*LESSON, hard))
    assert result.unlearnt == [hard]
    assert [cut(result.model, words) for words in LESSON] == LESSON
    before = evaluate(dev, segmenter=Segmenter(sample_model)).f1
    assert evaluate(dev, segmenter=Segmenter(result.model)).f1 > before - 0.02


WORD = st.text(strategies.LETTERS + strategies.GLUE + "鲸@:.", min_size=1, max_size=5)


@settings(max_examples=20)
@given(st.lists(st.lists(WORD, min_size=1, max_size=5), min_size=1, max_size=4))
def test_any_text_can_be_taught(tiny_model: Path, sentences: list[list[str]]) -> None:
    """What is not said to be unlearnt comes out right."""
    taught = {"".join(words): words for words in sentences}.values()
    result = teach(tiny_model, corrections(*taught))
    segmenter = Segmenter(result.model)
    wrong = [words for words in taught if segmenter.cut("".join(words)) != words]
    assert result.unlearnt == wrong


def test_likely_counts(sample_model: Path) -> None:
    """Those of characters add up to the text, new ones count nothing; types are counted."""
    model = Model.load(sample_model)
    known = "".join(map(chr, model.alphabet.characters.tolist()))
    corpus = corrections([known, "\U00020bb7"])
    warm = Warm(model)
    folds = np.zeros(1, dtype=np.int64)
    lexicons = collect_lexicons(corpus, folds, False, [], warm.known_words())
    sequences = Sequences.of(corpus)
    encoder = Encoder.make(sequences, lexicons, model.templates, model.alphabet)
    with workers(1) as run_:
        table = encoder.table(sequences)
        index, _ = build_index(table, encoder.plan, encoder.templates, model.scheme, run_)
    text = corrections(["人" * 8], ["人" * 2])  # four places have only such around them
    counts = likely_counts(index, encoder, model, text)
    assert counts.shape == (index.layout.size,)
    assert np.all(np.isfinite(counts))
    assert np.all(counts >= 0)
    shapes = [shape.pattern for shape in model.templates.families]
    f = shapes.index(((0, 0),))
    family, width = index.families[f], len(model.templates.families[f].shifts) * model.scheme.size
    rows = counts[family.base : family.base + len(family.keys) * width].reshape(-1, width)
    each = dict(zip(family.keys.tolist(), rows[:, 0].tolist(), strict=True))
    shares = [each[key] for key in range(2, model.alphabet.size)]
    total = model.metadata["characters"]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(total, rel=1e-3)
    assert each[model.alphabet.size] == 0
    f = shapes.index(tuple((k, 1) for k in range(5)))
    family, width = index.families[f], len(model.templates.families[f].shifts) * model.scheme.size
    types = counts[family.base : family.base + len(family.keys) * width : width]
    assert sorted(set(types.tolist()))[-1] == pytest.approx(total * 4.5 / 10)
    assert min(types) == pytest.approx(total * 0.5 / 10)


class TestErrors:
    def test_no_corrections(self, tiny_model: Path, tmp_path: Path) -> None:
        empty = tmp_path / "empty.txt"
        empty.write_text("\n\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"empty\.txt: .*expected at least one sentence"):
            teach(tiny_model, empty)
        with pytest.raises(SettingsError, match="no corrections"):
            teach(tiny_model, corrections())

    def test_contradiction(self, tiny_model: Path, tmp_path: Path) -> None:
        path = tmp_path / "two.txt"
        path.write_text("研究 生\n蓝鲸\n研究生\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"two\.txt: 研究生 contradicts 研究 生; expected one"):
            teach(tiny_model, path)
        same = corrections(["研究", "生"], ["研究", "生"])
        assert teach(tiny_model, same).unlearnt == []

    def test_contradiction_of_what_is_known(self, tiny_model: Path, tmp_path: Path) -> None:
        path = tmp_path / "part.txt"
        path.write_text("蓝-鲸 鱼\n蓝 鲸|鱼\n", encoding="utf-8")
        assert teach(tiny_model, path).unlearnt == []
        path.write_text("蓝-鲸 鱼\n蓝 鲸|鱼\n蓝|鲸 鱼\n", encoding="utf-8")
        with pytest.raises(DataError, match="contradicts"):
            teach(tiny_model, path)

    def test_text_that_is_not_segmented(self, tiny_model: Path, tmp_path: Path) -> None:
        path = tmp_path / "raw.txt"
        path.write_text("我们今天去学校学习中文很高兴\n", encoding="utf-8")
        with pytest.raises(DataError, match=r"raw\.txt: no line has more than one word"):
            teach(tiny_model, path)

    def test_models_of_other_kinds(self, tiny: Path, tmp_path: Path) -> None:
        counted = train(tiny, kind="hmm").model
        with pytest.raises(SettingsError, match="hidden Markov"):
            teach(counted, corrections(*LESSON))
        path = tmp_path / "tagger.crfseg"
        train_tagger([[("a", "X"), ("b", "Y")]], output=path, max_iter=2)
        with pytest.raises(ModelError, match=r"tagger\.crfseg: .*a model for tagging"):
            teach(path, corrections(*LESSON))

    def test_no_standards(self, tiny_model: Path) -> None:
        with pytest.raises(SettingsError, match=r"standard=pku: .*expected none"):
            teach(tiny_model, corrections(*LESSON), standard="pku")


class TestCommand:
    def test_report(self, sample_model: Path, lesson: Path, tmp_path: Path) -> None:
        new = tmp_path / "new.crfseg"
        with lesson.open("a", encoding="utf-8") as file:
            file.write("9 : 30 开会\n")
        result = run("teach", sample_model, lesson, "-o", new)
        assert (result.exit_code, result.stdout) == (0, "")
        lines = result.stderr.splitlines()
        assert "not learnt: 9 : 30 开会" in lines
        assert lines[-1].startswith("5 corrections: ")
        assert f" came out wrong before, 1 do now; saved {new} after " in lines[-1]
        text = "".join("".join(words) + "\n" for words in LESSON)
        out = "".join(" ".join(words) + "\n" for words in LESSON)
        assert run("segment", "-m", new, stdin=text).stdout == out

    def test_standard_input_and_quiet(self, tiny_model: Path, tmp_path: Path) -> None:
        new = tmp_path / "new.crfseg"
        result = run("teach", tiny_model, "-", "-o", new, "-q", stdin="蓝鲸 爱 鱼\n")
        assert (result.exit_code, result.output) == (0, "")
        assert cut(Model.load(new), ["蓝鲸爱鱼"]) == ["蓝鲸", "爱", "鱼"]

    def test_the_new_model_may_take_the_place_of_the_old_one(
        self, tiny_model: Path, lesson: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "mine.crfseg"
        path.write_bytes(tiny_model.read_bytes())
        assert run("teach", path, lesson, "-o", path, "-q").exit_code == 0
        assert [cut(Model.load(path), words) for words in LESSON] == LESSON

    def test_failures_are_one_line_and_write_nothing(
        self, tiny_model: Path, lesson: Path, tmp_path: Path
    ) -> None:
        new = tmp_path / "new.crfseg"
        fails(run("teach", lesson, lesson, "-o", new, "-q"), "lesson.txt")
        fails(run("teach", tiny_model, tmp_path / "none", "-o", new, "-q"), "none")
        fails(run("teach", tiny_model, tiny_model, "-o", new, "-q"), "tiny.crfseg")
        fails(run("teach", tiny_model, lesson, "-o", lesson, "-q"), "-o", "files read")
        fails(run("teach", tiny_model, lesson, "-o", "-", "-q"), "-o -")
        fails(run("teach", tiny_model, "-", "-o", new, "-q", stdin="蓝 鲸\n蓝鲸\n"), "<stdin>: ")
        fails(run("teach", tiny_model, lesson, lesson, "-o", new), "3 files", code=2)
        assert not new.exists()
