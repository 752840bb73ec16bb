"""Training the same model with crfseg, python-crfsuite and chaine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import crfseg
from crfseg.common.progress import Iteration, Progress
from crfseg.corpus import schemes
from crfseg.corpus.corpus import Corpus
from crfseg.features import templates
from crfseg.features.character_encoder import Sequences
from crfseg.segmentation.segmenter import Segmenter
from crfseg.text import characters as characters_module
from crfseg.training.dev_score import word_f1
from crfseg.training.settings import TrainingSettings

#: The name of the tag scheme in which every sequence of the four tags is possible.
UNCONSTRAINED = "unconstrained"
#: crfseg adds |w|^2 / (2 C) to the negative log-likelihood, CRFsuite c2 |w|^2.
C2 = 1 / (2 * TrainingSettings.l2)
#: Settings of python-crfsuite and chaine; the others are their defaults.
COMMON = {
    "c1": 0.0,
    "c2": C2,
    "feature.possible_states": True,
    "feature.possible_transitions": True,
}

#: An objective counts as reached within this relative difference: crfseg's weights and
#: gradients are float32.
REACHED = 1e-6
#: Training stalls when _PATIENCE iterations lower the objective by less than this fraction.
STUCK = 1e-6
_PATIENCE = 20
_MOST_ITERATIONS = 1000

Sentence = tuple[list[list[str]], list[str]]
#: Attributes of each character of a sentence -> its tags.
Tagger = Callable[[list[list[str]]], list[str]]


@dataclass(frozen=True)
class Training:
    """Seconds of each stage of one training, and its result.

    reading: the corpus, and for the peers also building the attributes; loading: passing them
    to the trainer; indexing: numbering the features; objective and iterations: those at the
    end; path: for each iteration, the seconds of optimising so far and the objective;
    reached: whether the target objective was reached; features: the number of weights, if
    the trainer reports it; f1: of the final model on the text to score.
    """

    reading: float
    loading: float
    indexing: float
    optimising: float
    objective: float
    iterations: int
    path: list[tuple[float, float]]
    reached: bool = True
    features: int | None = None
    f1: float | None = None

    @property
    def before(self) -> float:
        """Seconds from the first byte read until the optimiser starts."""
        return self.reading + self.loading + self.indexing

    @property
    def total(self) -> float:
        """Seconds from the first byte read until the optimiser stops."""
        return self.before + self.optimising

    @property
    def iteration(self) -> float:
        """Seconds per iteration."""
        return self.optimising / self.iterations

    def until(self, target: float) -> float | None:
        """Seconds of optimising until the objective was at most ``target``."""
        return next((seconds for seconds, value in self.path if value <= target), None)


class Unconstrained(schemes.TagScheme):
    """Four tags in any order, as CRFsuite sees them: a tag is a mere name to it."""

    @cached_property
    def legal(self) -> np.ndarray:
        """bool [T, T]: all True."""
        return np.ones((self.size, self.size), dtype=np.bool_)

    @cached_property
    def begins(self) -> np.ndarray:
        """bool [T]: all True."""
        return np.ones(self.size, dtype=np.bool_)

    @cached_property
    def ends(self) -> np.ndarray:
        """bool [T]: all True."""
        return np.ones(self.size, dtype=np.bool_)

    def encode(self, begins: np.ndarray) -> np.ndarray:
        """The tags of the constrained scheme."""
        return schemes.FOUR.encode(begins)


schemes.SCHEMES[UNCONSTRAINED] = Unconstrained(UNCONSTRAINED, schemes.FOUR.tags)


class _Watch(Progress):
    """Records the time of each stage and iteration; stops the training at the target."""

    def __init__(self, target: float) -> None:
        self.target = target
        self.start = time.perf_counter()
        self.begun: dict[str, float] = {}
        self.path: list[tuple[float, float]] = []

    def begin(self, what: str, total: int | None = None, unit: str = "") -> None:
        self.begun[what] = time.perf_counter()

    def iteration(self, step: Iteration) -> None:
        self.path.append((time.perf_counter() - self.begun["training"], step.objective))
        before = self.path[-_PATIENCE][1] if step.number >= _PATIENCE else float("inf")
        if step.objective <= self.target or before - step.objective < STUCK * before:
            raise KeyboardInterrupt  # as a user ends a training


def train_crfseg(
    corpus: Path, scheme: str, target: float, threads: int, gold: Path | None = None
) -> Training:
    """Trains until the objective reaches ``target`` within REACHED or stalls; scores on gold."""
    watch = _Watch(target * (1 + REACHED))
    result = crfseg.train(
        corpus, tags=scheme, own_lexicon=False, threads=threads, progress=watch, tol=0.0,
        margin=0.0, max_iter=_MOST_ITERATIONS,
    )  # fmt: skip
    f1 = None
    if gold is not None:
        model = replace(result.model, scheme=schemes.FOUR)  # words have only legal tags
        segmenter = Segmenter(model, keep_whole=False)
        f1 = crfseg.evaluate(gold, segmenter=segmenter).f1
    indexing, training = watch.begun["indexing features"], watch.begun["training"]
    seconds, objective = watch.path[-1]
    return Training(
        indexing - watch.start, 0.0, training - indexing, seconds, objective,
        len(watch.path), watch.path, objective <= watch.target, f1=f1,
    )  # fmt: skip


def minimum(corpus: Path, scheme: str, threads: int) -> float:
    """The objective at which crfseg stalls."""
    return train_crfseg(corpus, scheme, 0.0, threads).objective


def sentences(corpus: Path) -> Iterator[Sentence]:
    """Each sentence as lists of attributes, by the default character templates, and its tags.

    The cells are crfseg's: normal forms of characters, and types.
    """
    packed = Sequences.of(Corpus.read(corpus))
    shapes = templates.parse(templates.default_lines(0))
    cells = [
        [(shift + offset, column) for offset, column in family.pattern]
        for family in shapes.families
        for shift in family.shifts
    ]
    reach, names = shapes.reach, list(schemes.FOUR.tags)
    characters = [chr(c) for c in characters_module.normal_forms()[packed.codes]]
    types = [str(t) for t in characters_module.types()[packed.codes]]
    labels = [names[t] for t in schemes.FOUR.encode(packed.begins)]
    edge = [""] * reach
    for begin, end in pairwise(packed.offsets.tolist()):
        columns = [edge + characters[begin:end] + edge, edge + types[begin:end] + edge]
        attributes = [
            [
                f"{number}:"
                + "/".join([columns[column][i + offset] for offset, column in template])
                for number, template in enumerate(cells)
            ]
            for i in range(reach, reach + end - begin)
        ]
        yield attributes, labels[begin:end]


class _Log:
    """Times and figures of a training, parsed from its log messages."""

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}
        self.path: list[tuple[float, float]] = []
        self.features: int | None = None

    def read(self, message: str) -> None:
        """Reads one log line of CRFsuite or of chaine, whose wording differs."""
        for stage, words in _STAGES.items():
            if message.startswith(words):
                self.begun[stage] = time.perf_counter()
        if found := _FEATURES.search(message):
            self.features = int(found[1])
        if found := _LOSS.search(message):
            seconds = time.perf_counter() - self.begun["optimising"]
            self.path.append((seconds, float(found[1])))


_STAGES = {
    "optimising": ("L-BFGS optimization", "Start training with L-BFGS"),
    "saving": ("Storing the model", "Saving model"),
}
_FEATURES = re.compile(r"^Number of features: (\d+)")
_LOSS = re.compile(r"^(?:Loss|Iteration \d+, training loss): (\d+\.\d+)")


def train_crfsuite(
    corpus: Path, model: Path, gold: Path | None = None, **settings: float
) -> Training:
    """Trains with python-crfsuite until it stops by itself; scores on gold."""
    import pycrfsuite

    class Trainer(pycrfsuite.BaseTrainer):
        def message(self, message: str) -> None:
            log.read(message)

    def load() -> Tagger:
        tagger = pycrfsuite.Tagger()
        tagger.open(str(model))
        tag: Tagger = tagger.tag
        return tag

    log = _Log()
    trainer = Trainer("lbfgs", COMMON | settings)
    return _train(corpus, trainer, model, log, gold, load)


def train_chaine(
    corpus: Path, model: Path, gold: Path | None = None, **settings: float
) -> Training:
    """Trains with chaine, a descendant of CRFsuite, until it stops by itself; scores on gold."""
    from chaine._core.crf import Model
    from chaine._core.crf import Trainer as Core

    class Trainer(Core):
        def _log(self, message: str) -> None:
            log.read(message)

    def load() -> Tagger:
        tag: Tagger = Model(str(model)).predict_single
        return tag

    log = _Log()
    return _train(corpus, Trainer("lbfgs", **COMMON, **settings), model, log, gold, load)


def _train(
    corpus: Path,
    trainer: Any,
    model: Path,
    log: _Log,
    gold: Path | None,
    load: Callable[[], Tagger],
) -> Training:
    start = time.perf_counter()
    loading = 0.0
    for attributes, labels in sentences(corpus):
        begin = time.perf_counter()
        trainer.append(attributes, labels)
        loading += time.perf_counter() - begin
    loaded = time.perf_counter()
    trainer.train(str(model))
    optimising, saving = log.begun["optimising"], log.begun["saving"]
    return Training(
        loaded - start - loading, loading, optimising - loaded, saving - optimising,
        log.path[-1][1], len(log.path), log.path, features=log.features,
        f1=None if gold is None else _f1(gold, load()),
    )  # fmt: skip


def _f1(gold: Path, tag: Tagger) -> float:
    """F1 of the words spelled by a peer's tags; a word begins at each s and b."""
    begins = [name in "sb" for attributes, _ in sentences(gold) for name in tag(attributes)]
    packed = Sequences.of(Corpus.read(gold))
    predicted = np.array(begins)
    predicted[packed.offsets[:-1]] = True
    return word_f1(packed.begins, predicted)
