"""Starting from a model: its n-grams, words and weights, for training and for teaching.

The weights of the model are where training begins, and what the L2 penalty pulls to in
place of zero (Chelba & Acero 2004, "Adaptation of Maximum Entropy Capitalizer: Little Data
Can Help a Lot", section 3): new text moves what it speaks of; all else stays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.corpus.corpus import FOLDS
from crfseg.features import templates
from crfseg.features.character_encoder import Encoder, KnownWords
from crfseg.features.index import FamilyIndex, Index, Layout
from crfseg.features.lexicon import has_own
from crfseg.features.table import digits_of, radices
from crfseg.features.templates import Family
from crfseg.model.segmentation_model import FamilyWeights, Model
from crfseg.training.settings import Settings

#: In how many folds a word of the old text is taken to occur, by its tier: as many as leave
#: the tier what it is when one of them is hidden.
_FOLDS_OF_TIER = (1, 3, FOLDS)


@dataclass(frozen=True)
class Warm:
    """A model to start from."""

    model: Model

    @classmethod
    def of(cls, given: Model | str | os.PathLike[str]) -> Warm:
        """The model, or that of a file; raises ModelError, SettingsError."""
        model = given if isinstance(given, Model) else Model.load(given)
        if model.metadata["kind"] == "hmm":
            raise SettingsError("--init: a hidden Markov model is counted; expected crf or maxent")
        return cls(model)

    @property
    def has_own(self) -> bool:
        """Whether the words of its training text are a lexicon of the model."""
        return has_own(self.model.tiers)

    @property
    def standards(self) -> list[str]:
        """The names of its standards."""
        return self.model.standards

    def known_words(self) -> KnownWords:
        """The words of its lexicons."""
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

    def check(self, settings: Settings, standards: Sequence[str], added: int) -> None:
        """Raises SettingsError if training with these settings cannot start from the model.

        standards: of the new text; added: how many lexicons it does not have.
        """
        if settings.kind == "hmm":
            raise SettingsError("--model hmm: is counted, and starts from nothing; expected crf")
        if settings.tags != self.model.scheme.name:
            raise SettingsError(
                f"--tags {settings.tags}: the model to start from has {self.model.scheme.name}"
            )
        names = ", ".join(self.standards)
        if not self.standards and standards:
            raise SettingsError(f"--standard {standards[0]}: the model to start from has none")
        if self.standards and not standards:
            raise SettingsError(
                f"--init: the model has standards ({names}); expected --standard NAME=FILE"
            )
        for name in standards:
            if name not in self.standards:
                raise SettingsError(f"--standard {name}: the model to start from has {names}")
        if added and len(self.standards) > 1:
            known = ", ".join(self.model.metadata["lexicons"][self.has_own :]) or "none"
            raise SettingsError(
                f"--lexicon: a model of several standards gets no further one; it has {known}"
            )

    def added(self, paths: Sequence[str | os.PathLike[str]]) -> int:
        """How many of these lexicons the model does not have."""
        known = self.model.metadata["lexicons"][self.has_own :]
        return sum(os.path.basename(os.fspath(path)) not in known for path in paths)

    def lines(self, added: int) -> list[str]:
        """Its templates, with those of lexicons it does not have."""
        lines = list(self.model.templates.lines)
        for k in range(self.model.lexicons, self.model.lexicons + added):
            lines += templates.lexicon_lines(k)
        return lines


def inherited(before: Mapping[str, Any], corpora: Sequence[str]) -> dict[str, Any]:
    """What the description of a model says that was trained from one with that description."""
    kept = {key: before[key] for key in ("licence", "attribution") if key in before}
    return {**kept, "corpora": [*before.get("corpora", []), *corpora]}


def _folds(rank: int, number: int) -> int:
    """The folds a word of a rank is said to occur in: as bits, spread over the folds."""
    bits = (1 << _FOLDS_OF_TIER[rank - 1]) - 1 << number % FOLDS
    return (bits | bits >> FOLDS) & (1 << FOLDS) - 1


@dataclass(frozen=True)
class Grown:
    """The n-grams of a text and of a model.

    index: those of the text first, in each family; start: float32, the model's weights of
    those of the text, in the layout of the text's index; rest: float32, the model's weights in
    that of ``index``; parts: where what is of the text stands in both.
    """

    index: Index
    start: np.ndarray
    rest: np.ndarray
    parts: list[tuple[slice, slice]]

    def weights(self, weights: np.ndarray) -> np.ndarray:
        """float32: the weights of all n-grams, for those of the text."""
        whole = self.rest.copy()
        for small, large in self.parts:
            whole[large] = weights[small]
        return whole


def grow(index: Index, model: Model, encoder: Encoder) -> Grown:
    """Add the n-grams of a model to the index of a text; raises SettingsError.

    encoder: that of the text, whose alphabet begins with the model's.
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
        raise SettingsError(f"--init: {base:,} weights are too many; expected a smaller model")
    whole = Index(index.plan, index.templates, families, Layout(index.layout.zeros, T, base))
    return Grown(whole, start, np.concatenate(rests), parts)


def rekeyed(
    keys: np.ndarray, columns: Sequence[int], old: Sequence[int], new: Sequence[int]
) -> np.ndarray:
    """uint64 [n]: the keys of n-grams over columns of which some take more values now."""
    digits = digits_of(keys, [old[column] for column in columns])
    keys = np.zeros(len(keys), dtype=np.uint64)
    for column, values in zip(columns, digits, strict=True):
        keys = keys * np.uint64(new[column]) + values
    return keys


def with_keys(family: FamilyIndex, keys: np.ndarray, base: int) -> FamilyIndex:
    """A family from ``base`` on, with n-grams that its text does not have after its own."""
    return FamilyIndex(
        np.concatenate([family.keys, keys]),
        np.concatenate([family.counts, np.zeros(len(keys), dtype=family.counts.dtype)]),
        np.concatenate([family.starts, np.full(len(keys), family.starts[-1])]),
        family.places,
        base,
    )


def _window(family: FamilyWeights, old: Family, new: Family) -> np.ndarray:
    """int16 [n, W, T]: the weights at the places of the new family, 0 where it had none."""
    n, _, T = family.weights.shape
    weights = np.zeros((n, len(new.shifts), T), dtype=np.int16)
    for k, shift in enumerate(new.shifts):
        if shift in old.shifts:
            weights[:, k] = family.weights[:, old.shifts.index(shift)]
    return weights
