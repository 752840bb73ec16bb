"""Damaged model files, and forged ones with a valid checksum.

A mutation is determined by its seed, so that a harmful file can be recreated:
``forge.mutant(bases, seed)``.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from crfseg import train, train_tagger
from crfseg.features import templates
from crfseg.model.container import TAGGER, checksum

Arrays = dict[str, np.ndarray]

#: What base models are trained with, so that every part of a model file is in one of them.
KINDS: dict[str, dict[str, Any]] = {
    "crf": {},
    "six": {"tags": 6, "own_lexicon": False},
    "maxent": {"kind": "maxent"},
    "hmm": {"kind": "hmm"},
    "wide": {"templates": ["U0:%x[0,0]", "U1:%x[-1,0]/%x[0,0]/%x[1,0]", "U2:%x[0,2]", "B"]},
}


def bases(corpus: Path, folder: Path) -> list[bytes]:
    """Small models of every kind, one of them of two standards."""
    models = [train(corpus, max_iter=3, lexicons=[], **kind).model for kind in KINDS.values()]
    models.append(train({"a": corpus, "b": corpus}, max_iter=3).model)
    models.append(train(corpus, max_iter=3, lexicons=[_word_list(folder)]).model)
    path, found = folder / "base", []
    for model in models:
        model.save(path)
        found.append(path.read_bytes())
    path.unlink()
    return found


#: Tokens with two columns and a label, of kinds that are written in different ways.
TOKENS = (
    "我们 我 r\n学习 学 v\n中文 中 n\n\n老师 老 n\n喜欢 喜 v\n我们 我 r\n",
    "王 一 B-nr\n明 二 I-nr\n在 三 O\n北 四 B-ns\n京 五 I-ns\n\n上 六 B-ns\n海 七 I-ns\n人 八 O\n",
)
TAGGER_TEMPLATES = (
    ["U00:%x[0,0]", "U01:%x[-1,1]/%x[0,0]", "B"],
    ["U00:%x[0,0]", "U01:%x[-1,1]", "U02:%x[1,0]", "B", "B00:%x[0,0]", "B01:%x[-1,0]"],
)


def tagger_bases(folder: Path) -> list[bytes]:
    """Small taggers of every kind."""
    found = []
    for tokens in TOKENS:
        corpus = folder / "tokens"
        corpus.write_text(tokens, encoding="utf-8")
        for lines in TAGGER_TEMPLATES:
            train_tagger(corpus, output=folder / "base", templates=lines, max_iter=3)
            found.append((folder / "base").read_bytes())
    return found


def _word_list(folder: Path) -> Path:
    path = folder / "words.txt"
    path.write_text("大学生\n北京大学\n人民大学的学生\n服务\n", encoding="utf-8")
    return path


def mutant(models: Sequence[bytes], seed: int) -> bytes:
    """The file of a seed: four in ten are damaged, the others forged."""
    chance = random.Random(seed)
    data = chance.choice(models)
    if not is_damaged(seed):
        return forged(data, chance)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        data = chance.choice(DAMAGES)(data, chance, models)
    return data


def is_damaged(seed: int) -> bool:
    """Whether the file of a seed has a checksum that nobody made right."""
    return seed % 10 < 4


def _flip(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    # As often in the header as in the arrays, which are longer.
    limit = chance.choice((8, min(len(data), 4000), len(data)))
    changed[chance.randrange(min(limit, len(data)))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    at, length = chance.randrange(len(data) + 1), chance.choice((1, 2, 4, 8, 64))
    fill = chance.choice((b"\0" * length, b"\xff" * length, chance.randbytes(length)))
    return data[:at] + fill + data[at + length :]


def _cut(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _remove(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.choice((1, 8, 100)) :]


def _repeat(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    at, length = chance.randrange(len(data) + 1), chance.choice((1, 8, 100))
    return data[: at + length] + data[at:]


def _splice(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    """The head of one and the rest of another."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(models)[at:]


def _resize(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    """Another length of the header."""
    size = chance.choice((0, 1, 2**31, 2**32, 2**63, 2**64 - 1, 100_000_001, len(data)))
    return size.to_bytes(8, "little") + data[8:]


def _reclaim(data: bytes, chance: random.Random, models: Sequence[bytes]) -> bytes:
    """Other types, shapes and offsets in the header."""
    size = int.from_bytes(data[:8], "little")
    try:
        head = json.loads(data[8 : 8 + size])
        name = chance.choice([key for key in head if key != "__metadata__"])
        entry, field = dict(head[name]), chance.choice(("dtype", "shape", "data_offsets", None))
    except (ValueError, IndexError, TypeError, AttributeError):
        return data
    if field is None:
        head[chance.choice((name, "other", "", "__metadata__"))] = chance.choice((entry, {}, []))
    elif field == "dtype":
        types = (
            "BOOL", "U8", "I8", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64",
            "U64", "F8_E5M2", "F8_E4M3", "F4", "X",
        )  # fmt: skip
        head[name] = {**entry, field: chance.choice(types)}
    elif isinstance(entry.get(field), list) and entry[field]:
        number = chance.choice((0, 1, -1, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, 1.5, None))
        numbers = list(entry[field])
        numbers[chance.randrange(len(numbers))] = number
        head[name] = {**entry, field: numbers + [number] * (chance.random() < 0.2)}
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


DAMAGES: tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...] = (
    _flip, _flip, _flip, _overwrite, _cut, _remove, _repeat, _splice, _resize, _reclaim,
)  # fmt: skip


def taken_apart(data: bytes) -> tuple[dict[str, Any], Arrays]:
    """The description and the arrays of a sound model file."""
    arrays = load(data)
    del arrays["checksum"]
    size = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["crfseg"]), arrays


def put_together(metadata: Any, arrays: Arrays) -> bytes:
    """A model file with a checksum that is right."""
    head = metadata if isinstance(metadata, str) else json.dumps(metadata, ensure_ascii=False)
    total = np.array([checksum(head, arrays)], dtype=np.uint32)
    return save({**arrays, "checksum": total}, {"crfseg": head})


def forged(data: bytes, chance: random.Random) -> bytes:
    """A sound model file with other contents."""
    metadata, arrays = taken_apart(data)
    if "alphabet" in arrays and chance.random() < 0.01:
        _make_vast(metadata, arrays, chance)
        return put_together(metadata, arrays)
    for _ in range(chance.choice((1, 1, 2, 3))):
        if chance.random() < 0.4:
            _forge_description(metadata, chance)
        else:
            _forge_array(arrays, chance)
    return put_together(metadata, arrays)


def _make_vast(metadata: dict[str, Any], arrays: Arrays, chance: random.Random) -> None:
    """Small files of sound models that ask for much memory or time."""
    tags = len(arrays["transitions"])
    if chance.random() < 0.5:
        size = chance.choice((100_000, 131_072, 131_073, 1_000_000))
        more = np.setdiff1d(np.arange(size, dtype=np.uint32), arrays["alphabet"])
        arrays["alphabet"] = np.concatenate([arrays["alphabet"], more])[:size]
    if chance.random() < 0.7:
        cells = chance.choice(([0], [1], [1, 1], [0, 1], [1] * 6, [1] * 5, [0, 1, 1]))
        count = chance.choice((100, 390, 401))
        metadata["templates"] = [
            "/".join(f"%x[{chance.randint(-8, 8)},{column}]" for column in cells)
            for _ in range(count)
        ]
        for name in [name for name in arrays if name.startswith("family.")]:
            del arrays[name]
        for f, family in enumerate(templates.parse(metadata["templates"][:390]).families):
            n = chance.choice((0, 0, 1, 40))
            arrays[f"family.{f}.keys"] = np.arange(n, dtype=np.uint64)
            shape = n, len(family.shifts), tags
            arrays[f"family.{f}.weights"] = np.full(shape, 32767, dtype=np.int16)


def _value(chance: random.Random) -> Any:
    """Anything a description may be told."""
    return chance.choice(
        (None, True, 0, -1, 1, 2, 3, 4, 7, 12, 10**6, 2**31, 2**64, 10**400, 1e-300, 1e300, 0.5,
         2.0**-9, float("nan"), float("inf"), "", "crf", "hmm", "4", "\x1b[2J", "U",
         [], [1], [3], [3, 1, 1], ["a"], ["a", "b"], [[]], {}, {"a": 1}, ["x"] * 9, [1] * 9,
         ["B-x", "I-x", "O"], "bio", "bmes", "free", ["U:%x[0,0]"] * 2, ["U:%x[0,1]", "B"],
         "0" * 10_000)
    )  # fmt: skip


def _template(chance: random.Random) -> str:
    cells = chance.choice((1, 1, 2, 2, 3, 4, 5, 8, 70))
    return "U:" + "/".join(
        f"%x[{chance.randint(-9, 9)},{chance.choice((0, 1, 2, 3, 4, 5, 9, 99, 9999))}]"
        for _ in range(cells)
    )


def _forge_description(metadata: dict[str, Any], chance: random.Random) -> None:
    known = ["kind", "tags", "lexicons", "tiers", "scale", "standards", "templates", "format"]
    if metadata.get("kind") == TAGGER:
        known = ["kind", "labels", "form", "columns", "scale", "templates", "format"]
    key = chance.choice(known)
    lines = metadata.get("templates")
    if key == "templates" and isinstance(lines, list) and lines and chance.random() < 0.8:
        at = chance.randrange(len(lines))
        choice = chance.random()
        if choice < 0.4:
            lines[at] = _template(chance)
        elif choice < 0.5:
            lines += [_template(chance) for _ in range(chance.choice((1, 10, 1000)))]
        elif choice < 0.6:
            del lines[at]
        elif choice < 0.7:
            chance.shuffle(lines)
        else:  # another digit
            text = str(lines[at])
            place = chance.randrange(len(text) + 1)
            lines[at] = text[:place] + chance.choice("0123456789-,[]%x/B") + text[place + 1 :]
    elif chance.random() < 0.15:
        metadata.pop(key, None)
    else:
        metadata[key] = _value(chance)


def _forge_array(arrays: Arrays, chance: random.Random) -> None:
    if not arrays:
        return
    name = chance.choice(sorted(arrays))
    array = arrays[name].copy()
    operation = chance.choice(_OPERATIONS)
    with np.errstate(all="ignore"):
        changed = operation(array, chance, arrays)
    if changed is None:
        del arrays[name]
    else:
        arrays[name] = np.ascontiguousarray(changed)


def _extremes(array: np.ndarray) -> list[int]:
    if array.dtype.kind not in "iu":
        return [0, 1]
    info = np.iinfo(array.dtype)
    return [int(info.min), int(info.max), 0, 1, min(int(info.max), 0x10FFFF), info.max // 2]


def _element(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    for _ in range(chance.choice((1, 1, 3, 20))):
        if array.size:
            at = chance.randrange(array.size)
            near = int(np.nan_to_num(array.flat[at])) + chance.choice((-1, 1, 2, -2))
            value = near if chance.random() < 0.5 else chance.choice(_extremes(array))
            array.flat[at] = np.array(value & (2**64 - 1), np.uint64).astype(array.dtype)
    return array


def _all(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    return np.full_like(array, chance.choice(_extremes(array)))


def _noise(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    if array.dtype.kind not in "iu":
        return array
    return np.frombuffer(chance.randbytes(array.nbytes), array.dtype).reshape(array.shape)


def _shorter(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    return array[: chance.randrange(len(array) + 1)] if array.ndim else array


def _longer(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    if not array.ndim or not len(array):
        return np.zeros((chance.choice((1, 100)), *array.shape[1:]), array.dtype)
    return np.concatenate([array] * chance.choice((2, 3)))[: len(array) + chance.choice((1, 9**9))]


def _sorted(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    return np.sort(array, axis=None).reshape(array.shape)[:: chance.choice((1, -1))]


def _reshaped(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    return chance.choice((array.ravel(), array[None], array.T, array[..., None], array[:0]))


def _retyped(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    kinds = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "?")
    return array.astype(chance.choice(kinds))


def _nan(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    return np.full(array.shape, chance.choice((np.nan, np.inf, -np.inf)), np.float32)


def _other(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    return arrays[chance.choice(sorted(arrays))]


def _increasing(array: np.ndarray, chance: random.Random, arrays: Arrays) -> np.ndarray:
    """Keys that ascend, but are others."""
    steps = [chance.choice((1, 1, 2, 50, 2**20, 2**40)) for _ in range(array.size)]
    total = np.cumsum(np.array(steps, dtype=np.uint64))
    return total.astype(array.dtype).reshape(array.shape)


def _gone(array: np.ndarray, chance: random.Random, arrays: Arrays) -> None:
    return None


_OPERATIONS: tuple[Callable[[np.ndarray, random.Random, Arrays], np.ndarray | None], ...] = (
    _element, _element, _element, _all, _noise, _shorter, _longer, _sorted, _reshaped, _retyped,
    _nan, _other, _increasing, _gone,
)  # fmt: skip
