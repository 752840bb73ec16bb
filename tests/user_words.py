"""Texts, user words and models for tests of user dictionaries."""

from __future__ import annotations

from hypothesis import strategies as st
from strategies import GLUE

from crfseg import Model

SIGNS = "中国人民服务大1２aＢb，"
words = st.text(SIGNS, min_size=1, max_size=5) | st.text(SIGNS + " \u3000" + GLUE, min_size=1)
word_sets = st.sets(words.filter(lambda word: word.strip() != ""), max_size=6)


short_texts = st.text(SIGNS + SIGNS + " \u3000\n\x1e" + GLUE + "\U0001f1e8", max_size=9)


class Models(dict[int, Model]):
    """Models by the number of their tags; not shown where a test fails."""

    __repr__ = object.__repr__
