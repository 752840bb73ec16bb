"""The saved model: what it is, how it is written, and what is checked when it is read.

One safetensors file: a JSON description and arrays, no code. Weights are int16 multiples
of one scale, so that scores are sums of integers: the same everywhere, in any order.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from crfseg import templates as templates_module
from crfseg import text
from crfseg.errors import CrfsegError, ModelError, SettingsError
from crfseg.features import Alphabet, make_plan, radices
from crfseg.files import atomic_write
from crfseg.lexicon import MAX_LEXICONS, MAX_WORD, has_own, unpack_words
from crfseg.tags import SCHEMES, TagScheme
from crfseg.templates import Templates

FORMAT = 2
MAX_STANDARDS = 12
KINDS = ("crf", "maxent", "hmm")
_CHECKSUM = "checksum"
_SMALLEST_SCALE = 2.0**-9
#: Characters of a description; longer ones are refused before they are parsed, which takes many
#: times their size.
_LONGEST_HEAD = 1 << 22
#: Characters of an error that are shown: it may quote a model file.
_SHOWN = 400


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
        from safetensors.numpy import save

        arrays = self.arrays()
        head = json.dumps({**self.metadata, "format": FORMAT}, ensure_ascii=False, sort_keys=True)
        # The checksum is an array: safetensors writes several strings in random order.
        checksum = np.array([_checksum(head, arrays)], dtype=np.uint32)
        data = save({**arrays, _CHECKSUM: checksum}, {"crfseg": head})
        with atomic_write(path) as file:
            file.write(data)

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
        from safetensors import SafetensorError, safe_open

        name = os.fspath(path)
        try:
            with open(path, "rb"):  # for a clear message: safetensors has its own
                pass
            with safe_open(name, framework="numpy") as file:
                head = file.metadata() or {}
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except OSError as error:
            raise ModelError(f"{name}: cannot be read: {error.strerror or error}") from None
        except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _problem(name, f"not a crfseg model, or a damaged one ({error})") from None
        with sound(name):
            return cls._build(head, arrays)

    @classmethod
    def _build(cls, head: dict[str, str], arrays: dict[str, np.ndarray]) -> Model:
        if "crfseg" not in head:
            raise ModelError("not a crfseg model; expected a file written by crfseg train")
        _expect(len(head["crfseg"]) <= _LONGEST_HEAD, "its description is too long")
        metadata = json.loads(head["crfseg"])
        version = metadata.pop("format")
        if version != FORMAT or type(version) is not int:
            older = isinstance(version, int) and version < FORMAT
            advice = "train it anew" if older else "upgrade crfseg"
            raise ModelError(f"a model of format {version}; expected {FORMAT}: {advice}")
        checksum = _array(arrays, _CHECKSUM, np.uint32, 1)
        del arrays[_CHECKSUM]
        if checksum.tolist() != [_checksum(head["crfseg"], arrays)]:
            raise ModelError("damaged model: the checksum does not match")
        return cls.make(metadata, arrays)

    @classmethod
    def make(cls, metadata: dict[str, Any], arrays: dict[str, np.ndarray]) -> Model:
        """A model from its description and arrays, checked for everything kernels rely on."""
        _expect(metadata.get("kind") in KINDS, f"kind must be one of {', '.join(KINDS)}")
        _expect(metadata.get("tags") in SCHEMES, f"tags must be one of {', '.join(SCHEMES)}")
        _expect(isinstance(metadata.get("lexicons"), list), "lexicons must be a list")
        _expect(len(metadata["lexicons"]) <= MAX_LEXICONS, f"at most {MAX_LEXICONS} lexicons")
        _check_tiers(metadata.get("tiers"), len(metadata["lexicons"]))
        scale = metadata.get("scale")
        _expect(isinstance(scale, float) and 0 < scale < 1e6, "scale must be a positive number")
        scheme = SCHEMES[metadata["tags"]]
        templates = templates_module.parse(metadata["templates"], "templates of the model")
        characters = _array(arrays, "alphabet", np.uint32, 1)
        alphabet = Alphabet(characters)
        _expect(
            int(characters.max(initial=0)) < text.CODE_POINTS
            and int(np.bincount(characters).max(initial=0)) <= 1,
            "alphabet must hold distinct code points",
        )
        transitions = _array(arrays, "transitions", np.int16, 2)
        _expect(transitions.shape == (scheme.size, scheme.size), "transitions must be [T, T]")
        words = _array(arrays, "lexicon.words", np.uint8, 1)
        members = _array(arrays, "lexicon.members", np.uint32, 1)
        standards = metadata.get("standards", [])
        _expect(
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
            keys = _array(arrays, f"family.{f}.keys", np.uint64, 1)
            weights = _array(arrays, f"family.{f}.weights", np.int16, 3)
            space = 1
            for _, column in shape.pattern:
                space *= radix[column]
            _expect(bool(np.all(keys[1:] > keys[:-1])), f"keys of family {f} must ascend")
            _expect(len(keys) == 0 or int(keys[-1]) < space, f"keys of family {f} out of range")
            _expect(
                weights.shape == (len(keys), len(shape.shifts), scheme.size),
                f"weights of family {f} must be [n, window, T]",
            )
            families.append(FamilyWeights(keys, weights))
        model = cls(metadata, alphabet, transitions, words, members, families, templates, scheme)
        model._check_lexicon()
        return model

    def _check_lexicon(self) -> None:
        codes, ends = unpack_words(self.words)
        _expect(len(ends) == len(self.members), "every lexicon word needs its memberships")
        lengths = np.diff(ends, prepend=0)
        _expect(
            len(ends) == 0 or (lengths.min() >= 2 and lengths.max() <= MAX_WORD),
            f"lexicon words must have 2 to {MAX_WORD} characters",
        )
        known = self.alphabet.table[codes] >= text.FIRST_CHARACTER
        _expect(bool(known.all()), "lexicon words must be spelled with the alphabet")


def _check_tiers(tiers: Any, lexicons: int) -> None:
    """Only the lexicon of the training words, which is the first one, has several."""
    _expect(
        isinstance(tiers, list)
        and len(tiers) == lexicons
        and all(type(t) is int for t in tiers)
        and all(t == 1 for t in (tiers[1:] if has_own(tiers) else tiers)),
        "tiers must say how many each lexicon has",
    )


@contextmanager
def sound(name: str) -> Iterator[None]:
    """Making a model of what ``name`` holds: whatever goes wrong is a ModelError naming it."""
    try:
        yield
    except SettingsError:  # about an option, not the model
        raise
    except CrfsegError as error:
        raise _problem(name, str(error)) from None
    except MemoryError:
        raise ModelError(f"{name}: too large for the memory there is") from None
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise _problem(name, f"damaged model: {error!r}") from None


def _problem(name: str, said: str) -> ModelError:
    """The error for a model file; what it says may quote the file."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in said[:_SHOWN])
    return ModelError(f"{name}: {shown}{'...' if len(said) > _SHOWN else ''}")


def quantise(weights: np.ndarray, scale: float) -> np.ndarray:
    """int16: weights in units of the scale, rounded."""
    return np.rint(weights / scale).astype(np.int16)


def scale_for(weights: np.ndarray) -> float:
    """The unit in which weights fit int16; a power of two, no finer than is of use."""
    top = float(np.abs(weights).max(initial=0.0))
    scale = _SMALLEST_SCALE
    while top > 32767 * scale:
        scale *= 2
    return scale


def _array(
    arrays: dict[str, np.ndarray], name: str, dtype: type[np.generic], dimensions: int
) -> np.ndarray:
    array = arrays.get(name)
    if array is None or array.dtype != dtype or array.ndim != dimensions:
        raise ModelError(f"damaged model: {name} must be {np.dtype(dtype)}, {dimensions}-d")
    return array


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise ModelError(f"damaged model: {what}")


def _checksum(head: str, arrays: dict[str, np.ndarray]) -> int:
    total = zlib.crc32(head.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), total)
        total = zlib.crc32(array.data, total) if array.size else total
    return total
