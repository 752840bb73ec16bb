"""The distribution over segmentations: compared with enumeration, and self-consistent."""

from __future__ import annotations

import math
from itertools import accumulate
from pathlib import Path

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import with_random_weights
from strategies import plain_texts, texts
from user_words import Models, short_texts, word_sets

from crfseg import Model, train
from crfseg.common.errors import SettingsError
from crfseg.segmentation.distribution import Segmentation
from crfseg.segmentation.segmenter import Segmenter
from crfseg.text.whitespace import is_space


@pytest.fixture(scope="module")
def models(tiny: Path) -> Models:
    return Models({tags: train(tiny, tags=tags, max_iter=2, prune=0.0).model for tags in (4, 6)})


many_tags = st.sampled_from([4, 6])
spreads = st.sampled_from([1, 300, 2000, 32767])


def places(words: list[str]) -> set[int]:
    return {*accumulate(map(len, words))}


class Enumerated:
    """Every segmentation of a plain text that agrees with what is given, and its score."""

    def __init__(self, model: Model, text: str, given_: dict[int, bool]) -> None:
        emissions, tags = naive.emissions(model, text), model.scheme.tags
        self.paths: dict[tuple[str, ...], naive.Path] = {}
        scores = {}
        for path in naive.legal_paths(len(text), tags):
            starts = [i for i, t in enumerate(path) if tags[t] in "sb"]
            if all((place in starts) == cut for place, cut in given_.items()):
                ends = [*starts[1:], len(text)]
                words = tuple(text[a:b] for a, b in zip(starts, ends, strict=True))
                self.paths[words] = path
                scores[words] = naive.path_score(path, emissions, model.transitions) * model.scale
        top = max(scores.values())
        z = top + math.log(math.fsum(math.exp(score - top) for score in scores.values()))
        self.logs = {words: score - z for words, score in scores.items()}


@settings(max_examples=20)
@given(data=st.data(), text=plain_texts.map(lambda text: text[:7]), tags=many_tags,
       spread=spreads, seed=st.integers(0, 9))  # fmt: skip
def test_probabilities_are_those_of_enumeration(
    models: Models, data: st.DataObject, text: str, tags: int, spread: int, seed: int
) -> None:
    model = with_random_weights(models[tags], seed, spread)
    inner = st.integers(1, max(len(text) - 1, 1))
    given_ = data.draw(st.dictionaries(inner, st.booleans(), max_size=3 * (len(text) > 1)))
    expected = Enumerated(model, text, given_)
    segmenter = Segmenter(model, keep_whole=False)
    found = segmenter.segmentations(text, boundaries=given_)

    best = found.nbest(600)
    assert {tuple(words) for words, _ in best} == set(expected.logs)
    logs = [log for _, log in best]
    assert logs == sorted(logs, reverse=True)
    for words, log in best:
        assert log == pytest.approx(expected.logs[tuple(words)], abs=1e-6)
        assert found.log_likelihood(words) == pytest.approx(log, abs=1e-6)
    assert found.best() == best[0].words
    assert segmenter.cut_constrained(text, given_) == best[0].words

    marginals = found.marginals()
    boundaries, characters = np.zeros(len(text) + 1), np.zeros((len(text), tags))
    boundaries[0] = 1
    spans: dict[tuple[int, int], float] = {}
    for words, log in expected.logs.items():
        p, begin = math.exp(log), 0
        for i, t in enumerate(expected.paths[words]):
            characters[i, t] += p
        for end in sorted(places([*words])):
            boundaries[end] += p
            spans[begin, end] = spans.get((begin, end), 0) + p
            begin = end
    np.testing.assert_allclose(marginals.boundaries, boundaries, atol=1e-6)
    np.testing.assert_allclose(marginals.tags, characters, atol=1e-6)
    for begin in range(len(text)):
        for end in range(begin + 1, len(text) + 1):
            expected_p = spans.get((begin, end), 0)
            assert marginals.word(begin, end) == pytest.approx(expected_p, abs=1e-6)
    for word, begin, end, p in marginals.words:
        assert word == text[begin:end]
        assert p == pytest.approx(spans[begin, end], abs=1e-6)
    assert [word.word for word in marginals.words] == best[0].words


def every(segmenter: Segmenter, text: str) -> list[Segmentation]:
    return segmenter.nbest(text, 600)


@given(text=short_texts, prefer=word_sets, force=word_sets, tags=many_tags, spread=spreads,
       seed=st.integers(0, 3))  # fmt: skip
def test_with_words_of_a_user(
    models: Models, text: str, prefer: set[str], force: set[str], tags: int, spread: int, seed: int
) -> None:
    """The best is what `cut` gives, ties included; the parts are sums over all."""
    segmenter = Segmenter(with_random_weights(models[tags], seed, spread))
    segmenter.add_words(prefer)
    segmenter.add_words(force, force=True)
    found = every(segmenter, text)
    assert found[0].words == segmenter.cut(text)
    assert math.fsum(s.probability for s in found) == pytest.approx(1)
    assert len({tuple(s.words) for s in found}) == len(found)
    marginals = segmenter.marginals(text)
    boundaries = np.zeros(len(text) + 1)
    boundaries[0] = 1
    for words, log in found:
        assert "".join(words) == text
        assert segmenter.log_likelihood(words) == pytest.approx(log, abs=1e-6)
        if words:
            boundaries[list(places(words))] += math.exp(log)
    boundaries[len(text)] = 1
    np.testing.assert_allclose(marginals.boundaries, boundaries, atol=1e-6)
    assert [w.word for w in marginals.words] == [w for w in found[0].words if not is_space(w)]
    for _, begin, end, p in marginals.words:
        inside = set(range(begin + 1, end))
        with_it = [(s, {0, *places(s.words)}) for s in found]
        sums = [s.probability for s, at in with_it if {begin, end} <= at and not at & inside]
        assert p == pytest.approx(math.fsum(sums), abs=1e-6)
        assert marginals.word(begin, end) == pytest.approx(p, abs=1e-9)


@given(text=texts, tags=many_tags, seed=st.integers(0, 9), spread=spreads)
def test_the_best_is_what_cut_gives(
    models: Models, text: str, tags: int, seed: int, spread: int
) -> None:
    """For any text: with addresses and times kept whole, whitespace and lone surrogates."""
    segmenter = Segmenter(with_random_weights(models[tags], seed, spread))
    words = segmenter.cut(text)
    assert segmenter.cut_constrained(text) == segmenter.nbest(text, 2)[0].words == words
    assert segmenter.log_likelihood(words) <= 0
    cuts = {0, *places(words)} - {len(text)}
    agreeing = {k: k in cuts for k in range(1, len(text))}
    inside = {k for k in agreeing if is_space(text[k]) and is_space(text[k - 1])}
    agreeing = {k: cut for k, cut in agreeing.items() if k not in inside}
    assert segmenter.cut_constrained(text, agreeing) == words
    for sample in segmenter.sample(text, 2, seed=1):
        assert "".join(sample) == text
        assert segmenter.log_likelihood(sample) > -math.inf


@given(data=st.data(), text=short_texts, force=word_sets, seed=st.integers(0, 3))
def test_what_is_given_rules_out(
    models: Models, data: st.DataObject, text: str, force: set[str], seed: int
) -> None:
    segmenter = Segmenter(with_random_weights(models[4], seed, 300), keep_whole=False)
    segmenter.add_words(force, force=True)
    inner = st.integers(1, max(len(text) - 1, 1))
    given_ = data.draw(st.dictionaries(inner, st.booleans(), max_size=3 * (len(text) > 1)))
    left = [
        s for s in every(segmenter, text)
        if all((place in places(s.words)) == cut for place, cut in given_.items())
    ]  # fmt: skip
    if not left:
        with pytest.raises(SettingsError, match="place"):
            segmenter.cut_constrained(text, given_)
        return
    total = math.fsum(s.probability for s in left)
    found = segmenter.segmentations(text, boundaries=given_).nbest(600)
    assert [s.words for s in found] == [s.words for s in left]
    for here, there in zip(found, left, strict=True):
        assert here.probability == pytest.approx(there.probability / total, abs=1e-6)


def test_spans_that_are_words(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model)
    text = "我们在图书馆学习"
    words = segmenter.cut_constrained(text, words=[(1, 3), (5, 7)])
    assert words[:2] == ["我", "们在"]
    assert "馆学" in words
    assert "".join(words) == text
    for bad, what in (
        ([(1, 3), (2, 4)], "contradicts"), ([(3, 3)], "span"), ([(5, 9)], "within the 8"),
    ):  # fmt: skip
        with pytest.raises(SettingsError, match=what):
            segmenter.cut_constrained(text, words=bad)


def test_what_cannot_be(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model, force_dict=["New York", "学习"])
    for text, given_, what in (
        ("我 们", {1: False}, "place 1: .* beside whitespace"),
        ("我 们", {2: False}, "place 2: .* beside whitespace"),
        ("我  们", {2: True}, "place 2: .* inside of one character, of whitespace"),
        ("e\u0301们", {1: True}, "place 1: .* inside of one character"),
        ("New York", {4: True}, "place 4: .* or of a forced word"),
        ("学习", {1: True}, "place 1: .* a forced word"),
        ("在学习", {1: False}, "place 1: .* a forced word"),
        ("我们", {0: False}, "place 0"), ("我们", {2: False}, "place 2"),
        ("我们", {3: True}, "place 3"), ("我们", {-1: True}, "place -1"),
    ):  # fmt: skip
        with pytest.raises(SettingsError, match=what):
            segmenter.cut_constrained(text, given_)
    assert segmenter.cut_constrained("我  们", {2: False, 0: True, 4: True}) == ["我", "  ", "们"]


def test_what_is_given_overrules_what_is_kept_whole(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model)
    text = "在10:30见http://a.cn吧"
    assert segmenter.cut_constrained(text, {4: True, 2: False, 3: False})[1] == "10:"
    joined = segmenter.cut_constrained(text, {7: False})
    assert joined[1].endswith("见http://a.cn")
    assert "http://a.cn吧" in segmenter.cut_constrained(text, {7: True, 18: False})
    assert "http://" in segmenter.cut_constrained(text, words=[(7, 14)])


def test_whatever_is_around_an_address_is_decided_with_it(models: Models) -> None:
    """An address is a word, and the words beside it are those that are best then."""
    for seed in range(20):
        segmenter = Segmenter(with_random_weights(models[4], seed, 300))
        text = "中国人民http://a.cn服务大学"
        words = segmenter.cut(text)
        assert words == segmenter.cut_constrained(text, {4: True, 15: True})
        assert "http://a.cn" in words
    assert "http://a.cn" in segmenter.cut("中\u200dhttp://a.cn\u0301".removesuffix("\u0301"))


def test_samples_are_as_frequent_as_probable(models: Models) -> None:
    segmenter = Segmenter(with_random_weights(models[6], 1, 100))
    count, text = 5000, "中国 人民2"
    drawn = segmenter.sample(text, count, seed=3)
    assert drawn == segmenter.sample(text, count, seed=3)
    for words, log in every(segmenter, text):
        p = math.exp(log)
        assert abs(drawn.count(words) - count * p) < 5 * math.sqrt(count * p) + 1


def test_a_likelihood_of_other_words(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model)
    found = segmenter.segmentations("我们 学习10:30")
    with pytest.raises(SettingsError, match="those of the text"):
        found.log_likelihood(["我们", "学习", "10:30"])
    assert found.log_likelihood(["我们 ", "学习", "10:30"]) == -math.inf
    assert found.log_likelihood(["我们", " ", "学习", "10", ":30"]) == -math.inf
    assert found.log_likelihood(["我", "们", "", " ", "学习", "10:30"]) > -math.inf
    assert segmenter.log_likelihood([]) == 0
    marginals = found.marginals()
    assert marginals.word(2, 3) == 1
    assert marginals.word(1, 3) == marginals.word(0, 4) == marginals.word(5, 7) == 0
    with pytest.raises(SettingsError, match="span"):
        marginals.word(3, 3)


def test_no_text(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model)
    assert segmenter.cut_constrained("") == []
    assert segmenter.nbest("", 3) == [([], 0.0)]
    assert segmenter.sample("", 2, 1) == [[], []]
    assert segmenter.marginals("").words == []
    assert segmenter.marginals("").boundaries.tolist() == [1.0]
    assert segmenter.marginals("  ").boundaries.tolist() == [1.0, 0.0, 1.0]


def test_standards(tiny: Path, sample: Path) -> None:
    model = train({"a": tiny, "b": sample}, max_iter=3).model
    for standard in ("a", "b"):
        segmenter = Segmenter(model, standard=standard)
        text = "为中国人民服务"
        assert segmenter.nbest(text, 1)[0].words == segmenter.cut(text)


def test_a_long_line(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model)
    text = "我们在图书馆学习中文" * 50_000
    found = segmenter.segmentations(text)
    assert found.best() == segmenter.cut(text)
    assert found.nbest(1)[0].log_probability == pytest.approx(found.log_likelihood(found.best()))
    with pytest.raises(SettingsError, match="must be at most"):
        found.nbest(1000)
