"""The saved model: what it is, how it is written, and what is checked when it is read.

One safetensors file: a JSON description and arrays, no code. Weights are int16 multiples
of one scale, so that scores are sums of integers: the same everywhere, in any order.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.common.errors import ModelError
from crfseg.corpus.schemes import SCHEMES, TagScheme
from crfseg.features import templates as templates_module
from crfseg.features.alphabet import Alphabet
from crfseg.features.lexicon import MAX_LEXICONS, MAX_WORD, has_own
from crfseg.features.strings import unpack_words
from crfseg.features.table import make_plan, radices
from crfseg.features.templates import Templates
from crfseg.model.container import (
    ATTRIBUTES,
    TAGGER,
    array_of,
    expect,
    read,
    read_keys,
    sound,
    write,
)
from crfseg.text.codes import CODE_POINTS, FIRST_CHARACTER

MAX_STANDARDS = 12
KINDS = ("crf", "maxent", "hmm")
_SMALLEST_SCALE = 2.0**-9


@dataclass(frozen=True, eq=False)
class FamilyWeights:
    """The n-grams of one family: keys uint64 [n] ascending, weights int16 [n, W, T]."""

    keys: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model as it is saved.

    metadata: JSON description (kind, tags, templates, lexicons, scale, corpora, settings,
    scores, licence, version); alphabet; transitions int16 [T, T]; words uint8: the words
    of all lexicons, sorted and packed (`lexicon.pack_words`); members uint32: for each word, two
    bits for each lexicon: 0 if it is not in it, else 1 + its tier there; families: one
    FamilyWeights for each template family.

    A model of several standards holds a plain model of each (`standards.select`). If the
    training words are a lexicon, each standard has its own: the first bits of members then
    are those of the standards.
    """

    metadata: dict[str, Any]
    alphabet: Alphabet
    transitions: np.ndarray
    words: np.ndarray
    members: np.ndarray
    families: list[FamilyWeights]
    templates: Templates
    scheme: TagScheme

    @property
    def lexicons(self) -> int:
        """The number of lexicons."""
        return len(self.metadata["lexicons"])

    @property
    def tiers(self) -> list[int]:
        """How many tiers each lexicon has: 3 if it is that of the training words, else 1."""
        return list(self.metadata["tiers"])

    @property
    def columns(self) -> int:
        """The number of columns of the feature table."""
        return len(self.radix)

    @property
    def radix(self) -> list[int]:
        """How many values each column of the feature table can take."""
        return radices(self.alphabet.size, self.tiers, max(len(self.standards), 1))

    @property
    def standards(self) -> list[str]:
        """The names of the standards, the default one first; none if it is a plain model."""
        return list(self.metadata.get("standards", []))

    @property
    def scale(self) -> float:
        """What a weight of 1 is worth."""
        return float(self.metadata["scale"])

    @property
    def weight_count(self) -> int:
        """How many weights the model has."""
        return self.transitions.size + sum(family.weights.size for family in self.families)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, whole or not at all; raises CrfsegError where it cannot."""
        write(path, self.metadata, self.arrays())

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name, as they are saved and as `make` takes them."""
        arrays = {
            "alphabet": self.alphabet.characters,
            "transitions": self.transitions,
            "lexicon.words": self.words,
            "lexicon.members": self.members,
        }
        for f, family in enumerate(self.families):
            arrays[f"family.{f}.keys"] = family.keys
            arrays[f"family.{f}.weights"] = family.weights
        return arrays

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read and check a model; raises ModelError for anything but a sound model file."""
        metadata, arrays = read(path)
        with sound(os.fspath(path)):
            return cls.make(metadata, arrays)

    @classmethod
    def make(cls, metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> Model:
        """A model from its description and arrays, checked for everything kernels rely on."""
        if metadata.get("kind") == TAGGER:
            raise ModelError("a model for tagging; expected one for segmentation (see crfseg tag)")
        if metadata.get("kind") == ATTRIBUTES:
            raise ModelError("a model of crfseg.sklearn.CRF; expected one for segmentation")
        expect(metadata.get("kind") in KINDS, f"kind must be one of {', '.join(KINDS)}")
        expect(metadata.get("tags") in SCHEMES, f"tags must be one of {', '.join(SCHEMES)}")
        expect(isinstance(metadata.get("lexicons"), list), "lexicons must be a list")
        expect(len(metadata["lexicons"]) <= MAX_LEXICONS, f"at most {MAX_LEXICONS} lexicons")
        _check_tiers(metadata.get("tiers"), len(metadata["lexicons"]))
        scale = metadata.get("scale")
        expect(isinstance(scale, float) and 0 < scale < 1e6, "scale must be a positive number")
        scheme = SCHEMES[metadata["tags"]]
        templates = templates_module.parse(metadata["templates"], "templates of the model")
        characters = array_of(arrays, "alphabet", np.uint32, 1)
        alphabet = Alphabet(characters)
        expect(
            int(characters.max(initial=0)) < CODE_POINTS
            and int(np.bincount(characters).max(initial=0)) <= 1,
            "alphabet must hold distinct code points",
        )
        transitions = array_of(arrays, "transitions", np.int16, 2)
        expect(transitions.shape == (scheme.size, scheme.size), "transitions must be [T, T]")
        words = array_of(arrays, "lexicon.words", np.uint8, 1)
        members = array_of(arrays, "lexicon.members", np.uint32, 1)
        standards = metadata.get("standards", [])
        expect(
            isinstance(standards, list)
            and all(isinstance(name, str) and name.isprintable() for name in standards)
            and len(set(standards)) == len(standards) <= MAX_STANDARDS,
            f"standards must be a list of at most {MAX_STANDARDS} names",
        )
        radix = radices(alphabet.size, metadata["tiers"], max(len(standards), 1))
        if len(standards) > 1:
            templates_module.check_standard(templates, len(radix) - 1)
        make_plan(templates.families, radix)
        families = []
        for f, shape in enumerate(templates.families):
            name = f"family.{f}"
            keys = read_keys(arrays, name, shape.pattern, radix)
            weights = array_of(arrays, f"{name}.weights", np.int16, 3)
            expect(
                weights.shape == (len(keys), len(shape.shifts), scheme.size),
                f"weights of {name} must be [n, window, T]",
            )
            families.append(FamilyWeights(keys, weights))
        model = cls(metadata, alphabet, transitions, words, members, families, templates, scheme)
        model._check_lexicon()
        return model

    def _check_lexicon(self) -> None:
        codes, ends = unpack_words(self.words)
        expect(len(ends) == len(self.members), "every lexicon word needs its memberships")
        lengths = np.diff(ends, prepend=0)
        expect(
            len(ends) == 0 or (lengths.min() >= 2 and lengths.max() <= MAX_WORD),
            f"lexicon words must have 2 to {MAX_WORD} characters",
        )
        known = self.alphabet.table[codes] >= FIRST_CHARACTER
        expect(bool(known.all()), "lexicon words must be spelled with the alphabet")


def _check_tiers(tiers: Any, lexicons: int) -> None:
    """Only the lexicon of the training words, which is the first one, has several."""
    expect(
        isinstance(tiers, list)
        and len(tiers) == lexicons
        and all(type(t) is int for t in tiers)
        and all(t == 1 for t in (tiers[1:] if has_own(tiers) else tiers)),
        "tiers must say how many each lexicon has",
    )


def quantise(weights: np.ndarray, scale: float) -> np.ndarray:
    """int16: weights in units of the scale, rounded."""
    return np.rint(weights / scale).astype(np.int16)


def scale_for(weights: np.ndarray, largest: int = 32767) -> float:
    """A power of two, no finer than is of use, of which weights are at most ``largest``."""
    top = float(np.abs(weights).max(initial=0.0))
    scale = _SMALLEST_SCALE
    while top > largest * scale:
        scale *= 2
    return scale
