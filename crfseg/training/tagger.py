"""Training of taggers: labelled tokens in, a model out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.common.errors import CrfsegError, DataError, SettingsError
from crfseg.common.files import Path, check_output
from crfseg.common.progress import Progress
from crfseg.corpus.schemes import scheme_of
from crfseg.corpus.tokens import Rows, read_tokens
from crfseg.crf.sparse_objective import SparseObjective
from crfseg.features import templates
from crfseg.features.sparse_index import build_sparse_index
from crfseg.features.templates import Templates
from crfseg.features.token_encoder import TokenEncoder, default_lines, gold_labels, parse_templates
from crfseg.metrics.labels import labelled
from crfseg.model.tagger_model import MOST_COLUMNS, TaggerModel
from crfseg.training.dev_score import TaggerDevScore
from crfseg.training.export import export_tagger
from crfseg.training.fit import Estimate
from crfseg.training.session import Session, TrainingResult, describe
from crfseg.training.settings import TaggerSettings
from crfseg.training.tagger_warm_start import check_columns, grow_chain
from crfseg.training.warm_start import inherited

#: Files, or sentences of tokens, each the sequence of its columns with the label last.
Labelled = Path | Sequence[Path] | Sequence[Rows]


def train_tagger(
    corpora: Labelled,
    settings: TaggerSettings | None = None,
    *,
    output: Path | None = None,
    dev: Path | Sequence[Rows] | None = None,
    init: Path | TaggerModel | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: Progress | bool | None = None,
    **overrides: Any,
) -> TrainingResult[TaggerModel]:
    """Train a tagger on labelled tokens, as ``crfseg train --task tag`` does.

    corpora: files in a format of `tokens.TOKEN_FORMATS`, or sentences. settings: see
    `TaggerSettings`; any of them can be overridden by name. output: where to save the model;
    dev: sentences to score every iteration on; init: a tagger to start from, whose weights the
    L2 penalty pulls to (see `warm_start`), with its templates and form of labels unless others
    are given; resume: keep a checkpoint beside the output, and continue from one that is there;
    progress: True for lines on standard error.

    KeyboardInterrupt ends training early: the result has ``interrupted`` set, and is saved.
    Raises CrfsegError (DataError, SettingsError, TemplateError).
    """
    settings = TaggerSettings.of(settings, overrides)
    session = Session(output, resume, threads, progress)
    files = _files(corpora)
    others = (p for p in (dev, settings.templates, init) if isinstance(p, str | os.PathLike))
    check_output(output, [*files, *others])
    warm = TaggerModel.load(init) if isinstance(init, str | os.PathLike) else init
    read = (settings.format, settings.encoding)
    sentences = _read(corpora, *read, None, session.progress)
    width = len(sentences[0][0])
    if width > MOST_COLUMNS:
        raise SettingsError(f"{width} columns are too many; expected at most {MOST_COLUMNS}")
    if warm is not None:
        check_columns(warm, width - 1)
    shapes = parse_templates(*_template_lines(settings.templates, width - 1, warm), width - 1)
    development = None if dev is None else _read(dev, *read, width, session.progress)
    inputs = Inputs(settings, shapes, development, warm, files)
    return session.train(lambda session: TaggingTask(sentences, inputs, session.progress))


def _files(given: Labelled) -> list[Path]:
    if isinstance(given, str | os.PathLike):
        return [given]
    return [path for path in given if isinstance(path, str | os.PathLike)]


def _read(
    given: Labelled, format: str, encoding: str, width: int | None, progress: Progress
) -> list[Rows]:
    """The sentences, of tokens of one width; at least one."""
    files = _files(given)
    if not files:
        return _checked([list(rows) for rows in given if len(rows)], width)  # type: ignore[arg-type, union-attr]
    sentences: list[Rows] = []
    for path in files:
        size = os.path.getsize(path) if os.path.isfile(path) else None
        progress.begin(f"reading {os.path.basename(os.fspath(path))}", size, "bytes")
        read = read_tokens(path, format, encoding, width, progress.advance)
        sentences += labelled(path, read)
        width = width or (len(sentences[0][0]) if sentences else None)
        progress.end(f"{len(sentences):,} sentences")
    if not sentences:
        raise DataError(files[0], None, "the file is empty", "at least one sentence")
    return sentences


def _checked(sentences: list[Rows], width: int | None) -> list[Rows]:
    if not sentences:
        raise CrfsegError("there is no sentence to train on")
    width = width or len(sentences[0][0])
    if width < 2:
        raise SettingsError("tokens of one column; expected a token and, last, its label")
    for number, rows in enumerate(sentences, 1):
        for row in rows:
            if len(row) != width or not all(isinstance(cell, str) for cell in row):
                problem = f"sentence {number}: a token of {len(row)} columns"
                raise SettingsError(f"{problem}; expected {width} strings")
            if any("\0" in cell for cell in row):
                raise SettingsError(f"sentence {number}: a NUL character; expected none")
    return sentences


def _template_lines(
    given: Path | Sequence[str] | None, columns: int, warm: TaggerModel | None
) -> tuple[list[str], str]:
    """The template lines, and what to call them in errors."""
    if given is None:
        lines = default_lines(columns) if warm is None else warm.encoder.templates.lines
        return list(lines), "templates"
    if isinstance(given, str | os.PathLike):
        return templates.load(given), os.fspath(given)
    return list(given), "templates"


@dataclass(frozen=True)
class Inputs:
    """What a tagger is trained from besides its sentences; warm: the model to start from."""

    settings: TaggerSettings
    templates: Templates
    dev: list[Rows] | None = None
    warm: TaggerModel | None = None
    files: Sequence[Path] = ()


class TaggingTask:
    """Sentences to train a tagger on, encoded; see `session.Task`."""

    def __init__(self, sentences: list[Rows], inputs: Inputs, progress: Progress) -> None:
        self.inputs, self.settings, self.warm = inputs, inputs.settings, inputs.warm
        progress.begin("indexing features")
        labels = [[row[-1] for row in rows] for rows in sentences]
        start, known = (
            (self.warm.scheme, self.warm.encoder.vocabularies) if self.warm else (None, ())
        )
        self.scheme = scheme_of(labels, self.settings.labels, start)
        columns = len(sentences[0][0]) - 1
        self.encoder = TokenEncoder.of(sentences, columns, inputs.templates, known)
        self.table = self.encoder.table(sentences)
        self.gold = gold_labels(labels, self.scheme, self.table)
        self.counts = {"sentences": len(sentences), "tokens": sum(map(len, sentences))}
        self._score: TaggerDevScore | None = None

    def estimate(self, session: Session) -> Estimate:
        """Index the n-grams and minimise the objective."""
        encoder = self.encoder
        index, rows = build_sparse_index(
            self.table, encoder.plans, encoder.templates, self.gold, self.scheme, session.run
        )
        origin = None
        if self.warm is not None:
            index, rows, origin = grow_chain(index, rows, self.warm, encoder)
        session.progress.end(f"{index.size:,} weights")
        objective = SparseObjective(
            index, rows, self.table.bounds, self.gold, self.scheme, run=session.run,
            margin=self.settings.margin,
        )  # fmt: skip
        self.index = index
        if self.inputs.dev is not None:
            self._score = TaggerDevScore(self.inputs.dev, encoder, index, self.scheme)
        return session.minimise(objective, self.settings, self._score, origin)

    def score(self, weights: np.ndarray) -> float | None:
        """F1 on the development sentences; None without them."""
        return None if self._score is None else self._score(weights)

    def export(self, found: Estimate) -> TaggerModel:
        """The model of the weights, pruned and quantised."""
        metadata: dict[str, Any] = {
            **describe(self.settings, len(found.history), self.inputs.files),
            **self.counts,
        }
        if self.warm is not None:
            metadata |= inherited(self.warm.metadata, metadata["corpora"])
        return export_tagger(
            metadata, found.weights, self.index, self.encoder, self.scheme, self.settings.prune
        )
