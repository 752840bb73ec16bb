"""Part-of-speech tagging of the words of a text."""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import fails, run
from hypothesis import given
from hypothesis import strategies as st
from shipped import needs_shipped

from crfseg import Segmenter, train_tagger
from crfseg.common.errors import DataError, ModelError
from crfseg.model.tagger_model import TaggerModel
from crfseg.tagging.pos_tagger import PosTagger
from crfseg.tagging.word_columns import word_columns
from crfseg.text.codes import BOUNDARY, UNKNOWN
from crfseg.training.pos import train_pos

TAGGED = "我/r 爱/v 北京/ns 。/w\n他/r 在/p 北京/ns 学习/v ，/w 我们/r 服务/v 人民/n\n"
WORDS = ("我", "爱", "北京", "上海", "东京", "。", "人民", "人", "１９", "an", "\U00020000京")
TEXT = "我爱北京。\n\u3000为人民服务，学习ＡＢＣ\t1998年"


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pos") / "tagged.txt"
    path.write_text(TAGGED, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def own(corpus: Path) -> Path:
    """A model of two sentences."""
    path = corpus.with_suffix(".crfseg")
    train_pos(corpus, output=path, l2=10)
    return path


@pytest.fixture(scope="module")
def model() -> TaggerModel:
    """A model of random sentences."""
    generator = random.Random(3)
    made = [
        [(generator.choice(WORDS[:8]), generator.choice("abcd")) for _ in range(4)]
        for _ in range(20)
    ]
    return train_pos(made, l2=10, max_iter=10).model


def test_columns() -> None:
    assert word_columns(["１９９８年", "中国人民银行", "a"]) == [
        ("0000年", "0", "年", "0年", "5"),
        ("中国人民银行", "中", "行", "银行", "5"),
        ("a", "a", "a", "a", "1"),
    ]
    assert word_columns([]) == []


class TestCutPos:
    def test_default_model(self, segmenter: Segmenter) -> None:
        found = segmenter.cut_pos("他在北京学习。")
        assert found == [("他", "r"), ("在", "p"), ("北京", "ns"), ("学习", "v"), ("。", "w")]

    def test_other_standard(self) -> None:
        found = Segmenter(standard="joined").cut_pos("他在北京大学学习。")
        assert found == [("他", "r"), ("在", "p"), ("北京大学", "nt"), ("学习", "v"), ("。", "w")]

    @given(st.text(st.sampled_from("我爱北京人民 \n\t\u3000。1a\ud800\0"), max_size=30))
    def test_words_are_those_of_cut(self, segmenter: Segmenter, text: str) -> None:
        found = segmenter.cut_pos(text)
        assert [word for word, _ in found] == segmenter.cut(text)
        assert all((tag == "") == word.isspace() for word, tag in found)
        assert segmenter.cut_pos(text, keep_space=False) == [pair for pair in found if pair[1]]

    def test_a_line_is_a_sentence(self, segmenter: Segmenter) -> None:
        whole = segmenter.cut_pos(TEXT)
        first, second = TEXT.split("\n")
        alone = segmenter.cut_pos(first) + segmenter.cut_pos("\n" + second)
        assert whole == alone

    def test_own_model(self, own: Path) -> None:
        segmenter = Segmenter(pos_model=own)
        assert segmenter.cut_pos("我爱北京") == [("我", "r"), ("爱", "v"), ("北京", "ns")]
        assert pickle.loads(pickle.dumps(segmenter)).cut_pos("我爱") == [("我", "r"), ("爱", "v")]
        assert PosTagger(own).labels == ["n", "ns", "p", "r", "v", "w"]

    def test_tagger_of_one_column(self, corpus: Path, tmp_path: Path) -> None:
        path = tmp_path / "plain.crfseg"
        train_tagger(corpus, output=path, l2=10)
        assert PosTagger(path).tag(["我", "爱", "北京"]) == ["r", "v", "ns"]

    def test_other_taggers_are_refused(self, tmp_path: Path, own: Path) -> None:
        path = tmp_path / "two.crfseg"
        train_tagger([[("a", "x", "N")]], output=path)
        with pytest.raises(ModelError, match=r"two\.crfseg: tags tokens of 2 columns; expected"):
            Segmenter(pos_model=path).cut_pos("我")
        with pytest.raises(ModelError, match="expected one for tagging"):
            PosTagger(Segmenter().path)

    @needs_shipped
    def test_not_loaded_unless_asked_for(self) -> None:
        script = (
            "import sys, crfseg; s = crfseg.Segmenter(); s.cut('我爱北京')\n"
            "assert not {'crfseg.tagging.pos_tagger', 'crfseg.tagging.tagger'} & set(sys.modules)\n"
            "s.cut_pos('我爱北京')\n"
            "assert not {'numba', 'crfseg.tagging.tagger'} & set(sys.modules)"
        )
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
        subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def best_path(model: TaggerModel, words: Sequence[str]) -> int:
    """The score of the best path, by trying all of them."""
    return max(score_of(model, words, path) for path in product(*allowed(model, words)))


def allowed(model: TaggerModel, words: Sequence[str]) -> list[list[int]]:
    """The tags of the dictionary, by word."""
    dictionary = model.dictionary
    assert dictionary is not None
    ends = np.cumsum(dictionary.counts)
    tags = dict(
        zip(
            model.encoder.vocabularies[0].words,
            np.split(dictionary.labels, ends[:-1]),
            strict=True,
        )
    )
    return [tags.get(row[0], dictionary.open).tolist() for row in word_columns(words)]


def score_of(model: TaggerModel, words: Sequence[str], path: Sequence[int]) -> int:
    """The sum of the weights of a path, one template after the other."""
    rows, encoder, total = word_columns(words), model.encoder, 0
    for family, shape in zip(model.families, encoder.templates.families, strict=True):
        ((_, column),) = shape.pattern
        numbers = encoder.vocabularies[column].numbers
        starts = np.concatenate(([0], np.cumsum(family.counts, dtype=np.int64)))
        for place, shift in enumerate(shape.shifts):
            for i, tag in enumerate(path):
                inside = 0 <= i + shift < len(rows)
                key = numbers.get(rows[i + shift][column], UNKNOWN) if inside else BOUNDARY
                k = int(np.searchsorted(family.keys, key))
                if k == len(family.keys) or family.keys[k] != key:
                    continue
                slot = k * len(shape.shifts) + place
                at = slice(starts[slot], starts[slot + 1])
                here = family.labels[at] == tag
                total += int(family.weights[at][here].sum(dtype=np.int64))
    return total + sum(int(model.transitions[a, b]) for a, b in pairwise(path))


class TestEngine:
    @given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    def test_best_of_all_paths(self, model: TaggerModel, words: list[str]) -> None:
        tagger = PosTagger(model)
        path = [tagger.labels.index(tag) for tag in tagger.tag(words)]
        assert all(t in tags for t, tags in zip(path, allowed(model, words), strict=True))
        assert score_of(model, words, path) == best_path(model, words)

    @given(st.lists(st.lists(st.sampled_from(WORDS), max_size=5), max_size=5))
    def test_sentences_are_alone(self, model: TaggerModel, sentences: list[list[str]]) -> None:
        tagger = PosTagger(model)
        assert tagger.tag_many(sentences) == [tagger.tag(words) for words in sentences]

    def test_many_unknown_words(self, segmenter: Segmenter) -> None:
        """More places of a path than there is room for at first."""
        tagger = segmenter.pos_tagger
        words = [chr(code) + "ぬ" for code in range(0x4E00, 0x4E00 + 500)]
        assert all(tag in tagger.labels for tag in tagger.tag(words))

    def test_what_is_no_word(self, segmenter: Segmenter) -> None:
        tags = segmenter.pos_tagger.tag_tokens(["", " ", "我", "a\x1fb", "\x1f", "\n", "我\ud800"])
        assert [bool(tag) for tag in tags] == [False, False, True, True, False, False, True]

    def test_saved(self, model: TaggerModel, tmp_path: Path) -> None:
        path = tmp_path / "saved.crfseg"
        model.save(path)
        assert PosTagger(path).tag(WORDS) == PosTagger(model).tag(WORDS)

    @pytest.mark.parametrize(
        ("name", "change", "expected"),
        [
            ("labels", lambda a: a[:-1], "labels as counted"),
            ("labels", lambda a: a + 9, "out of range"),
            ("counts", lambda a: a[:-1], "a label of each word"),
            ("counts", lambda a: a * 0, "a label of each word"),
            ("open", lambda a: a[:0], "labels of unknown words"),
            ("open", lambda a: a + 9, "out of range"),
            ("open", lambda a: a.astype(np.int32), "must be uint8"),
        ],
    )
    def test_damaged_dictionary(
        self, model: TaggerModel, name: str, change: Any, expected: str, tmp_path: Path
    ) -> None:
        arrays = model.arrays()
        arrays[f"dictionary.{name}"] = change(arrays[f"dictionary.{name}"])
        with pytest.raises(ModelError, match=expected):
            TaggerModel.make(model.metadata, arrays)

    def test_model_without_dictionary(self, model: TaggerModel) -> None:
        with pytest.raises(ModelError, match="not a model of parts of speech"):
            PosTagger(replace(model, dictionary=None))


class TestTraining:
    def test_sentences_in_memory(self, own: Path, corpus: Path, tmp_path: Path) -> None:
        pairs = [
            [tuple(token.rsplit("/", 1)) for token in line.split()] for line in TAGGED.split("\n")
        ]
        result = train_pos([s for s in pairs if s], l2=10)  # type: ignore[arg-type]
        assert PosTagger(result.model).tag(["我", "爱"]) == ["r", "v"]

    @pytest.mark.parametrize("text", ["我 爱 北京\n", ""])
    def test_untagged(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "plain.txt"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"plain\.txt.*word/POS"):
            train_pos(path)


class TestCommand:
    @pytest.mark.parametrize("threads", ["1", "2"])
    def test_words(self, segmenter: Segmenter, threads: str) -> None:
        result = run("segment", "--pos", "--threads", threads, stdin=TEXT)
        assert (result.exit_code, result.stderr) == (0, "")
        first, second = (
            [f"{w}/{t}" if t else w for w, t in segmenter.cut_pos(line)]
            for line in TEXT.split("\n")
        )
        assert first == ["我/r", "爱/v", "北京/ns", "。/w"]
        lines = result.stdout.split("\n")
        assert lines[0] == " ".join(first)
        assert lines[1].split() == [token for token in second if not token.isspace()]
        assert lines[1].startswith("\u3000为/p")
        assert "\t" in lines[1]

    def test_separator_and_encoding(self) -> None:
        data = "为人民服务\r\n".encode("gb18030")
        result = run("segment", "--pos", "--sep", "|", "--encoding", "gb18030", stdin=data)
        assert result.stdout_bytes.decode("gb18030") == "为/p|人民/n|服务/v\r\n"

    def test_json(self, segmenter: Segmenter) -> None:
        result = run("segment", "--pos", "--output", "json", stdin=TEXT + "\n\n")
        plain = run("segment", "--output", "json", stdin=TEXT + "\n\n").stdout
        for line, without, text in zip(
            result.stdout.split("\n"), plain.split("\n"), [*TEXT.split("\n"), "", ""], strict=True
        ):
            tokens = json.loads(line) if line else []
            assert [(t["word"], t.get("pos", "")) for t in tokens] == segmenter.cut_pos(text)
            assert [t | {"pos": None} for t in tokens] == [
                t | {"pos": None} for t in (json.loads(without) if without else [])
            ]

    def test_own_model(self, own: Path) -> None:
        result = run("segment", "--pos", "--pos-model", own, stdin="我爱北京")
        assert result.stdout == "我/r 爱/v 北京/ns"

    @pytest.mark.parametrize(
        "option",
        ["--nbest 2", "--sample 2", "--score", "--partial", "--output tags", "--output spans",
         "--output marginals"],
    )  # fmt: skip
    def test_options_that_do_not_go_together(self, option: str) -> None:
        fails(
            run("segment", "--pos", *option.split(), stdin="我"),
            "--pos",
            option.removesuffix(" 2"),
            code=2,
        )

    def test_bad_models(self, own: Path, tmp_path: Path) -> None:
        fails(run("segment", "--pos-model", own), "--pos-model goes with --pos", code=2)
        path = tmp_path / "none.crfseg"
        fails(run("segment", "--pos", "--pos-model", path, stdin="我"), "none.crfseg")
        path.write_bytes(b"no model")
        fails(
            run("segment", "--pos", "--pos-model", path, stdin="我"), "none.crfseg", "not a crfseg"
        )

    def test_bad_bytes(self) -> None:
        result = run("segment", "--pos", stdin="我\n".encode() + b"\xff")
        assert result.exit_code == 1
        assert "<stdin>:2" in result.stderr
        assert result.stdout == "我/r\n"
