"""Streams: whole lines in order, bounded memory, and errors for invalid bytes."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg.common.errors import DataError, SettingsError
from crfseg.segmentation import stream
from crfseg.segmentation.stream import CHUNK, LONGEST, segment_stream

MB = 1 << 20


def is_space(character: str) -> bool:
    return character.isspace() or character == "\ufeff"


class Letters:
    """A segmenter for which every character that is no whitespace is a word."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.longest = 0

    def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
        time.sleep(self.pause and random.uniform(0, self.pause))
        self.longest = max(self.longest, len(data))
        lines = data.decode().split("\n")
        return "\n".join(self._line(line, output, sep) for line in lines).encode()

    def _line(self, line: str, output: str, sep: str) -> str:
        if output == "words":
            pairs = zip(line, line[1:] + " ", strict=False)
            return "".join(a if is_space(a) or is_space(b) else a + sep for a, b in pairs)
        return " ".join(f"{c}/s" for c in line if not is_space(c))


def pieces(data: bytes, *sizes: int) -> Callable[[int], bytes]:
    """A read that gives ``data`` in pieces of these sizes, then as much as is asked."""
    parts, at = iter(sizes), 0

    def read(size: int) -> bytes:
        nonlocal at
        part = data[at : at + min(next(parts, size), size)]
        at += len(part)
        return part

    return read


def run(data: bytes, *sizes: int, segmenter: Letters | None = None, **options: object) -> bytes:
    out = bytearray()
    segment_stream(segmenter or Letters(), pieces(data, *sizes), out.extend, **options)  # type: ignore[arg-type]
    return bytes(out)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("text", "segmented"),
    [
        ("", ""),
        ("\n", "\n"),
        ("你好", "你 好"),
        ("你好\n", "你 好\n"),
        ("你好\r\n\r\n再见\r\n", "你 好\r\n\r\n再 见\r\n"),
        ("\n\n 你 好\t吗\n\n", "\n\n 你 好\t吗\n\n"),
        ("你\0好\n", "你 \0 好\n"),
        ("\ufeff你好\n", "\ufeff你 好\n"),
    ],
)
def test_lines_are_kept(text: str, segmented: str, threads: int) -> None:
    assert run(text.encode(), threads=threads) == segmented.encode()


@given(
    st.text("你好，\n\r \u3000x😀", max_size=60),
    st.lists(st.integers(1, 7), max_size=30),
    st.sampled_from([1, 2]),
)
@settings(max_examples=60, deadline=None)
def test_result_does_not_depend_on_the_reads(text: str, sizes: list[int], threads: int) -> None:
    assert run(text.encode(), *sizes, threads=threads) == run(text.encode(), threads=1)


@given(
    st.text("你好，。 \u3000x😀\n", max_size=80),
    st.lists(st.integers(1, 7), max_size=30),
    st.integers(4, 20),
)
@settings(max_examples=100, deadline=None)
def test_long_lines_are_cut_the_same_for_all_reads(text: str, sizes: list[int], most: int) -> None:
    def blocks(*sizes: int) -> list[bytes]:
        read = pieces(text.encode(), *sizes)
        chunks = iter(lambda: read(most), b"")
        lines = [line for block in stream._blocks(chunks) for line in block.data.splitlines(True)]
        assert all(len(line.rstrip(b"\n")) <= most for line in lines)
        return lines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "LONGEST", most)
        cut = blocks()
        assert blocks(*sizes) == cut
        assert b"".join(cut).decode() == text
        for line in cut:
            line.decode()  # no character is cut


def test_enormous_line_stays_one_line_of_words() -> None:
    line = "天地玄黄，" * (MB // 5)  # 3 MB
    segmenter = Letters()
    expected = " ".join(line) + "\n" + "再 见\n"
    assert run(f"{line}\n再见\n".encode(), segmenter=segmenter, threads=2) == expected.encode()
    assert segmenter.longest <= LONGEST + CHUNK


@pytest.mark.parametrize("mark", [" ", "\u3000", "。", ""])
def test_enormous_line_is_cut_after_the_last_mark(mark: str) -> None:
    line = "天" * 1000 + mark + "地" * (MB // 2)
    blocks = list(
        stream._blocks([line.encode()[at : at + CHUNK] for at in range(0, 2 * MB, CHUNK)])
    )
    ends = 1000 + len(mark) if mark else LONGEST // 3
    assert blocks[0].data.decode() == line[:ends]
    assert blocks[1].gap == (mark in ("。", ""))
    assert run(line.encode()) == Letters().segment_bytes(line.encode())


def test_enormous_line_in_other_forms_is_a_line_for_each_piece() -> None:
    line = "天" * (LONGEST // 3) + "地\n"
    out = run(line.encode(), output="tags").decode().split("\n")
    assert [len(part) for part in out] == [4 * (LONGEST // 3) - 1, 3, 0]


def test_many_threads_keep_the_order() -> None:
    lines = [f"第{i}行\n" for i in range(3000)]
    data = "".join(lines).encode()
    expected = "".join(" ".join(line[:-1]) + "\n" for line in lines).encode()
    sizes = [random.Random(1).randint(1, 700) for _ in range(len(data))]
    assert run(data, *sizes, segmenter=Letters(pause=0.002), threads=8) == expected


@pytest.mark.parametrize("threads", [1, 2])
def test_answer_comes_before_the_next_input(threads: int) -> None:
    source, sink = os.pipe()
    answers: list[bytes] = []
    answered = threading.Event()

    def write(data: bytes) -> None:
        answers.append(data)
        answered.set()

    def work() -> None:
        segment_stream(Letters(), lambda size: os.read(source, size), write, threads=threads)

    worker = threading.Thread(target=work)
    worker.start()
    for text, answer in (("你好\n", "你 好\n"), ("再", None), ("见\n", "再 见\n")):
        answered.clear()
        os.write(sink, text.encode())
        if answer:
            assert answered.wait(10)
            assert answers[-1] == answer.encode()
    os.close(sink)
    worker.join(10)
    assert not worker.is_alive()
    os.close(source)


@pytest.mark.parametrize("threads", [1, 3])
def test_memory_is_bounded_when_nobody_reads(threads: int) -> None:
    taken = 0
    gate = threading.Event()

    def read(size: int) -> bytes:
        nonlocal taken
        taken += size
        return b"x" * (size - 1) + b"\n" if taken < 400 * CHUNK else b""

    class Mute(Letters):
        def segment_bytes(self, data: bytes, output: str = "words", sep: str = " ") -> bytes:
            return b"\n"

    def write(data: bytes) -> None:
        gate.wait(10)

    worker = threading.Thread(
        target=segment_stream, args=(Mute(), read, write), kwargs={"threads": threads}
    )
    worker.start()
    time.sleep(0.3)
    assert taken <= (2 * threads + 3) * CHUNK
    gate.set()
    worker.join(10)
    assert taken >= 400 * CHUNK


def test_bytes_are_counted() -> None:
    counts: list[int] = []
    data = "你好\n".encode() * 100_000
    run(data, on_bytes=counts.append, threads=2)
    assert sum(counts) == len(data)
    assert max(counts) <= CHUNK


@pytest.mark.parametrize("threads", [1, 2])
def test_bad_bytes_end_it_at_their_line(threads: int) -> None:
    data = "一行\n二行\n".encode() + "三：你好".encode("gb18030") + "\n四行\n".encode()
    out = bytearray()
    with pytest.raises(DataError) as caught:
        segment_stream(Letters(), pieces(data), out.extend, threads=threads, name="in.txt")
    assert str(caught.value) == (
        "in.txt:3: byte 1 of the line is not utf-8; try encoding=gb18030 or errors=replace"
    )
    assert out.decode() == "一 行\n二 行\n"


def test_bad_bytes_far_down_a_long_line_are_counted_from_its_beginning() -> None:
    data = b"\n" + b"x" * LONGEST + b"y" * 9 + b"\xff\n"
    with pytest.raises(DataError, match=f"<stdin>:2: byte {LONGEST + 10} of the line"):
        run(data)


def test_bad_bytes_are_replaced_when_asked() -> None:
    data = b"\xe4\xbd\xa0\xff\n\xe4\xbd"
    assert run(data, errors="replace") == "你 \ufffd\n\ufffd".encode()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("繁體中文很好", "big5"), ("简体中文很好", "gb18030"), ("你好吗", "utf-8")],
)
def test_a_likely_encoding_is_suggested(text: str, encoding: str) -> None:
    wrong = "ascii" if encoding == "utf-8" else "utf-8"
    with pytest.raises(DataError, match=f"try encoding={encoding} or"):
        run(text.encode(encoding), encoding=wrong)


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("sizes", [(), (1,) * 40])
def test_other_encodings_come_out_as_they_went_in(encoding: str, sizes: tuple[int, ...]) -> None:
    text = "你好\r\n\n上下，人\n中"
    out = run(text.encode(encoding), *sizes, encoding=encoding, threads=2)
    assert out == "你 好\r\n\n上 下 ， 人\n中".encode(encoding)


@pytest.mark.parametrize("sizes", [(), (1,) * 40])
def test_bad_bytes_in_another_encoding(sizes: tuple[int, ...]) -> None:
    data = "好\n天地".encode("gb18030") + b"\xff\n" + "人\n".encode("gb18030")
    out = bytearray()
    with pytest.raises(DataError, match="<stdin>:2: byte 5 of the line is not gb18030; try"):
        segment_stream(Letters(), pieces(data, *sizes), out.extend, encoding="gb18030")
    assert out == "好\n".encode("gb18030")


def test_text_that_ends_within_a_character() -> None:
    with pytest.raises(DataError, match="<stdin>:1: byte 3 of the line is not gb18030"):
        run("天地".encode("gb18030")[:-1], encoding="gb18030")
    with pytest.raises(DataError, match="byte 4 of the line is not utf-8; try errors=replace"):
        run("天地".encode()[:-1])


def test_errors_of_reading_and_writing_come_through() -> None:
    def broken(_: object) -> bytes:
        raise OSError(5, "Input/output error")

    for threads in (1, 2):
        with pytest.raises(OSError, match="Input/output"):
            segment_stream(Letters(), broken, bytearray().extend, threads=threads)
        with pytest.raises(OSError, match="Input/output"):
            segment_stream(Letters(), pieces("你好\n".encode() * 10**6), broken, threads=threads)


def test_settings_are_checked() -> None:
    with pytest.raises(SettingsError, match="encoding=klingon: "):
        run(b"", encoding="klingon")
    with pytest.raises(SettingsError, match="encoding=base64: "):
        run(b"", encoding="base64")
    with pytest.raises(SettingsError, match="errors=ignore: must be strict or replace"):
        run(b"", errors="ignore")
    with pytest.raises(SettingsError, match="sep=｜❤: cannot be written in big5"):
        run(b"", sep="｜❤", encoding="big5")
    with pytest.raises(SettingsError, match="threads=0"):
        run(b"", threads=0)


def test_replacement_that_the_encoding_lacks() -> None:
    assert run(b"\xa7\xff\n", encoding="big5", errors="replace").endswith(b"\n")
    with pytest.raises(DataError, match=r"<stdin>: U\+D800 cannot be written in utf-7"):
        run(b"+2AA-\n", encoding="utf-7")
