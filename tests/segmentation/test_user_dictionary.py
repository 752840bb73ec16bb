"""User dictionaries: matches agree with a plain search, results with enumeration."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import with_random_weights
from strategies import GLUE, LETTERS, texts
from user_words import Models, short_texts, word_sets, words

from crfseg import Model, train
from crfseg.common.errors import DataError, SettingsError
from crfseg.segmentation.segmenter import Segmenter
from crfseg.segmentation.user_dictionary import Trie, UserDictionary, Words
from crfseg.text.characters import code_points, folded, lower_forms

#: What words and texts are made of here: a few of each kind.


def fold(word: str) -> str:
    return "".join(map(naive.fold, word.strip()))


@pytest.fixture(scope="module")
def models(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Four tags and two lexicons, or six and one."""
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("人民\n人民服务\n国人民服务大\n", encoding="utf-8")
    four = train(tiny, lexicons=[path], max_iter=2, prune=0.0).model
    return Models({4: four, 6: train(tiny, tags=6, max_iter=2, prune=0.0).model})


@pytest.fixture
def model(models: Models) -> Model:
    return models[4]


def with_words(model: Model, prefer: set[str], force: set[str]) -> Segmenter:
    segmenter = Segmenter(model, keep_whole=False)
    segmenter.add_words(prefer)
    segmenter.add_words(force, force=True)
    return segmenter


@given(text=short_texts, prefer=word_sets, force=word_sets, tags=st.sampled_from([4, 6]),
       spread=st.sampled_from([1, 500, 3000, 32767]), seed=st.integers(0, 3))  # fmt: skip
def test_words_are_weighed_as_enumeration_weighs_them(
    models: Models, text: str, prefer: set[str], force: set[str], tags: int, spread: int, seed: int
) -> None:
    chance = with_random_weights(models[tags], seed, spread)
    forced = {*map(fold, force)}
    preferred = {*map(fold, prefer)} - forced
    gains = round(4 / chance.scale), round(1.5 / chance.scale)
    expected = naive.cut_with_words(chance, text, preferred, forced, gains)
    assert with_words(chance, prefer, force).cut(text) == expected


@given(text=texts, force=st.sets(st.text(LETTERS + " " + GLUE, min_size=1, max_size=4), max_size=6))
def test_forced_words_stay_whole_in_any_text(models: Models, text: str, force: set[str]) -> None:
    force = {word for word in force if word.strip()}
    segmenter = with_words(models[4], set(), force)
    tokens = segmenter.cut(text)
    assert "".join(tokens) == text
    ends = np.cumsum([len(token) for token in tokens]).tolist()
    spans = {(end - len(token), end) for token, end in zip(tokens, ends, strict=True)}
    assert spans.issuperset(naive.forced_spans(text, {*map(fold, force)}))
    assert segmenter.cut_many([text, text], 1) == [tokens, tokens]


@given(texts)
def test_words_that_are_not_there_change_nothing(models: Models, text: str) -> None:
    segmenter = with_words(models[4], {"龘龘"}, {"龘 龘"})
    assert segmenter.cut(text) == Segmenter(models[4], keep_whole=False).cut(text)


@pytest.mark.parametrize(
    ("word", "text", "stands"),
    [
        ("IP", "查ip地址", True), ("ip", "查ＩＰ地址", True), ("IP", "VIP室", False),
        ("IP", "IPv6", False), ("5G", "用5g的", True), ("5G", "15G", False),
        ("C++", "学c++吧", True), (".NET", "用.Net写", True), ("T恤", "买Ｔ恤", True),
        ("T恤", "AT恤", False), ("New York", "在New\u3000York时", True), ("é", "café", False),
        ("New York", "在New\nYork时", False), ("New York", "在New  York时", False),
        ("Café", "去CAFÉ吧", True), ("МОСКВА", "去москва吧", True), ("e", "e\u0301好", False),
        ("国旗", "国旗\ufe0f", False), ("\U0001f1e8\U0001f1f3", "\U0001f1e8\U0001f1f3好", True),
        ("A.B", "ａ．ｂ好", True), ("（注）", "(注)好", True), ("的", "我的书", True),
    ],
)  # fmt: skip
def test_what_matches(model: Model, word: str, text: str, stands: bool) -> None:
    assert bool(naive.forced_spans(text, {fold(word)})) == stands
    tokens = with_words(model, set(), {word}).cut(text)
    if stands:
        assert fold(word) in map(fold, tokens)
    else:
        assert tokens == Segmenter(model, keep_whole=False).cut(text)


def test_what_is_kept_whole_counts_as_one_character(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model, force_dict=["cn", "30", "见http://a.cn", "10:30分"])
    text = "见http://a.cn，10:30分，20:30吧"
    assert segmenter.segment(text).split()[0] == "见http://a.cn"
    assert {"10:30分", "20:30"} <= {*segmenter.cut(text)}
    eager = Segmenter(sample_model, force_dict=["30"], keep_whole=False)
    assert "30" in eager.cut(text)


def test_whitespace_inside_a_word_stays_inside_in_every_form(sample_model: Path) -> None:
    segmenter = Segmenter(sample_model, user_dict=["New York"])
    assert "New York" in segmenter.cut("我在New York学习", keep_space=False)
    assert "|New York|" in segmenter.segment("我在New York学习", "|")
    assert "New York" not in segmenter.cut("New\x1fYork")[0]
    assert segmenter.cut_many(["在New", "York"], 1) == [
        segmenter.cut("在New"),
        segmenter.cut("York"),
    ]


def test_words_come_and_go(model: Model) -> None:
    text = "学生爱大学"
    segmenter = Segmenter(model)
    before = segmenter.cut(text)
    segmenter.add_word("生爱大", force=True)
    assert "生爱大" in segmenter.cut(text)
    segmenter.add_word("爱大学", force=True)
    segmenter.del_word("生爱大")
    assert "爱大学" in segmenter.cut(text)
    segmenter.add_word("爱大学")  # no longer an order
    segmenter.del_word("爱大学")
    segmenter.del_word("不在")
    assert segmenter.cut(text) == before


def test_a_preference_is_evidence_that_context_can_overrule(sample_model: Path) -> None:
    """A new word wins where the model hesitates; what the model is sure of stays."""
    segmenter = Segmenter(sample_model, user_dict=["们在"])
    assert "们在" not in segmenter.cut("我们在学校学习")
    segmenter.add_word("们在", force=True)
    assert "们在" in segmenter.cut("我们在学校学习")


def test_words_that_can_be_none(model: Model) -> None:
    segmenter = Segmenter(model)
    for word in ("", " \u3000", "a\nb", "a\tb", "a\x1fb", "\ufeff"):
        for ask in (segmenter.add_word, segmenter.del_word):
            with pytest.raises(SettingsError, match="cannot be a word of a dictionary"):
                ask(word)
    with pytest.raises(SettingsError, match=r"'a\\nb': cannot"):
        segmenter.add_words(["x", "a\nb", "y"])
    segmenter.add_word("\ud800")
    assert segmenter.cut("") == []


def test_a_dictionary_pickles_with_its_segmenter(sample_model: Path) -> None:
    original = Segmenter(sample_model, user_dict=["龘龘人"], force_dict=["我们在"])
    copy = pickle.loads(pickle.dumps(original))
    text = "我们在看龘龘人"
    assert copy.cut(text) == original.cut(text)
    copy.del_word("我们在")
    assert copy.cut(text) != original.cut(text)


def test_files_that_are_no_word_lists(sample_model: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        Segmenter(sample_model, user_dict=tmp_path / "missing")


def test_threads_add_words_while_others_segment(model: Model) -> None:
    """Who adds a word sees it at once; who does not is never disturbed."""
    segmenter, text = Segmenter(model), "我爱北京"
    before = segmenter.cut(text)

    def add(k: int) -> bool:
        word = "".join(chr(0x5000 + 97 * k + i) for i in range(5))
        segmenter.add_word(word, force=True)
        seen = word in segmenter.cut(f"我{word}爱")
        segmenter.del_word(word)
        return seen and word not in segmenter.cut(f"我{word}爱")

    def cut(_: int) -> bool:
        return segmenter.cut(text) == before

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit((add, cut)[k % 2], k) for k in range(400)]
        assert all(answer.result() for answer in answers)


@given(st.lists(st.tuples(words.filter(str.strip), st.sampled_from(["prefer", "force", "drop"]))))
def test_a_dictionary_is_what_was_last_said_of_each_word(said: list[tuple[str, str]]) -> None:
    dictionary, expected = UserDictionary(), {}
    for k, (word, what) in enumerate(said):
        if what == "drop":
            dictionary.remove([word])
        else:
            dictionary.add([word], force=what == "force")
        force = what == "force" or " " in fold(word)
        expected[fold(word)] = "drop" if what == "drop" else "force" if force else "prefer"
        if k % 3 == 0:
            dictionary.snapshot()
    now = dictionary.snapshot()
    for what, trie in (("force", now.forced), ("prefer", now.preferred)):
        assert words_in(trie) == {word for word, last in expected.items() if last == what}


def words_in(trie: Trie) -> set[str]:
    """All words of a trie, from its entries."""
    spelled = {1: ""}
    above = {}
    for key, said in trie.table[trie.table[:, 0] != 0].tolist():
        above[said & 0x7FFFFFFF] = (key >> 21, chr(key & 0x1FFFFF), bool(said >> 31 & 1))
    for node in sorted(above):
        spelled[node] = spelled[above[node][0]] + above[node][1]
    return {spelled[node] for node, (_, _, ends) in above.items() if ends}


def test_tables_grow_and_old_ones_stay_as_they_are() -> None:
    many = [chr(0x4E00 + k % 7000) + chr(0x4E00 + k // 3) for k in range(20_000)] + ["长" * 900]
    small = Trie.empty().changed(Words.of(["中国"]), True)
    copy = small.table.copy()
    large = small.changed(Words.of(many), True)
    assert words_in(large) == {"中国", *many}
    assert 2 * large.filled <= len(large.table)
    assert (small.table == copy).all()
    assert words_in(large.changed(Words.of(many), False)) == {"中国"}


def test_folding() -> None:
    assert (
        "".join(map(chr, folded(code_points("ＡｂÉ！～\u3000\xa0İΣЖ中\U00010400"))))
        == "abé!~  İσж中\U00010400"
    )
    codes = [code for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    text = "".join(map(chr, codes))
    assert "".join(map(chr, folded(code_points(text)))) == "".join(map(naive.fold, text))
    assert lower_forms().dtype == np.uint16
