"""Warm start of taggers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import fails, run
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg import CrfsegError, Tagger, train_tagger
from crfseg.model.tagger_model import TaggerModel

Sentence = list[tuple[str, ...]]
OLD: list[Sentence] = [
    [("我们", "r"), ("学习", "v"), ("中文", "n")],
    [("老师", "n"), ("喜欢", "v"), ("我们", "r")],
    [("今天", "t"), ("我们", "r"), ("去", "v"), ("学校", "n")],
]
NEW: list[Sentence] = [
    [("我们", "r"), ("打", "v"), ("篮球", "n")],
    [("学习", "n"), ("很", "d"), ("好", "a")],
]
TEMPLATES = {
    "default": None,
    "bigrams": ["U00:%x[0,0]", "U01:%x[-1,0]", "U02:%x[-1,0]/%x[0,0]", "B", "B00:%x[0,0]",
                "B01:%x[-1,0]"],
    "without B": ["U00:%x[0,0]", "U01:%x[1,0]"],
}  # fmt: skip
WORDS = st.sampled_from(["我们", "学习", "中文", "篮球", "很", "未知", "学校"])


def old_model(
    templates: Any = None, sentences: list[Sentence] = OLD, **options: Any
) -> TaggerModel:
    return train_tagger(sentences, templates=templates, prune=0.0, l2=10, **options).model


def weights_of(model: TaggerModel) -> dict[tuple[Any, ...], int]:
    """The weight of each template, n-gram and label, by name: slowly."""
    names = model.scheme.names
    found: dict[tuple[Any, ...], int] = {}
    for f, (shape, family) in enumerate(zip(model.encoder.shapes, model.families, strict=True)):
        of_pairs = f >= len(model.encoder.templates.families)
        labels, weights = iter(family.labels.tolist()), iter(family.weights.tolist())
        for key, counts in zip(family.keys.tolist(), family.counts.tolist(), strict=True):
            cells = []
            for _, column in reversed(shape.pattern):
                vocabulary = model.encoder.vocabularies[column]
                key, value = divmod(key, vocabulary.size)
                cells.append(vocabulary.words[value - 2] if value > 1 else value)
            for shift, count in zip(shape.shifts, counts, strict=True):
                for _ in range(count):
                    label = next(labels)
                    name = (
                        (names[label // len(names)], names[label % len(names)])
                        if of_pairs
                        else names[label]
                    )
                    found[of_pairs, shape.pattern, shift, tuple(cells), name] = next(weights)
    return found


@pytest.mark.parametrize("templates", TEMPLATES.values(), ids=TEMPLATES)
def test_a_strong_pull_leaves_the_model_as_it_is(templates: Any) -> None:
    old = old_model(templates)
    again = train_tagger(NEW, init=old, l2=1e-9, max_iter=3, prune=0.0).model
    assert again.scheme.names == (*old.scheme.names, "a", "d")
    assert weights_of(again) == weights_of(old)
    T = old.scheme.size
    assert np.array_equal(again.transitions[:T, :T], old.transitions)
    assert not again.transitions[T:].any() and not again.transitions[:, T:].any()


@pytest.mark.parametrize("templates", TEMPLATES.values(), ids=TEMPLATES)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=6), min_size=1, max_size=4), st.data())
@settings(deadline=None, max_examples=10)
def test_and_labels_as_it_does(templates: Any, texts: list[list[str]], data: st.DataObject) -> None:
    """Any text with the same labels: its n-grams get weights, all 0, or those of the model."""
    old = old_model(templates)
    labels = st.sampled_from(old.scheme.names)
    new = [[(word, data.draw(labels)) for word in words] for words in texts]
    again = train_tagger(new, init=old, l2=1e-9, max_iter=1, prune=0.0).model
    before, after = Tagger(old).marginals_many(texts), Tagger(again).marginals_many(texts)
    assert all(np.allclose(*pair, atol=1e-5) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize("templates", TEMPLATES.values(), ids=TEMPLATES)
def test_what_the_new_text_lacks_stays_as_it_is(templates: Any) -> None:
    old = old_model(templates)
    again = train_tagger(NEW, init=old, l2=10, prune=0.0).model
    scale = again.scale / old.scale
    before, after = weights_of(old), weights_of(again)
    inside = {word for rows in NEW for word, _ in rows} | {0, 1}
    lacking = [name for name in before if not inside.issuperset(name[3])]
    assert len(lacking) > 5
    for name in lacking:
        assert after.get(name, 0) * scale == pytest.approx(before[name], abs=max(scale, 1))
    assert any(after.get(name, 0) * scale != before[name] for name in before)
    assert {name[-1] for name in after if not name[0]} == {"r", "v", "n", "t", "d", "a"}


def test_both_texts_come_out_well() -> None:
    tagger = Tagger(train_tagger(NEW, init=old_model(), l2=10).model)
    for rows in [*OLD, *NEW]:
        words, labels = zip(*rows, strict=True)
        assert tagger.tag(list(words)) == list(labels)


def test_other_templates_keep_the_weights_of_those_they_share() -> None:
    old = old_model(["U00:%x[0,0]", "U01:%x[1,0]", "B"])
    lines = ["U00:%x[0,0]", "U01:%x[-1,0]", "U02:%x[0,0]/%x[1,0]", "B"]
    again = train_tagger(NEW, init=old, templates=lines, l2=1e-9, max_iter=2, prune=0.0).model
    assert weights_of(again) == {k: w for k, w in weights_of(old).items() if k[2] == 0}


@pytest.mark.parametrize("templates", TEMPLATES.values(), ids=TEMPLATES)
def test_the_same_bytes_for_any_number_of_threads(templates: Any, tmp_path: Path) -> None:
    old, written = old_model(templates), []
    for threads in (1, 2, 3):
        path = tmp_path / "new.crfseg"
        train_tagger(NEW, init=old, output=path, threads=threads, dev=NEW)
        written.append(path.read_bytes())
    assert written[0] == written[1] == written[2]


def test_columns_and_forms(tmp_path: Path) -> None:
    names: list[Sentence] = [[("王", "x", "B-nr"), ("明", "y", "I-nr"), ("在", "x", "O")]]
    old = old_model(sentences=names)
    assert old.scheme.form == "bio"
    more: list[Sentence] = [[("上", "x", "B-ns"), ("海", "z", "I-ns")]]
    again = train_tagger(more, init=old, l2=10).model
    assert (again.scheme.form, again.scheme.names) == (
        "bio",
        ("B-nr", "I-nr", "O", "B-ns", "I-ns"),
    )
    assert Tagger(again).tag([("上", "x"), ("海", "z")]) == ["B-ns", "I-ns"]
    with pytest.raises(CrfsegError, match=r"labels=bio: I-ns follows O"):
        train_tagger([[("在", "x", "O"), ("海", "z", "I-ns")]], init=old)
    free = train_tagger([[("在", "x", "O"), ("海", "z", "I-ns")]], init=old, labels="free")
    assert free.model.scheme.form == "free"
    with pytest.raises(CrfsegError, match=r"2 columns before the label; .* which has 1$"):
        train_tagger(NEW, init=old)


def test_commands(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.txt").write_text("我们/r 学习/v 中文/n\n")
    Path("new.txt").write_text("我们/r 打/v 篮球/n\n")
    assert run("train", "--task", "tag", "old.txt", "-q").exit_code == 0
    result = run("train", "--task", "tag", "new.txt", "--init", "old.crfseg", "-q", "--l2", "10")
    assert (result.exit_code, result.output) == (0, "")
    assert TaggerModel.load("new.crfseg").metadata["corpora"] == ["old.txt", "new.txt"]
    result = run("tag", "-m", "new.crfseg", "--format", "words", stdin="我们 打 中文\n")
    assert result.stdout == "我们/r 打/v 中文/n\n"
    arguments = ("train", "--task", "tag", "new.txt", "-o", "x", "--init")
    fails(
        run(*arguments, tiny_model),
        "a model for segmentation (see crfseg segment); expected one for tagging",
    )
    fails(run(*arguments, "new.txt"), "new.txt: ")
    fails(run(*arguments, "nosuch"), "nosuch: cannot be read")
    fails(run(*arguments[:-3], "-o", "new.txt", "--init", "old.crfseg"), "new.txt")
    assert not Path("x").exists()
