"""Taggers: training, saving, loading, tagging; also on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from command import fails, run
from safetensors import safe_open
from safetensors.numpy import save_file

import crfseg
from crfseg import CrfsegError, Tagger, train_tagger
from crfseg.common.errors import DataError, ModelError, SettingsError, TemplateError
from crfseg.corpus.schemes import scheme_of
from crfseg.model import container
from crfseg.model.container import checksum
from crfseg.model.tagger_model import TaggerModel

POS = """\
我们 我 r
学习 学 v
中文 中 n

老师 老 n
喜欢 喜 v
我们 我 r

今天 今 t
我们 我 r
去 去 v
学校 学 n
"""
BIGRAMS = ["U00:%x[0,0]", "U01:%x[-1,1]", "B", "B00:%x[0,0]", "B01:%x[-1,0]"]
NAMES = [
    [("王", "B-nr"), ("明", "I-nr"), ("在", "O"), ("北", "B-ns"), ("京", "I-ns")],
    [("上", "B-ns"), ("海", "I-ns"), ("人", "O")],
    [("李", "B-nr"), ("在", "O"), ("上", "B-ns"), ("海", "I-ns")],
]


def sentences(text: str) -> list[list[list[str]]]:
    return [[line.split() for line in part.splitlines()] for part in text.split("\n\n")]


def columns(text: str) -> list[list[tuple[str, ...]]]:
    return [[tuple(row[:-1]) for row in rows] for rows in sentences(text)]


def gold(text: str) -> list[list[str]]:
    return [[row[-1] for row in rows] for rows in sentences(text)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tagger") / "pos.conll"
    path.write_text(POS, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=[None, BIGRAMS], ids=["unigrams", "bigrams"])
def model(corpus: Path, request: pytest.FixtureRequest) -> Path:
    path = corpus.with_suffix(".bigrams" if request.param else ".unigrams")
    train_tagger(corpus, output=path, templates=request.param, l2=10, max_iter=30)
    return path


def test_it_learns_what_it_is_shown(model: Path) -> None:
    tagger = Tagger(model)
    assert tagger.labels == ["n", "r", "t", "v"]
    assert tagger.columns == 2
    assert tagger.tag_many(columns(POS)) == gold(POS)
    assert tagger.tag(columns(POS)[0]) == gold(POS)[0]
    assert tagger.tag_many([[], columns(POS)[0], []]) == [[], gold(POS)[0], []]
    assert tagger.tag_many([]) == []
    assert len(tagger.tag([("未知", "未"), ("𠮷", "𠮷")])) == 2


def test_tokens_of_any_kind_and_threads(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crfseg.tagging.tagger._BATCH", 3)
    tagger = Tagger(model)
    lists = [[list(row) for row in rows] for rows in columns(POS)]
    mixed = [[rows[0], *map(list, rows[1:])] for rows in columns(POS)]
    for sentences in (columns(POS), lists, mixed):
        for threads in (1, 2, None):
            given = [[], *sentences, *sentences, []]
            assert tagger.tag_many(given, threads) == [[], *gold(POS), *gold(POS), []]
    assert tagger.tag_many(iter(columns(POS)), 2) == gold(POS)
    with pytest.raises(SettingsError, match="token 1: has 1 columns"):
        tagger.tag_many([["单", "列"]])
    with pytest.raises(SettingsError, match="threads=0"):
        tagger.tag_many(columns(POS), 0)


def test_marginals(model: Path) -> None:
    tagger = Tagger(model)
    found = tagger.marginals_many(columns(POS))
    assert [len(one) for one in found] == [len(rows) for rows in columns(POS)]
    np.testing.assert_allclose(np.concatenate(found).sum(axis=1), 1, atol=1e-5)
    best = [[tagger.labels[t] for t in one.argmax(axis=1)] for one in found]
    assert best == gold(POS)
    assert tagger.marginals([]).shape == (0, 4)
    np.testing.assert_array_equal(found[1], tagger.marginals(columns(POS)[1]))


def test_labels_of_any_characters(tmp_path: Path) -> None:
    labels = ["\ud800", "", " ", "a\n", "#"]
    sentence = [(str(k), label) for k, label in enumerate(labels)]
    train_tagger([sentence], output=tmp_path / "odd", max_iter=20)
    assert Tagger(tmp_path / "odd").tag([str(k) for k in range(5)]) == labels


def test_saved_and_loaded(model: Path, tmp_path: Path) -> None:
    loaded = TaggerModel.load(model)
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == model.read_bytes()
    assert loaded.weight_count > 20
    assert loaded.metadata["tokens"] == 10


def test_the_same_bytes_for_any_number_of_threads_and_for_sentences(
    corpus: Path, tmp_path: Path
) -> None:
    found = set()
    for threads in (1, 2, 3):
        path = tmp_path / f"{threads}"
        train_tagger(corpus, output=path, templates=BIGRAMS, threads=threads, max_iter=5)
        found.add(path.read_bytes())
    assert len(found) == 1
    result = train_tagger(sentences(POS), templates=BIGRAMS, max_iter=5)
    weights = TaggerModel.load(tmp_path / "1").families[0].weights
    np.testing.assert_array_equal(result.model.families[0].weights, weights)


def test_entities_keep_to_their_form() -> None:
    result = train_tagger(NAMES, dev=NAMES, l2=10, max_iter=20)
    assert result.model.scheme.form == "bio"
    assert result.dev_f1 == 1
    tagger = Tagger(result.model)
    for text in ("京京京", "明海在明", "在海"):
        assert tagger.model.scheme.allows(tagger.tag(text))


def test_pruned_weights_are_fewer(corpus: Path) -> None:
    sizes = [
        train_tagger(corpus, prune=prune, max_iter=10).model.weight_count for prune in (0, 0.2, 1)
    ]
    assert sizes[0] > sizes[1] > sizes[2] > 0


@pytest.mark.parametrize(
    ("labels", "form"),
    [
        ("n v", "free"), ("O O", "free"), ("B-x I-x O", "bio"), ("B-x", "bio"),
        ("B-x E-x S-x", "bmes"), ("B-x M-x E-x", "bmes"), ("O I-x", "free"), ("S-x B-x O", "free"),
    ],
)  # fmt: skip
def test_the_strictest_form_is_found(labels: str, form: str) -> None:
    assert scheme_of([labels.split()], "auto").form == form
    assert scheme_of([labels.split()], "free").form == "free"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("O I-x", "I-x follows O"),
        ("I-x", "a sentence begins with I-x"),
        ("n", "label n; expected O, B-X, I-X"),
    ],
)
def test_labels_that_break_the_form(labels: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        scheme_of([labels.split(), ["B-x"]] if labels != "n" else [["n"]], "bio")


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"labels": "iob"}, SettingsError, "labels=iob: must be one of auto, free, bio, bmes"),
        ({"l2": 0}, SettingsError, "l2=0.0: must be"),
        ({"templates": ["U00:%x[0,2]"]}, TemplateError, "there is no column 2; expected at most 1"),
        ({"templates": ["B00:%x[0,0]"]}, TemplateError, "no unigram template"),
        ({"templates": ["*00:%x[0,0]"]}, TemplateError, "bigram templates with cells"),
        ({"dev": [[("a", "b")]]}, SettingsError, "a token of 2 columns; expected 3 strings"),
    ],
)
def test_mistakes(
    corpus: Path, options: dict[str, object], error: type[CrfsegError], expected: str
) -> None:
    with pytest.raises(error, match=re.escape(expected)):
        train_tagger(corpus, **options)  # type: ignore[arg-type]


def test_data_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "bad"
    for text, expected in (("", "the file is empty"), ("a\nb\n", "one column only")):
        path.write_text(text)
        with pytest.raises(DataError, match=expected):
            train_tagger(path)
    for data, expected in (
        ([], "no sentence"), ([[("a",)]], "one column"), ([[("a\0", "b")]], "NUL"),
        ([[("a", "b"), ("a",)]], "1 columns"), ([[("a", 1)]], "expected 2 strings"),
    ):  # fmt: skip
        with pytest.raises(CrfsegError, match=expected):
            train_tagger(data)  # type: ignore[arg-type]
    path.write_text("a b\n")
    with pytest.raises(SettingsError, match="must not be one of the files read"):
        train_tagger(path, output=path)


def test_tokens_of_too_few_columns(model: Path) -> None:
    with pytest.raises(SettingsError, match="token 2: has 1 columns; expected 2"):
        Tagger(model).tag([("我", "我"), "我"])


def test_models_of_the_other_kind(model: Path, tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="expected one for tagging"):
        Tagger(tiny_model)
    with pytest.raises(ModelError, match="expected one for segmentation"):
        crfseg.Segmenter(model)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("transitions", lambda a: a[:1], "transitions must be"),
        ("column.0", lambda a: a[:-1], "has no NUL behind it"),
        ("column.0", lambda a: np.concatenate([a, a]), "distinct values"),
        ("family.0.keys", lambda a: a[::-1].copy(), "must ascend"),
        ("family.0.keys", lambda a: a + np.uint64(1 << 40), "out of range"),
        ("family.0.counts", lambda a: a + np.uint16(1), "as many weights as counted"),
        ("family.0.counts", lambda a: a[:, :0], "counts of family.0"),
        ("family.0.labels", lambda a: a + np.uint8(200), "labels of family.0 out of range"),
        ("family.0.weights", lambda a: a[1:], "as many weights as counted"),
        ("family.0.weights", lambda a: a.astype(np.float32), "must be int16"),
    ],
)
def test_forged_arrays(model: Path, tmp_path: Path, name: str, change, expected: str) -> None:
    with safe_open(model, framework="numpy") as file:
        head = file.metadata()["crfseg"]
        arrays = {key: file.get_tensor(key) for key in file.keys() if key != "checksum"}  # noqa: SIM118
    arrays[name] = change(arrays[name])
    total = np.array([checksum(head, arrays)], dtype=np.uint32)
    save_file({**arrays, "checksum": total}, tmp_path / "forged", {"crfseg": head})
    with pytest.raises(ModelError, match=expected):
        Tagger(tmp_path / "forged")


@pytest.mark.parametrize(
    ("key", "value"),
    [("labels", ["n"]), ("labels", "nrtv"), ("labels", [1]), ("form", "x"), ("columns", 1),
     ("columns", 10**9), ("scale", -1.0), ("templates", []), ("kind", "crf")],
)  # fmt: skip
def test_forged_heads(model: Path, tmp_path: Path, key: str, value: object) -> None:
    loaded = TaggerModel.load(model)
    container.write(tmp_path / "forged", loaded.metadata | {key: value}, loaded.arrays())
    with pytest.raises(ModelError, match="forged: "):
        Tagger(tmp_path / "forged")


class TestCommands:
    def test_train_tag_and_eval(self, corpus: Path, folder: Path) -> None:
        result = run("train", "--task", "tag", corpus, "--dev", corpus, "--l2", "10")
        assert result.exit_code == 0, result.output
        assert "3 sentences, 10 tokens; 4 labels (free)" in result.stderr
        assert "dev F1 100.00" in result.stderr
        plain = "".join(
            "".join(" ".join(row) + "\n" for row in rows) + "\n" for rows in columns(POS)
        )
        result = run("tag", "-m", "pos.crfseg", stdin=plain)
        assert result.stdout == POS.replace(" ", "\t") + "\n"
        result = run("tag", "-m", "pos.crfseg", corpus, "-o", "labels", "--output", "labels", "-q")
        assert (result.exit_code, result.output) == (0, "")
        assert Path("labels").read_text() == "".join(
            "".join(label + "\n" for label in one) + "\n" for one in gold(POS)
        )
        result = run("eval", "--labels", corpus, "-m", "pos.crfseg", "--json")
        assert json.loads(result.stdout)["accuracy"] == 1

    def test_words(self, folder: Path) -> None:
        Path("pos.txt").write_text("我们/r 学习/v 中文/n\n老师/n 喜欢/v 我们/r\n")
        assert run("train", "--task", "tag", "pos.txt", "-q").exit_code == 0
        result = run(
            "tag", "-m", "pos.crfseg", "--format", "words", stdin="我们 喜欢 中文\n\n老师\n"
        )
        assert result.stdout == "我们/r 喜欢/v 中文/n\n\n老师/n\n"

    def test_mistakes(self, corpus: Path, folder: Path) -> None:
        fails(run("train", "--task", "tag", corpus, "--tags", "6"), "--tags is about", code=2)
        fails(run("train", "--task", "tag", corpus, "--weight", "a=2"), "--weight is about", code=2)
        fails(run("train", "--task", "tag"), "give CORPUS", code=2)
        fails(run("train", "x", "--labels", "bio"), "--labels is for --task tag", code=2)
        fails(run("tag", corpus), "--model", code=2)
        fails(run("eval", "--labels", corpus), "either -m MODEL or --pred FILE", code=2)
        assert run("train", "--task", "tag", corpus, "-o", "m", "-q").exit_code == 0
        Path("bad").write_text("a\nb\n")
        fails(run("tag", "-m", "m", "bad"), "bad: 1 columns; expected 2 as in training")
        fails(run("tag", "-m", "m", "--format", "words", "bad"), "expected the 2 of the model")
        fails(run("tag", "-m", "nosuch", "bad"), "nosuch: cannot be read")
        fails(run("segment", "-m", "m", "bad"), "expected one for segmentation")
        fails(run("eval", "--labels", "bad", "-m", "m"), "bad:1: 1 columns ('a'); expected 3")
