"""Options shared by several commands, and reading and writing of files, ``-`` included."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from crfseg.cli.signals import unbroken
from crfseg.common.errors import CrfsegError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

CORPUS_FORMATS = ("auto", "words", "tagged", "chars", "conll", "conllu", "partial")


def complete_file(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Shell completion of file names, as ``shell_complete`` of a parameter."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


format_option = click.option(
    "--format",
    type=click.Choice(CORPUS_FORMATS),
    default="auto",
    show_default=True,
    help="Words separated by spaces, word/POS, 字/b with tags s b m e, two columns, CoNLL-U, or "
    "partly annotated 一-个|字 符.",
)
encoding_option = click.option(
    "--encoding",
    metavar="NAME",
    default="utf-8",
    show_default=True,
    help="Encoding of the text: utf-8 (with or without BOM), gb18030, big5, utf-16 ...",
)
threads_option = click.option(
    "--threads", type=int, metavar="N", help="Number of threads.  [default: one per processor]"
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print only errors.")
model_option = click.option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=complete_file,
    help="Model file.  [default: the bundled model]",
)

standard_option = click.option(
    "--standard",
    metavar="NAME",
    help="The standard of the model to follow.  [default: its first]",
)

dict_option = click.option(
    "--dict",
    "user_dict",
    multiple=True,
    metavar="FILE",
    shell_complete=complete_file,
    help="Words to prefer, one per line (or jieba's format); repeatable.",
)
force_dict_option = click.option(
    "--force-dict",
    multiple=True,
    metavar="FILE",
    shell_complete=complete_file,
    help="Words to keep whole wherever they occur, longest first; repeatable.",
)


def option_of(command: click.Command, name: str) -> str | None:
    """The command's option for a parameter of the library; None if it has no such option."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name == name:
            return max(parameter.opts, key=len)
    return None


def words_of(files: Sequence[str]) -> list[str] | None:
    """The words of word lists; None if there are no lists."""
    if not files:
        return None
    from crfseg.corpus.word_lists import read_words

    return [word for file in files for word in read_words(file)]


@contextmanager
def readable(path: str) -> Iterator[str]:
    """``path`` itself, or for ``-`` a temporary file with the contents of standard input."""
    if path != "-":
        yield path
        return
    if sys.stdin is None:
        raise CrfsegError("<stdin>: is closed")
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        copy = os.path.join(folder, "stdin")
        with open(copy, "wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield copy
        except CrfsegError as error:
            error.args = (str(error).replace(copy, "<stdin>"),)
            raise


@contextmanager
def writable(name: str) -> Iterator[Callable[[bytes], object]]:
    """A function that writes unbuffered to standard output (``-``), or atomically to a file."""
    if name == "-":
        if sys.stdout is None:
            raise CrfsegError("<stdout>: is closed")
        yield _write_out
        return
    from crfseg.common.files import atomic_write

    with atomic_write(name) as file:
        yield file.write


def _write_out(data: bytes) -> None:
    try:
        with unbroken():
            _write_all(data)
    except OSError as error:
        error.filename = "<stdout>"
        raise


def _write_all(data: bytes) -> None:
    out = sys.stdout.buffer
    out.flush()
    # A raw write (PYTHONUNBUFFERED) may be partial; it returns None if the descriptor is
    # non-blocking and full, as with a pipe that another process has set so.
    raw, view = getattr(out, "raw", out), memoryview(data)
    while view:
        written = raw.write(view)
        if written is None:
            import select

            select.select([], [raw], [])
        else:
            view = view[written:]


def check_writable(path: str) -> None:
    """Raise CrfsegError if a file cannot be written there, to fail before hours of work."""
    folder = os.path.dirname(path) or "."
    problem = None
    if path == "-":
        problem = "a model does not go to standard output; expected a file name"
    elif os.path.isdir(path):
        problem = "is a directory; expected a file name"
    elif not os.path.isdir(folder):
        problem = f"there is no folder {folder}"
    elif not os.access(path if os.path.exists(path) else folder, os.W_OK):
        problem = "no permission to write it"
    if problem:
        raise CrfsegError(f"-o {path}: {problem}")
