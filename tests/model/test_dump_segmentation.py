"""Dumps of segmentation models: lossless, edits take effect, errors name the line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import naive
import numpy as np
import pytest
from command import fails, run
from dumps import refused, saved
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import RandomModel, with_random_weights

from crfseg import Model, Segmenter, train
from crfseg.common.errors import DataError
from crfseg.features.alphabet import Alphabet
from crfseg.model.dump.files import dump, load_dump, text_of
from crfseg.model.feature_names import escape, unescape
from crfseg.model.segmentation_model import FamilyWeights


def comes_back(model: Model, folder: Path) -> str:
    """The text of a model, which makes the same model again."""
    dump(model, folder / "text.txt")
    assert saved(load_dump(folder / "text.txt"), folder) == saved(model, folder)
    return (folder / "text.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("text")


@pytest.fixture(scope="module")
def random_model(folder: Path) -> RandomModel:
    return RandomModel(folder)


@given(data=st.data())
@settings(max_examples=20)
def test_any_model_comes_back(data: st.DataObject, random_model: RandomModel, folder: Path) -> None:
    comes_back(random_model.draw(data, data.draw(st.sampled_from([4, 6]))), folder)


@pytest.mark.parametrize("kind", ["crf", "maxent", "hmm"])
def test_every_kind_comes_back(kind: str, tiny: Path, tmp_path: Path) -> None:
    comes_back(train(tiny, kind=kind, tags=6, max_iter=3).model, tmp_path)


def test_models_of_several_standards(tiny: Path, sample: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("北京\n\\u北京#\n#1\n", encoding="utf-8")
    for own in (True, False):
        model = train(
            {"a b": tiny, "=\\c": sample}, lexicons=[words], own_lexicon=own, max_iter=2, prune=0.0
        ).model
        text = comes_back(with_random_weights(model, 1, 32767), tmp_path)
        assert r"standard0=a\u0020b" in text
    legend = re.findall("^# (?=[.1]).*", comes_back(model, tmp_path), re.M)
    assert legend == ["# 1  words.txt"]


def test_what_is_strange_comes_back(tiny_model: Path, tmp_path: Path) -> None:
    """Settings nobody knows, other scales, n-grams without weights, unseen characters."""
    model = Model.load(tiny_model)
    for scale in (2.0**-9, 0.3, 1e-5, 1e-300, 7e5):
        extra = {"new": {"deep": [None, "[words]", "# \x85\u2028\0\n\\"]}, "scale": scale}
        changed = replace(model, metadata={**model.metadata, **extra})
        comes_back(with_random_weights(changed, 3, 32767), tmp_path)
    families = [FamilyWeights(f.keys, np.zeros_like(f.weights)) for f in model.families]
    comes_back(replace(model, families=families), tmp_path)
    strange = model.alphabet.characters.copy()
    strange[-8:] = [0, 0xA, 0x20, ord("#"), ord("\\"), 0x301, 0x1F468, 0xD800]
    text = comes_back(replace(model, alphabet=Alphabet(strange), words=model.words[:0],
                              members=model.members[:0]), tmp_path)  # fmt: skip
    assert r"C0=\u0301" in text


@given(st.text(st.characters(exclude_categories=())))
def test_escapes(text: str) -> None:
    assert unescape(escape(text)) == text
    assert not set(escape(text)) & set(" \n\u0301\u200d")


def test_it_can_be_read(tiny_model: Path, tmp_path: Path) -> None:
    model = Model.load(tiny_model)
    lines = comes_back(model, tmp_path).splitlines()
    line = next(line for line in lines if line.endswith("  C0=中 C+1=国"))
    pair = tuple(model.alphabet.table[[ord("中"), ord("国")]].tolist())
    expected = naive.weights_by_feature(model)[((0, 0), (1, 0)), pair]
    weights = [float(x) for x in line.split()[:4]]
    np.testing.assert_allclose(weights, expected * model.scale, atol=1e-4)
    assert "2 中国" in lines
    assert re.search(r"^ *[+-]\d\.\d{4} b e$", "\n".join(lines), re.M)


def test_edits_arrive(tiny_model: Path, tmp_path: Path) -> None:
    """A weight, a new character, a new word of it, a new n-gram."""
    text = b"".join(text_of(Model.load(tiny_model))).decode()
    assert Segmenter(tiny_model).cut("人民服务") == ["人民", "服务"]
    text = text.replace("\n\n[words]\n", "\n龘\n\n[words]\n")
    text = text.replace("\n\n[transitions]\n", "\n1 龘龘\n\n[transitions]\n")
    text = re.sub(r"^.*(?=  C-1=民 C0=服$)", "-30 0 0 +30", text, flags=re.M)
    text = re.sub(r"^.*(?=  C0=民 C\+1=服$)", "-30 -30 +30 0", text, flags=re.M)
    (tmp_path / "edited.txt").write_text(text + "7 0 0 0 C0=龘\n", encoding="utf-8")
    load_dump(tmp_path / "edited.txt").save(tmp_path / "edited.crfseg")
    segmenter = Segmenter(tmp_path / "edited.crfseg")
    assert "民" not in [word[-1] for word in segmenter.cut("人民服务")]
    assert segmenter.cut("中国龘") == ["中国", "龘"]


EDITS: dict[str, tuple[Callable[[str], str], str, str]] = {
    "nothing": (lambda t: "", r":1: not a model as text", "'crfseg model as text"),
    "no head": (lambda t: t[7:], r":1: not a model as text", "format 1"),
    "stray": (lambda t: t.replace("\n\n[", "\nx\n[", 1), r":2: 'x' stands before", "[description]"),
    "section": (lambda t: t + "[more]\n", r":\d+: there is no section \[more\]", "one of desc"),
    "twice": (lambda t: t + "[words]\n", r": a second section \[words\]", "each section once"),
    "missing": (lambda t: t.split("[features]")[0], r"txt: there is no section \[feat", "all"),
    "JSON": (lambda t: t.replace('"crf"', "crf"), r":\d+: not JSON: .*column", "a JSON object"),
    "list": (lambda t: re.sub(r"(?s)\{.*\}", "[]", t), r":4: not a JSON object", "description"),
    "kind": (lambda t: t.replace('"crf"', '"x"'), r":4: damaged model: kind must be", "maxent"),
    "tags": (lambda t: t.replace('"tags": "4"', '"tags": 4'), r":4: .*tags must be", "4, 6"),
    "scale": (lambda t: t.replace('"scale": 0', '"scale": -0'), r":4: .*scale must be", ""),
    "no scale": (lambda t: t.replace('"scale"', '"scala"'), r":4: .*scale must be", ""),
    "template": (lambda t: t.replace("%x[-1,0]/", "%x[-1,9]/"), r":4: .*column 9", "at most"),
    "characters": (lambda t: t.replace("\n\n[words]", " 人民\n\n[words]"), "'人民' is not one", ""),
    "repeated": (lambda t: t.replace("\n\n[words]", " 人\n\n[words]"), "人 is in line", "once"),
    "escape": (lambda t: t.replace("\n\n[words]", " \\x\n\n[words]"), "a backslash in", r"\uXXXX"),
    "member": (lambda t: t.replace("\n2 中国\n", "\n4 中国\n"), "'4' cannot be", "a digit from"),
    "no member": (lambda t: t.replace("\n2 中国\n", "\n中国\n"), "'中国' cannot", "then a word"),
    "bits": (lambda t: t.replace("\n2 中国\n", f"\n{'1' * 17} 中国\n"), "cannot be read", "digit"),
    "short": (lambda t: t.replace("\n2 中国\n", "\n2 中\n"), "'中' has 1 char", "2 to 12"),
    "unknown": (lambda t: t.replace("\n2 中国\n", "\n2 中龘\n"), "not in the alph", "[alphabet]"),
    "line end": (lambda t: t.replace("\n2 中国\n", "\n2 中\\u000a\n"), "a line end or", "a word"),
    "known": (lambda t: t.replace("\n2 中国\n", "\n2 中国\n2 中国\n"), "中国 is in line", "once"),
    "no tags": (lambda t: re.sub("b e\n", "b x\n", t), "cannot be read", "the tags s b m e"),
    "transition": (lambda t: re.sub("b m\n", "b e\n", t), "b e' is there already", "once"),
    "few": (lambda t: t + "1 2 3 C0=人\n", "'1 2 3 C0=人' cannot be read", "4 numbers (s b m e)"),
    "number": (lambda t: t + "1 2 3 x C0=人\n", "not only numbers in '1 2 3 x'", "4 numbers"),
    "nan": (lambda t: t + "1 2 3 nan C0=人\n", "not only numbers", "4 numbers"),
    "large": (lambda t: t + "1 2 3 99 C-1=人\n", "is too large", "from -63.998 to 63.998"),
    "infinite": (lambda t: t + "1 2 3 -inf C-1=人\n", "is too large", "from"),
    "cells": (lambda t: t + "1 2 3 4 C+2=人\n", r"no template has .* 'C\+2=人'", "in its"),
    "value": (lambda t: t + "1 2 3 4 C0=龘\n", "C0 cannot be '龘'", "a character of [alphabet]"),
    "code": (lambda t: t + "1 2 3 4 word0.begins0=9 word0.ends0=0", "cannot be '9'", "0, 2, 2+"),
    "n-gram": (lambda t: t + "1 2 3 4 C0=中\n", "'C0=中' is in line", "each n-gram once"),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_bad_text(edit: str, tiny_model: Path, tmp_path: Path) -> None:
    change, problem, expected = EDITS[edit]
    text = b"".join(text_of(Model.load(tiny_model))).decode()
    changed = change(text)
    assert changed != text
    refused(changed, problem, expected, tmp_path / "text.txt")


def test_the_line_is_the_right_one(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    dump(Model.load(tiny_model), path)
    lines = path.read_text(encoding="utf-8").split("\n")
    for sign, bad in (("2 中国", "2 中"), ("[transitions]", "[transitions]\nx")):
        at = lines.index(sign)
        path.write_text("\n".join([*lines[:at], bad, *lines[at + 1 :]]), encoding="utf-8")
        with pytest.raises(DataError) as caught:
            load_dump(path)
        assert caught.value.line == at + 1 + bad.count("\n")


def test_the_commands(tiny_model: Path, tmp_path: Path) -> None:
    text, copy = tmp_path / "tiny.txt", tmp_path / "copy.crfseg"
    assert run("dump", tiny_model, "-o", text).exit_code == 0
    printed = run("dump", tiny_model).stdout
    assert printed == text.read_text(encoding="utf-8")
    assert run("load", "-", "-o", copy, stdin=printed).exit_code == 0
    assert copy.read_bytes() == tiny_model.read_bytes()
    text.write_text(printed + "1\n", encoding="utf-8")
    fails(run("load", text, "-o", copy), f"{text}:{printed.count(chr(10)) + 1}: '1'", "4 numbers")
    assert copy.read_bytes() == tiny_model.read_bytes()
    fails(run("load", text), "-o", code=2)
    fails(run("load", text, "-o", tmp_path), "is a directory")
    fails(run("load", tmp_path / "missing", "-o", copy), "missing")
    fails(run("dump", tmp_path / "missing"), "missing")
    assert json.loads(printed.split("[description]")[1].split("[alphabet]")[0])["kind"] == "crf"
