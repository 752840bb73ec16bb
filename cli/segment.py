"""``crfseg segment``: segment text into words."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable
from typing import Any, cast

import click

from crfseg.cli.options import (
    complete_file,
    dict_option,
    encoding_option,
    force_dict_option,
    model_option,
    quiet_option,
    standard_option,
    threads_option,
    words_of,
    writable,
)
from crfseg.cli.report import Silence, reporter
from crfseg.common.errors import CrfsegError, DataError


@click.command(name="segment")
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, shell_complete=complete_file)
@click.option(
    "-o",
    "out",
    metavar="OUT",
    default="-",
    shell_complete=complete_file,
    help="File to write.  [default: stdout]",
)
@model_option
@standard_option
@dict_option
@force_dict_option
@click.option(
    "--sep", default=" ", metavar="TEXT", help="Separator between words.  [default: a space]"
)
@click.option(
    "--output",
    type=click.Choice(["words", "tags", "spans", "json", "marginals"]),
    default="words",
    show_default=True,
    help="Words; tags: 为/s 人/b 民/e; spans in characters: 0:1 1:3; json: tokens with their "
    "probabilities; marginals: JSON with the probabilities of words, boundaries and tags.",
)
@click.option(
    "--nbest",
    type=click.IntRange(1),
    metavar="K",
    help="Print the K best segmentations per line.",
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="K",
    help="Draw K random segmentations per line.",
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", help="Random seed, for reproducible samples."
)
@click.option(
    "--score", is_flag=True, help="Input is segmented: print the log-likelihood of each line."
)
@click.option(
    "--partial",
    is_flag=True,
    help="Input is partly segmented: | is a boundary, - is none, a space leaves it open.",
)
@click.option("--pos", is_flag=True, help="Print words with parts of speech: 为/p 人民/n.")
@click.option(
    "--pos-model",
    metavar="FILE",
    shell_complete=complete_file,
    help="Model for --pos.  [default: the bundled model]",
)
@encoding_option
@click.option(
    "--errors",
    type=click.Choice(["strict", "replace"]),
    default="strict",
    show_default=True,
    help="Stop at bytes that are invalid in the encoding, or replace them with U+FFFD.",
)
@threads_option
@quiet_option
def segment(
    inputs: tuple[str, ...],
    out: str,
    model: str | None,
    standard: str | None,
    user_dict: tuple[str, ...],
    force_dict: tuple[str, ...],
    quiet: bool,
    nbest: int | None,
    sample: int | None,
    seed: int | None,
    score: bool,
    partial: bool,
    pos: bool,
    pos_model: str | None,
    **form: Any,
) -> None:
    """Segment text into words.

    Reads files, or standard input, line by line. Output is lossless: removing the separators
    restores the input. A dash stands for standard input or output. OUT is only replaced at the
    end, so it may be one of the inputs.

    \b
    echo 为人民服务 | crfseg segment                      # 为 人民 服务
    echo 为人民服务 | crfseg segment --output tags        # 为/s 人/b 民/e 服/b 务/e
    crfseg segment --encoding gb18030 -o words.txt a.txt b.txt
    crfseg segment --dict terms.txt --force-dict names.txt text.txt
    echo 南京市长江大桥 | crfseg segment --nbest 3         # the 3 best, with probabilities
    echo '火-星 猫|的|生-态' | crfseg segment --partial   # keeps the annotated boundaries
    echo 为人民服务 | crfseg segment --pos                # 为/p 人民/n 服务/v
    """
    asked = {"nbest": nbest, "sample": sample, "score": score or None}
    _check(asked, seed, partial, form["output"])
    if pos:
        _check_pos(asked, partial, form["output"])
    elif pos_model is not None:
        raise click.UsageError("--pos-model goes with --pos")
    files = [name for name in inputs if name != "-"]
    total = sum(map(_size, files))
    progress = reporter(quiet or not files or _on_terminal(out))
    with progress, writable(out) as write:
        from crfseg.segmentation.segmenter import Segmenter

        lines: Any = None
        segmenter = Segmenter(
            model,
            standard=standard,
            user_dict=words_of(user_dict),
            force_dict=words_of(force_dict),
            pos_model=pos_model,
        )
        if pos:
            from crfseg.segmentation.line_writers import PosLines

            lines = PosLines(segmenter)
        if partial or any(value is not None for value in asked.values()):
            from crfseg.segmentation.line_writers import Lines

            lines = Lines(
                segmenter, nbest=nbest, sample=sample, seed=seed, score=score, partial=partial
            )
        progress.begin("segmenting", total, "bytes")
        for name in inputs or ("-",):
            _segment_file(lines or segmenter, name, write, progress, form)
        progress.end(f"{total:,} bytes")


def _check(asked: dict[str, Any], seed: int | None, partial: bool, output: str) -> None:
    """Raise UsageError for options that cannot be combined."""
    given = [f"--{name}" for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{given[0]} and {given[1]} do not go together")
    if "--score" in given and (partial or output != "words"):
        other = "--partial" if partial else f"--output {output}"
        raise click.UsageError(f"--score and {other} do not go together")
    if given and output not in ("words", "json"):
        raise click.UsageError(f"{given[0]} goes with --output words or json, not {output}")
    if seed is not None and "--sample" not in given:
        raise click.UsageError("--seed goes with --sample")


def _check_pos(asked: dict[str, Any], partial: bool, output: str) -> None:
    """Raise UsageError for options that cannot be combined with --pos."""
    given = [f"--{name}" for name, value in asked.items() if value is not None]
    if partial:
        given.append("--partial")
    if output not in ("words", "json"):
        given.append(f"--output {output}")
    if given:
        raise click.UsageError(f"--pos and {given[0]} do not go together")


def _segment_file(
    segmenter: Any,
    name: str,
    write: Callable[[bytes], object],
    progress: Silence,
    form: dict[str, Any],
) -> None:
    from crfseg.segmentation.stream import segment_stream

    if name == "-":
        segment_stream(segmenter, _stdin(), write, name="<stdin>", **form)
        return
    with open(name, "rb", buffering=0) as file:
        segment_stream(segmenter, file.read, write, name=name, on_bytes=progress.advance, **form)


def _size(name: str) -> int:
    """The size of a file in bytes; raises DataError, before any work, if it is unreadable."""
    if os.path.isdir(name):
        raise DataError(name, None, "is a directory", "a text file")
    if not os.access(name, os.R_OK):
        reason = "cannot be read" if os.path.exists(name) else "no such file"
        raise DataError(name, None, reason)
    return os.path.getsize(name)


def _on_terminal(out: str) -> bool:
    """Whether output goes to a terminal, where it would mix with a progress bar."""
    return out == "-" and sys.stdout is not None and sys.stdout.isatty()


def _stdin() -> Callable[[int], bytes]:
    """An unbuffered read of stdin: a buffer's lock could be held by a thread at exit."""
    if sys.stdin is None:
        raise CrfsegError("<stdin>: is closed")
    try:
        return functools.partial(os.read, sys.stdin.fileno())
    except io.UnsupportedOperation:  # not a real file, as in tests
        return cast(io.BufferedReader, sys.stdin.buffer).read1
