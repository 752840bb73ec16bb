"""Scores a segmentation against a gold standard, as in the SIGHAN bakeoffs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from crfseg.common.errors import CrfsegError, SettingsError

Sentences = Iterable[Sequence[str]]
#: The number of distinct errors kept at a time, and reported at the end.
_REMEMBERED, _REPORTED = 50_000, 1000
#: Words of context on either side of an error, and characters shown of a snippet.
_CONTEXT, _SHOWN = 3, 40


@dataclass(frozen=True)
class ErrorCase:
    """A stretch of text cut in two ways, the shortest between two common boundaries.

    ``gold`` and ``predicted`` are its words joined by spaces; ``left`` and ``right`` are the
    gold words around its first occurrence.
    """

    gold: str
    predicted: str
    count: int
    left: str
    right: str


@dataclass
class Scores:
    """Scores from 0 to 1 and the counts they come from.

    oov_rate, oov_recall and iv_recall are None without training words, or if there is no gold
    word to count.
    """

    precision: float
    recall: float
    f1: float
    oov_rate: float | None
    oov_recall: float | None
    iv_recall: float | None
    gold_words: int
    predicted_words: int
    correct_words: int
    sentences: int
    #: Most frequent first.
    errors: list[ErrorCase] = field(default_factory=list)

    def as_dict(self) -> dict[str, float | int | None]:
        """The scores and counts by name, as ``crfseg eval --json`` prints them."""
        names = "precision recall f1 oov_rate oov_recall iv_recall"
        names += " gold_words predicted_words sentences"
        return {name: getattr(self, name) for name in names.split()}


@dataclass(frozen=True)
class Comparison:
    """The gain in F1 of segmentation b over a, with a 95% interval and a two-sided p value."""

    f1_a: float
    f1_b: float
    difference: float
    low: float
    high: float
    p_value: float


def score_sentences(
    gold: Sentences, predicted: Sentences, known_words: Collection[str] | None = None
) -> Scores:
    """Scores segmented sentences against gold ones of the same characters, ignoring whitespace.

    A word is correct if gold has a word with the same span. A gold word outside
    ``known_words``, the words of the training corpus, is out of vocabulary (OOV). Emerson
    (2005), "The Second International Chinese Word Segmentation Bakeoff", section 3. Raises
    CrfsegError naming the first sentence whose characters differ.
    """
    return score_pairs(pair_sentences(gold, predicted), known_words)


def paired_bootstrap(
    gold: Sentences, a: Sentences, b: Sentences, samples: int = 1000, seed: int = 0
) -> Comparison:
    """Tests whether b is significantly better than a; sentences are resampled ``samples`` times.

    Koehn (2004), "Statistical Significance Tests for Machine Translation Evaluation",
    section 4. Raises CrfsegError as ``score_sentences`` does, also if there is no sentence.
    """
    if samples < 1:
        raise SettingsError("must be at least 1", parameter="samples", value=samples)
    gold = list(gold)
    # counts[s] = gold words, then words and correct words of a, and of b.
    rows = zip(pair_sentences(gold, a), pair_sentences(gold, b), strict=True)
    counts = np.array(
        [(len(g), len(p), _correct(g, p), len(q), _correct(h, q)) for (g, p), (h, q) in rows]
    )
    if not len(counts):
        raise CrfsegError("there is no sentence to compare")

    def f1s(sums: np.ndarray) -> np.ndarray:
        """F1 of a and b: [..., 5] -> [..., 2]."""
        f1: np.ndarray = 2 * sums[..., 2::2] / (sums[..., :1] + sums[..., 1::2])
        return f1

    random = np.random.default_rng(seed)
    drawn = np.array(
        [counts[random.integers(len(counts), size=len(counts))].sum(0) for _ in range(samples)]
    )
    differences = np.diff(f1s(drawn)).ravel()
    low, high = np.quantile(differences, [0.025, 0.975])
    # Add one to both counts, so that p is never 0 (Davison & Hinkley 1997, p. 141).
    rarer = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
    f1_a, f1_b = f1s(counts.sum(0)).tolist()
    p = min(1.0, 2 * (int(rarer) + 1) / (samples + 1))
    return Comparison(f1_a, f1_b, f1_b - f1_a, float(low), float(high), p)


def pair_sentences(
    gold: Sentences, predicted: Sentences, gold_name: str = "gold", name: str = "predicted"
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yields pairs of sentences with the same characters and no empty words.

    Raises CrfsegError naming the first sentence whose characters differ.
    """
    for number, (g, p) in enumerate(zip_longest(gold, predicted), 1):
        if g is None or p is None:
            more, fewer = (name, gold_name) if g is None else (gold_name, name)
            problem = f"{fewer}: ends after {number - 1} sentences, {more} does not"
            raise CrfsegError(f"{problem}; expected as many in both")
        text, other = "".join(g), "".join(p)
        if text != other or "" in g or "" in p:
            g, p = " ".join(g).split(), " ".join(p).split()
            text, other = "".join(g), "".join(p)
            if text != other:
                at = next(i for i, (x, y) in enumerate(zip_longest(text, other)) if x != y)
                problem = f"{name}: sentence {number} has '{other[at : at + 10]}' at character {at}"
                expected = f"'{text[at : at + 10]}' as in {gold_name}"
                raise CrfsegError(f"{problem}; expected {expected}")
        yield g, p


def _stretches(gold: Sequence[str], predicted: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """The shortest stretches between common boundaries, as word ranges: gold i:k, predicted j:m.

    A word is correct if and only if its stretch is one word in both.
    """
    k = m = 0
    while k < len(gold):
        i, j = k, m
        gold_end, predicted_end = len(gold[k]), len(predicted[m])
        k, m = k + 1, m + 1
        while gold_end != predicted_end:
            if gold_end < predicted_end:
                gold_end += len(gold[k])
                k += 1
            else:
                predicted_end += len(predicted[m])
                m += 1
        yield i, k, j, m


def _correct(gold: Sequence[str], predicted: Sequence[str]) -> int:
    return sum(k - i == 1 == m - j for i, k, j, m in _stretches(gold, predicted))


def score_pairs(
    pairs: Iterable[tuple[Sequence[str], Sequence[str]]], known: Collection[str] | None
) -> Scores:
    if known is not None and not isinstance(known, set | frozenset | dict):
        known = set(known)
    gold_words = predicted_words = correct = sentences = oov = oov_correct = 0
    errors = _Errors()
    for gold, predicted in pairs:
        sentences += 1
        gold_words += len(gold)
        predicted_words += len(predicted)
        unknown = [] if known is None else [word not in known for word in gold]
        oov += sum(unknown)
        if gold == predicted:
            correct += len(gold)
            oov_correct += sum(unknown)
            continue
        for i, k, j, m in _stretches(gold, predicted):
            if k - i == 1 == m - j:
                correct += 1
                oov_correct += bool(unknown and unknown[i])
            else:
                errors.add(gold, predicted, i, k, j, m)
    iv, iv_correct = gold_words - oov, correct - oov_correct
    return Scores(
        precision=_ratio(correct, predicted_words) or 0.0,
        recall=_ratio(correct, gold_words) or 0.0,
        f1=_ratio(2 * correct, gold_words + predicted_words) or 0.0,
        oov_rate=None if known is None else _ratio(oov, gold_words),
        oov_recall=None if known is None else _ratio(oov_correct, oov),
        iv_recall=None if known is None else _ratio(iv_correct, iv),
        gold_words=gold_words,
        predicted_words=predicted_words,
        correct_words=correct,
        sentences=sentences,
        errors=errors.most_frequent(),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


class _Errors:
    """Counts errors in bounded memory: with too many distinct ones, the rarer half is dropped."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.contexts: dict[tuple[str, str], tuple[str, str]] = {}

    def add(
        self, gold: Sequence[str], predicted: Sequence[str], i: int, k: int, j: int, m: int
    ) -> None:
        case = _clip(gold[i:k]), _clip(predicted[j:m])
        self.counts[case] += 1
        if case not in self.contexts:
            left = _clip(gold[max(0, i - _CONTEXT) : i], end=True)
            self.contexts[case] = left, _clip(gold[k : k + _CONTEXT])
            if len(self.counts) > _REMEMBERED:
                self.counts = Counter(dict(self.counts.most_common(_REMEMBERED // 2)))
                self.contexts = {case: self.contexts[case] for case in self.counts}

    def most_frequent(self) -> list[ErrorCase]:
        common = self.counts.most_common(_REPORTED)
        return [ErrorCase(*case, count, *self.contexts[case]) for case, count in common]


def _clip(words: Sequence[str], end: bool = False) -> str:
    """Words joined by spaces; if that is too long, only its beginning, or its ``end``."""
    text = " ".join(words)
    if len(text) <= _SHOWN:
        return text
    return "…" + text[1 - _SHOWN :] if end else text[: _SHOWN - 1] + "…"
