"""Plain texts made from segmented ones: words joined, lines repeated in shuffled order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

SEED = 0


@dataclass(frozen=True)
class Text:
    """A file of plain text: its bytes, characters (without line ends) and lines."""

    path: Path
    bytes: int
    characters: int
    lines: int


def plain_lines(gold: str | Path) -> list[str]:
    """The lines of a segmented text without spaces; empty lines are left out."""
    try:
        text = Path(gold).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{gold}: {error}; expected UTF-8 text") from None
    return [line for raw in text.split("\n") if (line := "".join(raw.split()))]


def traditional(sentences: Iterable[Sequence[str]]) -> list[list[str]]:
    """The same words in traditional characters; OpenCC (s2t) converts whole sentences.

    A sentence whose length would change is not converted.
    """
    try:
        import opencc
    except ImportError:
        raise click.ClickException("opencc is not installed; pip install -e '.[bench]'") from None
    convert = opencc.OpenCC("s2t").convert
    found = []
    for words in sentences:
        simple = "".join(words)
        written = convert(simple)
        text = iter(written if len(written) == len(simple) else simple)
        found.append(["".join(islice(text, len(word))) for word in words])
    return found


def repeated(lines: Sequence[str], seed: int = SEED) -> Iterator[str]:
    """The lines over and over, shuffled anew each time; always in the same orders."""
    order = list(lines)
    generator = random.Random(seed)
    while True:
        generator.shuffle(order)
        yield from order


def write_lines(path: Path, lines: Sequence[str], size: float) -> Text:
    """Writes repeated lines up to ``size`` bytes; the last line is complete.

    A shorter text is the beginning of a longer one.
    """
    written = characters = count = 0
    with open(path, "wb") as file:
        for line in repeated(lines):
            if written >= size:
                break
            written += file.write(f"{line}\n".encode())
            characters += len(line)
            count += 1
    return Text(path, written, characters, count)


def write_wrapped(path: Path, lines: Sequence[str], size: float, width: int | None) -> Text:
    """The text of `write_lines` in lines of ``width`` characters, or in a single line."""
    written = characters = count = column = 0
    with open(path, "wb") as file:
        for line in repeated(lines):
            if written >= size:
                break
            while line:
                piece = line if width is None else line[: width - column]
                line = line[len(piece) :]
                written += file.write(piece.encode())
                characters += len(piece)
                column += len(piece)
                if column == width:
                    written += file.write(b"\n")
                    column = 0
                    count += 1
        written += file.write(b"\n")
        count += 1
    return Text(path, written, characters, count)


def write_gold(path: Path, lines: Sequence[str]) -> Text:
    """Writes the lines once, unchanged."""
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(data)
    return Text(path, len(data), sum(map(len, lines)), len(lines))
