"""The checks that hostile input must pass, each for the input of a seed (see `workers.run`)."""

from __future__ import annotations

import codecs
import io
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import conftest
import forge
import general
import numpy as np
import pytest
import texts
from guarded import GuardedEngine
from workers import Check

from crfseg import Model, Segmenter, Tagger, dump, load_dump, templates, train, train_tagger
from crfseg.corpus import FORMATS, Corpus, read_sentences, write_sentences
from crfseg.errors import DataError, ModelError, SettingsError, TemplateError
from crfseg.lexicon import read_words
from crfseg.spaces import is_space
from crfseg.stream import LONGEST, segment_stream
from crfseg.tokens import TOKEN_FORMATS, read_tokens
from crfseg.userdict import UserDictionary

TEXTS = (
    "中国人民大学的学生在北京服务。",
    "2024年我们在北京大学，a.b@c.org 10:30",
    "爱龘\U0001f1e8\U0001f1f3e\u0301 \ud800人民\x1f服务\x1e\n",
    "北" * 300 + "为人民服务" * 200,
)


def check_of_models(models: Sequence[bytes]) -> Check:
    """The check of `forge.mutant`: refused in a line, or a model that does what it says."""
    same = [forge.taken_apart(data) for data in models]

    def check(seed: int) -> Iterator[str]:
        data = forge.mutant(models, seed)
        with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
            path = Path(folder, "m")
            path.write_bytes(data)
            yield "ready"
            try:
                model = Model.load(path)
                segmenters = [Segmenter(path, standard=s) for s in model.standards or [None]]
            except ModelError as error:
                _check_message(str(error), path)
                yield "refused"
                return
        if forge.is_damaged(seed):
            assert _is_one_of(data, same), "damaged and accepted"
            yield "the same model"
            return
        yield "accepted"
        for number, segmenter in enumerate(segmenters):
            plain = Segmenter.from_model(model, standard=segmenter.standard, keep_whole=False)
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
        Segmenter.from_model(six),
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


ENCODINGS = ("gb18030", "big5", "utf-16", "utf-16-le", "utf-7", "utf-8-sig", "utf-32", "hz")


def check_of_readers(files: Sequence[bytes]) -> Check:
    """The check of files that are read as text: what is there comes out, or one line says why not.

    files: sound ones of all kinds, which are damaged or taken for what they are not.
    """

    def check(seed: int) -> Iterator[str]:
        chance = random.Random(seed)
        name, read = chance.choice(READERS)
        data = _damaged_text(chance.choice(files), chance, files)
        encoding = chance.choice(("utf-8",) * 6 + ENCODINGS)
        with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
            path = os.path.join(folder, "f")
            Path(path).write_bytes(data)
            yield "ready"
            try:
                read(path, encoding, chance)
                outcome = f"{name}: read"
            except (DataError, TemplateError, ModelError, SettingsError) as error:
                message = str(error)
                assert message.startswith((path, "<stdin>", "--")), message
                assert "\n" not in message, message
                assert len(message) < 2000, message
                outcome = f"{name}: refused"
        yield outcome

    return check


def _damaged_text(data: bytes, chance: random.Random, files: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")[: chance.choice((3, 30, 10_000))]
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        at, kind = chance.randrange(len(lines)), chance.randrange(9)
        if kind == 0:
            lines[at] = texts.broken(chance)
        elif kind == 1:
            lines[at] = texts.text(chance).encode("utf-8", "surrogatepass")
        elif kind == 2:
            lines[at] = lines[at] * chance.choice((2, 3, 100))
        elif kind == 3:
            lines.insert(at, chance.choice(chance.choice(files).split(b"\n")))
        elif kind == 4:
            del lines[at:]
            lines.append(b"")
        elif kind == 5:
            lines[at] = lines[at].replace(*chance.choice(_SWAPS))
        else:
            place = chance.randrange(len(lines[at]) + 1)
            some = chance.choice(_STRANGE)
            lines[at] = lines[at][:place] + some + lines[at][place + chance.choice((0, 1, 3)) :]
    made = chance.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r")).join(lines)
    if chance.random() < 0.1:
        made = chance.choice((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) + made
    if chance.random() < 0.1:
        with suppress(UnicodeError):
            made = made.decode().encode(chance.choice(("gb18030", "big5", "utf-16", "utf-16-le")))
    return made


_SWAPS = ((b" ", b""), (b" ", b"\t"), (b"/", b" / "), (b"\t", b" "), (b"/", b"//"), (b"=", b" "))
_STRANGE = (
    b"\0", b"\xff", b"\x1b[2J", b"\\", b"\\u", b"\\ud800", b"\\U00110000", b"[", b"]", b"/", b"-",
    b"#", b"[words]", b"%x[", b"%", b"1e999", b"nan", b"inf", b"9" * 400, b"-0", b"1-", b"3.1",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe4", b"{", b"}", b'"',
    b"\xe4\xba\xba" * 1001, b"\xd9\xa3", b"\xe0\xa5\xa7", b"[" * 3000, b"O", b"B-", b"I-x",
)  # fmt: skip


def _read_corpus(path: str, encoding: str, chance: random.Random) -> None:
    format = chance.choice(FORMATS)
    sentences = list(read_sentences(path, format, encoding))
    assert all(word and not word.isspace() for words in sentences for word in words)
    if format == "words":
        text = "".join(open(path, encoding=encoding, newline="").read().split())
        assert "".join(map("".join, sentences)) == text.removeprefix("\ufeff")
    corpus = Corpus.from_sentences(sentences)
    assert list(corpus.sentences()) == [clean for words in sentences if (clean := _split(words))]


def _split(words: Sequence[str]) -> list[str]:
    return " ".join(words).split()


def _read_templates(path: str, encoding: str, chance: random.Random) -> None:
    lines = templates.load(path)
    parsed = templates.parse(lines, path, chance.choice((None, 4)))
    again = templates.parse(parsed.lines)
    assert (again.families, again.transitions) == (parsed.families, parsed.transitions)


def _read_words(path: str, encoding: str, chance: random.Random) -> None:
    words = read_words(path)
    assert all(word == word.strip() and word for word in words)
    dictionary = UserDictionary()
    dictionary.add(words, chance.random() < 0.5)
    dictionary.remove(words[::2])
    dictionary.snapshot()


def _read_dump(path: str, encoding: str, chance: random.Random) -> None:
    load_dump(path)


def _read_tokens(path: str, encoding: str, chance: random.Random) -> None:
    rows = list(read_tokens(path, chance.choice(TOKEN_FORMATS), encoding))
    assert all(sentence and all(row) for sentence in rows for row in sentence)


class Copier:
    """A segmenter that changes nothing."""

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
        data.decode()
        return data


def _read_stream(path: str, encoding: str, chance: random.Random) -> None:
    data, written = Path(path).read_bytes(), bytearray()
    source, most = io.BytesIO(data), chance.choice((1, 2, 3, 7, 100, 1 << 18))
    errors = chance.choice(("strict", "replace"))
    try:
        segment_stream(
            Copier(), lambda n: source.read(min(n, most)), written.extend, encoding=encoding,
            errors=errors, threads=chance.choice((1, 2)), sep="",
        )  # fmt: skip
    except DataError as error:
        assert errors == "strict" or "its beginning is not" in str(error)
        if encoding == "utf-8":
            assert data.startswith(written)
            cut = max(map(len, data.split(b"\n"))) > LONGEST
            assert cut or not written or written.endswith(b"\n")
        raise
    if encoding == "utf-8":
        assert bytes(written) == data.decode(errors="replace").encode()
    elif errors == "strict":
        assert written.decode(encoding) == data.decode(encoding)


LABELLED = "中国\tB-LOC\n人\tO\n\n人民\tB-ORG\n大学\tI-ORG\n"

READERS: list[tuple[str, Callable[[str, str, random.Random], None]]] = [
    ("corpus", _read_corpus), ("corpus", _read_corpus), ("word list", _read_words),
    ("templates", _read_templates), ("dump", _read_dump), ("tokens", _read_tokens),
    ("stream", _read_stream),
]  # fmt: skip


def files_to_read(model: Path, folder: Path) -> list[bytes]:
    """Sound files of every kind: corpora, dictionaries, templates, dumps."""
    sentences = [_split(line.split(" ")) for line in conftest.TINY.splitlines()]
    found = []
    for format in ("words", "chars", "conll", "conllu"):
        write_sentences(folder / "f", sentences, format)
        found.append((folder / "f").read_bytes())
    found.append("".join(
        "[" + " ".join(f"{w}/n" for w in words) + "]nt 。/w\n" for words in sentences
    ).encode())  # fmt: skip
    found.append(LABELLED.encode() * 3)
    found.append("大学 5 n\n人民大学 3 nt\nNew York 7\n北京\t9\n".encode())
    found.append("\n".join([*templates.default_lines(2), "# a comment", ""]).encode())
    (folder / "f").write_text(LABELLED, encoding="utf-8")
    for one in (Model.load(model), train_tagger(folder / "f", max_iter=2).model):
        dump(one, folder / "f")
        found.append((folder / "f").read_bytes())
    (folder / "f").unlink()
    return found
