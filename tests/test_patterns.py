"""What counts as an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from strategies import texts

from crfseg.patterns import addresses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请看http://a.cn/b?c=1&d=%20。", ["http://a.cn/b?c=1&d=%20"]),
        ("见https://example.com/a_(b)/,然后", ["https://example.com/a_(b)/"]),
        ("FTP://FTP.x.org和www.a.com.", ["FTP://FTP.x.org", "www.a.com"]),
        ("Www.Example.com", ["Www.Example.com"]),
        ("写信给li.ming+x@mail.example.com.cn！", ["li.ming+x@mail.example.com.cn"]),
        ("(a@b.cn)", ["a@b.cn"]),
        ("@小明 你好", []),
        ("a@b", []),
        ("http://", []),
        ("中文：//", []),
        ("", []),
    ],
)
def test_addresses(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in addresses(text).tolist()] == expected


@given(texts)
def test_addresses_ascend_and_hold_no_whitespace(text: str) -> None:
    end = 0
    for a, b in addresses(text).tolist():
        assert end <= a < b
        assert not any(c.isspace() for c in text[a:b])
        end = b


@given(texts, texts)
def test_lines_do_not_disturb_each_other(one: str, other: str) -> None:
    """Addresses of lines taken together are those of each line."""
    apart = addresses(one).tolist()
    apart += [[a + len(one) + 1, b + len(one) + 1] for a, b in addresses(other).tolist()]
    assert addresses(f"{one}\n{other}").tolist() == apart
