"""Dumps of taggers: lossless, edits take effect, errors name the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command import fails, run
from dumps import refused, saved
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg import Tagger, train_tagger
from crfseg.common.resources import default_pos_path
from crfseg.features.alphabet import Vocabulary
from crfseg.features.strings import pack_strings
from crfseg.features.token_encoder import TokenEncoder, parse_templates
from crfseg.model.container import TAGGER
from crfseg.model.dump.files import dump, load_dump, text_of
from crfseg.model.feature_names import escape_token, unescape_token
from crfseg.model.tagger_model import TaggerModel

TEMPLATES = [
    "U00:%x[-1,0]",
    "U01:%x[0,0]/%x[0,1]",
    "U02:%x[0,0]",
    "B",
    "B00:%x[0,0]",
    "B01:%x[1,1]",
]
ODD = [
    "", "#", "(none)", "(unknown)", "(outside)", "(empty)", "%x[0,0]=n", "[features]", "=", "\\",
    "\\u0028", " ", "\u3000", "\xa0", "\n", "\x85", "\ud800", "e\u0301", "👨‍👩‍👧", "0", "人民", "n",
]  # fmt: skip
SENTENCES = [
    [("我", "r", "r"), ("爱", "v", "v"), ("北京", "n", "n")],
    [("你", "r", "r"), ("去", "v", "v")],
]


def comes_back(model: TaggerModel, folder: Path) -> str:
    """The text of a tagger, which makes the same model again."""
    dump(model, folder / "text.txt")
    again = load_dump(folder / "text.txt")
    assert isinstance(again, TaggerModel)
    assert saved(again, folder) == saved(model, folder)
    return (folder / "text.txt").read_text(encoding="utf-8")


@st.composite
def taggers(draw: st.DrawFn) -> TaggerModel:
    """Any tagger there can be, whether or not training would make it."""
    names = st.one_of(
        st.sampled_from(ODD), st.text(st.characters(exclude_categories=()), max_size=3)
    )
    values = st.lists(names.filter(lambda s: "\0" not in s), unique=True, max_size=4)
    labels = draw(st.lists(names, unique=True, min_size=1, max_size=4))
    columns = [draw(values), draw(values)]
    T, rng = len(labels), np.random.default_rng(draw(st.integers(0, 2**32)))
    templates = parse_templates(TEMPLATES, "templates", 2)
    encoder = TokenEncoder.make([Vocabulary(words) for words in columns], templates)
    arrays = {f"column.{c}": pack_strings(words) for c, words in enumerate(columns)}
    arrays["transitions"] = numbers(rng, (T, T))
    for f, shape in enumerate(encoder.shapes):
        space = int(np.prod([encoder.radix[column] for _, column in shape.pattern]))
        kinds = T if f < len(templates.families) else T * T
        keys = np.flatnonzero(rng.random(space) < 0.5).astype(np.uint64)
        counts = rng.integers(0, kinds + 1, (len(keys), len(shape.shifts)))
        chosen = [rng.permutation(kinds)[:n] for n in counts.ravel().tolist()]
        dtype = np.uint8 if kinds == T else np.uint16
        arrays |= {
            f"family.{f}.keys": keys,
            f"family.{f}.counts": counts.astype(np.uint16),
            f"family.{f}.labels": np.concatenate([*chosen, np.zeros(0)]).astype(dtype),
            f"family.{f}.weights": numbers(rng, (int(counts.sum()),)),
        }
    if draw(st.booleans()):
        given = [rng.permutation(T)[: rng.integers(1, T + 1)] for _ in range(len(columns[0]) + 1)]
        counts = np.array([len(one) for one in given[1:]], dtype=np.uint8)
        several = np.concatenate([*given[1:], np.zeros(0)]).astype(np.uint8)
        parts = {"counts": counts, "labels": several, "open": given[0].astype(np.uint8)}
        arrays |= {f"dictionary.{name}": part for name, part in parts.items()}
    metadata = {
        "kind": TAGGER, "labels": labels, "form": "free", "columns": 2, "templates": TEMPLATES,
        "scale": draw(st.sampled_from([2.0**-9, 0.3, 1e-5, 7e5])),
    }  # fmt: skip
    return TaggerModel.make(metadata, arrays)


def numbers(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Weights, some of which are 0."""
    drawn: np.ndarray = rng.integers(-32768, 32768, shape) * rng.integers(0, 2, shape)
    return drawn.astype(np.int16)


@given(model=taggers())
@settings(max_examples=60)
def test_any_tagger_comes_back(
    model: TaggerModel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    comes_back(model, tmp_path_factory.mktemp("text"))


@given(st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=()))))
def test_tokens_are_escaped(text: str) -> None:
    escaped = escape_token(text)
    assert unescape_token(escaped) == text
    assert escaped
    assert not set(escaped) & set(" \n\u0301\u200d\x85")
    assert escaped[0] not in "#%"
    assert escaped[0] != "(" or escaped == "(empty)"


def test_the_shipped_tagger_comes_back(tmp_path: Path) -> None:
    text = comes_back(TaggerModel.load(default_pos_path()), tmp_path)
    assert re.search(r"^n nz v vn 希望$", text, re.M)
    assert re.search(r"^ *[+-]\d\.\d+ v  %x\[-1,0\]=希望$", text, re.M)


@pytest.fixture(scope="module")
def model() -> TaggerModel:
    return train_tagger(SENTENCES, templates=TEMPLATES, max_iter=10, prune=0.0).model


def text(model: TaggerModel) -> str:
    return b"".join(text_of(model)).decode()


def test_it_can_be_read(model: TaggerModel, tmp_path: Path) -> None:
    lines = comes_back(model, tmp_path).splitlines()
    assert lines[0] == "crfseg tagger as text, format 1"
    assert lines[lines.index("[columns]") + 1 :][:3] == ["0 我", "0 爱", "0 北京"]
    (line,) = [line for line in lines if line.endswith(" v  %x[-1,0]=我")]
    family = model.families[0]  # the words, seen from the next token and from their own
    row = family.keys.tolist().index(2)
    slot = int(family.counts.ravel()[: 2 * row].sum())
    shifts = model.encoder.shapes[0].shifts
    slot += int(family.counts[row, : shifts.index(-1)].sum())
    assert float(line.split()[0]) == pytest.approx(family.weights[slot] * model.scale, abs=1e-4)
    assert any(re.fullmatch(r" *[+-]\S+ r v  %x\[0,0\]=爱", line) for line in lines)


def test_edits_arrive(model: TaggerModel, tmp_path: Path) -> None:
    """A new token with a weight, a move that is forbidden now, a weight that goes."""
    assert Tagger(model).tag([("我", "r"), ("爱", "v"), ("北京", "n")]) == ["r", "v", "n"]
    edited = text(model).replace("\n0 我\n", "\n0 我\n0 龘\n")
    edited = re.sub(r"^.* r v$", "-50 r v", edited, flags=re.M)
    edited = re.sub(r"^.* v  %x\[0,0\]=爱\n", "", edited, flags=re.M)
    path = tmp_path / "edited.txt"
    path.write_text(edited + "60 n  %x[0,0]=龘\n", encoding="utf-8")
    changed = load_dump(path)
    assert isinstance(changed, TaggerModel)
    assert Tagger(changed).tag([("龘", "?")]) == ["n"]
    assert Tagger(changed).tag([("我", "r"), ("爱", "v"), ("北京", "n")])[:2] != ["r", "v"]
    assert "v  %x[0,0]=爱\n" not in text(changed)


EDITS: dict[str, tuple[Callable[[str], str], str, str]] = {
    "no head": (lambda t: t[7:], ":1: not a model as text", "'crfseg tagger as text, format 1'"),
    "other": (lambda t: t.replace("tagger as", "model as", 1), r"no section \[columns\]", "one of"),
    "section": (lambda t: t + "[more]\n", r":\d+: there is no section \[more\]", "dictionary"),
    "missing": (lambda t: t.split("[features]")[0], r"txt: there is no section \[feat", "all"),
    "JSON": (lambda t: t.replace('"free"', "free"), r":\d+: not JSON: .*column", "a JSON object"),
    "kind": (lambda t: t.replace('"tagger"', '"x"'), r"kind must be", "one of tagger"),
    "labels": (lambda t: t.replace('"labels": [', '"labels": [1,'), ":4: .*a list of names", ""),
    "no labels": (lambda t: t.replace('"labels"', '"lab"'), ":4: damaged model.*labels", ""),
    "columns": (lambda t: t.replace('"columns": 2', '"columns": -2'), ":4: .*columns must", "1 to"),
    "scale": (lambda t: t.replace('"scale": 0', '"scale": -0'), ":4: .*scale must be", ""),
    "form": (lambda t: t.replace('"free"', '"bio"'), ":4: .*labels=bio", "O, B-X"),
    "template": (lambda t: t.replace("%x[1,1]", "%x[1,9]", 1), ":4: .*column 9", "at most"),
    "no value": (lambda t: t.replace("\n0 我\n", "\n0\n"), "'0' cannot be read", "then a value"),
    "blank": (lambda t: t.replace("\n0 我\n", "\n0 我 我\n"), "'0 我 我' cannot", "then a value"),
    "column": (lambda t: t.replace("\n0 我\n", "\n2 我\n"), "there is no column '2'", "0 to 1"),
    "huge": (lambda t: t.replace("\n0 我\n", f"\n{'9' * 5000} 我\n"), "no column '999", "0 to 1"),
    "sign": (lambda t: t.replace("\n0 我\n", "\n-1 我\n"), "'-1 我' cannot be", "the number of"),
    "NUL": (lambda t: t.replace("\n0 我\n", "\n0 \\u0000\n"), "a NUL in", "any other"),
    "value": (lambda t: t.replace("\n0 我\n", "\n0 我\n0 我\n"), "'0 我' is in line", "once"),
    "escape": (lambda t: t.replace("\n0 我\n", "\n0 \\x\n"), "a backslash in", r"\uXXXX"),
    "transition": (lambda t: re.sub(" r v\n", " r\n", t, count=1), "r' cannot be", "two labels"),
    "label": (lambda t: re.sub(" r v\n", " r x\n", t, count=1), "no label 'x'", "one of n, r, v"),
    "move": (lambda t: t.replace("ions]\n", "ions]\n1 r v\n"), "is in line", "transition once"),
    "large": (lambda t: t + "99999 n  %x[0,0]=我\n", "is too large", "from"),
    "number": (lambda t: t + "x n  %x[0,0]=我\n", "not only numbers in 'x'", "a number"),
    "no label": (lambda t: t + "1 %x[0,0]=我\n", "cannot be read", "two of bigram templates"),
    "three": (lambda t: t + "1 n n n %x[0,0]=我\n", "cannot be read", "two of bigram templates"),
    "no cells": (lambda t: t + "1 n\n", "'1 n' cannot be read", "an n-gram such as"),
    "unknown": (lambda t: t + "1 x  %x[0,0]=我\n", "there is no label 'x'", "one of"),
    "cells": (lambda t: t + "1 n  %x[3,0]=我\n", "no template has the cells", "in its order"),
    "no pair": (lambda t: t + "1 n n  %x[-1,0]=我\n", "no template has the cells", "in its order"),
    "cell": (lambda t: t + "1 n  %x[0,0]=龘\n", r"%x\[0,0\] cannot be '龘'", "one of (unknown)"),
    "twice": (lambda t: t + "1 n  %x[0,0]=北京\n" * 2, r"second weight of .* line", "once"),
    "word": (lambda t: t + "[dictionary]\nn 龘\n", "there is no value '龘'", "column 0"),
    "tags": (lambda t: t + "[dictionary]\nn n 我\n", "'n n 我' cannot be read", "different labels"),
    "no tag": (lambda t: t + "[dictionary]\n我\n", "'我' cannot be read", "different labels"),
    "again": (lambda t: t + "[dictionary]\nn 我\nn 我\n", "a second line of '我'", "once"),
    "few": (lambda t: t + "[dictionary]\nn 我\n", "no labels of '\\(unknown", "for each word"),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_bad_text(edit: str, model: TaggerModel, tmp_path: Path) -> None:
    change, problem, expected = EDITS[edit]
    changed = change(text(model))
    assert changed != text(model)
    refused(changed, problem, expected, tmp_path / "text.txt")


def test_the_commands(model: TaggerModel, tmp_path: Path) -> None:
    file, written, copy = tmp_path / "a.crfseg", tmp_path / "a.txt", tmp_path / "copy.crfseg"
    model.save(file)
    assert run("dump", file, "-o", written).exit_code == 0
    printed = run("dump", file).stdout
    assert printed == written.read_text(encoding="utf-8") == text(model)
    assert run("load", "-", "-o", copy, stdin=printed).exit_code == 0
    assert copy.read_bytes() == file.read_bytes()
    written.write_text(printed + "1\n", encoding="utf-8")
    line = printed.count("\n") + 1
    fails(run("load", written, "-o", copy), f"{written}:{line}: '1' cannot be read", "a label")
    assert copy.read_bytes() == file.read_bytes()
