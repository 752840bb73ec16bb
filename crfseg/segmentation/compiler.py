"""Compile a model into the lookup tables that the segmentation kernels read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crfseg.features import lexicon
from crfseg.features.bitmaps import character_bitmaps
from crfseg.features.hashing import perfect_slots
from crfseg.features.kernels.keys import EMPTY
from crfseg.features.kernels.layout import CHARACTER, Levels
from crfseg.features.strings import unpack_words
from crfseg.features.table import make_plan
from crfseg.features.templates import Family
from crfseg.features.trie import build_trie
from crfseg.model.segmentation_model import Model
from crfseg.segmentation.kernels import layout
from crfseg.text import characters as characters_module

#: A family with at most this many possible n-grams is stored as a plain table.
_DENSE = 1 << 19
#: Exception: one character combined with at most _BITMAP values of the other cells, more than
#: _SPARSE n-grams in all, is stored as bitmaps, since most of these n-grams never occur.
_SPARSE, _BITMAP = 1 << 15, 256
#: Limit on the 8-byte words in plain tables and bitmaps. Families that do not fit are hashed,
#: so that a small model file cannot demand much memory.
_ROOM = 1 << 23
#: Log-odds bonus for the boundaries at the ends of a user's word (and penalty for boundaries
#: inside it): for a word in no lexicon of the model, and for a word in one, which the model
#: was trained to weigh. Chosen on development text, see docs/benchmarks/user-dictionary.md.
_NEW, _KNOWN = 4.0, 1.5
#: Upper limit of that bonus, in units of the model's scale: scores are int32.
_LARGEST_GAIN = 1 << 20


@dataclass(eq=False)
class _Rows:
    """A family of n-grams while it is being laid out.

    keys uint64 [n], weights int64 [n, W, T]; shifts: one per template; space: the number of
    possible n-grams; has_room: whether its plain table or its bitmaps fit into _ROOM.
    """

    pattern: tuple[tuple[int, int], ...]
    shifts: tuple[int, ...]
    keys: np.ndarray
    weights: np.ndarray
    radix: list[int]
    has_room: bool = True

    @property
    def is_adjacent(self) -> bool:
        """Whether the family holds character bigrams, too many for a plain table."""
        return self.pattern == ((0, CHARACTER), (1, CHARACTER)) and self.space > _DENSE

    @property
    def is_bitmap(self) -> bool:
        """Whether to store bitmaps: a character first, then cells with few combined values."""
        columns = [column for _, column in self.pattern]
        return (
            self.has_room
            and columns[0] == CHARACTER
            and len(columns) > 1
            and self.space <= _BITMAP * self.radix[0]
            and self.space > _SPARSE
        )

    @property
    def is_table(self) -> bool:
        """Whether to store a plain table with a row for every possible n-gram."""
        return self.has_room and self.space <= _DENSE and not self.is_bitmap

    @property
    def space(self) -> int:
        """The number of possible n-grams of this shape."""
        return int(np.prod([float(r) for r in self.radix]))

    def cells(self, shift: int) -> list[tuple[int, int]]:
        """The cells of a template, relative to the position."""
        return [(offset + shift, column) for offset, column in self.pattern]

    def table(self) -> _Rows:
        """The family expanded to a row for every possible n-gram."""
        weights = np.zeros((self.space, *self.weights.shape[1:]), dtype=np.int64)
        weights[self.keys.astype(np.int64)] = self.weights
        keys = np.arange(self.space, dtype=np.uint64)
        return _Rows(self.pattern, self.shifts, keys, weights, self.radix)


def compile_model(model: Model) -> layout.Tables:
    """The arrays that the segmentation kernels read, for a model that has been validated."""
    radix = model.radix
    rows = [
        _Rows(
            shape.pattern, shape.shifts, family.keys, family.weights.astype(np.int64),
            [radix[column] for _, column in shape.pattern],
        )
        for shape, family in zip(model.templates.families, model.families, strict=True)
    ]  # fmt: skip
    _find_room(rows)
    rows = _absorb(rows)
    # A position's summed scores must fit their lanes, whatever its n-grams are.
    top = sum(
        int(np.abs(r.weights[:, k]).max(initial=0)) for r in rows for k in range(len(r.shifts))
    )
    bits = 16 if top < 1 << 15 else 32
    T = model.scheme.size
    words = -(-T * bits // 64)
    adjacent = next((r.keys for r in rows if r.is_adjacent), np.zeros(0, dtype=np.uint64))
    radix_ = np.uint64(model.alphabet.size)
    levels, numbers = levels_of(model, np.stack([adjacent // radix_, adjacent % radix_], axis=1))
    families, weights, bitmaps, displacements = _lay_out(
        rows, numbers, len(levels.openings), words, bits
    )
    plan = make_plan([Family(r.pattern, r.shifts) for r in rows], radix)
    plan.templates[:, 2] *= words
    scheme = model.scheme
    pages, characters = _characters(model)
    reach = model.templates.reach
    return layout.Tables(
        pages=pages,
        characters=characters,
        plan=plan,
        families=families,
        weights=weights,
        bitmaps=bitmaps,
        displacements=displacements,
        levels=levels,
        masks=lexicon.masks(model.tiers),
        tiers=np.array(model.tiers, dtype=np.int64),
        numbers=np.array(
            [reach, bits, words]
            + [round(min(gain / model.scale, _LARGEST_GAIN)) for gain in (_NEW, _KNOWN)]
            + [np.float64(model.scale).view(np.int64)],
            dtype=np.int64,
        ),
        transitions=np.where(scheme.legal, model.transitions.astype(np.int32), layout.NEVER),
        begins=scheme.begins.astype(np.uint8),
    )


def image_of(tables: layout.Tables, model: Model) -> bytearray:
    """Serialise tables into one block of memory, in the byte order of this machine.

    The header is int64: HEAD numbers, then the offset and the shape of each array. The arrays
    follow, each aligned to a cache line.
    """
    arrays = [np.ascontiguousarray(array) for array in _level(tables)]
    at = _line_end(8 * (layout.HEAD + 3 * len(arrays)))
    head = [model.templates.reach, len(tables.families), len(tables.masks), model.scheme.size]
    starts = []
    for array in arrays:
        starts.append(at)
        head += (at, *array.shape, 0)[:3]
        at += _line_end(array.nbytes)
    image = bytearray(at)
    for start, array in zip([0, *starts], [np.array(head, dtype=np.int64), *arrays], strict=True):
        image[start : start + array.nbytes] = array.tobytes()
    return image


def _line_end(size: int) -> int:
    return (size + 63) // 64 * 64


def _level(tables: tuple[object, ...]) -> Iterator[np.ndarray]:
    """The arrays of nested tuples, in order."""
    for item in tables:
        if isinstance(item, tuple):
            yield from _level(item)
        else:
            yield item  # type: ignore[misc]


def _characters(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Pages of 256 code points, identical ones stored once: start of each page, and entries."""
    entries = model.alphabet.table.astype(np.uint32)
    entries |= characters_module.types().astype(np.uint32) << np.uint32(layout.TYPE_SHIFT)
    entries |= characters_module.classes().astype(np.uint32) << np.uint32(layout.CLASS_SHIFT)
    pages: dict[bytes, int] = {}
    index = [pages.setdefault(page.tobytes(), len(pages)) for page in entries.reshape(-1, 256)]
    characters = np.frombuffer(b"".join(pages), dtype=np.uint32)
    return np.array(index, dtype=np.uint32) * np.uint32(256), characters


def levels_of(model: Model, more: np.ndarray | None = None) -> tuple[Levels, np.ndarray]:
    """The trie of all lexicons, and the numbers it gives to the additional bigrams ``more``."""
    codes, ends = unpack_words(model.words)
    flags = lexicon.flags_of(model.members, model.tiers)
    return build_trie(model.alphabet.table[codes], ends, flags, model.alphabet.size, more)


def _find_room(rows: Sequence[_Rows]) -> None:
    """Set `has_room`: plain tables and bitmaps are allotted memory, smallest family first."""
    room = _ROOM
    for r in sorted(rows, key=lambda r: r.space):
        needed = 0
        if r.is_bitmap:
            needed = r.radix[0] * _BITMAP // 32
        elif r.is_table:
            needed = r.space * r.weights.shape[1] * r.weights.shape[2]
        r.has_room = needed <= room
        room -= needed if r.has_room else 0


def _absorb(rows: list[_Rows]) -> list[_Rows]:
    """Merge a template into a plain table of another that covers all its cells.

    The summed score stays the same, and there is one row fewer to fetch.
    """
    plain = [r for r in rows if len(set(r.pattern)) == len(r.pattern)]  # no cell occurs twice
    hosts = [r for r in plain if r.is_table]
    tables = {id(r): r.table() for r in hosts}
    kept: list[_Rows] = []
    for r in sorted(rows, key=lambda r: len(r.pattern)):  # guests before their hosts
        left = []
        for k, shift in enumerate(r.shifts):
            cells = r.cells(shift)
            fits = ((h, j) for h in hosts for j, s in enumerate(h.shifts)
                    if h is not r and set(cells) < set(h.cells(s)))  # fmt: skip
            host, place = next(fits, (None, 0)) if r in plain else (None, 0)
            guest = tables.get(id(r), r)
            if host is None:
                left.append(k)
            else:
                _add(tables[id(host)], place, guest, k)
        if left:
            whole = tables.get(id(r), r)
            shifts = tuple(r.shifts[k] for k in left)
            weights = whole.weights[:, left]
            kept.append(_Rows(r.pattern, shifts, whole.keys, weights, r.radix, r.has_room))
    return kept


def _add(host: _Rows, place: int, guest: _Rows, k: int) -> None:
    """Add the k-th template of the guest to one of the host's that has all of its cells."""
    width = host.weights.shape[-1]
    table = host.weights.reshape(*host.radix, -1, width)[..., place, :]  # an axis per host cell
    seen = host.cells(host.shifts[place])
    axes = [seen.index(cell) for cell in guest.cells(guest.shifts[k])]
    values = np.zeros((guest.space, width), dtype=np.int64)
    values[guest.keys.astype(np.int64)] = guest.weights[:, k]
    values = values.reshape(*guest.radix, width)
    # Broadcast over the axes of the host's table that are no cells of the guest.
    order = np.argsort(axes)
    values = values.transpose([*order, len(axes)])
    shape = [host.radix[a] if a in axes else 1 for a in range(len(host.radix))]
    table += values.reshape(*shape, width)


def _lay_out(
    rows: Sequence[_Rows], numbers: np.ndarray, pairs: int, words: int, bits: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`Tables.families`, `weights`, `bitmaps` and `displacements`.

    numbers: those of the character bigrams, all below `pairs`.
    """
    zeros = np.zeros(words * max(len(r.shifts) for r in rows), dtype=np.uint64)
    weights, base = [zeros], len(zeros)
    bitmaps, blocks = [np.zeros((0, 2), dtype=np.uint64)], 0
    displacements, first = [np.zeros(0, dtype=np.uint8)], 0
    table: list[tuple[int, ...]] = []
    for r in rows:
        width = words * len(r.shifts)
        packed = _pack(r.weights, words, bits).reshape(-1, width)
        if r.is_table:
            piece = np.zeros((r.space, width), dtype=np.uint64)
            piece[r.keys.astype(np.int64)] = packed
            table.append((layout.TABLE, base, width, 0, 0, 0))
        elif r.is_adjacent:
            piece = np.zeros((pairs, width), dtype=np.uint64)
            piece[numbers] = packed
            table.append((layout.PAIR, base, width, 0, 0, 0))
        elif r.is_bitmap:
            others = np.uint64(r.space // r.radix[0])
            each = -(-int(others) // 64)
            bits_of = character_bitmaps(r.keys // others, r.keys % others, r.radix[0], each)
            piece = np.concatenate([np.zeros((1, width), dtype=np.uint64), packed])
            table.append((layout.BITMAP, base, width, blocks, each, 0))
            bitmaps.append(bits_of)
            blocks += len(bits_of)
        else:
            shifts, slots, size = perfect_slots(r.keys)
            piece = np.full((size, 1 + width), EMPTY, dtype=np.uint64)
            piece[slots, 0] = r.keys
            piece[slots, 1:] = packed
            table.append((layout.HASHED, base, 1 + width, size, first, len(shifts)))
            displacements.append(shifts)
            first += len(shifts)
        weights.append(piece.ravel())
        base += piece.size
    return (
        np.array(table, dtype=np.int64),
        np.concatenate(weights),
        np.concatenate(bitmaps),
        np.concatenate(displacements),
    )


def _pack(weights: np.ndarray, words: int, bits: int) -> np.ndarray:
    """uint64 [n, W, words]: each row's tags as lanes of words, see `kernels.ids_to_scores`."""
    lanes = 64 // bits
    n, width, tags = weights.shape
    padded = np.zeros((n, width, words * lanes), dtype=np.int64)
    padded[:, :, :tags] = weights
    factors = np.int64(1) << (bits * np.arange(lanes, dtype=np.int64))
    return (padded.reshape(n, width, words, lanes) * factors).sum(axis=-1).astype(np.uint64)
