"""Reading lines in every encoding; files are replaced atomically."""

from __future__ import annotations

import os
import stat
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg.common.errors import CrfsegError, DataError, SettingsError
from crfseg.common.files import atomic_write, read_lines

TEXT = "我们 在 学习 中文\n\n今天 天气 很 好\n"


def write(path, data: bytes):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "utf-32"])
def test_encodings(tmp_path, encoding):
    text = TEXT.translate(str.maketrans("们学习气", "們學習氣")).replace("为", "為")
    file = write(tmp_path / "a", text.encode(encoding))
    assert list(read_lines(file, encoding)) == text.splitlines()


@pytest.mark.parametrize("block", [1, 1 << 18])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_bom_is_dropped(tmp_path, monkeypatch, encoding, block):
    monkeypatch.setattr("crfseg.common.files._BLOCK", block)
    file = write(tmp_path / "a", ("\ufeff" + TEXT).encode(encoding))
    assert list(read_lines(file, encoding)) == TEXT.splitlines()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\0\ufeff", exclude_categories=["Cs"]))),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 7),
)
def test_lines_for_any_block_size(tmp_path_factory, lines, end, block):
    file = tmp_path_factory.mktemp("lines") / "a"
    file.write_bytes("".join(line + end for line in lines).encode())
    sizes = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crfseg.common.files._BLOCK", block)
        assert list(read_lines(file, on_bytes=sizes.append)) == lines
    assert sum(sizes) == file.stat().st_size


@pytest.mark.parametrize("block", [3, 7, 1 << 18])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5", "utf-16"])
def test_line_of_a_wrong_byte(tmp_path, monkeypatch, encoding, block):
    monkeypatch.setattr("crfseg.common.files._BLOCK", block)
    wrong = b"\x00\xd8\x20\x00" if encoding == "utf-16" else b"\xff\xff"
    lines = "中文\n\n中文\n中".encode(encoding)
    file = write(tmp_path / "a", lines + wrong + "\n中\n".encode(encoding))
    with pytest.raises(DataError, match=rf"a:4: byte 0x.. is not valid {encoding}; expected text"):
        list(read_lines(file, encoding))


def test_wrong_byte_in_a_later_block(tmp_path):
    file = write(tmp_path / "a", TEXT.encode() * 20_000 + b"\xe4\xb8\n")
    with pytest.raises(DataError, match="a:60001: byte 0xe4 is not valid utf-8; expected text in"):
        list(read_lines(file))


def test_file_cut_inside_a_character(tmp_path):
    file = write(tmp_path / "a", TEXT.encode() + "中".encode()[:2])
    with pytest.raises(DataError, match=":4: byte 0xe4"):
        list(read_lines(file))


@pytest.mark.parametrize(
    "given, true", [("utf-8", "gb18030"), ("utf-8", "big5"), ("utf-8", "utf-16"),
                    ("utf-16", "utf-8"), ("utf-16", "gb18030"), ("ascii", "utf-8"),
                    ("utf-8", "utf-16-le")],
)  # fmt: skip
def test_hint_names_the_encoding(tmp_path, given, true):
    text = "我們 在 這裡 學習 中文\n今天 天氣 很 好\n" if true == "big5" else TEXT
    file = write(tmp_path / "a", text.encode(true))
    with pytest.raises(DataError, match=rf":1: .*give encoding={true}\)"):
        list(read_lines(file, given))


def test_no_hint_for_one_stray_byte(tmp_path):
    file = write(tmp_path / "a", TEXT.encode() + b"\xff\n")
    with pytest.raises(
        DataError, match=r":4: byte 0xff is not valid utf-8; expected text in utf-8$"
    ):
        list(read_lines(file))


@pytest.mark.parametrize("name", ["klingon", "", "hex", "rot13", "undefined", "a\0b"])
def test_unknown_encoding(tmp_path, name):
    with pytest.raises(SettingsError, match=r"encoding=.*: unknown"):
        list(read_lines(write(tmp_path / "a", b"a"), name))


def test_nul(tmp_path):
    with pytest.raises(DataError, match=r"a:2: a NUL character; expected text in utf-8$"):
        list(read_lines(write(tmp_path / "a", "中文 字\n中\0\n".encode())))


def test_endless_line_stops_early(tmp_path):
    file = write(tmp_path / "a", b"a b\n" + b"x" * (1 << 20))
    read = []
    with pytest.raises(DataError, match=r"a:2: more than 1000 .* not segmented"):
        list(read_lines(file, on_bytes=read.append))
    assert sum(read) < 1 << 20


def test_files_that_cannot_be_read(tmp_path):
    for path, reason in [(tmp_path / "none", "no such file"), (tmp_path, "is a directory")]:
        with pytest.raises(DataError, match=f"cannot be read: {reason}"):
            list(read_lines(path))
    with pytest.raises(DataError, match="cannot be read: embedded null"):
        list(read_lines("a\0b"))
    secret = write(tmp_path / "secret", b"a")
    secret.chmod(0)
    if not os.access(secret, os.R_OK):  # root reads everything
        with pytest.raises(DataError, match="cannot be read: permission denied"):
            list(read_lines(secret))


def test_write_replaces_and_keeps_the_mode(tmp_path):
    path = write(tmp_path / "a", b"old")
    path.chmod(0o640)
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a"]


def test_new_file_has_the_usual_mode(tmp_path):
    (tmp_path / "usual").touch()
    with atomic_write(tmp_path / "a"):
        pass
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_failure_leaves_the_old_file(tmp_path, error):
    path = write(tmp_path / "a", b"old")
    with pytest.raises(error), atomic_write(path) as file:
        file.write(b"new")
        raise error
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_link_stays_a_link(tmp_path):
    target, link = write(tmp_path / "a", b"old"), tmp_path / "link"
    link.symlink_to(target)
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_device_and_pipe_are_written_to(tmp_path):
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with atomic_write(pipe) as file:
        file.write(b"new")
    reader.join()
    assert got == [b"new"]
    with atomic_write(os.devnull) as file:
        file.write(b"new")
    assert not os.path.isfile(os.devnull)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk():
    with (
        pytest.raises(CrfsegError, match="/dev/full: cannot be written: no space left"),
        atomic_write("/dev/full") as file,
    ):
        file.write(b"x" * (1 << 20))


def test_files_that_cannot_be_written(tmp_path, monkeypatch):
    plain = write(tmp_path / "plain", b"old")
    for path, reason in [
        (tmp_path, "it is a directory"),
        (f"{tmp_path}/new/", "it is a directory"),
        (tmp_path / "none" / "a", "no such file or directory"),
        (plain / "a", "not a directory"),
        ("a\0b", ".*embedded null"),
    ]:
        with pytest.raises(CrfsegError, match=f"cannot be written: {reason}"), atomic_write(path):
            pass
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(CrfsegError, match=r"plain: .*: it is read-only"), atomic_write(plain):
        pass
    assert plain.read_bytes() == b"old"
