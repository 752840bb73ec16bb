"""The licences of all dependencies, as stated by the packages.

python benchmarks/licences.py
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator

import click
from _report import DOCS, provenance, table, write

TEXT = """\
crfseg is under the MIT licence ([LICENSE](../../LICENSE)); the bundled model is under MIT and
CC BY-SA 4.0 (see its [card](../../data/default.md)). The table of traditional characters comes
from OpenCC (Apache 2.0, [LICENSE.OpenCC](../../LICENSE.OpenCC)). The package contains no code of
others; its dependencies are installed separately. Running crfseg needs only those of the first
list.
"""
NAME = re.compile(r"[A-Za-z0-9._-]+")
LONGEST = 70


def needed(extra: str | None) -> dict[str, importlib.metadata.Distribution]:
    """The dependencies of crfseg or of one of its extras, with their own, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    open_ones = list(_direct("crfseg-zh", extra))
    while open_ones:
        name = open_ones.pop()
        if name not in found:
            try:
                found[name] = importlib.metadata.distribution(name)
            except importlib.metadata.PackageNotFoundError:  # not for this Python or system
                continue
            open_ones += _direct(name, None)
    return dict(sorted(found.items()))


def _direct(name: str, extra: str | None) -> Iterator[str]:
    for line in importlib.metadata.requires(name) or []:
        requirement, _, marker = line.partition(";")
        of = re.search(r"extra == ['\"](\w+)['\"]", marker)
        if (of and of[1]) == extra and (match := NAME.match(requirement)):
            yield match[0].lower().replace("_", "-")


def licence(distribution: importlib.metadata.Distribution) -> str:
    """A package's licence: its expression, else its classifiers, else its free text."""
    facts = distribution.metadata
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in facts.get_all("Classifier") or []
        if line.startswith("License :: ")
    ]
    said = facts.get("License-Expression") or ", ".join(classifiers) or facts.get("License") or "?"
    first = said.strip().split("\n")[0]
    return first if len(first) <= LONGEST else first[:LONGEST] + "..."


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--output", type=click.Path(dir_okay=False), default=str(DOCS / "licences.md"))
@click.pass_context
def main(context: click.Context, output: str) -> None:
    """Write the page. All extras must be installed."""
    parts = ["# Licences\n", provenance(context, "licences.py", ["output"]), TEXT]
    before: set[str] = set()
    for extra in (None, "test", "lint", "bench"):
        found = {name: d for name, d in needed(extra).items() if name not in before}
        before |= set(found)
        parts.append(f"## {f'The extra `{extra}`' if extra else 'Runtime'}\n")
        rows = [[name, d.version, licence(d)] for name, d in found.items()]
        parts.append(table(["package", "version", "licence"], rows, left=3))
    write(output, "\n".join(parts))


if __name__ == "__main__":
    main()
