"""Helpers of the commands that write a part of docs/guide/reliability.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from _report import ROOT, command, embed, environment, table

import crfseg

keep_option = click.option("--keep", is_flag=True, help="Only print; do not change the page.")


def from_tests(name: str) -> Any:
    """Imports a module of tests/, whose checks are run longer here."""
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
    """Prints the figures and writes them into the page; exits with code 1 if a check failed."""
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
        try:
            embed(script.removesuffix(".py"), {"docs/guide/reliability.md": text})
        except crfseg.CrfsegError as error:
            raise click.ClickException(str(error)) from None
    context.exit(1 if failures else 0)
