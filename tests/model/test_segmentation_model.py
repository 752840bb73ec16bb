"""Model files: they round trip, and invalid files are rejected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from crfseg import Model
from crfseg.common.errors import CrfsegError, ModelError
from crfseg.model.container import FORMAT
from crfseg.model.segmentation_model import quantise, scale_for

Arrays = dict[str, np.ndarray]


def arrays_of(path: Path) -> Arrays:
    """The arrays of a model file without its checksum."""
    arrays = load_file(path)
    arrays.pop("checksum")
    return arrays


def refused(path: Path, *parts: str) -> None:
    """The file is a ModelError of one line that names it and holds these parts."""
    with pytest.raises(ModelError) as caught:
        Model.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_what_is_saved_comes_back(tiny_model: Path, tmp_path: Path) -> None:
    model = Model.load(tiny_model)
    model.save(tmp_path / "copy")
    copy = Model.load(tmp_path / "copy")
    assert copy.metadata == model.metadata
    assert copy.templates == model.templates
    for name, array in arrays_of(tiny_model).items():
        other = arrays_of(tmp_path / "copy")[name]
        assert (array.dtype, array.tolist()) == (other.dtype, other.tolist())
    assert (tmp_path / "copy").read_bytes() == tiny_model.read_bytes()


def test_numbers_take_the_smallest_type_that_holds_them(tiny_model: Path, tmp_path: Path) -> None:
    model = Model.load(tiny_model)
    stored = arrays_of(tiny_model)
    assert {name: array.dtype for name, array in model.arrays().items()} != {
        name: array.dtype for name, array in stored.items()
    }
    for name, array in model.arrays().items():
        assert array.tolist() == stored[name].tolist()
        assert stored[name].dtype.kind == array.dtype.kind
        smaller = np.dtype(f"{array.dtype.kind}{stored[name].itemsize // 2 or 1}")
        assert stored[name].itemsize == 1 or np.any(stored[name] != array.astype(smaller))
        if array.itemsize < 8:  # and not in a larger one than it is made of
            wide = {**stored, name: array.astype(f"{array.dtype.kind}8")}
            write(tmp_path / "wide", json.dumps({**model.metadata, "format": FORMAT}), wide)
            refused(tmp_path / "wide", name)


def test_a_model_says_how_large_it_is(tiny_model: Path) -> None:
    model = Model.load(tiny_model)
    assert model.lexicons == 1
    assert model.columns == 4
    assert model.weight_count == 16 + sum(family.weights.size for family in model.families)


def test_files_cut_short(tiny_model: Path, tmp_path: Path) -> None:
    data = tiny_model.read_bytes()
    path = tmp_path / "short"
    for length in {*range(20), *range(0, len(data), len(data) // 60), len(data) - 1}:
        path.write_bytes(data[:length])
        refused(path)


def test_files_with_more_behind(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(tiny_model.read_bytes() + b"\0")
    refused(path)


def test_flipped_bits(tiny_model: Path, tmp_path: Path) -> None:
    data = tiny_model.read_bytes()
    head = int.from_bytes(data[:8], "little") + 8
    random = np.random.default_rng(0)
    places = [*range(8), *random.integers(8, head, 100), *random.integers(head, len(data), 60)]
    path = tmp_path / "flipped"
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << int(random.integers(8))
        path.write_bytes(changed)
        refused(path)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    path = tmp_path / "other"
    save_file({"weights": np.zeros(3)}, path)
    refused(path, "not a crfseg model")
    save_file({"weights": np.zeros(3)}, path, {"format": "pt"})
    refused(path, "not a crfseg model")
    path.write_text("为 人民 服务\n" * 100)
    refused(path, "not a crfseg model")
    refused(tmp_path / "missing", "cannot be read")
    refused(tmp_path, "cannot be read")


def write(path: Path, head: str, arrays: Arrays) -> None:
    """A model file as ``Model.save`` writes it, with a checksum that is right."""
    from crfseg.model.container import checksum

    total = np.array([checksum(head, arrays)], dtype=np.uint32)
    save_file({**arrays, "checksum": total}, path, {"crfseg": head})


@pytest.mark.parametrize(
    ("version", "advice"),
    [(FORMAT - 1, "train it anew"), (FORMAT + 1, "upgrade crfseg"), (10**30, "upgrade crfseg"),
     (str(FORMAT), "upgrade crfseg"), (None, "upgrade crfseg"), (2.5, "upgrade crfseg")],
)  # fmt: skip
def test_other_formats(tiny_model: Path, tmp_path: Path, version: object, advice: str) -> None:
    head = json.dumps({**Model.load(tiny_model).metadata, "format": version})
    write(tmp_path / "new", head, arrays_of(tiny_model))
    refused(tmp_path / "new", f"a model of format {version}; expected {FORMAT}: {advice}")


@pytest.mark.parametrize("head", ["", "[]", "3", "null", "{}", '{"format": 3}', "[" * 100_000])
def test_forged_heads(tiny_model: Path, tmp_path: Path, head: str) -> None:
    write(tmp_path / "forged", head, arrays_of(tiny_model))
    refused(tmp_path / "forged")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "lstm"), ("kind", ["crf"]), ("kind", None), ("tags", "5"), ("tags", 4),
        ("tags", []), ("lexicons", "words"), ("lexicons", [1] * 10), ("lexicons", ["a", "b"][:0]),
        ("tiers", None), ("tiers", 3), ("tiers", []), ("tiers", [2]), ("tiers", [True]),
        ("tiers", [3.0]), ("tiers", [3, 3]), ("tiers", [10**9]),
        ("scale", 0.0), ("scale", -1.0), ("scale", "1"), ("scale", None), ("scale", float("nan")),
        ("scale", float("inf")), ("templates", []), ("templates", 7), ("templates", [7]),
        ("templates", "U00:%x[0,0]"), ("templates", ["U00:%x[0,9]"]), ("templates", ["B"]),
        ("templates", ["U00:%x[0,0]"]),
    ],
)  # fmt: skip
def test_forged_descriptions(tiny_model: Path, tmp_path: Path, key: str, value: object) -> None:
    """Descriptions that make no sense or do not fit the arrays."""
    head = json.dumps({**Model.load(tiny_model).metadata, "format": FORMAT, key: value})
    write(tmp_path / "forged", head, arrays_of(tiny_model))
    refused(tmp_path / "forged")


def larger(array: np.ndarray, value: int) -> np.ndarray:
    """The array with its last element changed, in a type that holds it."""
    changed = array.astype(np.result_type(array, np.min_scalar_type(value)))
    changed.flat[-1] = value
    return changed


FORGERIES: dict[str, tuple[str, Callable[[np.ndarray], Any], str]] = {
    "key out of range": ("family.0.keys", lambda a: larger(a, 2**62), "out of range"),
    "key EMPTY": ("family.1.keys", lambda a: larger(a, 2**64 - 1), "out of range"),
    "keys descend": ("family.0.keys", lambda a: a[::-1].copy(), "must ascend"),
    "keys repeat": ("family.0.keys", lambda a: larger(a, int(a[-2])), "must ascend"),
    "keys signed": ("family.0.keys", lambda a: a.astype(np.int64), "uint64"),
    "keys in a square": ("family.0.keys", lambda a: a[None], "1-d"),
    "fewer keys": ("family.0.keys", lambda a: a[:-1].copy(), "[n, window, T]"),
    "fewer weights": ("family.0.weights", lambda a: a[:-1].copy(), "[n, window, T]"),
    "narrow weights": ("family.0.weights", lambda a: a[:, :1].copy(), "[n, window, T]"),
    "flat weights": ("family.0.weights", lambda a: a.ravel(), "3-d"),
    "float weights": ("family.0.weights", lambda a: a.astype(np.float32), "int16"),
    "no weights": ("family.0.weights", lambda a: None, "family.0.weights"),
    "three tags": ("transitions", lambda a: a[:3, :3].copy(), "[T, T]"),
    "wide transitions": ("transitions", lambda a: a.astype(np.int64), "int16"),
    "character repeated": ("alphabet", lambda a: larger(a, int(a[0])), "distinct"),
    "no code point": ("alphabet", lambda a: larger(a, 0x110000), "distinct code points"),
    "short alphabet": ("alphabet", lambda a: a[:5].copy(), ""),
    "unknown character": (
        "lexicon.words", lambda a: larger(a, ord("\n")).tobytes()[:-4] + "龘\n".encode(), "alphabet"
    ),
    "no line end": ("lexicon.words", lambda a: larger(a, ord("a")), "line end"),
    "not UTF-8": ("lexicon.words", lambda a: larger(a, 0xFF), "damaged"),
    "empty words": ("lexicon.words", lambda a: np.full_like(a, ord("\n")), ""),
    "short words": ("lexicon.words", lambda a: b"a\n" * 3, ""),
    "long word": ("lexicon.words", lambda a: "人".encode() * 13 + b"\n", ""),
    "fewer memberships": ("lexicon.members", lambda a: a[:-1].copy(), "memberships"),
}  # fmt: skip


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_arrays(tiny_model: Path, tmp_path: Path, forgery: str) -> None:
    name, change, part = FORGERIES[forgery]
    arrays = arrays_of(tiny_model)
    changed = change(arrays.pop(name))
    if isinstance(changed, bytes):
        changed = np.frombuffer(changed, dtype=np.uint8)
    if changed is not None:
        arrays[name] = changed
    head = json.dumps({**Model.load(tiny_model).metadata, "format": FORMAT})
    write(tmp_path / "forged", head, arrays)
    refused(tmp_path / "forged", part)


def test_the_checksum_covers_everything(tiny_model: Path, tmp_path: Path) -> None:
    arrays = load_file(tiny_model)
    arrays["transitions"] = larger(arrays["transitions"], 7)
    head = json.dumps({**Model.load(tiny_model).metadata, "format": FORMAT})
    save_file(arrays, tmp_path / "forged", {"crfseg": head})
    refused(tmp_path / "forged", "checksum")


def test_a_failing_save_leaves_the_old_file(tiny_model: Path, tmp_path: Path) -> None:
    model = Model.load(tiny_model)
    with pytest.raises(CrfsegError, match="cannot be written"):
        model.save(tmp_path)
    with pytest.raises(CrfsegError, match="cannot be written"):
        model.save(tmp_path / "missing" / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("top", [0.0, 0.001, 63.9, 64.1, 1e6])
def test_weights_fit_their_scale(top: float) -> None:
    weights = np.array([-top, 0, top / 3, top], dtype=np.float32)
    scale = scale_for(weights)
    assert np.log2(scale) == round(np.log2(scale))
    np.testing.assert_allclose(quantise(weights, scale) * scale, weights, atol=scale / 2)
