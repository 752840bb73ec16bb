"""Training settings and their validation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from crfseg.common.errors import SettingsError
from crfseg.common.files import Path
from crfseg.corpus.schemes import FORMS, scheme_by_name
from crfseg.model.segmentation_model import KINDS

S = TypeVar("S", bound="Optimisation")
#: Of settings about files to read, which are not recorded in the model.
_INPUT = {"recorded": False}


@dataclass(frozen=True)
class Optimisation:
    """Settings of the optimiser.

    l2: C of the penalty |w|^2 / (2 C), so a larger C follows the corpus more closely; l1:
    strength of the penalty l1 * |w|_1; margin: softmax-margin cost per wrong tag (0: plain
    likelihood); max_iter, tol: when to stop (see `lbfgs.minimise`); prune: drop n-grams none of
    whose weights is larger than this.
    """

    l2: float = 1.0
    l1: float = 0.0
    margin: float = 1.0
    max_iter: int = 30
    tol: float = 1e-3
    prune: float = 0.05

    def __post_init__(self) -> None:
        for name in ("l2", "l1", "margin", "prune"):
            object.__setattr__(self, name, float(getattr(self, name)))
        self._check("l2", self.l2, self.l2 >= 1e-9, "at least 1e-9 (inf for no penalty)")
        self._check("l1", self.l1, 0 <= self.l1 < math.inf, "0 or more")
        self._check("margin", self.margin, 0 <= self.margin <= 10, "from 0 to 10")
        self._check("max_iter", self.max_iter, self.max_iter >= 1, "at least 1")
        self._check("tol", self.tol, 0 <= self.tol < 1, "0 or more and below 1")
        self._check("prune", self.prune, 0 <= self.prune < math.inf, "0 or more")

    @staticmethod
    def _check(parameter: str, value: float, good: bool, expected: str) -> None:
        if not good:
            raise SettingsError(f"must be {expected}", parameter=parameter, value=value)

    @classmethod
    def of(cls: type[S], settings: S | None, overrides: Mapping[str, Any]) -> S:
        """Settings, the defaults if None, with those overrides that are not None.

        Raises SettingsError for a value out of range, TypeError for an unknown name.
        """
        known = {f.name for f in fields(cls)}
        for name in overrides:
            if name not in known:
                raise TypeError(f"unknown setting {name!r}; expected one of {sorted(known)}")
        changed = {name: value for name, value in overrides.items() if value is not None}
        return cls(**changed) if settings is None else replace(settings, **changed)

    def as_dict(self) -> dict[str, Any]:
        """The recorded settings as JSON values; an infinite l2 as the string "inf"."""
        recorded = (f.name for f in fields(self) if f.metadata.get("recorded", True))
        values = {name: getattr(self, name) for name in recorded}
        if math.isinf(self.l2):
            values["l2"] = "inf"
        return values


@dataclass(frozen=True)
class TrainingSettings(Optimisation):
    """Settings of a segmentation model.

    kind: crf, maxent or hmm; tags: "4" or "6"; own_lexicon: use the words of the corpus as a
    lexicon; lexicon_dropout: share of all lexicon words hidden at random from each fold of the
    corpus, which helps on text of other kinds.

    Settings about files are not recorded in the model. format: one of `corpus.FORMATS`;
    lexicons: word lists, one word per line; templates: a CRF++ template file, or its lines;
    weights: for some of the files, the factor of the log-likelihood of each sentence;
    dev_standard: the standard that the development corpus follows.
    """

    kind: str = "crf"
    tags: str = "4"
    own_lexicon: bool = True
    lexicon_dropout: float = 0.0
    format: str = field(default="auto", metadata=_INPUT)
    encoding: str = field(default="utf-8", metadata=_INPUT)
    lexicons: Path | Sequence[Path] = field(default=(), metadata=_INPUT)
    templates: Path | Sequence[str] | None = field(default=None, metadata=_INPUT)
    weights: Mapping[Path, float] | None = field(default=None, metadata=_INPUT)
    dev_standard: str | None = field(default=None, metadata=_INPUT)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            expected = f"must be one of {', '.join(KINDS)}"
            raise SettingsError(expected, parameter="kind", value=self.kind)
        object.__setattr__(self, "tags", str(self.tags))
        object.__setattr__(self, "lexicon_dropout", float(self.lexicon_dropout))
        scheme_by_name(self.tags)
        dropout = self.lexicon_dropout
        self._check("lexicon_dropout", dropout, 0 <= dropout < 1, "0 or more and below 1")
        super().__post_init__()


@dataclass(frozen=True)
class TaggerSettings(Optimisation):
    """Settings of a tagger.

    labels: which labels may follow which: auto, or one of `schemes.FORMS`. Settings about files
    are not recorded in the model; format: one of `tokens.TOKEN_FORMATS`; templates: a CRF++
    template file, or its lines.
    """

    labels: str = "auto"
    margin: float = 0.0
    max_iter: int = 100
    tol: float = 3e-4
    prune: float = 0.02
    format: str = field(default="auto", metadata=_INPUT)
    encoding: str = field(default="utf-8", metadata=_INPUT)
    templates: Path | Sequence[str] | None = field(default=None, metadata=_INPUT)

    def __post_init__(self) -> None:
        if self.labels not in ("auto", *FORMS):
            expected = f"must be one of auto, {', '.join(FORMS)}"
            raise SettingsError(expected, parameter="labels", value=self.labels)
        super().__post_init__()
