"""Training: a corpus in, a model out."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crfseg import __version__, baselines, lbfgs, templates
from crfseg.corpus import Corpus
from crfseg.errors import SettingsError
from crfseg.export import export
from crfseg.features import Table, folds_of
from crfseg.files import Path
from crfseg.kernels import vector
from crfseg.model import MAX_STANDARDS, Model
from crfseg.objective import Index, Objective, build_index, decode
from crfseg.prepare import Encoder, Lexicons, Sequences, collect_lexicons, gold_tags
from crfseg.progress import Iteration, Progress
from crfseg.settings import Settings
from crfseg.tags import TagScheme, scheme_by_name
from crfseg.threads import Map, thread_count, workers

#: The curvature of an n-gram's weights is estimated as _CURVATURE * (count + _RARE). The
#: variance p (1 - p) of a tag is some 0.2; the n-grams of one place move together, the
#: rare ones most of all: without _RARE the same objective takes twice the evaluations.
_CURVATURE = 0.35
_RARE = 100


#: Files of one standard, or what was read of them; and of several, by name.
Files = Path | Sequence[Path] | Corpus
Corpora = Files | Mapping[str, Files]


@dataclass
class TrainingResult:
    """What came of a training: the model, how it went, and what it was made of.

    ``dev_f1`` is the F1 on the development corpus, if one was given; ``seconds`` is the
    time from the first byte read.
    """

    model: Model
    history: list[Iteration] = field(default_factory=list)
    stop_reason: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    characters: int = 0
    words: int = 0
    sentences: int = 0
    weights: int = 0
    dev_f1: float | None = None


def train(
    corpora: Corpora,
    *,
    output: Path | None = None,
    format: str = "auto",
    encoding: str = "utf-8",
    model: str = "crf",
    tags: int | str = 4,
    l2: float = Settings.l2,
    l1: float = Settings.l1,
    margin: float = Settings.margin,
    max_iter: int | None = None,
    tol: float | None = None,
    lexicons: Path | Sequence[Path] = (),
    own_lexicon: bool = True,
    templates: Path | Sequence[str] | None = None,
    dev: Path | Corpus | None = None,
    dev_standard: str | None = None,
    threads: int | None = None,
    prune: float = Settings.prune,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train a segmentation model on one or more corpora; what ``crfseg train`` does.

    corpora: files in any of `corpus.FORMATS`, or a Corpus; for a model of several standards a
    mapping of their names, the default one first, to those (see `standards`); dev,
    dev_standard: a corpus to score every iteration on, and the standard it follows; output:
    where to save the model; lexicons: word lists, one word on a line; own_lexicon: also use
    the corpus' own words; templates: a CRF++ template file, or its lines; the other options
    are explained in `Settings`. KeyboardInterrupt ends training early: the result has
    ``interrupted`` set, and is saved. Raises CrfsegError (DataError, SettingsError,
    TemplateError).
    """
    settings = Settings(
        kind=model,
        tags=str(tags),
        l2=float(l2),
        l1=float(l1),
        margin=float(margin),
        max_iter=Settings.max_iter if max_iter is None else max_iter,
        tol=Settings.tol if tol is None else tol,
        own_lexicon=own_lexicon,
        prune=float(prune),
    )
    count = thread_count(threads)
    if isinstance(corpora, Mapping) and not (corpora and all(corpora)):
        raise SettingsError("--standard: each corpus needs the name of its standard")
    groups = corpora if isinstance(corpora, Mapping) else {"": corpora}
    standards = [name for name in groups if name]
    _check_standards(standards, dev_standard, settings)
    files, lexicons = (
        [path for given in groups.values() for path in _paths(given)],
        _paths(lexicons),
    )
    inputs = [*files, *lexicons, *(p for p in (dev, templates) if isinstance(p, str | os.PathLike))]
    if output is not None and any(_same_file(output, path) for path in inputs):
        raise SettingsError(f"-o {os.fspath(output)}: must not be one of the files read")
    lines = _template_lines(templates, settings, len(lexicons), len(standards))
    progress = progress or Progress()
    start = time.perf_counter()
    corpus = Corpus.joined([*read_corpora(groups, format, encoding, progress).values()])
    dev_corpus = None
    if dev is not None:
        number = standards.index(dev_standard) if dev_standard else 0
        (dev_corpus,) = read_corpora(dev, format, encoding, progress).values()
        dev_corpus = dev_corpus.of_standard(number)
    training = _Training(
        corpus, settings, lexicons if model != "hmm" else (), lines, progress, standards
    )
    with workers(count) as run:
        result = training.run(run, dev_corpus, files, start)
    if output is not None:
        result.model.save(output)
    result.seconds = time.perf_counter() - start
    return result


def _check_standards(names: list[str], dev: str | None, settings: Settings) -> None:
    if names and settings.kind == "hmm":
        raise SettingsError("--standard: a hidden Markov model has no standards; expected crf")
    if len(names) > MAX_STANDARDS:
        raise SettingsError(f"--standard: {len(names)} are too many; at most {MAX_STANDARDS}")
    if dev is not None and dev not in names:
        raise SettingsError(f"--dev: there is no standard {dev}; expected one of {names}")


def _paths(given: Files) -> list[Path]:
    if isinstance(given, Corpus):
        return []
    return [given] if isinstance(given, str | os.PathLike) else list(given)


def read_corpora(
    corpora: Corpora, format: str, encoding: str, progress: Progress
) -> dict[str, Corpus]:
    """The corpus of each standard by name, that of a plain model by ""."""
    groups = corpora if isinstance(corpora, Mapping) else {"": corpora}
    return {
        name: given if isinstance(given, Corpus) else Corpus.read(given, format, encoding, progress)
        for name, given in groups.items()
    }


def _same_file(one: Path, other: Path) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def _template_lines(
    given: Path | Sequence[str] | None, settings: Settings, external: int, standards: int
) -> tuple[list[str], str]:
    """The template lines, and what to call them in errors."""
    if settings.kind == "hmm":
        return baselines.HMM_TEMPLATES, "templates"
    lexicons = external + settings.own_lexicon
    if given is None:
        return templates.default_lines(lexicons, standards), "templates"
    if isinstance(given, str | os.PathLike):
        lines, name = templates.load(given), os.fspath(given)
    else:
        lines, name = list(given), "templates"
    last = templates.FIRST_LEXICON + 2 * lexicons  # the column of the standard, if there is one
    shapes = templates.parse(lines, name, last + (standards > 1))
    templates.check_standard(shapes, last, name)
    used = {column for family in shapes.families for _, column in family.pattern}
    if used.isdisjoint(range(templates.FIRST_LEXICON, last)):
        for k in range(lexicons):
            lines += templates.lexicon_lines(k)
    if standards > 1 and last not in used:
        lines += templates.private_lines(lines, last)
    return lines, name


class _Training:
    """One training run, stage by stage."""

    def __init__(
        self,
        corpus: Corpus,
        settings: Settings,
        lexicons: Sequence[Path],
        lines: tuple[list[str], str],
        progress: Progress,
        standards: Sequence[str],
    ) -> None:
        self.settings, self.progress, self.standards = settings, progress, standards
        self.scheme: TagScheme = scheme_by_name(settings.tags)
        self.sequential = settings.kind != "maxent"
        self.corpus = corpus
        shapes = templates.parse(*lines)
        progress.begin("indexing features")
        folds = np.concatenate([folds_of(n) for n in np.bincount(corpus.standards).tolist()])
        own = settings.own_lexicon and settings.kind != "hmm"
        self.lexicons: Lexicons = collect_lexicons(corpus, folds, own, lexicons)
        self.sequences = Sequences.of(corpus)
        self.encoder = Encoder.make(self.sequences, self.lexicons, shapes)
        self.table: Table = self.encoder.table(self.sequences, folds if own else None)
        self.gold = gold_tags(self.sequences, self.table, self.scheme)
        self.history: list[Iteration] = []

    def run(
        self, run: Map, dev: Corpus | None, files: Sequence[Path], start: float
    ) -> TrainingResult:
        """Index, estimate, export."""
        encoder = self.encoder
        index, rows = build_index(self.table, encoder.plan, encoder.templates, self.scheme, run)
        bounds = self.table.bounds
        if self.settings.kind == "hmm":
            self.progress.end()
            index, weights = baselines.hmm_weights(
                index, self.table.columns[0], self.gold, bounds, self.scheme
            )
            reason, interrupted = "counted", False
            score = None if dev is None else _DevScore(self, index, dev)
        else:
            self.table = Table(self.table.columns[:0], bounds)  # no longer needed: free it
            self.progress.end(f"{index.layout.size:,} weights")
            objective = Objective(
                index, rows, bounds, self.gold, self.scheme,
                sequential=self.sequential, run=run, margin=self.settings.margin,
            )  # fmt: skip
            score = None if dev is None else _DevScore(self, index, dev)
            weights, reason, interrupted = self._optimise(objective, score, run, start)
        model = self._export(index, weights, files)
        return TrainingResult(
            model=model,
            history=self.history,
            stop_reason=reason,
            interrupted=interrupted,
            characters=len(self.corpus.codes),
            words=self.corpus.word_count,
            sentences=len(self.corpus),
            weights=model.weight_count,
            dev_f1=None if score is None else score(weights),
        )

    def _optimise(
        self, objective: Objective, score: _DevScore | None, run: Map, start: float
    ) -> tuple[np.ndarray, str, bool]:
        settings, size = self.settings, objective.index.layout.size
        each = lbfgs.Vectors(size, run)

        def penalised(weights: np.ndarray, gradient: np.ndarray) -> float:
            value = objective(weights, gradient)
            squares = each(vector.add_penalty, weights, 1 / settings.l2, gradient)
            return value + 0.5 / settings.l2 * squares

        best = np.zeros(size, dtype=np.float32)

        def on_step(number: int, value: float, change: float, weights: np.ndarray) -> None:
            nonlocal best
            best = weights
            f1 = None if score is None else score(weights)
            step = Iteration(number, value, change, time.perf_counter() - start, f1)
            self.history.append(step)
            self.progress.iteration(step)

        self.progress.begin("training", settings.max_iter, "iterations")
        try:
            minimum = lbfgs.minimise(
                penalised,
                np.zeros(size, dtype=np.float32),
                _inverse_curvature(objective.index, self.gold.size, settings.l2),
                l1=settings.l1,
                max_iter=settings.max_iter,
                tol=settings.tol,
                run=run,
                on_step=on_step,
            )
        except KeyboardInterrupt:
            if not self.history:  # nothing to save yet
                raise
            self.progress.end("interrupted")
            return best, "interrupted", True
        self.progress.end(minimum.reason)
        return minimum.x, minimum.reason, False

    def _export(self, index: Index, weights: np.ndarray, files: Sequence[Path]) -> Model:
        corpora = [os.path.basename(os.fspath(path)) for path in files]
        metadata: dict[str, Any] = {
            "kind": self.settings.kind,
            "version": __version__,
            "corpora": corpora,
            "sentences": len(self.corpus),
            "words": self.corpus.word_count,
            "characters": len(self.corpus.codes),
            "iterations": len(self.history),
            "settings": self.settings.as_dict(),
        }
        if self.standards:
            metadata["standards"] = list(self.standards)
        prune = 0.0 if self.settings.kind == "hmm" else self.settings.prune
        return export(metadata, weights, index, self.encoder, self.lexicons, self.scheme, prune)


class _DevScore:
    """F1 on a development corpus under the weights of the moment."""

    def __init__(self, training: _Training, index: Index, dev: Corpus) -> None:
        self.index, self.scheme = index, training.scheme
        self.sequential = training.sequential
        sequences = Sequences.of(dev)
        table = training.encoder.table(sequences)
        self.rows, self.bounds = index.rows(table), table.bounds
        self.gold, self.kept = dev.begins, sequences.kept

    def __call__(self, weights: np.ndarray) -> float:
        tags = decode(
            self.index, self.rows, self.bounds, weights, self.scheme, sequential=self.sequential
        )
        predicted = np.zeros_like(self.gold)
        predicted[self.kept] = self.scheme.begins[tags]
        return word_f1(self.gold, predicted)


def word_f1(gold: np.ndarray, predicted: np.ndarray) -> float:
    """F1 of words whose beginnings are marked; bool [N] each, both True at sentence starts."""
    starts = np.flatnonzero(gold)
    ends = np.append(starts[1:], len(gold))
    closed = np.append(predicted, True)
    inside = np.cumsum(predicted)
    correct = np.count_nonzero(closed[starts] & closed[ends] & (inside[ends - 1] == inside[starts]))
    return float(2 * correct / (len(starts) + np.count_nonzero(predicted)))


def _inverse_curvature(index: Index, positions: int, l2: float) -> np.ndarray:
    """float32: the diagonal of the initial inverse Hessian, from the counts of n-grams."""
    T = index.layout.tags
    counts = np.zeros(index.layout.size, dtype=np.float32)
    counts[index.layout.transitions] = positions / T
    for shape, family in zip(index.templates.families, index.families, strict=True):
        width = len(shape.shifts) * T
        end = family.base + len(family.counts) * width
        counts[family.base : end] = np.repeat(family.counts, width)
    counts += _RARE
    counts *= _CURVATURE
    counts += 1 / l2
    return np.divide(1, counts, out=counts)
