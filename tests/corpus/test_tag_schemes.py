"""Tag schemes: the tags of words, and legal paths being exactly those of segmentations."""

from __future__ import annotations

from itertools import pairwise, product

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.common.errors import SettingsError
from crfseg.corpus.schemes import FOUR, SIX, TagScheme, scheme_by_name, tags_of_words

both = pytest.mark.parametrize("scheme", [FOUR, SIX], ids=["4", "6"])


def test_spellings() -> None:
    assert [FOUR.spell(n) for n in range(1, 6)] == ["s", "be", "bme", "bmme", "bmmme"]
    assert [SIX.spell(n) for n in range(1, 7)] == ["s", "be", "bce", "bcde", "bcdme", "bcdmme"]


@both
def test_legal_transitions_allow_every_spelling_and_nothing_else(scheme: TagScheme) -> None:
    for n in range(1, 7 if scheme is FOUR else 6):
        legal = {
            path
            for path in product(range(scheme.size), repeat=n)
            if scheme.begins[path[0]]
            and scheme.ends[path[-1]]
            and all(scheme.legal[s, t] for s, t in pairwise(path))
        }
        assert legal == set(naive.legal_paths(n, scheme.tags))


def test_half_of_the_transitions_of_four_tags_are_legal() -> None:
    assert np.count_nonzero(FOUR.legal) == 8


@both
@given(lengths=st.lists(st.integers(1, 8), min_size=1, max_size=6))
def test_encode_spells_words(scheme: TagScheme, lengths: list[int]) -> None:
    begins = np.zeros(sum(lengths), dtype=bool)
    begins[np.cumsum([0, *lengths[:-1]])] = True
    assert tuple(scheme.encode(begins)) == naive.spell_words(lengths, scheme.tags)
    assert (scheme.begins[scheme.encode(begins)] == begins).all()


def test_tags_of_words() -> None:
    assert tags_of_words(["为", "人民", "图书馆"]) == "sbebme"
    assert tags_of_words([]) == ""


def test_schemes_have_names() -> None:
    assert scheme_by_name(4) is FOUR
    assert scheme_by_name("6") is SIX
    with pytest.raises(SettingsError, match="tags=5: must be one of 4, 6"):
        scheme_by_name(5)
