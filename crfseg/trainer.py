"""Training: a corpus in, a model out."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from crfseg import baselines, templates
from crfseg.corpus import Corpus
from crfseg.errors import SettingsError
from crfseg.files import Path
from crfseg.model import MAX_STANDARDS
from crfseg.progress import Progress
from crfseg.settings import Settings
from crfseg.threads import thread_count, workers
from crfseg.training import Training
from crfseg.training import TrainingResult as TrainingResult

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
        lexicon_dropout=float(lexicon_dropout),
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
    training = Training(
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
