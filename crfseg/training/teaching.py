"""Teaching: adapt a trained model to a few corrected sentences, without its training corpus.

The aim is the weights nearest to the old ones that get every correction right. The loss of the
corrections is minimised together with a quadratic penalty on the distance to the old weights; the
loss of each correction that is still wrong is doubled, until none is. The penalty of a weight
grows with its expected frequency in the training text (elastic weight consolidation: Kirkpatrick
et al. 2017, "Overcoming catastrophic forgetting in neural networks", section 2): with equal
penalties, ten corrections cost 1.0 to 1.7 F1 on other text, with these 0.01 to 0.2.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from crfseg.common.errors import DataError, SettingsError
from crfseg.common.files import Path, check_output
from crfseg.common.progress import Progress, progress_of
from crfseg.common.resources import default_model_path
from crfseg.common.threads import Map, thread_count, workers
from crfseg.common.version import __version__
from crfseg.corpus.corpus import Corpus
from crfseg.crf.decode import decode_tags
from crfseg.crf.objective import DenseObjective, PartialTags
from crfseg.features.character_encoder import (
    Encoder,
    KnownWords,
    Sequences,
    allowed_tags,
    collect_lexicons,
    gold_tags,
    words_by_fold,
)
from crfseg.features.index import Index, build_index
from crfseg.features.kernels.layout import CHARACTER
from crfseg.features.table import digits_of, radices
from crfseg.model.segmentation_model import Model, quantise, scale_for
from crfseg.segmentation.segmenter import Segmenter
from crfseg.text.codes import FIRST_CHARACTER
from crfseg.training.export import export
from crfseg.training.fit import estimate
from crfseg.training.settings import Optimisation
from crfseg.training.warm_start import Warm, grow

#: C of the penalty and the margin are larger than in training: of words taught in isolation, 68%
#: instead of 40% (C 0.3, margin 1) are then found in sentences, at a cost of 0.04 F1 on other
#: text. Measured on CTB6 train and a held-out tenth of the People's Daily.
_SETTINGS = Optimisation(l2=10.0, margin=3.0, max_iter=50)
#: Maximum number of rounds; all but the first double the loss of corrections that are still wrong.
#: After the last round these get a weight of 1: unlearnable ones cost 2 F1 on other text otherwise.
_ROUNDS = 11
#: Assumed frequency, relative to the text's length, of positions beyond the ends of sentences.
_BEYOND = 0.05
#: Assumed count of an n-gram that does not occur in the sample text.
_UNSEEN = 0.5
#: Assumed length of the training text in characters, if the model's metadata lacks it.
_CHARACTERS = 1_000_000
#: Metadata of the old model that does not apply to the new one.
_OUTDATED = ("name", "scores", "rebuild")


@dataclass
class TeachingResult:
    """The new model, and statistics of teaching.

    sentences: the number of corrections; wrong: the number that the old model got wrong;
    unlearnt: those that the new model gets wrong, as lists of words; rounds: the number of
    optimisations; seconds: in total.
    """

    model: Model
    sentences: int = 0
    wrong: int = 0
    unlearnt: list[list[str]] = field(default_factory=list)
    rounds: int = 0
    seconds: float = 0.0


def teach(
    model: Model | Path | None,
    corrections: Path | Sequence[Path] | Corpus,
    *,
    output: Path | None = None,
    format: str = "auto",
    encoding: str = "utf-8",
    standard: str | None = None,
    threads: int | None = None,
    progress: Progress | bool | None = None,
) -> TeachingResult:
    """Adapt a model to corrected sentences, like ``crfseg teach``.

    model: the default model if None; corrections: files of sentences or words in any corpus
    format, or a Corpus; standard: the model's standard that they follow, its first one if omitted;
    output: where to save the new model. Raises CrfsegError (DataError, ModelError,
    SettingsError), also for corrections that contradict each other.
    """
    start = time.perf_counter()
    count = thread_count(threads)
    progress = progress_of(progress)
    files: list[Path] = []
    if isinstance(corrections, str | os.PathLike):
        files = [corrections]
    elif not isinstance(corrections, Corpus):
        files = list(corrections)
    check_output(output, files)
    warm = _startable(model)
    number = _number(warm.standards, standard)
    if isinstance(corrections, Corpus):
        corpus, name = corrections, "corrections"
    else:
        corpus = Corpus.read(files, format, encoding, progress, few=True)
        name = ", ".join(os.fspath(path) for path in files)
    if not len(corpus):
        raise SettingsError("no corrections were given; expected at least one sentence")
    _check_agreement(corpus, name)
    corpus = corpus.of_standard(number)
    before = wrong_sentences(warm.model, corpus, standard)
    with workers(count) as run:
        new, rounds = _Lesson(warm, corpus, run).teach(progress)
    result = TeachingResult(new, len(corpus), len(before), rounds=rounds)
    result.unlearnt = wrong_sentences(new, corpus, standard)
    if output is not None:
        new.save(output)
    result.seconds = time.perf_counter() - start
    return result


def wrong_sentences(model: Model, corpus: Corpus, standard: str | None) -> list[list[str]]:
    """The sentences of a corpus that a model segments differently at annotated places."""
    segmenter = Segmenter(model, standard=standard)
    wrong = []
    known = corpus.all_known if corpus.known is None else corpus.known
    for s, words in enumerate(corpus.sentences()):
        begin, end = int(corpus.offsets[s]), int(corpus.offsets[s + 1])
        predicted = np.zeros(end - begin, dtype=np.bool_)
        predicted[[place for _, place, _ in segmenter.tokenize("".join(words))]] = True
        if np.any((predicted != corpus.begins[begin:end]) & known[begin:end]):
            wrong.append(words)
    return wrong


def _startable(given: Model | Path | None) -> Warm:
    model = given if isinstance(given, Model) else Model.load(given or default_model_path())
    if model.metadata["kind"] == "hmm":
        raise SettingsError("a hidden Markov model cannot be taught; expected crf or maxent")
    return Warm(model)


def _number(standards: list[str], name: str | None) -> int:
    if name is None:
        return 0
    if name not in standards:
        expected = f"one of {', '.join(standards)}" if standards else "none"
        problem = f"the model does not have it; expected {expected}"
        raise SettingsError(problem, parameter="standard", value=name)
    return standards.index(name)


def _check_agreement(corpus: Corpus, name: str) -> None:
    """Raise DataError for two corrections of the same text that contradict each other."""
    all_known = corpus.all_known if corpus.known is None else corpus.known
    seen: dict[str, tuple[np.ndarray, np.ndarray, list[str]]] = {}
    for s, words in enumerate(corpus.sentences()):
        sentence = slice(int(corpus.offsets[s]), int(corpus.offsets[s + 1]))
        begins, known = corpus.begins[sentence], all_known[sentence]
        text = "".join(words)
        if text in seen:
            earlier, earlier_known, first = seen[text]
            if np.any((begins != earlier) & known & earlier_known):
                problem = f"{' '.join(words)} contradicts {' '.join(first)}"
                raise DataError(name, None, problem, "one correction of the same text")
            begins, known = begins | earlier, known | earlier_known
        seen[text] = begins, known, words


class _Lesson:
    """The corrections, encoded with the features and lexicons of the new model."""

    def __init__(self, warm: Warm, corpus: Corpus, run: Map) -> None:
        self.model, self.corpus, self.run = warm.model, corpus, run
        self.scheme = warm.model.scheme
        self.sequential = warm.model.metadata["kind"] == "crf"
        folds = np.zeros(len(corpus), dtype=np.int64)
        words = _with_words(warm.known_words(), corpus, folds)
        self.lexicons = collect_lexicons(corpus, folds, False, [], words)
        sequences = Sequences.of(corpus)
        self.encoder = Encoder.make(
            sequences, self.lexicons, warm.model.templates, warm.model.alphabet
        )
        # No jackknife as in training: all words are in the lexicon, as when segmenting.
        table = self.encoder.table(sequences)
        self.gold = gold_tags(sequences, table, self.scheme)
        allowed = allowed_tags(sequences, table, self.scheme)
        self.allowed = np.uint8(1) << self.gold if allowed is None else allowed
        self.bounds = table.bounds
        self.index, self.rows = build_index(
            table, self.encoder.plan, self.encoder.templates, self.scheme, run
        )
        self.grown = grow(self.index, warm.model, self.encoder)
        text = _sample().of_standard(int(corpus.standards[0]))
        counts = likely_counts(self.index, self.encoder, self.model, text)
        self.units = 1 / np.sqrt(1 + counts)
        if len(warm.standards) > 1:  # keep the other standards unchanged
            private = private_weights(self.index, self.model.columns - 1)
            self.units[~private & private.any()] = 0

    def teach(self, progress: Progress) -> tuple[Model, int]:
        """Optimise until all corrections are right; returns the model and the rounds."""
        weights = self.grown.start
        wrong = self._wrong(weights)
        counts = np.zeros(len(self.corpus), dtype=np.float32)
        rounds = 0
        progress.begin("teaching", _ROUNDS, "rounds")
        while wrong.any() and rounds < _ROUNDS:
            counts[wrong] = np.maximum(2 * counts[wrong], 1)
            weights = self._nearest(counts)
            wrong = self._wrong(weights)
            rounds += 1
            progress.advance(1)
        if wrong.any():
            counts[wrong] = 1
            weights = self._nearest(counts)
        progress.end(f"{rounds} rounds")
        return self._export(weights), rounds

    def _nearest(self, counts: np.ndarray) -> np.ndarray:
        """Minimise the penalty plus the loss of the corrections, weighted by counts."""
        part = counts > 0
        partial = None
        if self.allowed is not None:
            partial = PartialTags(self.allowed, self.corpus.partly[part])
        objective = DenseObjective(
            self.index, self.rows, self.bounds[part], self.gold, self.scheme,
            sequential=self.sequential, run=self.run, margin=_SETTINGS.margin,
            partial=partial, counts=counts[part],
        )  # fmt: skip
        scaled = _Scaled(objective, self.grown.start, self.units)
        found = estimate(scaled, _SETTINGS, self.run, Progress(), 0.0)
        if found.interrupted:
            raise KeyboardInterrupt
        return scaled.weights_at(found.weights)

    def _wrong(self, weights: np.ndarray) -> np.ndarray:
        """bool [S]: which corrections the quantised weights get wrong."""
        scale = scale_for(self.grown.weights(weights))
        weights = quantise(weights, scale) * np.float32(scale)
        tags = decode_tags(
            self.index, self.rows, self.bounds, weights, self.scheme, sequential=self.sequential
        )
        lengths = self.bounds[:, 1] - self.bounds[:, 0]
        places = np.concatenate([np.arange(begin, end) for begin, end in self.bounds.tolist()])
        right = self.allowed[places] >> tags & 1 == 1
        return ~np.logical_and.reduceat(right, np.cumsum(lengths) - lengths)

    def _export(self, weights: np.ndarray) -> Model:
        old = self.model.metadata
        metadata = {key: value for key, value in old.items() if key not in _OUTDATED}
        metadata["version"] = __version__
        metadata["taught"] = _whole(old.get("taught"), 0) + len(self.corpus)
        whole, index = self.grown.weights(weights), self.grown.index
        return export(metadata, whole, index, self.encoder, self.lexicons, self.scheme, 0.0)


class _Scaled:
    """An objective of the change from an origin, scaled by a unit for each weight."""

    def __init__(self, objective: DenseObjective, origin: np.ndarray, units: np.ndarray) -> None:
        self.objective, self.origin, self.units = objective, origin, units
        self.size = objective.size

    def weights_at(self, change: np.ndarray) -> np.ndarray:
        """float32: the weights for a change."""
        return self.origin + change * self.units

    def curvature(self) -> np.ndarray:
        """float32: the objective's curvature, in these units."""
        return self.objective.curvature() * self.units * self.units

    def __call__(self, change: np.ndarray, gradient: np.ndarray) -> float:
        """The value; writes the gradient to ``gradient``."""
        value = self.objective(self.weights_at(change), gradient)
        gradient *= self.units
        return value


def likely_counts(index: Index, encoder: Encoder, model: Model, text: Corpus) -> np.ndarray:
    """float32 [size]: the estimated count of each weight's feature in the training text.

    The training text is not available, but its length is known and character ids are ordered by
    frequency: Zipf's law gives character frequencies, independence those of n-grams. Features
    without characters are few; they are counted in ``text``.
    """
    total = float(_whole(model.metadata.get("characters"), _CHARACTERS))
    counts = np.full(index.layout.size, total / index.layout.tags, dtype=np.float32)
    radix = radices(encoder.alphabet.size, encoder.tiers, encoder.standards)
    known = model.alphabet.size
    share = np.zeros(encoder.alphabet.size)  # new characters have no share
    share[:FIRST_CHARACTER] = _BEYOND
    share[FIRST_CHARACTER:known] = 1 / np.arange(1, known - FIRST_CHARACTER + 1)
    share[FIRST_CHARACTER:known] /= share[FIRST_CHARACTER:known].sum()
    table = encoder.table(Sequences.of(text))
    characters = int(np.diff(table.bounds).sum())
    for shape, family, rows in zip(
        index.templates.families, index.families, index.rows(table), strict=True
    ):
        columns = [column for _, column in shape.pattern]
        digits = digits_of(family.keys, [radix[column] for column in columns])
        each = np.full(len(family.keys), total)
        for column, values in zip(columns, digits, strict=True):
            if column == CHARACTER:
                each *= share[values]
        width = len(shape.shifts) * index.layout.tags
        if CHARACTER not in columns:
            seen = (rows[rows >= family.base] - family.base) // width
            each *= (np.bincount(seen, minlength=len(each)) + _UNSEEN) / characters
        counts[family.base : family.base + len(each) * width] = np.repeat(each, width)
    return counts


def _sample() -> Corpus:
    """The sample corpus that comes with crfseg."""
    return Corpus.read([os.path.join(os.path.dirname(default_model_path()), "sample.train.txt")])


def private_weights(index: Index, column: int) -> np.ndarray:
    """bool [size]: the private weights of one standard, given its column of the features."""
    private = np.zeros(index.layout.size, dtype=np.bool_)
    for shape, family in zip(index.templates.families, index.families, strict=True):
        size = len(family.keys) * len(shape.shifts) * index.layout.tags
        private[family.base : family.base + size] = column in (c for _, c in shape.pattern)
    return private


def _whole(value: object, otherwise: int) -> int:
    """A value of the model's metadata if it is a valid count, else ``otherwise``."""
    return value if isinstance(value, int) and 0 <= value < 2**53 else otherwise


def _with_words(known: KnownWords, corpus: Corpus, folds: np.ndarray) -> KnownWords:
    """The model's words plus those of the corrections, as rare words of their standard."""
    own = [dict(words) for words in known.own]
    for standard, words in enumerate(own):
        for word in words_by_fold(corpus, folds, standard):
            words.setdefault(word, 1)
    return replace(known, own=own)
