"""Spans kept whole: addresses, times, dates and grouped numbers."""

from __future__ import annotations

import time
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from strategies import texts

from crfseg.segmentation.kernels.candidate_spans import find_runs
from crfseg.segmentation.protected_spans import spans


def found(text: str) -> list[tuple[int, int, int]]:
    """The spans, in characters."""
    sizes = [len(character.encode("utf-8", "surrogatepass")) for character in text]
    place = {byte: i for i, byte in enumerate(accumulate(sizes, initial=0))}
    data = text.encode("utf-8", "surrogatepass")
    runs = np.empty((len(data) // 2 + 2, 3), dtype=np.int32)
    count = find_runs(np.frombuffer(data, dtype=np.uint8), runs)
    return [(place[a], place[b], hard) for a, b, hard in spans(data, runs[:count].tolist())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请看http://a.cn/b?c=1&d=%20。", ["http://a.cn/b?c=1&d=%20"]),
        ("见https://example.com/a_(b)/,然后", ["https://example.com/a_(b)/"]),
        ("FTP://FTP.x.org和www.a.com.", ["FTP://FTP.x.org", "www.a.com"]),
        ("Www.Example.com", ["Www.Example.com"]),
        ("写信给li.ming+x@mail.example.com.cn！", ["li.ming+x@mail.example.com.cn"]),
        ("(a@b.cn)", ["a@b.cn"]),
        ("http://a.cn/2024-05-08/10:30", ["http://a.cn/2024-05-08/10:30"]),
        ("@小明 你好", []),
        ("a@b", []),
        ("http://", []),
        ("", []),
    ],
)
def test_addresses(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b, _ in found(text)] == expected
    assert all(hard for *_, hard in found(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234,567.8元", ["1,234,567.8"]),
        ("１，０００万", ["１，０００"]),
        ("从10:30到１２：００：５９。", ["10:30", "１２：００：５９"]),
        ("2024-05-08，2024/5/8", ["2024-05-08", "2024/5/8"]),
        ("10:30,", ["10:30"]),
        ("营业时间：9:00-21:30", ["9:00", "21:30"]),
        ("1,23", []),
        ("比分3-2", []),
        ("甲，乙：丙", []),
        (",1", []),
    ],
)
def test_numbers(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b, _ in found(text)] == expected
    assert not any(hard for *_, hard in found(text))


@given(texts)
def test_spans_ascend_and_hold_no_whitespace(text: str) -> None:
    end = 0
    for a, b, _ in found(text):
        assert end <= a < b
        assert not any(c.isspace() for c in text[a:b])
        end = b


def test_a_number_before_an_address_does_not_reach_into_it() -> None:
    (_, end, hard), *others = found("1,234,567a@b.cn")
    assert hard or others[0][0] >= end


@given(texts, texts)
def test_lines_do_not_disturb_each_other(one: str, other: str) -> None:
    """The spans of two lines taken together are those of each."""
    after = len(one) + 1
    apart = found(one) + [(a + after, b + after, hard) for a, b, hard in found(other)]
    assert found(f"{one}\n{other}") == apart


@pytest.mark.parametrize("text", ["a" * 50_000 + " @", "a@b.cn 10:30 " * 5_000])
def test_time_grows_with_the_length_only(text: str) -> None:
    """Each took minutes when the search was quadratic; now it takes a few hundredths."""
    begin = time.perf_counter()
    found(text)
    assert time.perf_counter() - begin < 2
