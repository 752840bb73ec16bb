"""Word scores agree with a plain version of the SIGHAN scorer; errors are counted by kind."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg.common.errors import CrfsegError, DataError, SettingsError
from crfseg.evaluation.evaluate import evaluate
from crfseg.metrics.words import paired_bootstrap, score_sentences

GOLD = [["我们", "在", "图书馆", "看", "书"], ["他", "喜欢", "音乐"]]
#       the first sentence has 2 of 5 right, the second all
PRED = [["我们", "在", "图书", "馆", "看书"], ["他", "喜欢", "音乐"]]


def spans(words):
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return [(a, b) for a, b in pairwise(ends)]


def test_counts_by_hand():
    scores = score_sentences(GOLD, PRED, {"我们", "看", "他", "喜欢"})
    assert (scores.gold_words, scores.predicted_words, scores.correct_words) == (8, 8, 5)
    assert scores.sentences == 2
    assert scores.precision == scores.recall == scores.f1 == 5 / 8
    assert scores.oov_rate == 4 / 8  # 在 图书馆 书 音乐
    assert scores.oov_recall == 2 / 4
    assert scores.iv_recall == 3 / 4
    assert [(e.gold, e.predicted, e.count, e.left, e.right) for e in scores.errors] == [
        ("图书馆", "图书 馆", 1, "我们 在", "看 书"),
        ("看 书", "看书", 1, "我们 在 图书馆", ""),
    ]


def test_vocabulary_scores_only_where_they_mean_something():
    scores = score_sentences(GOLD, PRED)
    assert (scores.oov_rate, scores.oov_recall, scores.iv_recall) == (None, None, None)
    scores = score_sentences(GOLD, PRED, [word for words in GOLD for word in words])
    assert (scores.oov_rate, scores.oov_recall, scores.iv_recall) == (0.0, None, 5 / 8)
    nothing = score_sentences([], [])
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.sentences) == (0, 0, 0, 0)


def test_as_dict_is_what_json_prints():
    names = "precision recall f1 oov_rate oov_recall iv_recall gold_words predicted_words sentences"
    scores = score_sentences(GOLD, PRED).as_dict()
    assert list(scores) == names.split()
    json.dumps(scores)


@st.composite
def two_cuts(draw):
    """Sentences cut in two ways."""
    gold, predicted = [], []
    for text in draw(st.lists(st.text("甲乙丙丁", min_size=1, max_size=12), max_size=5)):
        for cuts in gold, predicted:
            places = draw(st.sets(st.integers(1, max(1, len(text) - 1))))
            ends = [0, *sorted(p for p in places if p < len(text)), len(text)]
            cuts.append([text[a:b] for a, b in pairwise(ends)])
    return gold, predicted


@settings(max_examples=100, deadline=None)
@given(two_cuts(), st.sets(st.text("甲乙丙丁", min_size=1, max_size=2)))
def test_scores_agree_with_spans(cuts, known):
    gold, predicted = cuts
    scores = score_sentences(gold, predicted, known)
    right = [
        (word, span in spans(p))
        for g, p in zip(gold, predicted, strict=True)
        for word, span in zip(g, spans(g), strict=True)
    ]
    oov = [correct for word, correct in right if word not in known]
    iv = [correct for word, correct in right if word in known]
    assert scores.correct_words == sum(correct for _, correct in right)
    assert scores.oov_recall == (sum(oov) / len(oov) if oov else None)
    assert scores.iv_recall == (sum(iv) / len(iv) if iv else None)
    assert scores.gold_words == len(right)
    # What is not right is in exactly one error.
    wrong = sum(e.count * len(e.gold.split()) for e in scores.errors)
    assert wrong == scores.gold_words - scores.correct_words
    for error in scores.errors:
        ends = [{end for _, end in spans(cut.split())} for cut in (error.gold, error.predicted)]
        assert len(ends[0] & ends[1]) == 1


def test_most_frequent_errors_come_first_and_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("crfseg.metrics.words._REMEMBERED", 10)
    gold, predicted = [], []
    for i in range(200):
        word = chr(0x4E00 + i)
        gold += [[word + "的"], ["看", "书"]]
        predicted += [[word, "的"], ["看书"]]
    errors = score_sentences(gold, predicted).errors
    assert (errors[0].gold, errors[0].predicted, errors[0].count) == ("看 书", "看书", 200)
    assert len(errors) <= 10


def test_long_snippets_are_clipped():
    gold = [["长" * 100, "好", "短" * 100]]
    predicted = [["长" * 50, "长" * 50, "好", *("短" * 100)]]
    errors = score_sentences(gold, predicted).errors
    assert len(errors) == 2
    assert all(len(text) <= 40 for e in errors for text in (e.gold, e.predicted, e.left, e.right))
    assert errors[1].left.endswith("长 好")


def test_whitespace_does_not_matter():
    predicted = [["我们", " ", "在", "图书 馆", "看", "", "书"], ["他", "喜欢", "音乐", "\n"]]
    assert score_sentences(GOLD, predicted).predicted_words == 9


def test_other_text_is_refused():
    with pytest.raises(
        CrfsegError, match="sentence 2 has '她喜欢音乐' at character 0; expected '他"
    ):
        score_sentences(GOLD, [GOLD[0], ["她", "喜欢", "音乐"]])
    with pytest.raises(CrfsegError, match="sentence 2 has '' at character 3; expected '音乐'"):
        score_sentences(GOLD, [GOLD[0], ["他", "喜欢"]])
    with pytest.raises(CrfsegError, match="predicted: ends after 1 sentences, gold does not"):
        score_sentences(GOLD, GOLD[:1])
    with pytest.raises(CrfsegError, match="gold: ends after 1 sentences, predicted does not"):
        score_sentences(GOLD[:1], GOLD)


def test_bootstrap():
    gold, worse = GOLD * 30, PRED * 30
    same = paired_bootstrap(gold, worse, worse, samples=50)
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    better = paired_bootstrap(iter(gold), worse, gold, samples=200)
    assert better.f1_a == 5 / 8
    assert better.f1_b == 1
    assert better.low < better.difference == 3 / 8 < better.high
    assert better.p_value == 2 / 201
    assert better == paired_bootstrap(gold, worse, gold, samples=200)
    back = paired_bootstrap(gold, gold, worse, samples=200)
    assert back.difference == -better.difference
    with pytest.raises(CrfsegError, match="no sentence to compare"):
        paired_bootstrap([], [], [])
    with pytest.raises(SettingsError, match="samples=0"):
        paired_bootstrap(gold, gold, gold, samples=0)


class Halver:
    """A segmenter that cuts after every second character."""

    def cut_many(self, texts, threads=None, keep_space=True):
        assert keep_space is False
        return [[text[i : i + 2] for i in range(0, len(text), 2)] for text in texts]


@pytest.fixture
def files(tmp_path):
    def make(name, sentences):
        path = tmp_path / name
        path.write_text("".join(" ".join(s) + "\n" for s in sentences), encoding="utf-8")
        return path

    return make


def test_evaluate_a_file(files):
    tagged = [["我们/r", "看/v"], ["他/r", "喜欢/v"]]
    gold, pred, train = files("g", GOLD), files("p", PRED), files("t", tagged)
    scores = evaluate(gold, pred=pred, train=train)
    assert scores == score_sentences(GOLD, PRED, {"我们", "看", "他", "喜欢"})
    assert evaluate(gold, pred=pred, train=[train, gold]).oov_rate == 0


def test_evaluate_a_segmenter_in_batches(files, monkeypatch):
    monkeypatch.setattr("crfseg.evaluation.evaluate._BATCH", 2)
    scores = evaluate(files("g", GOLD * 3), segmenter=Halver(), format="words")
    assert scores.sentences == 6
    # 我们 在图 书馆 看书 / 他喜 欢音 乐
    assert scores.correct_words == 3


def test_evaluate_names_the_files(files, tmp_path):
    gold = files("g", GOLD)
    with pytest.raises(CrfsegError, match=f"{tmp_path}/p: sentence 1 has .* as in {tmp_path}/g"):
        evaluate(gold, pred=files("p", GOLD[::-1]))
    with pytest.raises(CrfsegError, match=f"{tmp_path}/p: ends after 1 sentences, {tmp_path}/g"):
        evaluate(gold, pred=files("p", GOLD[:1]))
    with pytest.raises(DataError, match="e: the corpus is empty"):
        evaluate(files("e", []), segmenter=Halver())
    with pytest.raises(DataError, match="none: cannot be read"):
        evaluate(tmp_path / "none", segmenter=Halver())
    with pytest.raises(SettingsError, match="pred and segmenter"):
        evaluate(gold, pred=gold, segmenter=Halver())
