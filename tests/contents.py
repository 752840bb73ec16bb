"""The contents of models in a form that tests can compare."""

from __future__ import annotations

from typing import Any

from crfseg import Model
from crfseg.features.strings import unpack_words


def words_of(model: Model) -> list[str]:
    codes, ends = unpack_words(model.words)
    text = "".join(map(chr, codes.tolist()))
    return [text[a:b] for a, b in zip([0, *ends.tolist()], ends.tolist(), strict=False)]


def weights_of(model: Model) -> dict[tuple[Any, ...], list[float]]:
    """The weights of each n-gram, spelled as the characters and codes it is made of."""
    found = {}
    for shape, family in zip(model.templates.families, model.families, strict=True):
        for key, rows in zip(family.keys.tolist(), family.weights.tolist(), strict=True):
            cells = []
            for _, column in reversed(shape.pattern):
                key, value = divmod(key, model.radix[column])
                if column == 0 and value > 1:
                    value = chr(model.alphabet.characters[value - 2])
                cells.append(value)
            found[shape.pattern, tuple(cells)] = [[w * model.scale for w in row] for row in rows]
    return found
