"""Training a segmentation model: `train`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.common.files import Path, check_output
from crfseg.common.progress import Progress
from crfseg.corpus.corpus import Corpus
from crfseg.features import templates
from crfseg.features.kernels.layout import FIRST_LEXICON
from crfseg.model.segmentation_model import MAX_STANDARDS, Model
from crfseg.training import hmm
from crfseg.training.segmentation_task import Inputs, SegmentationTask
from crfseg.training.session import Session, TrainingResult
from crfseg.training.settings import TrainingSettings
from crfseg.training.warm_start import Warm

#: Unknown boundaries of partly annotated text are guessed after this many iterations: with 30%
#: of the boundaries known, the lexicon then gives 0.5 F1 more, and more iterations 0.05.
_GUESS = 10
#: Files of one standard, sentences as lists of words, or a corpus; and several of these by name.
Files = Path | Sequence[Path] | Sequence[Sequence[str]] | Corpus
Corpora = Files | Mapping[str, Files]


def train(
    corpora: Corpora,
    settings: TrainingSettings | None = None,
    *,
    output: Path | None = None,
    dev: Files | None = None,
    init: Path | Model | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: Progress | bool | None = None,
    **overrides: Any,
) -> TrainingResult[Model]:
    """Train a segmentation model on one or more corpora, as ``crfseg train`` does.

    corpora: files in any of `corpus.FORMATS`, sentences as lists of words, or a Corpus; for a
    model of several standards a mapping of their names, the default one first, to those (see
    `standards`). settings: see `TrainingSettings`; any of them can be overridden by name, as in
    ``train("corpus.txt", tags=6)``. output: where to save the model; dev: a corpus to score
    every iteration on; init: a model to start from, whose weights the L2 penalty pulls to (see
    `warm_start`); resume: keep a checkpoint beside the output, and continue from one that is
    there (see `checkpoint`); progress: True for lines on standard error.

    KeyboardInterrupt ends training early: the result has ``interrupted`` set, and is saved.
    Raises CrfsegError (DataError, SettingsError, TemplateError).
    """
    settings = TrainingSettings.of(settings, overrides)
    session = Session(output, resume, threads, progress)
    if isinstance(corpora, Mapping) and not (corpora and all(corpora)):
        raise SettingsError("each corpus needs the name of its standard", parameter="corpora")
    groups = _groups(corpora)
    dev = None if dev is None else _in_memory(dev)
    files = [path for group in groups.values() for path in _paths(group)]
    others = (p for p in (dev, settings.templates, init) if isinstance(p, str | os.PathLike))
    check_output(output, [*files, *_paths(settings.lexicons), *others])
    inputs = _inputs(groups, files, init, settings)
    corpus = _joined(
        read_corpora(
            groups, settings.format, settings.encoding, session.progress, settings.weights
        ),
        list(inputs.standards),
    )
    if settings.kind == "hmm" and (corpus.known is not None or np.any(corpus.weights != 1)):
        problem = "counts whole words, all alike; expected crf or maxent"
        raise SettingsError(problem, parameter="kind", value="hmm")
    if dev is not None:
        inputs = replace(inputs, dev=_dev_corpus(dev, inputs, session.progress))
    return session.train(lambda session: _task(corpus, inputs, session))


def _task(corpus: Corpus, inputs: Inputs, session: Session) -> SegmentationTask:
    """The task, with the words of guessed boundaries if some are not known."""
    completed = None
    settings = inputs.settings
    if corpus.known is not None and settings.own_lexicon:
        few = replace(settings, max_iter=min(settings.max_iter, _GUESS))
        guess = SegmentationTask(corpus, replace(inputs, settings=few, dev=None), session.progress)
        completed = guess.completed(session.without_checkpoint())
    return SegmentationTask(corpus, inputs, session.progress, completed)


def _inputs(
    groups: Mapping[str, Files],
    files: list[Path],
    init: Path | Model | None,
    settings: TrainingSettings,
) -> Inputs:
    """Lexicons, templates and standards, of the model to start from if there is one."""
    standards = [name for name in groups if name]
    _check_standards(standards, settings)
    lexicons = _paths(settings.lexicons)
    warm = None if init is None else Warm.of(init)
    if warm is None:
        columns = len(lexicons) + settings.own_lexicon
        lines = _template_lines(settings, columns, len(standards))
    else:
        added = warm.added(lexicons)
        warm.check(settings, standards, added)
        columns, standards = warm.model.lexicons + added, warm.standards
        lines = warm.lines(added), "templates"
        if settings.templates is not None:
            lines = _template_lines(settings, columns, len(standards))
    _check_dev(settings.dev_standard, standards)
    _check_weights(settings.weights or {}, files)
    lexicons = lexicons if settings.kind != "hmm" else []
    return Inputs(settings, lexicons, lines, standards, warm=warm, files=files)


def _dev_corpus(dev: Files, inputs: Inputs, progress: Progress) -> Corpus:
    """The development corpus, of its standard."""
    settings = inputs.settings
    name = settings.dev_standard
    number = list(inputs.standards).index(name) if name else 0
    (corpus,) = read_corpora(dev, settings.format, settings.encoding, progress).values()
    corpus.check_whole(os.fspath(dev) if isinstance(dev, str | os.PathLike) else "dev")
    return corpus.of_standard(number)


def _joined(corpora: Mapping[str, Corpus], standards: list[str]) -> Corpus:
    """One corpus, in the order of the standards; some of them may have no text."""
    present = [name for name in standards if name in corpora] or list(corpora)
    corpus = Corpus.joined([corpora[name] for name in present])
    numbers = [standards.index(name) for name in present if name]
    if numbers == list(range(len(numbers))):
        return corpus
    return replace(corpus, standards=np.array(numbers, dtype=np.uint8)[corpus.standards])


def _check_standards(names: list[str], settings: TrainingSettings) -> None:
    if names and settings.kind == "hmm":
        problem = "a hidden Markov model has no standards; expected crf"
        raise SettingsError(problem, parameter="kind", value="hmm")
    if len(names) > MAX_STANDARDS:
        problem = f"{len(names)} standards are too many; at most {MAX_STANDARDS}"
        raise SettingsError(problem, parameter="corpora")


def _check_dev(name: str | None, names: list[str]) -> None:
    if name is not None and name not in names:
        problem = f"there is no such standard; expected one of {names}"
        raise SettingsError(problem, parameter="dev_standard", value=name)


def _check_weights(weights: Mapping[Path, float], files: Sequence[Path]) -> None:
    for path, weight in weights.items():
        if path not in files:
            problem = "expected one of the corpora"
            raise SettingsError(problem, parameter="weights", value=os.fspath(path))
        if not 0 < weight < math.inf:
            given = f"{os.fspath(path)}={weight:g}"
            raise SettingsError("must be more than 0", parameter="weights", value=given)


def _groups(corpora: Corpora) -> dict[str, Files]:
    """The corpora by the name of their standard, "" for a plain model."""
    groups = corpora if isinstance(corpora, Mapping) else {"": corpora}
    return {name: _in_memory(group) for name, group in groups.items()}


def _in_memory(group: Files) -> Files:
    """Files as they are; sentences (lists of words) as a corpus."""
    if isinstance(group, str | os.PathLike | Corpus):
        return group
    items: list[Any] = list(group)
    if not items or isinstance(items[0], str | os.PathLike):
        return items
    for number, words in enumerate(items, 1):
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise SettingsError(f"sentence {number}: expected a list of words")
    return Corpus.from_sentences(items)


def _paths(group: Any) -> list[Path]:
    if isinstance(group, Corpus):
        return []
    return [group] if isinstance(group, str | os.PathLike) else list(group)


def read_corpora(
    corpora: Corpora,
    format: str,
    encoding: str,
    progress: Progress,
    weights: Mapping[Path, float] | None = None,
) -> dict[str, Corpus]:
    """The corpus of each standard by name, that of a plain model by ""."""
    return {
        name: group
        if isinstance(group, Corpus)
        else Corpus.read(_paths(group), format, encoding, progress, weights)
        for name, group in _groups(corpora).items()
    }


def _template_lines(
    settings: TrainingSettings, lexicons: int, standards: int
) -> tuple[list[str], str]:
    """The template lines, and their name in errors."""
    given = settings.templates
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
