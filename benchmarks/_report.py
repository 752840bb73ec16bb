"""Helpers of all benchmarks: provenance of a page, tables, and writing pages."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import click
from click.core import ParameterSource

import crfseg
from crfseg.common.files import atomic_write
from crfseg.common.threads import thread_count

#: Default folder of the pages.
ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs" / "benchmarks"
#: Shown in a cell without a value.
NONE = "–"


def environment() -> dict[str, str | int]:
    """Date, processor and versions; no host name and no paths."""
    return {
        "date": date.today().isoformat(),
        "cpu": cpu_model(),
        "cores": thread_count(None),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": importlib.metadata.version("numpy"),
        "numba": importlib.metadata.version("numba"),
        "crfseg": crfseg.__version__,
    }


def cpu_model() -> str:
    """The model name of the processor, or its architecture if unknown."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return value.strip()
    if sys.platform == "darwin":
        with suppress(OSError, subprocess.CalledProcessError):
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.check_output(asked, text=True).strip()
    return platform.processor() or platform.machine()


def provenance(context: click.Context, script: str, hidden: Sequence[str] = ()) -> str:
    """A paragraph with the command that wrote a page, the machine and the versions.

    hidden: names of parameters that do not affect the figures.
    """
    here = environment()
    versions = ", ".join(f"{name} {here[name]}" for name in ("python", "numpy", "numba", "crfseg"))
    return (
        "Written by the command below, not by hand; see "
        "[benchmarks](../../benchmarks/README.md).\n\n"
        f"    {command(context, script, hidden)}\n\n"
        f"Measured {here['date']} on {here['cpu']}, {here['cores']} cores in use, "
        f"{here['system']}; {versions}.\n"
    )


def command(context: click.Context, script: str, hidden: Sequence[str] = ()) -> str:
    """The current command line, with file names instead of paths."""
    words = ["python", f"benchmarks/{script}"]
    arguments: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) == ParameterSource.COMMANDLINE
        if not given or name in hidden:
            continue
        value = context.params[name]
        values = [str(one) for one in (value if isinstance(value, tuple) else (value,))]
        if isinstance(parameter.type, click.Path):
            values = [os.path.basename(one) for one in values]
        if not isinstance(parameter, click.Option):
            arguments += values
        elif parameter.is_flag:
            words.append(max(parameter.opts, key=len))
        else:
            words += [max(parameter.opts, key=len), *values]
    return shlex.join(words + arguments)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table, padded for plain text; the first ``left`` columns are left-aligned."""
    lines = [list(header), *map(list, rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    dashes = ["-" * w if i < left else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    lines.insert(1, dashes)
    return "".join(
        "| "
        + " | ".join(
            cell.ljust(w) if i < left else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        )
        + " |\n"
        for line in lines
    )


def percent(share: float | None) -> str:
    """A fraction as a percentage with two decimals."""
    return NONE if share is None else f"{100 * share:.2f}"


def write(path: str | os.PathLike[str], text: str) -> None:
    """Writes a page atomically, creating its folder if necessary; raises CrfsegError."""
    with suppress(OSError):  # atomic_write says it better
        os.makedirs(os.path.dirname(os.fspath(path)) or ".", exist_ok=True)
    with atomic_write(path) as file:
        file.write(text.encode())
    click.echo(f"wrote {path}", err=True)


def embed(block: str, texts: dict[str, str]) -> None:
    """Replaces the text between ``<!-- block -->`` and ``<!-- /block -->`` on other pages.

    texts: by page, relative to the root of the repository. Raises CrfsegError, before anything
    is written, if a page lacks a marker.
    """
    begin, end = f"<!-- {block} -->", f"<!-- /{block} -->"
    pages = {}
    for name, text in texts.items():
        head, found, rest = (ROOT / name).read_text(encoding="utf-8").partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise crfseg.CrfsegError(f"{name}: has no {end if found else begin}")
        pages[name] = f"{head}{begin}\n{text.strip()}\n{end}{tail}"
    for name, page in pages.items():
        write(ROOT / name, page)
