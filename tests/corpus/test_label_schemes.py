"""Label schemes: legal transitions, and invalid schemes."""

from __future__ import annotations

from itertools import product

import pytest

from crfseg.common.errors import SettingsError
from crfseg.corpus.schemes import LabelScheme, make_scheme

BIO = ("O", "B-x", "I-x", "B-y", "I-y")
BMES = ("O", "B-x", "M-x", "E-x", "S-x", "B-y", "M-y", "E-y", "S-y")


def spelled(form: str, names: tuple[str, ...], n: int) -> set[tuple[str, ...]]:
    """All labellings of n tokens: entities of every length, one after another."""
    if n == 0:
        return {()}
    found = {("O", *rest) for rest in spelled(form, names, n - 1)}
    kinds = {name[2:] for name in names if name != "O"}
    for kind, length in product(kinds, range(1, n + 1)):
        if form == "bio":
            letters = "B" + "I" * (length - 1)
        else:
            letters = "S" if length == 1 else "B" + "M" * (length - 2) + "E"
        entity = tuple(f"{letter}-{kind}" for letter in letters)
        found |= {(*entity, *rest) for rest in spelled(form, names, n - length)}
    return found


@pytest.mark.parametrize(("form", "names"), [("bio", BIO), ("bmes", BMES)])
def test_legal_labels_are_those_that_spell_entities(form: str, names: tuple[str, ...]) -> None:
    scheme = make_scheme(names, form)
    for n in range(1, 5):
        legal = {labels for labels in product(names, repeat=n) if scheme.allows(labels)}
        assert legal == spelled(form, names, n)


def test_free_labels_may_follow_any() -> None:
    scheme = LabelScheme(("n", "v"))
    assert scheme.legal.all()
    assert scheme.begins.all()
    assert scheme.ends.all()


@pytest.mark.parametrize(
    ("names", "form", "expected"),
    [
        (["n"], "bio", "labels=bio: label n; expected O, B-X, I-X"),
        (["E-x"], "bio", "labels=bio: label E-x"),
        (["O", "n"], "bmes", "labels=bmes: label n; expected O, B-X, M-X"),
        (["O"], "nosuch", "labels=nosuch: must be one of auto, free, bio, bmes"),
        (["O", "O"], "free", "2 labels; expected from 1 to 255, all different"),
        ([f"{i}" for i in range(256)], "free", "256 labels; expected from 1 to 255"),
    ],
)
def test_what_is_no_scheme(names: list[str], form: str, expected: str) -> None:
    with pytest.raises(SettingsError) as error:
        make_scheme(names, form)
    assert expected in str(error.value)
