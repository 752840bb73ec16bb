"""The feature table and its n-gram keys, used in training and in decoding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crfseg.common.errors import TemplateError
from crfseg.features import lexicon
from crfseg.features.kernels.keys import EMPTY
from crfseg.features.kernels.layout import (
    BEYOND,
    CHARACTER,
    FIRST_LEXICON,
    LONGEST,
    TYPE,
    Levels,
    Plan,
)
from crfseg.features.templates import COLUMNS_HELP, Family
from crfseg.text import characters as characters_module
from crfseg.text.codes import BOUNDARY, TYPES

if TYPE_CHECKING:
    from crfseg.features.alphabet import Alphabet


def radices(alphabet: int, tiers: Sequence[int], standards: int = 1) -> list[int]:
    """The number of values of each column of the feature table.

    tiers: of each lexicon. With several standards, the last column is the standard of the
    sentence.
    """
    last = [standards] if standards > 1 else []
    codes = [(LONGEST - 1) * t + 1 for t in tiers for _ in range(2)]
    return [alphabet, TYPES, *codes, *last]


def digits_of(keys: np.ndarray, radix: Sequence[int]) -> list[np.ndarray]:
    """Splits mixed-radix keys into the values of their cells, uint64 [n] for each cell."""
    digits = []
    for r in reversed(radix):
        digits.append(keys % np.uint64(r))
        keys = keys // np.uint64(r)
    return digits[::-1]


def make_plan(families: Sequence[Family], radix: Sequence[int]) -> Plan:
    """The templates as arrays for the kernels; radix: see `radices`.

    Raises TemplateError for a column that does not exist or an n-gram with more possible
    values than a 63-bit key can hold.
    """
    used = 1 + max((column for family in families for _, column in family.pattern), default=-1)
    if used > len(radix):
        raise TemplateError(
            f"the templates use column {used - 1}; expected at most {len(radix) - 1} "
            f"({COLUMNS_HELP})"
        )
    cells, cell_starts, windows, features = [], [0], [], []
    for f, family in enumerate(families):
        space = 1
        for offset, column in family.pattern:
            cells.append((offset, column, radix[column]))
            space *= radix[column]
            if space >= 2**63:
                raise TemplateError(
                    f"a template of {len(family.pattern)} cells has too many possible values for "
                    f"an alphabet of {radix[CHARACTER]}; expected fewer cells"
                )
        cell_starts.append(len(cells))
        windows.append((min(family.shifts), max(family.shifts)))
        features += [(f, shift, place) for place, shift in enumerate(family.shifts)]
    return Plan(
        np.array(cells, dtype=np.int64).reshape(-1, 3),
        np.array(cell_starts, dtype=np.int64),
        np.array(windows, dtype=np.int64).reshape(-1, 2),
        np.array(features, dtype=np.int64).reshape(-1, 3),
    )


@dataclass(frozen=True)
class Table:
    """The feature table of a corpus: one row of cells for each position.

    columns: int32 [C, N]; sequences are 2 * reach places apart, at least BEYOND, and as far
    from both ends of the array, so that an anchor at the end of a window never contributes to
    another sequence or beyond the array; gaps hold BOUNDARY characters; bounds: int64 [S, 2],
    begin and end of each sequence.
    """

    columns: np.ndarray
    bounds: np.ndarray

    def keys(self, plan: Plan, family: int) -> np.ndarray:
        """uint64 [N]: the n-gram keys of a family at its anchors, EMPTY elsewhere."""
        from crfseg.features.kernels import ngrams

        keys = np.full(self.columns.shape[1], EMPTY, dtype=np.uint64)
        ngrams.table_keys(self.columns, self.bounds, plan, family, keys)
        return keys


def make_table(
    codes: np.ndarray,
    offsets: np.ndarray,
    alphabet: Alphabet,
    reach: int,
    tries: Iterable[tuple[np.ndarray | slice, Levels]] = (),
    tiers: Sequence[int] = (),
    folds: np.ndarray | None = None,
    standards: np.ndarray | None = None,
) -> Table:
    """The feature table of sequences of characters.

    codes: uint32 [n] code points (positions only, see `characters.positions`); offsets: int64
    [S + 1]; tries: each with the sequences it applies to (bool [S]); tiers: of each lexicon;
    folds: int [S], the fold whose words are hidden from each sequence, or None; standards:
    uint8 [S], or None if there is only one.
    """
    lengths = np.diff(offsets)
    gap = max(2 * reach, BEYOND)
    begins = offsets[:-1] + gap * np.arange(1, len(lengths) + 1)
    bounds = np.stack([begins, begins + lengths], axis=1).astype(np.int64)
    size = len(codes) + gap * (len(lengths) + 1)
    extra = 0 if standards is None else 1
    columns = np.zeros((FIRST_LEXICON + 2 * len(tiers) + extra, size), dtype=np.int32)
    columns[CHARACTER] = BOUNDARY
    places = np.arange(len(codes)) + np.repeat(begins - offsets[:-1], lengths)
    columns[CHARACTER, places] = alphabet.table[codes]
    columns[TYPE, places] = characters_module.types()[codes]
    if standards is not None:  # all places within reach of a sequence get its standard
        for (begin, end), standard in zip(bounds.tolist(), standards.tolist(), strict=True):
            columns[-1, begin - reach : end + reach] = standard
    if tiers:
        from crfseg.features.kernels import ngrams

        masks = np.tile(lexicon.masks(tiers), (len(lengths), 1))
        if folds is not None:
            masks &= ~(np.uint64(1) << folds.astype(np.uint64))[:, None]
        for here, trie in tries:
            ngrams.match_all(columns, bounds[here], trie, masks[here], np.array(tiers))
    return Table(columns, bounds)
