"""Untrusted text: no character lost, no out-of-bounds read, one-line errors."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import hostile
import pytest
import readers
import texts
from command import fails
from command import run as run_command
from guarded import Guarded, GuardedEngine
from workers import run

from crfseg import Segmenter
from crfseg.common.errors import CrfsegError, DataError, TemplateError
from crfseg.corpus.sentences import read_sentences
from crfseg.corpus.word_lists import read_words
from crfseg.features.templates import parse
from crfseg.segmentation.stream import segment_stream


@pytest.fixture(scope="module")
def segmenters(tiny: Path) -> list[Segmenter]:
    """Of four and six tags, with words of a user and without."""
    return hostile.segmenters(tiny)


def size(some: int, many: int) -> pytest.MarkDecorator:
    """Few inputs in every run of the tests, many in a long one."""
    return pytest.mark.parametrize(
        "seeds", [range(some), pytest.param(range(many), marks=pytest.mark.long)]
    )


@size(12, 1000)
def test_thousands_of_texts(segmenters: list[Segmenter], seeds: range) -> None:
    """A thousand for each seed."""
    figures = run(hostile.check_of_texts(segmenters), seeds, each=20)
    assert figures.failures == []
    assert figures.outcomes == {"kept": len(seeds)}


@size(600, 50_000)
def test_files_that_are_read(tiny: Path, tiny_model: Path, tmp_path: Path, seeds: range) -> None:
    check = readers.check_of_readers(readers.files_to_read(tiny_model, tmp_path))
    figures = run(check, seeds, room=1 << 30)
    assert figures.failures == []
    assert figures.slowest[0] < 1
    read = sum(count for name, count in figures.outcomes.items() if name.endswith("read"))
    assert read > len(seeds) / 10
    for name, _ in readers.READERS:
        assert figures.outcomes[f"{name}: refused"] > 0


@pytest.mark.parametrize("name", texts.KEPT)
def test_inputs_worth_keeping(segmenters: list[Segmenter], name: str) -> None:
    data, good = texts.KEPT[name]
    assert hostile.is_utf8(data) == good
    for segmenter in segmenters:
        guard = GuardedEngine(segmenter._engine)
        for more in (b"", b"a", "人民".encode(), "。\n".encode()):
            hostile.check_bytes(segmenter, guard, data)
            hostile.check_bytes(segmenter, guard, more + data + more)


def test_the_guards_are_awake(segmenters: list[Segmenter]) -> None:
    """A text said to be one byte longer than it is kills the process."""
    guard = GuardedEngine(segmenters[0]._engine)
    text = Guarded(300)
    text.set(b"a" * 300)
    pid = os.fork()
    if pid == 0:
        faulthandler.disable()
        guard.write_at(text.address, 301, segmenters[0]._styles[0])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGSEGV


@pytest.mark.long
@pytest.mark.parametrize("option", ["NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT"])
def test_with_every_index_checked(option: str, tmp_path: Path) -> None:
    """The kernels compiled to check bounds, and as plain Python, over the inputs kept."""
    program = Path(__file__).with_name("checked.py")
    environment = {**os.environ, option: "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, program, "3000" if option == "NUMBA_BOUNDSCHECK" else "100"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_lines_without_end_and_without_anything(tiny_model: Path, tmp_path: Path) -> None:
    for text in ("\n" * 300_000, "\r\n" * 100_000, "北京" * 400_000, "\ufeff我爱北京\r\n" * 9):
        path = tmp_path / "text"
        path.write_bytes(text.encode())
        result = run_command("segment", "-m", tiny_model, "--sep", "|", path)
        assert result.exit_code == 0
        assert result.stdout_bytes.decode().replace("|", "") == text


def test_gbk_taken_for_utf8_is_recognised(tiny_model: Path, tmp_path: Path) -> None:
    text = "我们在北京大学学习中文，为人民服务。\n" * 3
    path = tmp_path / "text"
    for encoding, shown in (("gbk", "gb18030"), ("big5", "big5"), ("utf-16", "utf-16")):
        path.write_bytes(text.replace("们", "的").encode(encoding, "replace"))
        fails(run_command("segment", "-q", "-m", tiny_model, path), f"--encoding {shown}")
        fails(run_command("train", "-q", path, "-o", tmp_path / "m"), f"--encoding {shown}")


# What the fuzzing found.


class Largest(random.Random):
    """Chooses what is asked for, or the last."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted

    def choice(self, options):
        return self.wanted if self.wanted in options else options[-1]


@pytest.mark.parametrize("end", [b"", b"\n", b"\xff\n"])
def test_streams_with_lines_that_are_cut(end: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes("人 民，".encode() * 150_000 + end)
    readers.read_stream(str(path), "utf-8", Largest("replace"))
    with pytest.raises(DataError) if b"\xff" in end else nullcontext():
        readers.read_stream(str(path), "utf-8", Largest("strict"))


@pytest.mark.parametrize("end", [b"", b"\0\xd8\0"])
def test_utf16_without_a_byte_order_mark(end: bytes, tmp_path: Path) -> None:
    """Python raises a UnicodeError that is no UnicodeDecodeError, and again on looking back."""
    data = "人民\n".encode("utf-16-le") + end
    reads = iter([data, b""])
    with pytest.raises(DataError, match=r"<stdin>:1: .* is not utf-16"):
        segment_stream(readers.Copier(), lambda n: next(reads), print, encoding="utf-16")
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(DataError, match=r":1: .* is not valid utf-16"):
        list(read_sentences(tmp_path / "f", encoding="utf-16"))


@pytest.mark.parametrize("space", ["\x0b", "\x1c", "\x85", "\u2028", "\ufeff"])
def test_strange_whitespace_in_a_word_list(space: str, tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_text(f"好\n人{space}民\n", encoding="utf-8")
    with pytest.raises(DataError, match=f":2: U\\+{ord(space):04X} inside of a word"):
        read_words(path)
    path.write_text("人\xa0民\nNew\u3000York\n", encoding="utf-8")
    assert len(read_words(path)) == 2


def test_what_errors_quote_is_short() -> None:
    with pytest.raises(TemplateError) as caught:
        parse(["[" * 10_000])
    assert len(str(caught.value)) < 200
    with pytest.raises(CrfsegError) as other:
        Segmenter(user_dict=["人\x0b" * 10_000])
    assert len(str(other.value)) < 300


def test_errors_do_nothing_to_a_terminal(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "corpus"
    path.write_text("中/b 国/e\n\x1b[2J/x 国/e\n", encoding="utf-8")
    result = run_command("train", "-q", "--format", "chars", path, "-o", tmp_path / "m")
    fails(result, "corpus:2: ")
    assert result.stderr.removesuffix("\n").isprintable()


def test_a_text_too_large_to_be_held(segmenters: list[Segmenter]) -> None:
    engine = segmenters[0]._engine
    for room in (1 << 31, 1 << 60):
        with pytest.raises(MemoryError, match="bytes or more at once; expected pieces"):
            engine._buffers(room, 1)
