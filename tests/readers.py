"""A check of readers on damaged files: corpora, word lists, templates, dumps, streams."""

from __future__ import annotations

import codecs
import io
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import conftest
import texts
from workers import Check

from crfseg import Model, train_tagger
from crfseg.common.errors import DataError, ModelError, SettingsError, TemplateError
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.sentences import FORMATS, read_sentences, write_sentences
from crfseg.corpus.tokens import TOKEN_FORMATS, read_tokens
from crfseg.corpus.word_lists import read_words
from crfseg.features import templates
from crfseg.model.dump.files import dump, load_dump
from crfseg.segmentation.stream import LONGEST, segment_stream
from crfseg.segmentation.user_dictionary import UserDictionary

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


def read_stream(path: str, encoding: str, chance: random.Random) -> None:
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
    ("stream", read_stream),
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
