"""The hidden Markov model, estimated by counting instead of optimisation.

It is the same linear model as the CRF with fewer features; its weights are log relative
frequencies. (The maximum-entropy model is the CRF's objective without transitions, a softmax for
each character; see `crf.kernels.dense_loss.softmax_shard`.)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crfseg.corpus.schemes import TagScheme
from crfseg.features.index import Index
from crfseg.text.codes import BOUNDARY, UNKNOWN

#: Emissions depend on the current character. The template of the preceding character is used
#: only for BOUNDARY, its value at the start of a sentence, which carries the initial
#: probabilities.
HMM_TEMPLATES = ["U00:%x[0,0]", "U01:%x[-1,0]", "B"]
#: Added to every count (Lidstone).
_SMOOTHING = 0.1


def hmm_weights(
    index: Index, ids: np.ndarray, gold: np.ndarray, bounds: np.ndarray, scheme: TagScheme
) -> tuple[Index, np.ndarray]:
    """Log-probabilities in the layout of the index, which gains a row for unknown characters.

    ids: int32 [N] character ids of the table, gold uint8 [N], bounds int64 [S, 2].
    """
    T = scheme.size
    inside = np.concatenate([np.arange(begin, end) for begin, end in bounds])
    tags = gold[inside].astype(np.int64)
    characters = ids[inside].astype(np.int64)
    size = int(characters.max()) + 1
    counts = np.bincount(characters * T + tags, minlength=size * T).reshape(size, T)
    counts[UNKNOWN] = 0
    emission = np.log(counts + _SMOOTHING) - np.log(
        counts.sum(axis=0) + _SMOOTHING * (size - BOUNDARY)
    )
    neighbours = np.flatnonzero(np.diff(inside) == 1)
    pairs = np.bincount(tags[neighbours] * T + tags[neighbours + 1], minlength=T * T)
    moves = np.where(scheme.legal, pairs.reshape(T, T) + _SMOOTHING, 0.0)
    starts = np.where(scheme.begins, np.bincount(gold[bounds[:, 0]], minlength=T) + _SMOOTHING, 1)
    return _lay_out(index, emission, moves, starts, scheme)


def _lay_out(
    index: Index, emission: np.ndarray, moves: np.ndarray, starts: np.ndarray, scheme: TagScheme
) -> tuple[Index, np.ndarray]:
    T = scheme.size
    family = index.families[0]
    width = len(index.templates.families[0].shifts)
    keys = np.append(family.keys, np.uint64(UNKNOWN))
    rows = np.zeros((len(keys), width, T), dtype=np.float32)
    known = keys != BOUNDARY
    rows[known, 0] = emission[keys[known].astype(np.int64)]
    rows[~known, 1] = np.log(starts / starts[scheme.begins].sum())
    weights = np.zeros(family.base + rows.size, dtype=np.float32)
    weights[family.base :] = rows.ravel()
    with np.errstate(divide="ignore"):
        logs = np.where(scheme.legal, np.log(moves / moves.sum(axis=1, keepdims=True)), 0)
    weights[index.layout.transitions] = logs.ravel()
    families = [replace(family, keys=keys), *index.families[1:]]
    layout = replace(index.layout, size=len(weights))
    return replace(index, families=families, layout=layout), weights
