"""Segmentation by the general code path (table, index, decode): the reference for Segmenter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import FOLDS
from crfseg.crf.decode import decode_tags
from crfseg.features.alphabet import concatenate_ids
from crfseg.features.character_encoder import Encoder, Sequences
from crfseg.features.index import FamilyIndex, Index, Layout
from crfseg.features.lexicon import MAX_LEXICONS, has_own
from crfseg.features.table import make_plan
from crfseg.features.trie import build_trie
from crfseg.model.segmentation_model import Model
from crfseg.text import characters
from crfseg.text.codes import SPACE


def index_of(model: Model) -> tuple[Index, np.ndarray]:
    """The index a training would have built, and the model's integers as its weights."""
    T = model.scheme.size
    zeros = T * max(len(shape.shifts) for shape in model.templates.families)
    pieces = [np.zeros(zeros), model.transitions.ravel()]
    base, families, nothing = zeros + T * T, [], np.zeros(0, dtype=np.int64)
    for family in model.families:
        families.append(FamilyIndex(family.keys.copy(), nothing, nothing, nothing, base))
        pieces.append(family.weights.ravel())
        base += family.weights.size
    plan = make_plan(model.templates.families, model.radix)
    weights = np.concatenate(pieces).astype(np.float32)
    return Index(plan, model.templates, families, Layout(zeros, T, base)), weights


def encoder_of(model: Model) -> Encoder:
    """What turns text into the table the model was trained on."""
    words = bytes(model.words).decode().split("\n")[:-1]
    ids, ends = concatenate_ids(words, model.alphabet)
    standards = max(len(model.standards), 1)
    private = standards if has_own(model.tiers) else 0
    tries = []
    for s in range(standards):
        flags = []
        for m in model.members.tolist():
            folds = (1 << (0, 1, 2, 5)[m >> 2 * s & 3]) - 1 if private else 0
            lists = sum((m >> 2 * (private + k) & 1) << k for k in range(MAX_LEXICONS))
            flags.append(folds | lists << FOLDS)
        tries.append(build_trie(ids, ends, np.array(flags, np.uint32), model.alphabet.size)[0])
    plan = make_plan(model.templates.families, model.radix)
    return Encoder(model.alphabet, model.templates, plan, model.tiers, tries, standards)


def exact_tags(index: Index, rows: np.ndarray, bounds: np.ndarray, model: Model) -> np.ndarray:
    """`objective.decode` in whole numbers: float32 rounds the sums of extreme weights."""
    scheme = model.scheme
    weights = np.concatenate(
        [
            np.zeros(index.layout.zeros, dtype=np.int64),
            model.transitions.ravel(),
            *(f.weights.ravel() for f in model.families),
        ]
    )
    never = -(1 << 40)
    transitions = np.where(scheme.legal, model.transitions.astype(np.int64), never)
    starts, ends = np.where(scheme.begins, 0, never), np.where(scheme.ends, 0, never)
    found: list[int] = []
    for begin, end in bounds.tolist():
        scores = np.zeros((end - begin, scheme.size), dtype=np.int64)
        for family, shift, place in index.plan.templates.tolist():
            row = rows[family, begin + shift : end + shift] + place * scheme.size
            scores += weights[row[:, None] + np.arange(scheme.size)]
        best, back = scores[0] + starts, []
        for score in scores[1:]:
            moves = best[:, None] + transitions
            back.append(moves.argmax(axis=0))
            best = moves.max(axis=0) + score
        path = [int((best + ends).argmax())]
        for before in reversed(back):
            path.append(int(before[path[-1]]))
        found += path[::-1]
    return np.array(found, dtype=np.uint8)


def cut(model: Model, string: str, standard: int = 0, exact: bool = False) -> list[str]:
    """What ``Segmenter.cut`` gives, addresses not kept whole."""
    codes = characters.code_points(string)
    space = characters.classes()[codes] == SPACE
    starts = np.zeros(len(codes), dtype=bool)  # of words and of runs of whitespace
    starts[:1] = True
    starts[1:] = space[1:] != space[:-1]
    inside = np.flatnonzero(~space)
    if len(inside):
        offsets = np.append(np.flatnonzero(starts[inside]), len(inside))
        corpus = Corpus(codes[inside].astype(np.uint32), starts[inside], offsets)
        sequences = Sequences.of(corpus.of_standard(standard))
        table = encoder_of(model).table(sequences)
        index, weights = index_of(model)
        rows = index.rows(table)
        if exact:
            tags = exact_tags(index, rows, table.bounds, model)
        else:
            tags = decode_tags(index, rows, table.bounds, weights, model.scheme, sequential=True)
        starts[inside[sequences.kept]] = model.scheme.begins[tags]
    edges = [*np.flatnonzero(starts).tolist(), len(codes)]
    return [string[a:b] for a, b in pairwise(edges)]
