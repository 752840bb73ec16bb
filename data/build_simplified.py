"""Rebuild the table of traditional characters, `crfseg.text.traditional`.

python -m crfseg.data.build_simplified

Needs the PyPI package opencc (Apache-2.0), whose configuration t2s converts every Han character
of the Basic Multilingual Plane, one at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import click
import opencc

import crfseg
from crfseg.common.files import atomic_write

#: The blocks of Han characters below U+10000; characters beyond it are rare.
_HAN = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00))
_A_LINE = 22  # pairs per line; each character is two columns wide

_MODULE = '''\
"""Traditional characters, each after the simplified one that stands for it in features.

Written by ``python -m crfseg.data.build_simplified`` from OpenCC {version}, by Carbo Kuo and
others, under the Apache License 2.0 (LICENSE.OpenCC).
"""

PAIRS = (
{lines}
)
'''


def pairs() -> list[str]:
    """Pairs of a simplified and a traditional character, sorted."""
    simplify = opencc.OpenCC("t2s").convert
    simple = {chr(c): simplify(chr(c)) for block in _HAN for c in block}
    result = []
    for traditional, simplified in simple.items():
        while simplified != simple.get(simplified, simplified):  # it may be simplified further
            simplified = simple[simplified]
        if simplified != traditional and len(simplified) == 1 and ord(simplified) <= 0xFFFF:
            result.append(simplified + traditional)
    return sorted(result)


def source(found: Iterable[str]) -> str:
    """The source of the module for these pairs."""
    found = list(found)
    starts = range(0, len(found), _A_LINE)
    lines = [f'    "{"".join(found[k : k + _A_LINE])}"' for k in starts]
    return _MODULE.format(version=version("opencc"), lines="\n".join(lines))


@click.command(help=__doc__)
def main() -> None:
    """Write the module."""
    found = pairs()
    path = Path(crfseg.__file__).parent / "text" / "traditional.py"
    with atomic_write(path) as file:
        file.write(source(found).encode("utf-8"))
    click.echo(f"{path}: {len(found):,} characters", err=True)


if __name__ == "__main__":
    main()
