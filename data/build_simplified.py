"""Rebuild the table of traditional characters, `crfseg.simplified`.

python -m crfseg.data.build_simplified

Needs the PyPI package opencc (Apache-2.0): every Han character of the Basic Multilingual Plane
is converted by itself, as its configuration t2s does.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import click
import opencc

import crfseg
from crfseg.common.files import atomic_write

#: The blocks of Han characters below U+10000; those beyond are rare.
_HAN = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00))
_A_LINE = 22  # pairs; each character is two columns wide

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
    """Simplified and traditional characters in turn, in the order of the simplified ones."""
    simplify = opencc.OpenCC("t2s").convert
    simple = {chr(c): simplify(chr(c)) for block in _HAN for c in block}
    found = []
    for written, one in simple.items():
        while one != simple.get(one, one):  # what is simplified may be so again
            one = simple[one]
        if one != written and len(one) == 1 and ord(one) <= 0xFFFF:
            found.append(one + written)
    return sorted(found)


def source(found: Iterable[str]) -> str:
    """The module."""
    found = list(found)
    starts = range(0, len(found), _A_LINE)
    lines = [f'    "{"".join(found[k : k + _A_LINE])}"' for k in starts]
    return _MODULE.format(version=version("opencc"), lines="\n".join(lines))


@click.command(help=__doc__)
def main() -> None:
    """Write the module."""
    found = pairs()
    path = Path(crfseg.__file__).with_name("simplified.py")
    with atomic_write(path) as file:
        file.write(source(found).encode("utf-8"))
    click.echo(f"{path}: {len(found):,} characters", err=True)


if __name__ == "__main__":
    main()
