"""What the commands share that write a part of docs/guide/reliability.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from _report import ROOT, command, embed, environment, table

keep_option = click.option("--keep", is_flag=True, help="Only print; leave the page as it is.")


def from_tests(name: str) -> Any:
    """A module of tests/: the checks are those of the tests, run longer."""
    folder = str(ROOT / "tests")
    if folder not in sys.path:
        sys.path.append(folder)
    return import_module(name)


def publish(
    context: click.Context,
    script: str,
    rows: Sequence[Sequence[str]],
    failures: Sequence[str],
    head: Sequence[str] = ("what", "last seen"),
) -> None:
    """Print the figures and put them into the page; exit code 1 if something failed."""
    here = environment()
    text = (
        f"`{command(context, script, ['keep'])}`\n\n{table(head, rows)}\n"
        f"{here['date']}, {here['cpu']}, {here['cores']} cores, {here['system']}; "
        f"python {here['python']}, numpy {here['numpy']}, numba {here['numba']}.\n"
    )
    click.echo(text)
    for failure in failures:
        click.echo(failure, err=True)
    if not context.params["keep"]:
        embed(script.removesuffix(".py"), {"docs/guide/reliability.md": text})
    context.exit(1 if failures else 0)
