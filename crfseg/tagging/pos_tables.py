"""The tables of a model for parts of speech, and the engine of `pos_tagger.PosTagger`."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from itertools import accumulate, repeat
from typing import NamedTuple

import numpy as np

from crfseg.common.errors import ModelError
from crfseg.features.kernels.keys import EMPTY, SPREAD
from crfseg.jit import native
from crfseg.model.tagger_model import TaggerModel
from crfseg.tagging.kernels import layout
from crfseg.tagging.word_columns import TEMPLATES, columns_of
from crfseg.text import characters as characters_module
from crfseg.text.codes import (
    BOUNDARY,
    BREAK,
    CHARACTER_BITS,
    CODE_POINTS,
    FIRST_CHARACTER,
    SPACE,
    UNKNOWN,
)

_HALF = np.uint64(32)
_BREAK = bytes([BREAK])
#: Path places allocated per token at first.
_PLACES = 8


class PosTables(NamedTuple):
    """Rows are the weights of an n-gram for each label, seen from one place; row 0 is zero.

    characters uint32 [0x110000]: `layout.FORM`, SPACE, LINE; numbers int32 [0x110000]: of each
    normal form, 0 if it is unknown; words uint64 [2^k, 2]: the hash of a word and its number;
    facts int32 [V + 1, 6]: index and number of the word's tags; its rows as the word before and
    as the word after; rows of its last character in the word before and of its first in the
    word after; facts[0] is for places beyond the ends of a sentence; tags uint8, scores int32: of
    all words, in order; open_tags uint8: of unknown words; shapes int32 [C + 1, 4]: rows of a
    character as the first, as the last, as the last of the word before, as the first of the word
    after; pairs uint64 [2^k, 2]: a hash of the last two characters of a word and their row;
    lengths int32 [6]: rows; rows int16 [R, T]; moves int32 [T, T].
    """

    characters: np.ndarray
    numbers: np.ndarray
    words: np.ndarray
    facts: np.ndarray
    tags: np.ndarray
    scores: np.ndarray
    open_tags: np.ndarray
    shapes: np.ndarray
    pairs: np.ndarray
    lengths: np.ndarray
    rows: np.ndarray
    moves: np.ndarray


class PosEngine:
    """Tags the tokens of a text; threads may share it.

    model: over the columns and templates of `word_columns`, with a dictionary.
    """

    def __init__(self, model: TaggerModel) -> None:
        self._tables = make_tables(model)
        shapes = [(t.ctypes.data, *t.shape, 0)[:3] for t in self._tables]
        self._header = array("q", [number for shape in shapes for number in shape])
        self._names = [f"/{label}".encode("utf-8", "surrogatepass") for label in model.scheme.names]
        self._tag = native.entry("tag_words")
        self._write = native.entry("write_tagged")

    def tags(self, data: bytes) -> np.ndarray:
        """uint8 [tokens]: the label id of each token, NO_TAG if it is not a word.

        data: tokens separated by BREAK, in UTF-8 (lone surrogates allowed).
        """
        tokens = data.count(_BREAK) + 1
        words = np.empty((tokens + 1, layout.FIELDS), dtype=np.int64)
        tags = np.empty(tokens + 1, dtype=np.uint8)
        best = np.empty((2, len(self._tables.moves)), dtype=np.int64)
        places = _PLACES * tokens
        header = self._header.buffer_info()[0]
        while True:
            path = np.empty((places, 2), dtype=np.uint8)
            room = words.ctypes.data, tags.ctypes.data, places, path.ctypes.data, best.ctypes.data
            request = array("q", [tokens, *room])
            needed = self._tag(header, data, len(data), request.buffer_info()[0])
            if needed <= places:
                return tags[:tokens]
            places = needed

    def write(self, data: bytes, sep: bytes) -> bytes:
        """The same tokens as word/tag with a separator between words."""
        tags = self.tags(data)
        names = [*self._names, *[b""] * (layout.NO_TAG + 1 - len(self._names)), sep]
        starts = array("q", [0, *accumulate(map(len, names))])
        described = starts.tobytes() + b"".join(names)
        room = len(data) + len(tags) * (max(map(len, self._names)) + len(sep))
        out = bytearray(room)
        place = ctypes.addressof(ctypes.c_char.from_buffer(out)) if room else 0
        length = self._write(data, len(data), tags.ctypes.data, described, place, room)
        return bytes(memoryview(out)[:length])


def make_tables(model: TaggerModel) -> PosTables:
    """Builds the tables of a model; raises ModelError if it is not one for parts of speech."""
    lines = tuple(model.encoder.templates.lines)
    T = model.scheme.size
    if model.dictionary is None or lines != TEMPLATES or T >= layout.NO_TAG:
        raise ModelError("not a model of parts of speech; expected one of crfseg.pos.train_pos")
    dictionary, words = model.dictionary, model.encoder.vocabularies[0].words
    stack = _Rows(model)
    after, own, before = (stack.take(0, place) for place in range(3))
    first_after, first = (stack.take(1, place) for place in range(2))
    last, last_before = (stack.take(2, place) for place in range(2))
    pair, length = stack.take(3, 0), stack.take(4, 0)
    rows = np.concatenate(stack.rows)
    values = [
        _ids(model, c, [row[c] for row in columns])
        for columns in [[columns_of(word) for word in words]]
        for c in range(1, 5)
    ]
    owner = np.repeat(np.arange(len(words)), dictionary.counts)
    labels = dictionary.labels
    scores = np.zeros(len(labels), dtype=np.int32)
    numbers = np.arange(len(words)) + FIRST_CHARACTER
    for of, ids in zip((own, first, last, pair, length), (numbers, *values), strict=True):
        scores += rows[of[ids][owner], labels]
    facts = np.zeros((len(words) + 1, 6), dtype=np.int32)
    facts[1:, 0] = np.cumsum(dictionary.counts, dtype=np.int32) - dictionary.counts
    facts[1:, 1] = dictionary.counts
    for k, (of, ids) in enumerate(
        ((before, numbers), (after, numbers), (last_before, values[1]), (first_after, values[0])), 2
    ):
        facts[1:, k] = of[ids]
        facts[0, k] = of[BOUNDARY]
    shapes, of_characters = _characters(model, (first, last, last_before, first_after))
    return PosTables(
        characters=_forms(),
        numbers=of_characters,
        words=_table(_hashes(words), np.arange(1, len(words) + 1)),
        facts=facts,
        tags=labels,
        scores=scores,
        open_tags=dictionary.open,
        shapes=shapes,
        pairs=_pairs(model, pair),
        lengths=_lengths(model, length),
        rows=rows,
        moves=np.ascontiguousarray(model.transitions, dtype=np.int32),
    )


class _Rows:
    """Collects rows of weights; the first is zero."""

    def __init__(self, model: TaggerModel) -> None:
        self.model, self.T = model, model.scheme.size
        self.rows = [np.zeros((1, self.T), dtype=np.int16)]
        self.size = 1

    def take(self, f: int, place: int) -> np.ndarray:
        """int32 [values]: the row of each value of a family's column, seen from a place."""
        family = self.model.families[f]
        ends = np.cumsum(family.counts, dtype=np.int64).reshape(family.counts.shape)[:, place]
        counts = family.counts[:, place].astype(np.int64)
        some = np.flatnonzero(counts)
        made = np.zeros((len(some), self.T), dtype=np.int16)
        owner = np.repeat(np.arange(len(some)), counts[some])
        begins = (ends - counts)[some] - (np.cumsum(counts[some]) - counts[some])
        at = np.repeat(begins, counts[some]) + np.arange(len(owner))
        made[owner, family.labels[at]] = family.weights[at]
        column = self.model.encoder.templates.families[f].pattern[0][1]
        of = np.zeros(self.model.encoder.vocabularies[column].size, dtype=np.int32)
        of[family.keys[some].astype(np.int64)] = np.arange(self.size, self.size + len(some))
        self.rows.append(made)
        self.size += len(some)
        return of


def _ids(model: TaggerModel, column: int, values: list[str]) -> np.ndarray:
    numbers = model.encoder.vocabularies[column].numbers
    found = map(numbers.get, values, repeat(UNKNOWN))
    return np.fromiter(found, dtype=np.int64, count=len(values))


def _forms() -> np.ndarray:
    """Builds `PosTables.characters`."""
    forms = characters_module.normal_forms().copy()
    forms[characters_module.classes() == SPACE] |= layout.SPACE
    forms[ord("\n")] |= layout.LINE
    return forms


def _characters(model: TaggerModel, rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Builds `PosTables.shapes` and `numbers`; rows: in the order of shapes."""
    numbers = np.zeros(CODE_POINTS, dtype=np.int32)
    found = sorted({w for c in (1, 2) for w in model.encoder.vocabularies[c].words if len(w) == 1})
    shapes = np.zeros((len(found) + 1, 4), dtype=np.int32)
    numbers[[ord(c) for c in found]] = np.arange(1, len(found) + 1)
    for k, (column, of) in enumerate(zip((1, 2, 2, 1), rows, strict=True)):
        shapes[1:, k] = of[_ids(model, column, found)]
    return shapes, numbers


def _pairs(model: TaggerModel, of: np.ndarray) -> np.ndarray:
    values = model.encoder.vocabularies[3].words
    rows = of[FIRST_CHARACTER : FIRST_CHARACTER + len(values)]
    kept = [(w, k) for w, k in zip(values, rows.tolist(), strict=True) if k and 0 < len(w) < 3]
    keys = [ord(w[-1]) | (ord(w[0]) << CHARACTER_BITS if len(w) == 2 else 0) for w, _ in kept]
    found = np.array([k for _, k in kept], dtype=np.int64)
    return _table(np.array(keys, dtype=np.uint64) * SPREAD, found)


def _lengths(model: TaggerModel, of: np.ndarray) -> np.ndarray:
    values = [str(k) for k in range(layout.LONGEST + 1)]
    return of[_ids(model, 4, values)].astype(np.int32)


def _hashes(words: Sequence[str]) -> np.ndarray:
    """uint64 [n]: the hashes of words, as `pos_viterbi.read_words` computes them."""
    codes = characters_module.code_points("".join(words)).astype(np.uint64)
    lengths = np.array([len(word) for word in words], dtype=np.int64)
    begins = np.cumsum(lengths) - lengths
    keys = np.zeros(len(words), dtype=np.uint64)
    longer = np.argsort(-lengths, kind="stable")
    for k in range(int(lengths.max(initial=0))):
        longer = longer[lengths[longer] > k]
        key = (keys[longer] ^ codes[begins[longer] + k]) * SPREAD
        keys[longer] = key ^ (key >> _HALF)
    return keys


def _table(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """uint64 [2^k, 2]: the hash table of `pos_viterbi.found`, at least half empty."""
    keys, chosen = np.unique(keys, return_index=True)
    values = values[chosen]
    size = 2 << max(len(keys), 1).bit_length()
    table = np.full((size, 2), EMPTY, dtype=np.uint64)
    table[:, 1] = 0
    slots = ((keys ^ (keys >> _HALF)) & np.uint64(size - 1)).astype(np.int64)
    left = np.arange(len(keys))
    while len(left):
        free = left[table[slots[left], 0] == EMPTY]
        _, firsts = np.unique(slots[free], return_index=True)
        placed = free[firsts]
        table[slots[placed], 0], table[slots[placed], 1] = keys[placed], values[placed]
        done = np.zeros(len(keys), dtype=bool)
        done[placed] = True
        left = left[~done[left]]
        slots[left] = (slots[left] + 1) % size
    return table
