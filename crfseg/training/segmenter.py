"""Training: a corpus in, a model out."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.common.files import Path, check_output
from crfseg.common.progress import Progress
from crfseg.common.threads import thread_count, workers
from crfseg.corpus.corpus import Corpus
from crfseg.features import templates
from crfseg.features.kernels.layout import FIRST_LEXICON
from crfseg.model.segmentation_model import MAX_STANDARDS, Model
from crfseg.training import hmm
from crfseg.training.checkpoint import checkpoint_for
from crfseg.training.run import Training, TrainingResult
from crfseg.training.settings import Settings
from crfseg.training.warm_start import Warm

#: Where words are not known in partly annotated text, they are guessed after this many steps:
#: with 30% of the boundaries the lexicon then gives 0.5 F1 more, and more steps 0.05.
_GUESS = 10
#: Files of one standard, or what was read of them; and of several, by name.
Files = Path | Sequence[Path] | Corpus
Corpora = Files | Mapping[str, Files]


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
    lexicon_dropout: float = Settings.lexicon_dropout,
    templates: Path | Sequence[str] | None = None,
    dev: Path | Corpus | None = None,
    dev_standard: str | None = None,
    threads: int | None = None,
    prune: float = Settings.prune,
    weights: Mapping[Path, float] | None = None,
    init: Path | Model | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train a segmentation model on one or more corpora; what ``crfseg train`` does.

    corpora: files in any of `corpus.FORMATS`, or a Corpus; for a model of several standards a
    mapping of their names, the default one first, to those (see `standards`); dev,
    dev_standard: a corpus to score every iteration on, and the standard it follows; output:
    where to save the model; lexicons: word lists, one word on a line; own_lexicon: also use
    the corpus' own words; templates: a CRF++ template file, or its lines; weights: of some of
    the files, what the log-likelihood of each sentence is multiplied by; init: a model to start
    from, whose weights the L2 penalty pulls to (see `warm`); resume: keep a checkpoint beside the
    output, and go on from one that is there (see `checkpoint`); the other options are explained
    in `Settings`. KeyboardInterrupt ends training early: the result has
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
        lexicon_dropout=float(lexicon_dropout),
        prune=float(prune),
    )
    count = thread_count(threads)
    if isinstance(corpora, Mapping) and not (corpora and all(corpora)):
        raise SettingsError("--standard: each corpus needs the name of its standard")
    groups = corpora if isinstance(corpora, Mapping) else {"": corpora}
    standards = [name for name in groups if name]
    _check_standards(standards, settings)
    files, lexicons = (
        [path for given in groups.values() for path in _paths(given)],
        _paths(lexicons),
    )
    others = (p for p in (dev, templates, init) if isinstance(p, str | os.PathLike))
    inputs = [*files, *lexicons, *others]
    check_output(output, inputs)
    warm = None if init is None else Warm.of(init)
    if warm is None:
        columns = len(lexicons) + settings.own_lexicon
        lines = _template_lines(templates, settings, columns, len(standards))
    else:
        added = warm.added(lexicons)
        warm.check(settings, standards, added)
        columns, standards = warm.model.lexicons + added, warm.standards
        lines = warm.lines(added), "templates"
        if templates is not None:
            lines = _template_lines(templates, settings, columns, len(standards))
    _check_dev(dev_standard, standards)
    checkpoint = checkpoint_for(output, resume)
    progress = progress or Progress()
    start = time.perf_counter()
    _check_weights(weights or {}, files)
    groups = read_corpora(groups, format, encoding, progress, weights)
    corpus = _joined(groups, standards)
    if settings.kind == "hmm" and (corpus.known is not None or np.any(corpus.weights != 1)):
        raise SettingsError("--model hmm: counts whole words, all alike; expected crf or maxent")
    dev_corpus = None
    if dev is not None:
        number = standards.index(dev_standard) if dev_standard else 0
        (dev_corpus,) = read_corpora(dev, format, encoding, progress).values()
        dev_corpus.check_whole("--dev" if isinstance(dev, Corpus) else os.fspath(dev))
        dev_corpus = dev_corpus.of_standard(number)
    lexicons = lexicons if model != "hmm" else ()
    given = (lexicons, lines, progress, standards)
    with workers(count) as run:
        completed = None
        if corpus.known is not None and settings.own_lexicon:
            few = replace(settings, max_iter=min(settings.max_iter, _GUESS))
            completed = Training(corpus, few, *given, warm=warm).completed(run)
        training = Training(corpus, settings, *given, completed, warm)
        result = training.run(run, dev_corpus, files, start, checkpoint)
    if output is not None:
        result.model.save(output)
    if checkpoint is not None and not result.interrupted:
        checkpoint.remove()
    result.seconds = time.perf_counter() - start
    return result


def _joined(corpora: Mapping[str, Corpus], standards: list[str]) -> Corpus:
    """One corpus, in the order of the standards; some of them may have no text."""
    present = [name for name in standards if name in corpora] or list(corpora)
    corpus = Corpus.joined([corpora[name] for name in present])
    numbers = [standards.index(name) for name in present if name]
    if numbers == list(range(len(numbers))):
        return corpus
    return replace(corpus, standards=np.array(numbers, dtype=np.uint8)[corpus.standards])


def _check_standards(names: list[str], settings: Settings) -> None:
    if names and settings.kind == "hmm":
        raise SettingsError("--standard: a hidden Markov model has no standards; expected crf")
    if len(names) > MAX_STANDARDS:
        raise SettingsError(f"--standard: {len(names)} are too many; at most {MAX_STANDARDS}")


def _check_dev(name: str | None, names: list[str]) -> None:
    if name is not None and name not in names:
        raise SettingsError(f"--dev: there is no standard {name}; expected one of {names}")


def _check_weights(weights: Mapping[Path, float], files: Sequence[Path]) -> None:
    for path, weight in weights.items():
        if path not in files:
            raise SettingsError(f"--weight {os.fspath(path)}: expected one of the corpora")
        if not 0 < weight < math.inf:
            raise SettingsError(f"--weight {os.fspath(path)}={weight:g}: must be more than 0")


def _paths(given: Files) -> list[Path]:
    if isinstance(given, Corpus):
        return []
    return [given] if isinstance(given, str | os.PathLike) else list(given)


def read_corpora(
    corpora: Corpora,
    format: str,
    encoding: str,
    progress: Progress,
    weights: Mapping[Path, float] | None = None,
) -> dict[str, Corpus]:
    """The corpus of each standard by name, that of a plain model by ""."""
    groups = corpora if isinstance(corpora, Mapping) else {"": corpora}
    return {
        name: given
        if isinstance(given, Corpus)
        else Corpus.read(given, format, encoding, progress, weights)
        for name, given in groups.items()
    }


def _template_lines(
    given: Path | Sequence[str] | None, settings: Settings, lexicons: int, standards: int
) -> tuple[list[str], str]:
    """The template lines, and what to call them in errors."""
    if settings.kind == "hmm":
        return hmm.HMM_TEMPLATES, "templates"
    if given is None:
        return templates.default_lines(lexicons, standards), "templates"
    if isinstance(given, str | os.PathLike):
        lines, name = templates.load(given), os.fspath(given)
    else:
        lines, name = list(given), "templates"
    last = FIRST_LEXICON + 2 * lexicons  # the column of the standard, if there is one
    shapes = templates.parse(lines, name, last + (standards > 1))
    templates.check_standard(shapes, last, name)
    used = {column for family in shapes.families for _, column in family.pattern}
    if used.isdisjoint(range(FIRST_LEXICON, last)):
        for k in range(lexicons):
            lines += templates.lexicon_lines(k)
    if standards > 1 and last not in used:
        lines += templates.private_lines(lines, last)
    return lines, name
