"""The public names: models and sentences in memory, settings, short reprs, any place of import."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from shipped import needs_shipped

import crfseg
from crfseg import Model, Segmenter, TaggerModel, TrainingSettings, evaluate, train, train_tagger
from crfseg.common.errors import ModelError

ROOT = Path(__file__).parents[1]
SENTENCES = [["我", "爱", "北京", "。"], ["为", "人民", "服务"], ["中国", "人民", "爱", "北京"]]
PROGRAM = """
import crfseg, sys
assert sys.argv[1] in crfseg.__file__, crfseg.__file__
print(crfseg.Segmenter().segment("为人民服务"), crfseg.Segmenter().cut_pos("我爱北京")[0])
"""


def test_all_public_names_can_be_imported() -> None:
    for name in crfseg.__all__:
        assert getattr(crfseg, name) is not None
    assert set(crfseg.__all__) == set(dir(crfseg))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        crfseg.nothing  # noqa: B018


class TestSegmenter:
    def test_a_model_in_memory_cuts_as_its_file_does(self, tiny_model: Path) -> None:
        text = "中国人民爱北京"
        from_file, from_memory = Segmenter(tiny_model), Segmenter(Model.load(tiny_model))
        assert from_memory.cut(text) == from_file.cut(text) == from_file(text)
        assert pickle.loads(pickle.dumps(from_file)).cut(text) == from_file.cut(text)
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(from_memory)

    def test_short_reprs_say_what_there_is(self, tiny_model: Path) -> None:
        default = Segmenter(standard="pku")
        assert repr(default) == f"Segmenter({default.path!r}, standard='pku')"
        assert repr(Segmenter(Model.load(tiny_model))) == (
            "Segmenter(a model in memory, standard=None)"
        )
        assert len(repr(train(SENTENCES, max_iter=2))) < 200

    def test_standards(self, tiny_model: Path) -> None:
        assert Segmenter().standards[0] == "general"
        assert Segmenter(tiny_model).standards == []

    def test_explanation(self) -> None:
        explanation = Segmenter().explain("为人民服务")
        assert explanation.words == ["为", "人民", "服务"]
        assert len(explanation.boundaries) == 4


class TestTraining:
    def test_sentences_in_memory_give_the_model_of_their_file(self, tmp_path: Path) -> None:
        path = tmp_path / "corpus.txt"
        path.write_text("".join(" ".join(words) + "\n" for words in SENTENCES), encoding="utf-8")
        from_file, from_memory = train(path, max_iter=4).model, train(SENTENCES, max_iter=4).model
        assert {k: v.tolist() for k, v in from_file.arrays().items()} == {
            k: v.tolist() for k, v in from_memory.arrays().items()
        }
        assert from_file.metadata == {**from_memory.metadata, "corpora": ["corpus.txt"]}

    def test_standards_dev_and_evaluation_in_memory(self) -> None:
        model = train({"a": SENTENCES, "b": SENTENCES[:2]}, dev=SENTENCES, max_iter=2).model
        assert model.standards == ["a", "b"]
        scores = evaluate(SENTENCES, segmenter=Segmenter(model, standard="a"))
        assert scores.sentences == 3
        assert evaluate(SENTENCES, pred=SENTENCES).f1 == 1.0

    def test_settings_can_be_given_as_a_whole_and_overridden(self) -> None:
        settings = TrainingSettings(tags=6, max_iter=3, l2=2)
        one = train(SENTENCES, settings, l2=0.5).model
        other = train(SENTENCES, tags=6, max_iter=3, l2=0.5).model
        assert one.metadata == other.metadata
        assert one.metadata["settings"]["l2"] == 0.5
        with pytest.raises(TypeError, match="unknown setting 'nonsense'"):
            train(SENTENCES, nonsense=1)

    @pytest.mark.parametrize("wrong", [["老师你好"], [["a"], "bc"], [["a", 1]]])
    def test_words_where_sentences_are_expected(self, wrong: list) -> None:
        with pytest.raises(crfseg.CrfsegError):
            train(wrong, max_iter=2)

    def test_progress_is_printed_if_asked_for(self, capsys: pytest.CaptureFixture[str]) -> None:
        train(SENTENCES, max_iter=2)
        assert capsys.readouterr() == ("", "")
        train(SENTENCES, max_iter=2, progress=True)
        out, err = capsys.readouterr()
        assert not out
        assert "indexing features: " in err
        assert "iteration   2  objective" in err


class TestDumps:
    def test_a_dump_gives_the_model_back(self, tmp_path: Path) -> None:
        model = train(SENTENCES, max_iter=3).model
        model.dump(tmp_path / "model.txt")
        again = Model.load_dump(tmp_path / "model.txt")
        again.save(tmp_path / "again.crfseg")
        model.save(tmp_path / "model.crfseg")
        assert (tmp_path / "again.crfseg").read_bytes() == (tmp_path / "model.crfseg").read_bytes()

    def test_a_dump_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        train_tagger([[("a", "N"), ("b", "V")]], max_iter=2).model.dump(tmp_path / "tagger.txt")
        assert TaggerModel.load_dump(tmp_path / "tagger.txt").scheme.names == ("N", "V")
        with pytest.raises(ModelError, match=r"tagger\.txt: another kind of model; expected one"):
            Model.load_dump(tmp_path / "tagger.txt")


def copy_of_checkout(folder: Path) -> Path:
    """The folders crfseg/, cli/ and data/ side by side, as in a checkout."""
    for name in ("crfseg", "cli", "data"):
        skip = shutil.ignore_patterns("__pycache__", "*.md", "build*", "sample.*")
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    return folder


def run_from(place: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    environment |= {"PYTHONPATH": str(place), "PYTHONUTF8": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, env=environment, cwd=place.parent, capture_output=True, text=True, input="为人民\n"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_shipped
def test_it_works_from_a_checkout(tmp_path: Path) -> None:
    place = copy_of_checkout(tmp_path / "checkout")
    assert run_from(place, "-c", PROGRAM, str(place)) == "为 人民 服务 ('我', 'r')\n"
    assert run_from(place, "-m", "crfseg", "segment", "-q") == "为 人民\n"


@needs_shipped
def test_it_works_from_a_zip(tmp_path: Path) -> None:
    place = copy_of_checkout(tmp_path / "checkout")
    archive = tmp_path / "crfseg.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place).as_posix()
            if path.is_file():
                file.write(path, name if name.startswith("crfseg/") else f"crfseg/{name}")
    assert run_from(archive, "-c", PROGRAM, str(archive)) == "为 人民 服务 ('我', 'r')\n"
