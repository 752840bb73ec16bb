"""Checks on hostile input; each takes the seed that generates its input (see `workers.run`)."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import forge
import general
import numpy as np
import pytest
import texts
from guarded import GuardedEngine
from workers import Check

from crfseg import Model, Segmenter, Tagger, train
from crfseg.common.errors import ModelError, SettingsError
from crfseg.jit import native
from crfseg.text.whitespace import is_space

TEXTS = (
    "中国人民大学的学生在北京服务。",
    "2024年我们在北京大学，a.b@c.org 10:30",
    "爱龘\U0001f1e8\U0001f1f3e\u0301 \ud800人民\x1f服务\x1e\n",
    "北" * 300 + "为人民服务" * 200,
)


def check_of_models(models: Sequence[bytes]) -> Check:
    """The check of `forge.mutant`: refused in a line, or a model that does what it says."""
    same = [forge.taken_apart(data) for data in models]
    for entry in ("segment_four", "segment_six"):  # made here, not while a file is loaded
        native.entry(entry)

    def check(seed: int) -> Iterator[str]:
        data = forge.mutant(models, seed)
        with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
            path = Path(folder, "m")
            path.write_bytes(data)
            yield "ready"
            try:
                Segmenter(path)
            except ModelError as error:
                _check_message(str(error), path)
                yield "refused"
                return
            if forge.is_damaged(seed):
                assert _is_one_of(data, same), "damaged and accepted"
                yield "the same model"
                return
            yield "accepted"
            model = Model.load(path)
            segmenters = [Segmenter(path, standard=s) for s in model.standards or [None]]
        for number, segmenter in enumerate(segmenters):
            plain = Segmenter(model, standard=segmenter.standard, keep_whole=False)
            for text in TEXTS:
                assert "".join(segmenter.cut(text)) == text
                if len(model.standards) <= 1:
                    assert plain.cut(text) == general.cut(model, text, number, exact=True)
            segmenter.add_words(["民大", "大学的"], force=True)
            segmenter.add_words(["国人"])
            assert segmenter.segment(TEXTS[0]).replace(" ", "") == TEXTS[0]

    return check


ROWS = [("我们", "我"), ("王", "一"), ("北", "四"), ("\0", "\ud800"), ("", " "), ("京", "五")]


def check_of_taggers(models: Sequence[bytes]) -> Check:
    """The same for taggers: refused in a line, or a label for each token, by all ways the same."""
    same = [forge.taken_apart(data) for data in models]

    def check(seed: int) -> Iterator[str]:
        data = forge.mutant(models, seed)
        with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
            path = Path(folder, "m")
            path.write_bytes(data)
            yield "ready"
            try:
                tagger = Tagger(path)
                tagger.tag([])
            except ModelError as error:
                _check_message(str(error), path)
                yield "refused"
                return
        if forge.is_damaged(seed):
            assert _is_one_of(data, same), "damaged and accepted"
            yield "the same model"
            return
        yield "accepted"
        rows = [(*row, *row, "x")[: tagger.columns] for row in ROWS for _ in range(3)]
        rows = [(*row, *["y"] * (tagger.columns - len(row))) for row in rows]
        found = tagger.tag_many([rows, rows[:1], []])
        assert [len(labels) for labels in found] == [len(rows), 1, 0]
        assert tagger.tag(rows) == found[0]
        assert {label for labels in found for label in labels} <= set(tagger.labels)
        chances = tagger.marginals(rows)
        assert np.isfinite(chances).all()
        np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-3)

    return check


def _check_message(message: str, path: Path) -> None:
    """One printable line that names the file."""
    assert message.startswith(f"{path}: "), message
    assert message.isprintable(), message
    assert len(message) < 1000, len(message)


def _is_one_of(data: bytes, models: Sequence[tuple[Any, forge.Arrays]]) -> bool:
    """Whether a model file holds just what one of the others does."""
    metadata, arrays = forge.taken_apart(data)
    return any(
        metadata == other and all(arrays[n].tobytes() == a.tobytes() for n, a in b.items())
        for other, b in models
    )


def segmenters(corpus: Path) -> list[Segmenter]:
    """Of four and six tags, with words of a user and without."""
    preferred = ["人民大学", "e\u0301", "10:30", "New York", "京市"]
    forced = ["务大", "人 民", "Ａb", "年5", "长江大"]
    six = train(corpus, tags=6, max_iter=3).model
    return [
        Segmenter(),
        Segmenter(user_dict=preferred, force_dict=forced),
        Segmenter(six),
    ]


def check_of_texts(segmenters: Sequence[Segmenter], each: int = 1000) -> Check:
    """The check of batches of texts: nothing is lost, and all ways to cut them agree."""
    guards = [GuardedEngine(segmenter._engine) for segmenter in segmenters]

    def check(seed: int) -> Iterator[str]:
        chance = random.Random(seed)
        made = [texts.text(chance) for _ in range(each)]
        which = seed % len(segmenters)
        segmenter, guard = segmenters[which], guards[which]
        yield "ready"
        found = segmenter.cut_many(made, threads=1)
        for text, words in zip(made, found, strict=True):
            assert "".join(words) == text, ascii(text)
            assert "" not in words, ascii(text)
        yield "kept"
        for text, words in zip(made[::100], found[::100], strict=True):
            assert segmenter.cut(text) == words, ascii(text)
            assert segmenter.cut_constrained(text) == words, ascii(text)
            plain = [word for word in words if not is_space(word)]
            assert segmenter.cut(text, keep_space=False) == plain, ascii(text)
            spans = segmenter.spans(text)
            assert [text[a:b] for a, b in spans] == plain, ascii(text)
            assert segmenter.segment(text, "|").replace("|", "") == text.replace("|", "")
            tags = segmenter.tags(text)
            assert len(tags) == len(text)
            data = text.encode("utf-8", "surrogatepass")
            style = segmenter._separated_by("|")
            assert isinstance(guard.write(data, style), bytes), ascii(text)
            if len(text) < 500:
                _check_probabilities(segmenter, text, chance)
        for _ in range(each // 100):
            check_bytes(segmenter, guard, texts.broken(chance))

    return check


def _check_probabilities(segmenter: Segmenter, text: str, chance: random.Random) -> None:
    """Of all segmentations: sound numbers, every text whole, the best one first."""
    found = segmenter.nbest(text, 3)
    assert all("".join(words) == text for words, _ in found), ascii(text)
    logs = [log for _, log in found]
    assert logs == sorted(logs, reverse=True), ascii(text)
    assert all(log <= 1e-6 for log in logs), ascii(text)
    marginals = segmenter.marginals(text)
    for numbers in (marginals.boundaries, marginals.tags):
        assert np.isfinite(numbers).all(), ascii(text)
        assert ((numbers >= 0) & (numbers <= 1 + 1e-6)).all(), ascii(text)
    for words in segmenter.sample(text, 2, seed=0):
        assert "".join(words) == text, ascii(text)
    place = chance.randrange(-1, len(text) + 2)
    try:
        words = segmenter.cut_constrained(text, {place: chance.random() < 0.5})
    except SettingsError:
        return
    assert "".join(words) == text, ascii(text)


def check_bytes(segmenter: Segmenter, guard: GuardedEngine, data: bytes) -> None:
    """Python's decoder and ours agree on what is UTF-8; outputs read back."""
    try:
        text = data.decode()
    except UnicodeDecodeError as wrong:
        with pytest.raises(UnicodeDecodeError):
            segmenter.segment_bytes(data)
        passed = data.decode("utf-8", "surrogatepass") if is_utf8(data, "surrogatepass") else None
        result = guard.write(data, segmenter._separated_by(" "))
        assert (passed is None) == isinstance(result, int), data
        if passed is None:
            assert -1 - result == wrong.start or data[wrong.start] == 0xED, data
        return
    assert segmenter.segment_bytes(data, sep="\x00").replace(b"\0", b"") == data.replace(b"\0", b"")
    guarded = guard.write(data, segmenter._separated_by(" "))
    assert isinstance(guarded, bytes)
    lines = text.split("\n")
    arrays = segmenter.segment_bytes(data, "json").decode().split("\n")
    for line, answer in zip(lines, arrays, strict=True):
        if line:
            tokens = json.loads(answer)
            assert all(0 <= token["confidence"] <= 1 for token in tokens), data
            assert "".join(token["word"] for token in tokens) == line.removesuffix("\r"), data


def is_utf8(data: bytes, errors: str = "strict") -> bool:
    """Whether Python reads it."""
    try:
        data.decode("utf-8", errors)
    except UnicodeDecodeError:
        return False
    return True
