"""Lists of words made by compiled code equal those made in Python."""

from __future__ import annotations

import sys
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from crfseg.jit import native
from crfseg.segmentation import engine
from crfseg.text.codes import BREAK, JOINT

Buffers = engine._Buffers
#: Long and short ones, of 7, 8, 9, 15, 16 bytes too; some that differ in zeros only.
words = st.one_of(
    st.text(min_size=1, max_size=6),
    st.sampled_from(["a" * n for n in (7, 8, 9, 14, 15, 16, 40)]),
    st.sampled_from(["\0", "\0\0", "a\0", "a", "为人民服务", "为人民服务a", "\ud800", "👨"]),
).filter(lambda word: chr(BREAK) not in word and chr(JOINT) not in word)


def buffers_of(text: str) -> tuple[Buffers, int]:
    data = text.encode("utf-8", "surrogatepass")
    buffers = Buffers(0, 1, len(data) + 1)
    buffers.out[: len(data)] = data
    return buffers, len(data)


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    if native.word_lists() is None:
        pytest.skip("no compiled code here")


@given(st.lists(words, max_size=20))
def test_words(expected: list[str]) -> None:
    for _ in range(2):  # the second time from the table
        assert engine.as_words(*buffers_of(chr(BREAK).join(expected))) == expected


@given(st.lists(st.lists(words, max_size=6), min_size=1, max_size=8))
def test_lists_of_words(expected: list[list[str]]) -> None:
    written = chr(JOINT).join(chr(BREAK).join(text) for text in expected)
    assert engine.as_lists(*buffers_of(written)) == expected


@given(texts)
def test_python_alone_makes_the_same(text: str) -> None:
    made = engine.as_words(*buffers_of(text)), engine.as_lists(*buffers_of(text))
    with patch.object(native, "word_lists", return_value=None):
        assert (engine.as_words(*buffers_of(text)), engine.as_lists(*buffers_of(text))) == made


def test_what_is_not_utf_8() -> None:
    buffers, _ = buffers_of("abc")
    buffers.out[:3] = b"a\xffb"
    for make in (engine.as_words, engine.as_lists):
        with pytest.raises(UnicodeDecodeError):
            make(buffers, 3)


def test_references_are_counted() -> None:
    """Nothing is lost and nothing is freed too early, with more words than the table keeps."""
    many = [f"w{k:x}" for k in range(99_999)]
    texts = [chr(BREAK).join(many[k : k + 9]) for k in range(0, len(many), 9)]
    written = buffers_of(chr(JOINT).join(texts))
    lists = engine.as_lists(*written)
    assert [word for words in lists for word in words] == many
    # One list, `many` does not count, perhaps the table, and the argument.
    assert all(2 <= sys.getrefcount(words[0]) <= 3 for words in lists)
    before = sys.getallocatedblocks()
    for _ in range(5):
        engine.as_lists(*written)
        with pytest.raises(UnicodeDecodeError):
            test = Buffers(0, 1, 8)
            test.out[:3] = b"a\x1f\xff"
            engine.as_words(test, 3)
    assert sys.getallocatedblocks() < before + len(many) / 2  # a leak would be five times all
