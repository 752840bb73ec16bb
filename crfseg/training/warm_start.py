"""Warm start: begin training or teaching with the n-grams, words and weights of a model.

The model's weights are the starting point, and the L2 penalty pulls towards them instead of
towards zero (Chelba & Acero 2004, "Adaptation of Maximum Entropy Capitalizer: Little Data Can
Help a Lot", section 3): the new text moves the weights of its features; all others stay.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.corpus.folds import FOLDS
from crfseg.features import templates
from crfseg.features.character_encoder import Encoder, KnownWords
from crfseg.features.index import FamilyIndex, Index, Layout
from crfseg.features.lexicon import has_own
from crfseg.features.table import digits_of, radices
from crfseg.features.templates import Family
from crfseg.model.segmentation_model import FamilyWeights, Model
from crfseg.training.settings import TrainingSettings

#: Assumed number of jackknife folds in which a word of the old text occurs, by its tier: enough
#: for the tier to stay the same when one fold is held out.
_FOLDS_OF_TIER = (1, 3, FOLDS)


@dataclass(frozen=True)
class Warm:
    """A model to start from."""

    model: Model

    @classmethod
    def of(cls, given: Model | str | os.PathLike[str]) -> Warm:
        """Wrap a model or a model file; raises ModelError, SettingsError."""
        model = given if isinstance(given, Model) else Model.load(given)
        if model.metadata["kind"] == "hmm":
            problem = "a hidden Markov model is counted; expected crf or maxent"
            raise SettingsError(problem, parameter="init")
        return cls(model)

    @property
    def has_own(self) -> bool:
        """Whether the model has a lexicon of the words of its training text."""
        return has_own(self.model.tiers)

    @property
    def standards(self) -> list[str]:
        """The names of the model's standards."""
        return self.model.standards

    def known_words(self) -> KnownWords:
        """The words of the model's lexicons."""
        model = self.model
        words = bytes(model.words).decode("utf-8").split("\n")[:-1]
        members = model.members
        count = max(len(self.standards), 1)
        own: list[dict[str, int]] = []
        if self.has_own:
            for s in range(count):
                ranks = (members >> (2 * s) & 3).tolist()
                own.append({w: _folds(r, k) for k, (w, r) in enumerate(zip(words, ranks)) if r})  # noqa: B905
        shared = members >> (2 * len(own))
        lists = []
        for k, name in enumerate(model.metadata["lexicons"][self.has_own :]):
            inside = np.flatnonzero(shared >> (2 * k) & 3).tolist()
            lists.append((name, [words[i] for i in inside]))
        return KnownWords(own, lists, count)

    def check(self, settings: TrainingSettings, standards: Sequence[str], added: int) -> None:
        """Raise SettingsError if training with these settings cannot start from the model.

        standards: of the new text; added: the number of lexicons that the model does not have.
        """
        if settings.kind == "hmm":
            problem = "is counted, and starts from nothing; expected crf"
            raise SettingsError(problem, parameter="kind", value="hmm")
        if settings.tags != self.model.scheme.name:
            problem = f"the model to start from has {self.model.scheme.name}"
            raise SettingsError(problem, parameter="tags", value=settings.tags)
        names = ", ".join(self.standards)
        if not self.standards and standards:
            problem = f"standard {standards[0]}: the model to start from has none"
            raise SettingsError(problem, parameter="corpora")
        if self.standards and not standards:
            problem = f"the model has standards ({names}); expected one of them for each corpus"
            raise SettingsError(problem, parameter="init")
        for name in standards:
            if name not in self.standards:
                problem = f"standard {name}: the model to start from has {names}"
                raise SettingsError(problem, parameter="corpora")
        if added and len(self.standards) > 1:
            known = ", ".join(self.model.metadata["lexicons"][self.has_own :]) or "none"
            problem = f"a model of several standards gets no further one; it has {known}"
            raise SettingsError(problem, parameter="lexicons")

    def added(self, paths: Sequence[str | os.PathLike[str]]) -> int:
        """The number of these lexicons that the model does not have."""
        known = self.model.metadata["lexicons"][self.has_own :]
        return sum(os.path.basename(os.fspath(path)) not in known for path in paths)

    def lines(self, added: int) -> list[str]:
        """The model's template lines, plus those for the added lexicons."""
        lines = list(self.model.templates.lines)
        for k in range(self.model.lexicons, self.model.lexicons + added):
            lines += templates.lexicon_lines(k)
        return lines


def inherited(before: Mapping[str, Any], corpora: Sequence[str]) -> dict[str, Any]:
    """Metadata that a model inherits from the one it starts from, with the corpora of both."""
    kept = {key: before[key] for key in ("licence", "attribution") if key in before}
    return {**kept, "corpora": [*before.get("corpora", []), *corpora]}


def _folds(rank: int, number: int) -> int:
    """The folds in which a word of a rank is assumed to occur, as bits; varies with ``number``."""
    bits = (1 << _FOLDS_OF_TIER[rank - 1]) - 1 << number % FOLDS
    return (bits | bits >> FOLDS) & (1 << FOLDS) - 1


@dataclass(frozen=True)
class Grown:
    """The union of the n-grams of a text and of a model.

    index: of the union, the text's n-grams first in each family; start: float32, the model's
    weights of the text's n-grams, in the layout of the text's index; rest: float32, the model's
    weights in the layout of ``index``; parts: where the text's n-grams are in either layout.
    """

    index: Index
    start: np.ndarray
    rest: np.ndarray
    parts: list[tuple[slice, slice]]

    def weights(self, weights: np.ndarray) -> np.ndarray:
        """float32: the weights of all n-grams, given those of the text."""
        whole = self.rest.copy()
        for small, large in self.parts:
            whole[large] = weights[small]
        return whole


def grow(index: Index, model: Model, encoder: Encoder) -> Grown:
    """Add the n-grams of a model to the index of a text; raises SettingsError.

    encoder: of the text; its alphabet begins with the model's.
    """
    T = index.layout.tags
    radix = radices(encoder.alphabet.size, encoder.tiers, encoder.standards)
    scale = np.float32(model.scale)
    start = np.zeros(index.layout.size, dtype=np.float32)
    head = slice(0, index.layout.transitions.stop)
    start[index.layout.transitions] = model.transitions.ravel() * scale
    base, families, parts, rests = head.stop, [], [(head, head)], [start[head]]
    old = dict(zip([f.pattern for f in model.templates.families], range(len(model.families))))  # noqa: B905
    for shape, family in zip(index.templates.families, index.families, strict=True):
        keys = np.zeros(0, dtype=np.uint64)
        weights = np.zeros((0, len(shape.shifts), T), dtype=np.float32)
        if shape.pattern in old:
            f = old[shape.pattern]
            before, held = model.templates.families[f], model.families[f]
            columns = [column for _, column in shape.pattern]
            keys = rekeyed(held.keys, columns, model.radix, radix)
            weights = _window(held, before, shape) * scale
        n, width = len(family.keys), len(shape.shifts) * T
        place = np.searchsorted(keys, family.keys)
        known = place < len(keys)
        known[known] = keys[place[known]] == family.keys[known]
        small = slice(family.base, family.base + n * width)
        rows = start[small].reshape(n, len(shape.shifts), T)
        rows[known] = weights[place[known]]
        others = np.ones(len(keys), dtype=np.bool_)
        others[place[known]] = False
        families.append(with_keys(family, keys[others], base))
        parts.append((small, slice(base, base + n * width)))
        rests += [start[small], weights[others].ravel()]
        base += len(families[-1].keys) * width
    if base > np.iinfo(np.int32).max:
        problem = f"{base:,} weights are too many; expected a smaller model"
        raise SettingsError(problem, parameter="init")
    whole = Index(index.plan, index.templates, families, Layout(index.layout.zeros, T, base))
    return Grown(whole, start, np.concatenate(rests), parts)


def rekeyed(
    keys: np.ndarray, columns: Sequence[int], old: Sequence[int], new: Sequence[int]
) -> np.ndarray:
    """uint64 [n]: keys of n-grams after the number of values of some columns has grown."""
    digits = digits_of(keys, [old[column] for column in columns])
    keys = np.zeros(len(keys), dtype=np.uint64)
    for column, values in zip(columns, digits, strict=True):
        keys = keys * np.uint64(new[column]) + values
    return keys


def with_keys(family: FamilyIndex, keys: np.ndarray, base: int) -> FamilyIndex:
    """A family moved to ``base``, with n-grams appended that do not occur in the text."""
    return FamilyIndex(
        np.concatenate([family.keys, keys]),
        np.concatenate([family.counts, np.zeros(len(keys), dtype=family.counts.dtype)]),
        np.concatenate([family.starts, np.full(len(keys), family.starts[-1])]),
        family.places,
        base,
    )


def _window(family: FamilyWeights, old: Family, new: Family) -> np.ndarray:
    """int16 [n, W, T]: the weights for the templates of the new family, 0 for added ones."""
    n, _, T = family.weights.shape
    weights = np.zeros((n, len(new.shifts), T), dtype=np.int16)
    for k, shift in enumerate(new.shifts):
        if shift in old.shifts:
            weights[:, k] = family.weights[:, old.shifts.index(shift)]
    return weights
