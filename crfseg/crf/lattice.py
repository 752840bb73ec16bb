"""Exact inference over all paths of a linear chain: marginals, n-best paths, samples.

Independent of text and words: scores in, probabilities and paths out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.crf.kernels import lattice

Seed = int | Sequence[int] | np.random.Generator | None
#: The most bytes that an n-best search may take.
_MOST = 2 << 30


class Lattice:
    """All tag paths over N positions, each with probability ~ exp(scale * score).

    The score of a path is the sum of its emissions [N, T], its transitions [T, T] (from row to
    column), the start of its first tag and the end of its last tag [T] (0 if omitted). Scores
    are real numbers, or -inf for what is ruled out; allowed: bool [N, T], rules out tags at
    positions, too. first: bool [N], True where a sequence begins, if several are concatenated:
    they do not interact. scale: best paths are found with the unscaled scores, so that they
    are exact for integers.

    Raises SettingsError for arrays of other shapes or with NaN or +inf, and (except when only
    the score of a path is asked for) if all paths are ruled out.
    """

    def __init__(
        self,
        emissions: np.ndarray,
        transitions: np.ndarray,
        starts: np.ndarray | None = None,
        ends: np.ndarray | None = None,
        *,
        allowed: np.ndarray | None = None,
        first: np.ndarray | None = None,
        scale: float = 1.0,
    ) -> None:
        self.emissions = _scores(emissions, "emissions", (None, None))
        n, T = self.emissions.shape
        if T == 0:
            raise SettingsError("emissions: there must be a tag at least")
        self.transitions = _scores(transitions, "transitions", (T, T))
        self.starts = _scores(np.zeros(T) if starts is None else starts, "starts", (T,))
        self.ends = _scores(np.zeros(T) if ends is None else ends, "ends", (T,))
        if allowed is not None:
            allowed = _of_shape(np.asarray(allowed, dtype=np.bool_), "allowed", (n, T))
            self.emissions = np.where(allowed, self.emissions, -np.inf)
        mask = np.zeros(n, dtype=np.bool_) if first is None else np.asarray(first, dtype=np.bool_)
        self.first = _of_shape(mask, "first", (n,)).astype(np.uint8)
        self.first[:1] = 1
        if not 0 < scale < np.inf:
            raise SettingsError(f"scale: must be a number above 0, not {scale}")
        self.scale = float(scale)

    def __len__(self) -> int:
        return len(self.emissions)

    @property
    def size(self) -> int:
        """The number of tags T."""
        return self.emissions.shape[1]

    @cached_property
    def log_partition(self) -> float:
        """The logarithm of the sum over all paths of exp(scale * score)."""
        return self._forward[1]

    def tag_marginals(self) -> np.ndarray:
        """float64 [N, T]: the probability of each tag at each position."""
        out = np.zeros(self.emissions.shape)
        if len(self):
            lattice.tag_marginals(self._alpha, self._beta, out)
        return out

    def transition_marginals(self) -> np.ndarray:
        """float64 [T, T]: the expected count of each transition."""
        out = np.zeros((self.size, self.size))
        if len(self):
            scratch = out.copy(), np.zeros((4, self.size))
            lattice.transition_marginals(
                self._scaled, self.first, self._moves, self._alpha, self._beta, scratch, out
            )
        return out

    def log_probabilities(
        self, begins: Sequence[int] | np.ndarray, pieces: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """float64 [M]: the log-probability that a path contains each piece.

        begins: the position of the first tag of each piece; pieces: their tags, at least one.
        """
        begins = np.asarray(begins, dtype=np.int64).reshape(-1)
        lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
        tags = np.array([tag for piece in pieces for tag in piece], dtype=np.int64)
        return self.log_probabilities_of(begins, lengths, tags)

    def log_probabilities_of(
        self, begins: np.ndarray, lengths: np.ndarray, tags: np.ndarray
    ) -> np.ndarray:
        """`log_probabilities` for arrays: lengths int64 [M]; tags int64: of all pieces."""
        out = np.zeros(len(begins))
        if lengths.shape != begins.shape or lengths.sum() != len(tags) or (lengths < 1).any():
            raise SettingsError("pieces: there must be one for each begin, of one tag at least")
        if (begins < 0).any() or (begins + lengths > len(self)).any():
            raise SettingsError(f"pieces: must be within the {len(self)} positions")
        self._check_tags(tags)
        if len(out):
            lattice.log_probabilities(
                self._scaled, self.first, self._moves, self._alpha, self._beta,
                (begins, np.cumsum(lengths), tags), np.zeros(self.size), out,
            )  # fmt: skip
        return out

    def score(self, path: Sequence[int] | np.ndarray) -> float:
        """The score of a path of N tags; -inf if it is ruled out."""
        tags = np.asarray(path, dtype=np.int64)
        if tags.shape != (len(self),):
            raise SettingsError(f"path: must have {len(self)} tags; it has {tags.shape}")
        self._check_tags(tags)
        if not len(tags):
            return 0.0
        last = np.append(self.first[1:], 1)
        inner = self.transitions[tags[:-1], tags[1:]][self.first[1:] == 0]
        outer = self.starts[tags[self.first == 1]].sum() + self.ends[tags[last == 1]].sum()
        return float(self.emissions[np.arange(len(tags)), tags].sum() + inner.sum() + outer)

    def log_likelihood(self, path: Sequence[int] | np.ndarray) -> float:
        """The log-probability of a path of N tags; -inf if it is ruled out."""
        score = self.score(path)
        return score * self.scale - self.log_partition if score > -np.inf else -np.inf

    def best(self) -> np.ndarray:
        """int64 [N]: the best path; ties go to the smaller tag, from the last tag backwards."""
        return self.nbest(1)[0][0]

    def nbest(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best paths, best first: int64 [k, N], and their scores, float64 [k].

        Fewer if there are fewer paths. Raises SettingsError if k is below 1, or so large that
        the search would take more than 2 GB.
        """
        if k < 1:
            raise SettingsError(f"the number of best paths must be at least 1, not {k}")
        n, T = self.emissions.shape
        if not n:
            return np.zeros((1, 0), dtype=np.int64), np.zeros(1)
        if n * k * (4 * T + 8) > _MOST:
            most = _MOST // (n * (4 * T + 8))
            raise SettingsError(f"{k} best paths of {n:,} positions: must be at most {most}")
        paths, scores = np.zeros((k, n), dtype=np.int64), np.zeros(k)
        scratch = np.zeros((2, T, k)), np.zeros(T, dtype=np.int64), self.ends[:, None].copy()
        moves = self._moves_of(self.transitions, self.starts, self.ends)
        back = np.zeros((n, T, k), dtype=np.int32)
        lattice.best_paths(self.emissions, self.first, moves, scratch, back, paths, scores)
        there = scores > -np.inf
        if not there[0]:
            raise _nothing_left()
        return paths[there], scores[there]

    def sample(self, k: int, seed: Seed = None) -> np.ndarray:
        """int64 [k, N]: paths drawn independently from the distribution.

        seed: the same seed gives the same paths.
        """
        if k < 0:
            raise SettingsError(f"the number of samples must be at least 0, not {k}")
        random = np.random.default_rng(seed)
        paths = np.zeros((k, len(self)), dtype=np.int64)
        for path in paths if len(self) else paths[:0]:
            chances, shares = random.random(len(self)), np.zeros(self.size)
            lattice.sample_path(self._alpha, self.first, self._moves, chances, shares, path)
        return paths

    @cached_property
    def _scaled(self) -> np.ndarray:
        return self.emissions if self.scale == 1 else self.emissions * self.scale

    @cached_property
    def _moves(self) -> lattice.Moves:
        return self._moves_of(
            self.transitions * self.scale, self.starts * self.scale, self.ends * self.scale
        )

    @staticmethod
    def _moves_of(transitions: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> lattice.Moves:
        top = transitions.max()
        top = top if top > -np.inf else 0.0
        return lattice.Moves(transitions, np.exp(transitions - top), np.array([top]), starts, ends)

    @cached_property
    def _forward(self) -> tuple[np.ndarray, float]:
        alpha, shares = np.zeros(self.emissions.shape), np.zeros(self.size)
        if not len(self):
            return alpha, 0.0
        total = lattice.forward(self._scaled, self.first, self._moves, shares, alpha)
        if total == -np.inf:
            raise _nothing_left()
        return alpha, total

    @property
    def _alpha(self) -> np.ndarray:
        return self._forward[0]

    @cached_property
    def _beta(self) -> np.ndarray:
        beta = np.zeros(self.emissions.shape)
        lattice.backward(self._scaled, self.first, self._moves, np.zeros((2, self.size)), beta)
        return beta

    def _check_tags(self, tags: np.ndarray) -> None:
        if len(tags) and not 0 <= tags.min() <= tags.max() < self.size:
            raise SettingsError(f"tags must be numbers below {self.size}")


def _nothing_left() -> SettingsError:
    return SettingsError("all paths are ruled out")


def _scores(values: np.ndarray, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """The values as a contiguous float64 array, checked."""
    array = _of_shape(np.ascontiguousarray(values, dtype=np.float64), name, shape)
    if not (array < np.inf).all():
        raise SettingsError(f"{name}: must be numbers below infinity")
    return array


def _of_shape(array: np.ndarray, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    fits = array.ndim == len(shape) and all(
        n in (None, m) for n, m in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = " x ".join("any" if n is None else str(n) for n in shape)
        raise SettingsError(f"{name}: must be an array of {wanted}, not {array.shape}")
    return array
