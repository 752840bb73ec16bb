"""`Segmenter`: no character is lost, and all its methods agree."""

from __future__ import annotations

import json
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SPACES, texts, valid_texts

from crfseg.common.errors import ModelError, SettingsError
from crfseg.corpus.schemes import tags_of_words
from crfseg.segmentation import segmenter as module
from crfseg.segmentation.segmenter import Segmenter


@pytest.fixture(scope="module")
def segmenter(sample_model: Path) -> Segmenter:
    return Segmenter(sample_model)


def is_space(token: str) -> bool:
    """Whether a token is a run of whitespace (the byte-order mark counts as such)."""
    return all(c in SPACES or c.isspace() for c in token)


@given(texts)
def test_words_rejoin_to_the_text(segmenter: Segmenter, text: str) -> None:
    tokens = segmenter.cut(text)
    assert "".join(tokens) == text
    assert "" not in tokens


@given(texts)
def test_runs_of_whitespace_are_tokens_of_their_own(segmenter: Segmenter, text: str) -> None:
    tokens = segmenter.cut(text)
    for token in tokens:
        assert is_space(token) or not any(map(is_space, token))
    assert not any(is_space(a) and is_space(b) for a, b in pairwise(tokens))
    assert segmenter.cut(text, keep_space=False) == [t for t in tokens if not is_space(t)]


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\ud83d", "\udc4d\ud83d", "\u0301", "\u200d\u200d", "\ufeff", "🇨🇳🇨"]
)
def test_texts_of_hardly_anything(segmenter: Segmenter, text: str) -> None:
    assert "".join(segmenter.cut(text)) == text
    assert "".join(segmenter.cut_many([text, text])[1]) == text
    assert segmenter.segment(text, "") == text


@pytest.mark.parametrize(
    "whole", ["👨\u200d👩\u200d👧", "👍\U0001f3fd", "e\u0301", "🇨🇳", "❤\ufe0f"]
)
def test_what_belongs_together_stays_together(segmenter: Segmenter, whole: str) -> None:
    for text in (whole, f"我们{whole}学校", f"{whole} {whole}", f"a{whole}{whole}"):
        ends = {end for _, end in segmenter.spans(text)}
        begin = text.index(whole)
        assert not ends & set(range(begin + 1, begin + len(whole)))


def test_addresses_stay_whole_if_wanted(sample_model: Path, segmenter: Segmenter) -> None:
    address = "http://www.example.com/index.html?a=1&b=2"
    assert address in segmenter.cut(f"请看{address}。")
    assert "Zhang.San@mail.example.com" in segmenter.cut("写信给Zhang.San@mail.example.com吧")
    plain = Segmenter(sample_model, keep_whole=False)
    assert "".join(plain.cut(address)) == address


@given(texts)
def test_all_methods_agree(segmenter: Segmenter, text: str) -> None:
    words = segmenter.cut(text, keep_space=False)
    tokens = segmenter.tokenize(text)
    assert [word for word, _, _ in tokens] == words
    assert [(a, b) for _, a, b in tokens] == segmenter.spans(text)
    assert [text[a:b] for a, b in segmenter.spans(text)] == words
    spelled = "".join(t if is_space(t) else tags_of_words([t]) for t in segmenter.cut(text))
    assert segmenter.tags(text) == spelled


@given(texts, st.sampled_from(["|", " ", "", "／／"]))
def test_separators_stand_between_neighbouring_words(
    segmenter: Segmenter, text: str, sep: str
) -> None:
    expected, before = "", " "
    for token in segmenter.cut(text):
        expected += token if is_space(before) or is_space(token) else sep + token
        before = token
    assert segmenter.segment(text, sep) == expected


@given(valid_texts, st.sampled_from(["|", " ", "／／"]))
def test_bytes_are_segmented_like_text(segmenter: Segmenter, text: str, sep: str) -> None:
    answer = segmenter.segment_bytes(text.encode(), sep=sep)
    assert answer.decode() == segmenter.segment(text, sep)


@given(valid_texts)
def test_outputs_for_programs(segmenter: Segmenter, text: str) -> None:
    """json, tags and spans, line by line; the line ends stay where they are."""
    data = text.encode()
    lines = text.split("\n")
    bodies = [line.removesuffix("\r") for line in lines]
    ends = [line[len(body) :] for line, body in zip(lines, bodies, strict=True)]
    answers = {
        output: [
            answer.removesuffix(end)
            for answer, end in zip(
                segmenter.segment_bytes(data, output).decode().split("\n"), ends, strict=True
            )
        ]
        for output in ("json", "tags", "spans")
    }
    for i, body in enumerate(bodies):
        if i == len(bodies) - 1 and not body and not ends[i]:
            break  # what follows the last line end is no line
        objects = json.loads(answers["json"][i])
        assert [token["word"] for token in objects] == segmenter.cut(body)
        assert all(0 <= token["confidence"] <= 1 for token in objects)
        spans = [tuple(map(int, span.split(":"))) for span in answers["spans"][i].split()]
        assert spans == segmenter.spans(body)
        letters = segmenter.tags(body)
        pairs = [f"{c}/{t}" for c, t in zip(body, letters, strict=True) if not is_space(c)]
        positions = [c for c in answers["tags"][i] if not is_space(c)]
        assert "".join(positions) == "".join(pairs)


@pytest.mark.parametrize("threads", [1, 2, 3])
@given(batch=st.lists(texts, max_size=8), keep_space=st.booleans())
def test_many_texts_are_cut_as_one(
    segmenter: Segmenter, threads: int, batch: list[str], keep_space: bool
) -> None:
    """Whatever stands in the same batch."""
    expected = [segmenter.cut(text, keep_space) for text in batch]
    assert segmenter.cut_many(batch, threads, keep_space) == expected
    with patch.object(module, "_BATCH", 10):  # about two texts a batch
        assert segmenter.cut_many(batch, threads, keep_space) == expected


def test_eight_threads_share_a_segmenter(segmenter: Segmenter, sample: Path) -> None:
    lines = sample.read_text("utf-8").replace(" ", "").splitlines()[:300]
    expected = [segmenter.cut(line) for line in lines]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: [segmenter.cut(line) for line in lines], range(16))
        assert all(answer == expected for answer in answers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_processes_share_no_memory(segmenter: Segmenter) -> None:
    """Scratch memory was once shared with them."""
    one, other = "我们在学校学习" * 20, "他们看书" * 30
    expected = segmenter.cut(one)
    child = os.fork()
    if child == 0:
        for _ in range(3000):
            segmenter.cut(other)
        os._exit(0)
    try:
        assert all(segmenter.cut(one) == expected for _ in range(3000))
    finally:
        os.waitpid(child, 0)


def test_it_pickles_as_its_path(sample_model: Path) -> None:
    text = "今天我们看http://a.cn/b。"
    for keep_whole in (True, False):
        original = Segmenter(sample_model, keep_whole=keep_whole)
        data = pickle.dumps(original)
        assert len(data) < 300
        copy = pickle.loads(data)
        assert copy.path == str(sample_model)
        assert copy.cut(text) == original.cut(text)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Segmenter(original.model))


def test_it_learnt_the_sample(segmenter: Segmenter, sample: Path) -> None:
    lines = sample.read_text("utf-8").splitlines()
    right = [segmenter.segment(line.replace(" ", "")) == line for line in lines]
    assert sum(right) > 0.9 * len(lines)


def test_very_long_texts(segmenter: Segmenter) -> None:
    """A million characters without a space, and as many of them glued to one."""
    for text in ("我们在学校学习" * 150_000, "a" + "\u0301" * 1_000_000):
        assert "".join(segmenter.cut(text)) == text


def test_what_cannot_be_asked(segmenter: Segmenter, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="output=xml: must be one of words, tags"):
        segmenter.segment_bytes(b"", "xml")
    with pytest.raises(SettingsError, match="threads=0: must be at least 1"):
        segmenter.cut_many(["a"], threads=0)
    with pytest.raises(UnicodeDecodeError):
        segmenter.segment_bytes(b"\xff")
    with pytest.raises(ModelError, match="cannot be read"):
        Segmenter(tmp_path / "missing")


def test_a_mark_after_an_address_stays_with_it() -> None:
    """It once became a word of its own."""
    words = Segmenter().cut("见http://a.cn/b?c=1O\ufe0f好")
    assert words[1:] == ["http://a.cn/b?c=1O\ufe0f", "好"]
