"""What training can be told, and the check that it makes sense."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from crfseg.common.errors import SettingsError
from crfseg.corpus.schemes import FORMS, scheme_by_name
from crfseg.model.segmentation_model import KINDS


@dataclass(frozen=True)
class Optimisation:
    """How to find weights.

    l2: C, the penalty is |w|^2 / (2 C), so a larger C follows the corpus more closely; l1:
    strength of the penalty l1 * |w|_1; margin: by how much the right tags have to win for each
    tag in which others differ; max_iter, tol: when to stop (see `lbfgs.minimise`); prune: drop
    n-grams none of whose weights is larger.
    """

    l2: float = 1.0
    l1: float = 0.0
    margin: float = 1.0
    max_iter: int = 30
    tol: float = 1e-3
    prune: float = 0.05

    def __post_init__(self) -> None:
        self._check("--l2", self.l2, self.l2 >= 1e-9, "at least 1e-9 (inf for no penalty)")
        self._check("--l1", self.l1, 0 <= self.l1 < math.inf, "0 or more")
        self._check("--margin", self.margin, 0 <= self.margin <= 10, "from 0 to 10")
        self._check("--max-iter", self.max_iter, self.max_iter >= 1, "at least 1")
        self._check("--tol", self.tol, 0 <= self.tol < 1, "0 or more and below 1")
        self._check("--prune", self.prune, 0 <= self.prune < math.inf, "0 or more")

    @staticmethod
    def _check(option: str, value: float, good: bool, expected: str) -> None:
        if not good:
            raise SettingsError(f"{option} {value}: must be {expected}")

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values; an infinite l2 as the string "inf"."""
        values = asdict(self)
        if math.isinf(self.l2):
            values["l2"] = "inf"
        return values


@dataclass(frozen=True)
class Settings(Optimisation):
    """How to train a segmentation model.

    kind: crf, maxent or hmm; tags: "4" or "6"; own_lexicon: use the words of the corpus as a
    lexicon; lexicon_dropout: the part of all lexicons' words hidden, by chance, from each fold
    of the corpus, which helps with text of other kinds.
    """

    kind: str = "crf"
    tags: str = "4"
    own_lexicon: bool = True
    lexicon_dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SettingsError(f"--model {self.kind}: must be one of {', '.join(KINDS)}")
        scheme_by_name(self.tags)
        self._check(
            "--lexicon-dropout", self.lexicon_dropout, 0 <= self.lexicon_dropout < 1,
            "0 or more and below 1",
        )  # fmt: skip
        super().__post_init__()


@dataclass(frozen=True)
class TaggerSettings(Optimisation):
    """How to train a tagger; labels: which may follow which, auto or one of `labels.FORMS`."""

    labels: str = "auto"
    margin: float = 0.0
    max_iter: int = 100
    tol: float = 3e-4
    prune: float = 0.02

    def __post_init__(self) -> None:
        if self.labels not in ("auto", *FORMS):
            raise SettingsError(f"--labels {self.labels}: must be one of auto, {', '.join(FORMS)}")
        super().__post_init__()
