"""A model laid out for speed: what `Segmenter` runs."""

from __future__ import annotations

import numpy as np

from crfseg import lexicon, text
from crfseg.features import make_plan, radices
from crfseg.kernels import decode
from crfseg.kernels.hashing import EMPTY, fill_slots
from crfseg.model import Model

#: A family whose n-grams have at most this many possible values is a plain table.
_DENSE = 1 << 17
#: Larger than any difference real scores make up for, small enough that two of them and
#: a sentence's scores stay within int32.
_ILLEGAL = -(1 << 28)


def compile_model(model: Model) -> decode.Tables:
    """The arrays the decoding kernel reads. The model was validated when it was made."""
    plan = make_plan(model.templates, model.alphabet.size, model.columns)
    families, weights = _pack_families(model)
    scheme = model.scheme
    trie = _trie(model)
    return decode.Tables(
        characters=_characters(model),
        plan=plan,
        families=families,
        weights=weights,
        slots=weights.view(np.uint64),
        trie=trie.slots,
        radix=np.array([trie.radix], dtype=np.uint64),
        lexicon=np.array([2 * model.lexicons, lexicon.FOLDS, lexicon.LONGEST], dtype=np.int64),
        reach=np.array([model.templates.reach], dtype=np.int64),
        transitions=np.where(scheme.legal, model.transitions.astype(np.int32), _ILLEGAL),
        starts=np.where(scheme.begins, 0, _ILLEGAL).astype(np.int32),
        ends=np.where(scheme.ends, 0, _ILLEGAL).astype(np.int32),
        begins=scheme.begins,
    )


def _characters(model: Model) -> np.ndarray:
    entries = model.alphabet.table.astype(np.uint32)
    entries |= text.types().astype(np.uint32) << np.uint32(decode.TYPE_SHIFT)
    entries |= text.classes().astype(np.uint32) << np.uint32(decode.CLASS_SHIFT)
    return entries


def _trie(model: Model) -> lexicon.Trie:
    codes, ends = lexicon.unpack_words(model.words)
    members = model.members.astype(np.uint32)
    # The words of lexicon 0 need no folds here: any one of its bits says "in it".
    flags = (members & 1) | ((members >> 1) << lexicon.FOLDS)
    return lexicon.build_trie(model.alphabet.table[codes], ends, flags, model.alphabet.size)


def _pack_families(model: Model) -> tuple[np.ndarray, np.ndarray]:
    T = model.scheme.size
    radix = radices(model.alphabet.size, model.columns)
    pieces = [np.zeros(_aligned(T * max(len(f.shifts) for f in model.templates.families)), "i2")]
    base = len(pieces[0])
    table = []
    for shape, family in zip(model.templates.families, model.families, strict=True):
        width = len(shape.shifts) * T
        rows = family.weights.reshape(-1, width)
        space = int(np.prod([float(radix[column]) for _, column in shape.pattern]))
        if space <= _DENSE:
            piece = np.zeros((space, width), dtype=np.int16)
            piece[family.keys.astype(np.int64)] = rows
            table.append((0, base, width, 0))
        else:
            slots, order = _hash(family.keys)
            stride = 4 + _aligned(width)
            piece = np.zeros((len(slots), stride), dtype=np.int16)
            piece[:, :4] = slots.view(np.int16).reshape(-1, 4)
            piece[order, 4 : 4 + width] = rows
            table.append((1, base, stride, len(slots) - 1))
        flat = piece.ravel()
        pieces.append(np.pad(flat, (0, _aligned(len(flat)) - len(flat))))
        base += len(pieces[-1])
    return np.array(table, dtype=np.int64), np.concatenate(pieces)


def _hash(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint64 slots holding the keys (EMPTY elsewhere), and the slot of each key."""
    slots = np.full(1 << max(4, (2 * len(keys) - 1).bit_length()), EMPTY, dtype=np.uint64)
    order = np.empty(len(keys), dtype=np.int64)
    fill_slots(keys, slots, order)
    return slots, order


def _aligned(length: int) -> int:
    """The next multiple of four int16: rows then start where 8-byte keys can."""
    return (length + 3) // 4 * 4
