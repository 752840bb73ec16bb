"""A CRF layer: emission scores of any encoder in, labels, probabilities and gradients out.

Batches are padded arrays [batch, length, tags] with lengths or a mask, as in `pytorch-crf`, which
has the same scores; or concatenated sequences, [all positions, tags], with lengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.crf.lattice import Lattice


@dataclass(frozen=True)
class ChainGradients:
    """The negative log-likelihood of a batch, summed, and its gradients.

    emissions: marginals minus gold, in the shape of the input, 0 in the padding; transitions
    [T, T] and starts, ends [T]: expected minus gold counts.
    """

    loss: float
    emissions: np.ndarray
    transitions: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class LinearChain:
    """A linear-chain CRF over emission scores.

    The score of a label sequence is the sum of its emissions, its transitions [T, T] (from row
    to column), the start of its first label and the end of its last label, [T] (0 if omitted);
    -inf rules out. The attributes `transitions`, `starts` and `ends` may be changed at any time.

    emissions in all methods: [batch, length, T] with ``lengths`` int [batch] or ``mask`` bool
    [batch, length] (True up to the end of a sequence; no padding if both are omitted), or [n, T]
    with ``lengths`` that sum to n. Sequences have at least one position. Results for float32
    emissions are float32, for all others float64; computation is in float64. Raises
    SettingsError for arrays of other shapes, for NaN or +inf outside the padding, and if all
    label sequences are ruled out.
    """

    def __init__(
        self,
        transitions: np.ndarray,
        starts: np.ndarray | None = None,
        ends: np.ndarray | None = None,
    ) -> None:
        self.transitions = np.array(transitions)
        if self.transitions.ndim != 2 or len(set(self.transitions.shape)) != 1:
            raise SettingsError(f"transitions: must be [T, T], not {self.transitions.shape}")
        T = len(self.transitions)
        zeros = np.zeros(T, dtype=self.transitions.dtype)
        self.starts = zeros if starts is None else np.array(starts)
        self.ends = zeros.copy() if ends is None else np.array(ends)

    def decode(
        self,
        emissions: np.ndarray,
        lengths: np.ndarray | None = None,
        *,
        mask: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """The best labels of each sequence, int64; ties are resolved as in `Lattice.best`."""
        batch = _Batch(emissions, lengths, mask)
        return batch.split(self._lattice(batch).best())

    def marginals(
        self,
        emissions: np.ndarray,
        lengths: np.ndarray | None = None,
        *,
        mask: np.ndarray | None = None,
    ) -> np.ndarray:
        """Label probabilities at each position, in the shape of emissions; 0 in the padding."""
        batch = _Batch(emissions, lengths, mask)
        return batch.unpack(self._lattice(batch).tag_marginals())

    def log_likelihood(
        self,
        emissions: np.ndarray,
        labels: np.ndarray,
        lengths: np.ndarray | None = None,
        *,
        mask: np.ndarray | None = None,
    ) -> np.ndarray:
        """[batch]: the log-probability of the labels of each sequence.

        labels: int, in the shape of emissions without T; the padding is ignored.
        """
        batch = _Batch(emissions, lengths, mask)
        return self._log_likelihood(batch, self._lattice(batch), batch.labels(labels))

    def gradients(
        self,
        emissions: np.ndarray,
        labels: np.ndarray,
        lengths: np.ndarray | None = None,
        *,
        mask: np.ndarray | None = None,
    ) -> ChainGradients:
        """Gradients for training the encoder and the scores of this layer.

        Lafferty, McCallum & Pereira (2001), "Conditional random fields", section 3.
        """
        batch = _Batch(emissions, lengths, mask)
        lattice, gold = self._lattice(batch), batch.labels(labels)
        loss = -float(self._log_likelihood(batch, lattice, gold).sum())
        residuals = lattice.tag_marginals()
        residuals[np.arange(len(gold)), gold] -= 1
        moves = lattice.transition_marginals()
        inner = np.flatnonzero(~batch.first)
        np.subtract.at(moves, (gold[inner - 1], gold[inner]), 1)
        return ChainGradients(
            loss,
            batch.unpack(residuals),
            moves.astype(batch.dtype),
            residuals[batch.begins].sum(axis=0).astype(batch.dtype),
            residuals[batch.begins + batch.lengths - 1].sum(axis=0).astype(batch.dtype),
        )

    def _lattice(self, batch: _Batch) -> Lattice:
        if batch.rows.shape[1] != len(self.transitions):
            expected = f"{len(self.transitions)}, as transitions have"
            raise SettingsError(f"emissions: of {batch.rows.shape[1]} labels; expected {expected}")
        return Lattice(batch.rows, self.transitions, self.starts, self.ends, first=batch.first)

    def _log_likelihood(self, batch: _Batch, lattice: Lattice, gold: np.ndarray) -> np.ndarray:
        found = lattice.log_probabilities_of(batch.begins, batch.lengths, gold)
        return found.astype(batch.dtype)


class _Batch:
    """Concatenated sequences.

    rows [n, T]; lengths, begins int64 [batch]: of each sequence; first bool [n]: where they begin;
    inside bool: the places of the rows in the input.
    """

    def __init__(
        self, emissions: np.ndarray, lengths: np.ndarray | None, mask: np.ndarray | None
    ) -> None:
        emissions = np.asarray(emissions)
        self.dtype = np.dtype(np.float32 if emissions.dtype == np.float32 else np.float64)
        if emissions.ndim not in (2, 3):
            raise SettingsError(f"emissions: must be [batch, length, T], not {emissions.shape}")
        if emissions.ndim == 2:
            if lengths is None or mask is not None:
                raise SettingsError("emissions [n, T] need lengths, and no mask")
            self.lengths = _lengths(lengths, None, len(emissions))
            if self.lengths.sum() != len(emissions):
                problem = f"lengths: sum to {self.lengths.sum()}"
                raise SettingsError(f"{problem}; expected {len(emissions)}, as many as emissions")
            self.inside = np.ones(len(emissions), dtype=np.bool_)
        else:
            batch, longest = emissions.shape[:2]
            if mask is not None:
                lengths = _lengths_of_mask(mask, lengths, (batch, longest))
            elif lengths is None:
                lengths = np.full(batch, longest)
            self.lengths = _lengths(lengths, batch, longest)
            self.inside = np.arange(longest) < self.lengths[:, None]
        self.rows = emissions[self.inside]
        self.begins = np.cumsum(self.lengths) - self.lengths
        self.first = np.zeros(len(self.rows), dtype=np.bool_)
        self.first[self.begins] = True

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """int64 [n]: the labels without padding."""
        labels = np.asarray(labels)
        if labels.shape != self.inside.shape or labels.dtype.kind not in "iu":
            problem = f"labels: {labels.dtype} {labels.shape}"
            raise SettingsError(f"{problem}; expected whole numbers {self.inside.shape}")
        return labels[self.inside].astype(np.int64)

    def unpack(self, rows: np.ndarray) -> np.ndarray:
        """The values of each row in the shape of the input; the padding is 0."""
        out = np.zeros((*self.inside.shape, rows.shape[1]), dtype=self.dtype)
        out[self.inside] = rows
        return out

    def split(self, values: np.ndarray) -> list[np.ndarray]:
        """Splits values [n] by sequence."""
        return np.split(values, self.begins[1:]) if len(self.begins) else []


def _lengths(lengths: np.ndarray, batch: int | None, longest: int) -> np.ndarray:
    array = np.asarray(lengths)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise SettingsError(f"lengths: {array.dtype} {array.shape}; expected whole numbers [batch]")
    if batch not in (None, len(array)):
        raise SettingsError(f"lengths: {len(array)}; expected {batch}, one for each sequence")
    if len(array) and not 1 <= array.min() <= array.max() <= longest:
        raise SettingsError(f"lengths: must be from 1 to {longest}")
    return array.astype(np.int64)


def _lengths_of_mask(
    mask: np.ndarray, lengths: np.ndarray | None, shape: tuple[int, int]
) -> np.ndarray:
    mask = np.asarray(mask, dtype=np.bool_)
    if lengths is not None:
        raise SettingsError("lengths and mask: one of them must be left out")
    if mask.shape != shape:
        raise SettingsError(f"mask: must be {shape}, not {mask.shape}")
    if (mask[:, 1:] > mask[:, :-1]).any():
        raise SettingsError("mask: must be True from the first position of a sequence to its last")
    counts: np.ndarray = mask.sum(axis=1)
    return counts
