"""Hypothesis strategies: texts, corpora, templates."""

from __future__ import annotations

from hypothesis import strategies as st

#: Few characters, so that n-grams and words recur; some that only the tests know.
LETTERS = "中国人民服务大学生一二两１2aＢ，。"
#: Characters that take part in a sequence in ways of their own.
GLUE = "\u0301\u200d\ufe0f\U0001f3fd"
SPACES = " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2028\u3000\ufeff"
PIECES = (
    *LETTERS, *GLUE, *SPACES, "\0", "\ud83d", "\udc4d", "👨\u200d👩\u200d👧", "🇨🇳", "🇨", "𠀀", "é",
    "e\u0301", "http://a.cn/b?c=1", "Www.a.com", "a.b@c.org", "@", "://", "2024年5月", "10:30",
    "1,234万", "人民服务",
)  # fmt: skip

#: Any character whatever, lone surrogates included.
characters = st.characters(exclude_categories=())
texts = st.lists(st.sampled_from(PIECES) | characters, max_size=24).map("".join)
#: Texts that can be written in UTF-8.
valid_texts = texts.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
#: One sequence: no whitespace, nothing glued.
plain_texts = st.text(LETTERS + "龘", min_size=1, max_size=9)

words = st.text(LETTERS, min_size=1, max_size=7)
sentences = st.lists(words, min_size=1, max_size=8)
corpora = st.lists(sentences, min_size=1, max_size=6).filter(
    lambda corpus: any(len(word) > 1 for sentence in corpus for word in sentence)
)


def template_lines(columns: int) -> st.SearchStrategy[list[str]]:
    """Random templates over that many columns, with or without B."""
    cell = st.builds("%x[{},{}]".format, st.integers(-3, 3), st.integers(0, columns - 1))
    line = st.lists(cell, min_size=1, max_size=4).map("/".join)
    lines = st.lists(line.map("U:{}".format), min_size=1, max_size=6)
    return st.builds(lambda lines, ending: lines + ending, lines, st.sampled_from([[], ["B"]]))
