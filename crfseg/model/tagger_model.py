"""The saved tagger; its file format is that of `container`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from crfseg.common.errors import ModelError, SettingsError
from crfseg.corpus.schemes import LabelScheme, make_scheme
from crfseg.features.alphabet import Vocabulary
from crfseg.features.strings import pack_strings, unpack_strings
from crfseg.features.token_encoder import TokenEncoder, parse_templates
from crfseg.model.container import TAGGER, array_of, expect, read_keys
from crfseg.model.saved_model import SavedModel, check_scale

#: The largest number of columns of a token.
MOST_COLUMNS = 1000


@dataclass(frozen=True, eq=False)
class SparseFamily:
    """The n-grams of one family; each slot (an n-gram seen from one place) has some labels.

    keys uint64 [n] ascending; counts uint16 [n, W]: weights per slot; labels uint8 (uint16 for
    bigrams: label before * T + label) and weights int16: of all slots, in order.
    """

    keys: np.ndarray
    counts: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class TagDictionary:
    """The labels that tokens were seen with in training, by the value of their first column.

    counts uint8 [V]: labels per value, at least one; labels uint8: of all values, in order; open
    uint8: the labels of unknown tokens, at least one.
    """

    counts: np.ndarray
    labels: np.ndarray
    open: np.ndarray

    def check(self, values: int, T: int) -> None:
        """Raises ModelError unless it is a valid dictionary of that many values and T labels."""
        expect(len(self.counts) == values and bool(np.all(self.counts)), "a label of each word")
        expect(int(self.counts.sum(dtype=np.int64)) == len(self.labels), "labels as counted")
        expect(len(self.open) > 0, "labels of unknown words")
        for labels in (self.labels, self.open):
            expect(int(labels.max(initial=0)) < T, "labels of the dictionary out of range")


@dataclass(frozen=True, eq=False)
class TaggerModel(SavedModel):
    """metadata: JSON description (labels, form, columns, templates, scale, corpora, settings).

    encoder: vocabularies and templates; transitions int16 [T, T]; families: of unigrams, then of
    bigrams; dictionary: only in models for parts of speech, and only `PosTagger` uses it.
    """

    kinds: ClassVar = (TAGGER,)
    expected: ClassVar = "one for tagging"
    metadata: dict[str, Any]
    scheme: LabelScheme
    encoder: TokenEncoder
    transitions: np.ndarray
    families: list[SparseFamily]
    dictionary: TagDictionary | None = None

    @property
    def columns(self) -> int:
        """The number of columns of a token, without its label."""
        return len(self.encoder.vocabularies)

    @property
    def weight_count(self) -> int:
        """The number of weights."""
        return self.transitions.size + sum(len(family.weights) for family in self.families)

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name, as they are saved and as `make` takes them."""
        arrays = {"transitions": self.transitions}
        for c, vocabulary in enumerate(self.encoder.vocabularies):
            arrays[f"column.{c}"] = pack_strings(vocabulary.words)
        for f, family in enumerate(self.families):
            arrays |= {f"family.{f}.{name}": part for name, part in vars(family).items()}
        if self.dictionary is not None:
            arrays |= {f"dictionary.{name}": part for name, part in vars(self.dictionary).items()}
        return arrays

    @classmethod
    def make(cls, metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> TaggerModel:
        """Makes a model from metadata and arrays; checks everything that kernels rely on."""
        cls.check_kind(metadata)
        labels: Any = metadata.get("labels")
        columns: Any = metadata.get("columns")
        good = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
        expect(good, "labels must be a list of names")
        good = isinstance(columns, int) and 1 <= columns <= MOST_COLUMNS
        expect(good, f"columns must be from 1 to {MOST_COLUMNS}")
        check_scale(metadata)
        try:
            scheme = make_scheme(labels, metadata["form"])
        except SettingsError as error:
            raise ModelError(f"damaged model: {error}") from None
        T = scheme.size
        transitions = array_of(arrays, "transitions", np.int16, 2)
        expect(transitions.shape == (T, T), "transitions must be [T, T]")
        templates = parse_templates(metadata["templates"], "templates of the model", columns)
        vocabularies = []
        for c in range(columns):
            words = unpack_strings(array_of(arrays, f"column.{c}", np.uint8, 1))
            expect(len(set(words)) == len(words), f"column {c} must have distinct values")
            vocabularies.append(Vocabulary(words))
        encoder = TokenEncoder.make(vocabularies, templates)
        families = []
        for f, shape in enumerate(encoder.shapes):
            name, of_pairs = f"family.{f}", f >= len(templates.families)
            keys = read_keys(arrays, name, shape.pattern, encoder.radix)
            counts = array_of(arrays, f"{name}.counts", np.uint16, 2)
            expect(counts.shape == (len(keys), len(shape.shifts)), f"counts of {name} [n, window]")
            labels = array_of(arrays, f"{name}.labels", np.uint16 if of_pairs else np.uint8, 1)
            weights = array_of(arrays, f"{name}.weights", np.int16, 1)
            total = int(counts.sum(dtype=np.int64))
            expect(total == len(labels) == len(weights), f"{name}: as many weights as counted")
            most = T * T if of_pairs else T
            expect(int(labels.max(initial=0)) < most, f"labels of {name} out of range")
            families.append(SparseFamily(keys, counts, labels, weights))
        dictionary = None
        if "dictionary.counts" in arrays:
            names = ("counts", "labels", "open")
            parts = [array_of(arrays, f"dictionary.{name}", np.uint8, 1) for name in names]
            dictionary = TagDictionary(*parts)
            dictionary.check(len(vocabularies[0].words), T)
        return cls(metadata, scheme, encoder, transitions, families, dictionary)
