"""The saved segmentation model: its arrays, and the checks when it is read.

One safetensors file: a JSON description and arrays, no code. Weights are int16 multiples
of one scale, so that scores are sums of integers: the same on every machine and in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from crfseg.corpus.schemes import SCHEMES, TagScheme
from crfseg.features import templates as templates_module
from crfseg.features.alphabet import Alphabet
from crfseg.features.lexicon import MAX_LEXICONS, MAX_WORD, has_own
from crfseg.features.strings import unpack_words
from crfseg.features.table import make_plan, radices
from crfseg.features.templates import Templates
from crfseg.model.container import array_of, expect, read_keys
from crfseg.model.saved_model import SEGMENTATION, SavedModel, check_scale
from crfseg.text.codes import CODE_POINTS, FIRST_CHARACTER

MAX_STANDARDS = 12
KINDS = SEGMENTATION
_SMALLEST_SCALE = 2.0**-9


@dataclass(frozen=True, eq=False)
class FamilyWeights:
    """The n-grams of one family: keys uint64 [n] ascending, weights int16 [n, W, T]."""

    keys: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Model(SavedModel):
    """A trained model as it is saved.

    metadata: JSON description (kind, tags, templates, lexicons, scale, corpora, settings,
    scores, licence, version); alphabet; transitions int16 [T, T]; words uint8: the words
    of all lexicons, sorted and packed (`strings.pack_words`); members uint32: for each word, two
    bits for each lexicon: 0 if the word is not in it, else 1 + its tier there; families: one
    FamilyWeights for each template family.

    A model of several standards contains a plain model of each (`standards.select`). If the
    training words are a lexicon, each standard has its own: the first bits of members are then
    those of the standards.
    """

    kinds: ClassVar = SEGMENTATION
    expected: ClassVar = "one for segmentation"
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
        """The number of tiers of each lexicon: 3 for the training words, else 1."""
        return list(self.metadata["tiers"])

    @property
    def columns(self) -> int:
        """The number of columns of the feature table."""
        return len(self.radix)

    @property
    def radix(self) -> list[int]:
        """The number of values of each column of the feature table."""
        return radices(self.alphabet.size, self.tiers, max(len(self.standards), 1))

    @property
    def standards(self) -> list[str]:
        """The names of the standards, the default one first; empty for a plain model."""
        return list(self.metadata.get("standards", []))

    @property
    def weight_count(self) -> int:
        """The number of weights."""
        return self.transitions.size + sum(family.weights.size for family in self.families)

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
    def make(cls, metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> Model:
        """Makes a model from metadata and arrays; checks everything that kernels rely on."""
        cls.check_kind(metadata)
        expect(metadata.get("tags") in SCHEMES, f"tags must be one of {', '.join(SCHEMES)}")
        expect(isinstance(metadata.get("lexicons"), list), "lexicons must be a list")
        expect(len(metadata["lexicons"]) <= MAX_LEXICONS, f"at most {MAX_LEXICONS} lexicons")
        _check_tiers(metadata.get("tiers"), len(metadata["lexicons"]))
        check_scale(metadata)
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
    """Raises ModelError if a lexicon other than that of the training words has several tiers."""
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
    """The least power of two, from _SMALLEST_SCALE on, with weights of at most ``largest``."""
    top = float(np.abs(weights).max(initial=0.0))
    scale = _SMALLEST_SCALE
    while top > largest * scale:
        scale *= 2
    return scale
