"""Untrusted model files: rejected with a one-line error, or usable; never a crash."""

from __future__ import annotations

import json
from pathlib import Path

import forge
import general
import numpy as np
import pytest
from command import run as run_command
from hostile import check_of_models, check_of_taggers
from workers import run

from crfseg import Model, Segmenter, train
from crfseg.common.errors import CrfsegError, ModelError, TemplateError
from crfseg.segmentation.compiler import compile_model, image_of

MANY = [f"U:%x[{i % 9 - 4},0]/%x[{i // 9 % 9 - 4},1]/%x[{i // 81 - 4},1]" for i in range(500)]
#: Address space a process may add for a file of some kilobytes; processor seconds for it.
ROOM, SECONDS = 1 << 30, 1.0


@pytest.fixture(scope="module")
def models(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return forge.bases(tiny, tmp_path_factory.mktemp("bases"))


@pytest.mark.parametrize(
    "seeds", [range(250), pytest.param(range(20_000), marks=pytest.mark.long)], ids=["some", "many"]
)
def test_damaged_and_forged_files(models: list[bytes], seeds: range) -> None:
    check = check_of_models(models)
    list(check(seeds[-1]))  # what is compiled here is not compiled in every process
    figures = run(check, seeds, each=200, room=ROOM)
    assert figures.failures == []
    assert figures.outcomes.total() == len(seeds)
    assert figures.outcomes["accepted"] > len(seeds) / 50
    assert figures.slowest[0] < SECONDS
    assert figures.largest[0] < ROOM / 2


@pytest.mark.parametrize(
    "seeds", [range(200), pytest.param(range(50_000), marks=pytest.mark.long)], ids=["some", "many"]
)
def test_damaged_and_forged_taggers(seeds: range, tmp_path: Path) -> None:
    check = check_of_taggers(forge.tagger_bases(tmp_path))
    for seed in range(4, 30):  # what is compiled here is not compiled in every process
        list(check(seed))
    figures = run(check, seeds, each=200, room=ROOM)
    assert figures.failures == []
    assert figures.outcomes["accepted"] > len(seeds) / 50
    assert figures.slowest[0] < SECONDS
    assert figures.largest[0] < ROOM / 2


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)])
def test_every_byte_flipped_and_every_length(
    models: list[bytes], tmp_path: Path, step: int
) -> None:
    """Of the smallest model, an HMM."""
    data, path = min(models, key=len), tmp_path / "m"
    for at in range(0, len(data), step):
        changed = bytearray(data)
        changed[at] ^= 1 + at % 255
        path.write_bytes(changed)
        with pytest.raises(ModelError):
            Model.load(path)
    for length in range(0, len(data), 3 * step):
        path.write_bytes(data[:length])
        with pytest.raises(ModelError):
            Model.load(path)


def refused(path: Path, metadata: object, arrays: forge.Arrays, message: str) -> None:
    path.write_bytes(forge.put_together(metadata, arrays))
    with pytest.raises(ModelError, match=message) as caught:
        Segmenter(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()


def test_small_files_that_ask_for_much(models: list[bytes], tmp_path: Path) -> None:
    metadata, arrays = forge.taken_apart(models[0])
    vast = np.setdiff1d(np.arange(2**20, dtype=np.uint32), arrays["alphabet"])
    whole = np.concatenate([arrays["alphabet"], vast])
    refused(tmp_path / "m", metadata, {**arrays, "alphabet": whole}, "different characters")
    # A description of many megabytes is not even parsed.
    text = json.dumps({**metadata, "more": [[]] * 2**22})
    refused(tmp_path / "m", text, arrays, "description is too long")
    refused(tmp_path / "m", {**metadata, "templates": MANY}, arrays, "at most 400 templates")
    cells = "/".join(["%x[0,0]"] * 100_000)
    refused(tmp_path / "m", {**metadata, "templates": [cells]}, arrays, "too many possible")


def test_what_an_error_quotes_is_short_and_printable(models: list[bytes], tmp_path: Path) -> None:
    metadata, arrays = forge.taken_apart(models[0])
    refused(tmp_path / "m", {**metadata, "format": "\x1b[2J\n" * 9999}, arrays, "a model of format")
    refused(tmp_path / "m", {**metadata, "standards": ["\x1b[2J"]}, arrays, "names")


def test_what_info_prints_does_nothing_to_a_terminal(models: list[bytes], tmp_path: Path) -> None:
    metadata, arrays = forge.taken_apart(models[0])
    metadata |= {"licence": "\x1b[2J\r", "corpora": ["a\nb"], "\x07": {"\x9b": "\u202e"}}
    (tmp_path / "m").write_bytes(forge.put_together(metadata, arrays))
    shown = run_command("info", tmp_path / "m").stdout
    assert shown.replace("\n", "").isprintable()
    assert r"\x1b[2J\r" in shown
    assert r"a\nb" in shown


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e-9, 9e5])
def test_any_scale(models: list[bytes], tmp_path: Path, scale: float) -> None:
    """What a user's word gains is counted in units of the scale, in int32."""
    metadata, arrays = forge.taken_apart(models[0])
    path = tmp_path / "m"
    path.write_bytes(forge.put_together({**metadata, "scale": scale}, arrays))
    segmenter = Segmenter(path, user_dict=["民大学的"])
    words = segmenter.cut("中国人民大学的学生" * 100)
    assert ("民大学的" in words) == (scale < 1)


def test_tables_for_which_there_is_no_room_are_hashed(models: list[bytes]) -> None:
    """A few n-grams of many families that could be plain tables of 2^19 rows."""
    metadata, arrays = forge.taken_apart(models[0])
    arrays = {name: a for name, a in arrays.items() if not name.startswith("family.")}
    metadata["templates"] = lines = [
        f"%x[{a},1]/%x[{b},1]/%x[{c},1]/%x[0,1]/%x[{-c},1]/%x[{-a},1]"
        for a in range(1, 9) for b in range(1, 9) for c in range(1, 5)
    ]  # fmt: skip
    chance = np.random.default_rng(0)
    for f in range(len(lines)):
        arrays[f"family.{f}.keys"] = np.sort(chance.choice(7**6, 50, False)).astype(np.uint64)
        arrays[f"family.{f}.weights"] = chance.integers(-99, 99, (50, 1, 4), dtype=np.int16)
    model = Model.make({k: v for k, v in metadata.items() if k != "format"}, arrays)
    assert len(model.families) == 256
    assert len(image_of(compile_model(model), model)) < 50e6
    text = "中国人民2024年在北京。AB"
    assert Segmenter(model, keep_whole=False).cut(text) == general.cut(model, text)


def test_training_refuses_what_no_model_may_have(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="at most 400 templates"):
        train(tiny, templates=MANY)
    every = "".join(chr(code) for code in range(0x21, 0x30000) if code not in range(0xD800, 0xE000))
    corpus = tmp_path / "every.txt"
    corpus.write_text(
        "\n".join(f"{every[i : i + 40]} 人民" for i in range(0, len(every), 40)), encoding="utf-8"
    )
    with pytest.raises(CrfsegError, match="different characters"):
        train(corpus)
