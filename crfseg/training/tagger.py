"""Training of taggers: labelled tokens in, a model out."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crfseg.common.errors import CrfsegError, DataError, SettingsError
from crfseg.common.files import Path, check_output
from crfseg.common.progress import Iteration, Progress
from crfseg.common.threads import thread_count, workers
from crfseg.common.version import __version__
from crfseg.corpus.schemes import scheme_of
from crfseg.corpus.tokens import Rows, read_tokens
from crfseg.crf.sparse_objective import ChainObjective
from crfseg.features import templates
from crfseg.features.sparse_index import build_chain_index
from crfseg.features.token_encoder import TokenEncoder, default_lines, gold_labels, parse_templates
from crfseg.metrics.labels import labelled
from crfseg.model.tagger_model import MOST_COLUMNS, TaggerModel
from crfseg.training.checkpoint import Checkpoint, checkpoint_for
from crfseg.training.dev_score import TaggerDevScore
from crfseg.training.export import export_tagger
from crfseg.training.fit import estimate
from crfseg.training.settings import TaggerSettings
from crfseg.training.tagger_warm_start import check_columns, grow_chain
from crfseg.training.warm_start import inherited

#: Files, or sentences of tokens, each the sequence of its columns with the label last.
Labelled = Path | Sequence[Path] | Sequence[Rows]


@dataclass
class TaggerResult:
    """What came of a training; see `training.TrainingResult`.

    dev_f1: of the entities in the development sentences, or of labels that mark none: then it
    is accuracy.
    """

    model: TaggerModel
    history: list[Iteration] = field(default_factory=list)
    stop_reason: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    sentences: int = 0
    tokens: int = 0
    weights: int = 0
    dev_f1: float | None = None


def train_tagger(
    corpora: Labelled,
    *,
    output: Path | None = None,
    format: str = "auto",
    encoding: str = "utf-8",
    labels: str = TaggerSettings.labels,
    l2: float = TaggerSettings.l2,
    l1: float = TaggerSettings.l1,
    margin: float = TaggerSettings.margin,
    max_iter: int | None = None,
    tol: float | None = None,
    templates: Path | Sequence[str] | None = None,
    dev: Path | Sequence[Rows] | None = None,
    threads: int | None = None,
    prune: float = TaggerSettings.prune,
    init: Path | TaggerModel | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> TaggerResult:
    """Train a tagger on labelled tokens; what ``crfseg train --task tag`` does.

    corpora: files in a format of `tokens.TOKEN_FORMATS`, or sentences; labels: which may follow
    which, one of `labels.FORMS`: free, bio, bmes; auto for the strictest that the corpus
    keeps to; templates: a CRF++ template file, or its lines; dev: sentences to score every
    iteration on; output: where to save the model; init: a tagger to start from, whose weights
    the L2 penalty pulls to (see `warm`), with its templates and form of labels where none are
    given; resume: keep a checkpoint beside the output, and go on from one that is there; the
    other options are explained in `settings.Optimisation`.
    KeyboardInterrupt ends training early: the result has ``interrupted`` set, and is saved.
    Raises CrfsegError (DataError, SettingsError, TemplateError).
    """
    settings = TaggerSettings(
        l2=float(l2),
        l1=float(l1),
        margin=float(margin),
        max_iter=TaggerSettings.max_iter if max_iter is None else max_iter,
        tol=TaggerSettings.tol if tol is None else tol,
        prune=float(prune),
        labels=labels,
    )
    count, progress = thread_count(threads), progress or Progress()
    checkpoint = checkpoint_for(output, resume)
    start = time.perf_counter()
    files = _files(corpora)
    inputs = [*files, *(p for p in (dev, templates, init) if isinstance(p, str | os.PathLike))]
    check_output(output, inputs)
    warm = TaggerModel.load(init) if isinstance(init, str | os.PathLike) else init
    sentences = _read(corpora, format, encoding, None, progress)
    width = len(sentences[0][0])
    if width > MOST_COLUMNS:
        raise SettingsError(f"{width} columns are too many; expected at most {MOST_COLUMNS}")
    if warm is not None:
        check_columns(warm, width - 1)
    lines, name = _template_lines(templates, width - 1, warm)
    shapes = parse_templates(lines, name, width - 1)
    development = None if dev is None else _read(dev, format, encoding, width, progress)
    training = _TaggerTraining(sentences, settings, shapes, progress, warm)
    with workers(count) as run:
        result = training.run(run, development, files, start, checkpoint)
    if output is not None:
        result.model.save(output)
    if checkpoint is not None and not result.interrupted:
        checkpoint.remove()
    result.seconds = time.perf_counter() - start
    return result


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


class _TaggerTraining:
    """One training run, stage by stage."""

    def __init__(
        self,
        sentences: list[Rows],
        settings: TaggerSettings,
        shapes: templates.Templates,
        progress: Progress,
        warm: TaggerModel | None,
    ) -> None:
        self.settings, self.progress, self.warm = settings, progress, warm
        progress.begin("indexing features")
        labels = [[row[-1] for row in rows] for rows in sentences]
        start, known = (warm.scheme, warm.encoder.vocabularies) if warm else (None, ())
        self.scheme = scheme_of(labels, settings.labels, start)
        self.encoder = TokenEncoder.of(sentences, len(sentences[0][0]) - 1, shapes, known)
        self.table = self.encoder.table(sentences)
        self.gold = gold_labels(labels, self.scheme, self.table)
        self.sentences = len(sentences)
        self.tokens = sum(map(len, sentences))

    def run(
        self,
        run: Any,
        dev: list[Rows] | None,
        files: Sequence[Path],
        start: float,
        checkpoint: Checkpoint | None = None,
    ) -> TaggerResult:
        """Index, estimate, export."""
        encoder, settings = self.encoder, self.settings
        index, rows = build_chain_index(
            self.table, encoder.plans, encoder.templates, self.gold, self.scheme, run
        )
        origin = None
        if self.warm is not None:
            index, rows, origin = grow_chain(index, rows, self.warm, encoder)
        self.progress.end(f"{index.size:,} weights")
        objective = ChainObjective(
            index, rows, self.table.bounds, self.gold, self.scheme, run=run,
            margin=settings.margin,
        )  # fmt: skip
        score = None if dev is None else TaggerDevScore(dev, encoder, index, self.scheme)
        found = estimate(objective, settings, run, self.progress, start, score, origin, checkpoint)
        corpora = [os.path.basename(os.fspath(path)) for path in files]
        metadata: dict[str, Any] = {
            "version": __version__,
            "corpora": corpora,
            "sentences": self.sentences,
            "tokens": self.tokens,
            "iterations": len(found.history),
            "settings": settings.as_dict(),
        }
        if self.warm is not None:
            metadata |= inherited(self.warm.metadata, corpora)
        model = export_tagger(metadata, found.weights, index, encoder, self.scheme, settings.prune)
        return TaggerResult(
            model=model,
            history=found.history,
            stop_reason=found.reason,
            interrupted=found.interrupted,
            sentences=self.sentences,
            tokens=self.tokens,
            weights=model.weight_count,
            dev_f1=None if score is None else score(found.weights),
        )
