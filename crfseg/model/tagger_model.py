"""A trained tagger as it is saved; the file is that of `container`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg.common.errors import ModelError, SettingsError
from crfseg.corpus.schemes import LabelScheme, make_scheme
from crfseg.features.alphabet import Vocabulary
from crfseg.features.strings import pack, unpack
from crfseg.features.token_encoder import TokenEncoder, parse_templates
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

#: Columns of a token, templates aside.
MOST_COLUMNS = 1000


@dataclass(frozen=True, eq=False)
class SparseFamily:
    """The n-grams of one family, and weights for some labels of each place they are seen from.

    keys uint64 [n] ascending; counts uint16 [n, W]: how many weights each has; labels uint8
    (uint16 of bigrams: label before * T + label) and weights int16: of all of them, in order.
    """

    keys: np.ndarray
    counts: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class TagDictionary:
    """The labels that tokens were seen with in training, by the value of their first column.

    counts uint8 [V]: how many labels each value has, at least one; labels uint8: of all of them, in
    order; open uint8: those an unknown token may have, at least one.
    """

    counts: np.ndarray
    labels: np.ndarray
    open: np.ndarray

    def check(self, values: int, T: int) -> None:
        """Raises ModelError for what is not a dictionary of so many values and T labels."""
        expect(len(self.counts) == values and bool(np.all(self.counts)), "a label of each word")
        expect(int(self.counts.sum(dtype=np.int64)) == len(self.labels), "labels as counted")
        expect(len(self.open) > 0, "labels of unknown words")
        for labels in (self.labels, self.open):
            expect(int(labels.max(initial=0)) < T, "labels of the dictionary out of range")


@dataclass(frozen=True, eq=False)
class TaggerModel:
    """metadata: JSON description (labels, form, columns, templates, scale, corpora, settings).

    encoder: vocabularies and templates; transitions int16 [T, T]; families: of unigrams, then of
    bigrams. dictionary: of models that `pos` made; it restricts nothing but what `pos` does.
    """

    metadata: dict[str, Any]
    scheme: LabelScheme
    encoder: TokenEncoder
    transitions: np.ndarray
    families: list[SparseFamily]
    dictionary: TagDictionary | None = None

    @property
    def columns(self) -> int:
        """How many columns a token has, without its label."""
        return len(self.encoder.vocabularies)

    @property
    def scale(self) -> float:
        """What a weight of 1 is worth."""
        return float(self.metadata["scale"])

    @property
    def weight_count(self) -> int:
        """How many weights the model has."""
        return self.transitions.size + sum(len(family.weights) for family in self.families)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model, whole or not at all; raises CrfsegError where it cannot."""
        write(path, self.metadata, self.arrays())

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name, as they are saved and as `make` takes them."""
        arrays = {"transitions": self.transitions}
        for c, vocabulary in enumerate(self.encoder.vocabularies):
            arrays[f"column.{c}"] = pack(vocabulary.words)
        for f, family in enumerate(self.families):
            arrays |= {f"family.{f}.{name}": part for name, part in vars(family).items()}
        if self.dictionary is not None:
            arrays |= {f"dictionary.{name}": part for name, part in vars(self.dictionary).items()}
        return arrays

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TaggerModel:
        """Read and check a model; raises ModelError for anything but a sound model file."""
        metadata, arrays = read(path)
        with sound(os.fspath(path)):
            return cls.make(metadata, arrays)

    @classmethod
    def make(cls, metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> TaggerModel:
        """A model from its description and arrays, checked for everything kernels rely on."""
        if metadata.get("kind") != TAGGER:
            made = (
                "by crfseg.sklearn.CRF"
                if metadata.get("kind") == ATTRIBUTES
                else "for segmentation"
            )
            raise ModelError(f"a model {made}; expected one for tagging")
        labels: Any = metadata.get("labels")
        columns: Any = metadata.get("columns")
        good = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
        expect(good, "labels must be a list of names")
        good = isinstance(columns, int) and 1 <= columns <= MOST_COLUMNS
        expect(good, f"columns must be from 1 to {MOST_COLUMNS}")
        scale = metadata.get("scale")
        expect(isinstance(scale, float) and 0 < scale < 1e6, "scale must be a positive number")
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
            words = unpack(array_of(arrays, f"column.{c}", np.uint8, 1))
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
