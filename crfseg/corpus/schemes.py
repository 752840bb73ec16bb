"""Tag schemes for segmentation and label schemes for tagging."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np

from crfseg.common.errors import SettingsError

#: The largest number of labels: label ids are bytes.
MOST = 255
#: How labels mark entities; in "free" they mark none, and any label may follow any.
FORMS = ("free", "bio", "bmes")
_ENTITY = re.compile(r"([BIMESLU])(?:-(.+))?")
#: BMES, BIOES and BILOU are the same form with different letters.
_LETTERS = {"M": "I", "L": "E", "U": "S"}
#: Type, first token, last token + 1.
Entity = tuple[str, int, int]


class Scheme(Protocol):
    """Labels 0 .. size - 1, which may follow which, and which may begin and end a sentence.

    legal: bool [T, T]; begins, ends: bool [T].
    """

    @property
    def size(self) -> int: ...
    @property
    def legal(self) -> np.ndarray: ...
    @property
    def begins(self) -> np.ndarray: ...
    @property
    def ends(self) -> np.ndarray: ...


@dataclass(frozen=True)
class TagScheme:
    """A way to tag the characters of words, and the tag sequences that spell words.

    A word of n > 1 characters is ``b``, then up to n - 2 letters of ``early``, then ``m`` as
    often as needed, then ``e``; a word of one character is ``s``.
    """

    name: str
    tags: str
    early: str = ""

    @property
    def size(self) -> int:
        """The number of tags T."""
        return len(self.tags)

    def spell(self, length: int) -> str:
        """The tags of a word of ``length`` characters: 3 -> "bme"."""
        if length == 1:
            return "s"
        early = self.early[: length - 2]
        return "b" + early + "m" * (length - 2 - len(early)) + "e"

    @cached_property
    def legal(self) -> np.ndarray:
        """bool [T, T]: legal[s, t] says whether tag t may follow tag s."""
        legal = np.zeros((self.size, self.size), dtype=np.bool_)
        longest = len(self.early) + 4
        for left in range(1, longest + 1):
            word = [self.tags.index(tag) for tag in self.spell(left)]
            for s, t in pairwise(word):
                legal[s, t] = True
            for right in (1, 2):
                legal[word[-1], self.tags.index(self.spell(right)[0])] = True
        return legal

    @cached_property
    def begins(self) -> np.ndarray:
        """bool [T]: the tags that begin a word; also the tags a sentence may begin with."""
        return np.array([tag in "sb" for tag in self.tags])

    @cached_property
    def ends(self) -> np.ndarray:
        """bool [T]: the tags that end a word; also the tags a sentence may end with."""
        return np.array([tag in "se" for tag in self.tags])

    def encode(self, begins: np.ndarray) -> np.ndarray:
        """Converts word beginnings to tags, uint8 [N].

        begins: bool [N], True where a word begins; begins[0] must be True and every
        sentence must begin a word.
        """
        starts = np.flatnonzero(begins)
        lengths = np.diff(np.append(starts, len(begins)))
        place = np.arange(len(begins)) - np.repeat(starts, lengths)
        size = np.repeat(lengths, lengths)
        index = {tag: i for i, tag in enumerate(self.tags)}
        tags = np.full(len(begins), index["m"], dtype=np.uint8)
        for step, tag in enumerate(self.early, start=1):
            tags[place == step] = index[tag]
        tags[place == size - 1] = index["e"]
        tags[place == 0] = index["b"]
        tags[size == 1] = index["s"]
        return tags


FOUR = TagScheme("4", "sbme")
#: Zhao, Huang & Li (2006), "Effective tag set selection in Chinese word segmentation":
#: b, second (c), third (d), m, e, s.
SIX = TagScheme("6", "sbcdme", early="cd")
SCHEMES = {scheme.name: scheme for scheme in (FOUR, SIX)}


def scheme_by_name(name: str | int) -> TagScheme:
    """The scheme called ``name`` ("4" or "6"); raises SettingsError for any other name."""
    try:
        return SCHEMES[str(name)]
    except KeyError:
        expected = f"must be one of {', '.join(SCHEMES)}"
        raise SettingsError(expected, parameter="tags", value=name) from None


def tags_of_words(words: list[str]) -> str:
    """The 4-tag string of a segmented sentence: ["为", "人民"] -> "sbe"."""
    return "".join(FOUR.spell(len(word)) for word in words)


def parts_of(label: str) -> tuple[str, str] | None:
    """Letter (B I E S O) and type of an entity label, else None: B-nr -> ("B", "nr").

    M becomes I, L becomes E, U becomes S. A letter alone has the type "_".
    """
    if label == "O":
        return "O", ""
    match = _ENTITY.fullmatch(label)
    return (_LETTERS.get(match[1], match[1]), match[2] or "_") if match else None


def mark_entities(labels: Iterable[str]) -> bool:
    """Whether all labels are entity labels, and at least one is not O."""
    parts = [parts_of(label) for label in set(labels)]
    return None not in parts and any(part != ("O", "") for part in parts)


def entities(labels: Sequence[str]) -> list[Entity]:
    """The entities of a sentence, in order.

    An entity begins with B or S, or with an I or E that continues none of its type; it ends
    with E or S, or before a label that does not continue it. This is how conlleval and seqeval
    read labels, invalid sequences included. Labels that mark no entity count as O.
    """
    spans: list[Entity] = []
    inside = ""  # the type of the open entity
    begin = 0
    for i, label in enumerate([*labels, "O"]):
        letter, kind = parts_of(label) or ("O", "")
        if inside and (letter not in "IE" or kind != inside):
            spans.append((inside, begin, i))
            inside = ""
        if letter == "O":
            continue
        if not inside:
            begin = i
        inside = kind
        if letter in "ES":
            spans.append((kind, begin, i + 1))
            inside = ""
    return spans


@dataclass(frozen=True)
class LabelScheme:
    """The labels of a model and which may follow which.

    names: in the order of their ids; form: one of FORMS.
    """

    names: tuple[str, ...]
    form: str = "free"

    @property
    def size(self) -> int:
        """The number of labels T."""
        return len(self.names)

    @cached_property
    def _parts(self) -> list[tuple[str, str]]:
        return [parts_of(name) or ("O", "") for name in self.names]

    @cached_property
    def legal(self) -> np.ndarray:
        """bool [T, T]: legal[s, t] says whether label t may follow label s."""
        legal = np.ones((self.size, self.size), dtype=np.bool_)
        if self.form != "free":
            for s, (before, kind) in enumerate(self._parts):
                for t, (letter, other) in enumerate(self._parts):
                    goes_on = letter in "IE" and kind == other and before in "BI"
                    closed = before not in "BI" or self.form == "bio"
                    legal[s, t] = goes_on or (letter not in "IE" and closed)
        return legal

    @cached_property
    def begins(self) -> np.ndarray:
        """bool [T]: the labels a sentence may begin with."""
        return np.array([self.form == "free" or letter not in "IE" for letter, _ in self._parts])

    @cached_property
    def ends(self) -> np.ndarray:
        """bool [T]: the labels a sentence may end with."""
        return np.array([self.form != "bmes" or letter not in "BI" for letter, _ in self._parts])

    def allows(self, labels: Sequence[str]) -> bool:
        """Whether a sentence may have these labels, all of which must be known."""
        at = [self.names.index(label) for label in labels]
        moves = all(self.legal[s, t] for s, t in pairwise(at))
        return not at or bool(moves and self.begins[at[0]] and self.ends[at[-1]])


def make_scheme(names: Sequence[str], form: str) -> LabelScheme:
    """The scheme of these labels; raises SettingsError if they do not fit the form."""
    if form not in FORMS:
        expected = f"must be one of auto, {', '.join(FORMS)}"
        raise SettingsError(expected, parameter="labels", value=form)
    if not 1 <= len(names) <= MOST or len(set(names)) != len(names):
        raise SettingsError(f"{len(names)} labels; expected from 1 to {MOST}, all different")
    if form != "free":
        letters = "BIO" if form == "bio" else "BIESO"
        wrong = [name for name in names if (parts_of(name) or "?")[0] not in letters]
        if wrong:
            expected = "O, B-X, I-X" if form == "bio" else "O, B-X, M-X (or I-X), E-X, S-X"
            problem = f"label {wrong[0]}; expected {expected}"
            raise SettingsError(problem, parameter="labels", value=form)
    return LabelScheme(tuple(names), form)


def scheme_of(
    labels: Iterable[Sequence[str]], form: str, start: LabelScheme | None = None
) -> LabelScheme:
    """The scheme of the labels of sentences, sorted by name; "auto": the strictest form they fit.

    start: a scheme whose labels come first, and whose form "auto" takes over. Raises
    SettingsError for a label sequence the form does not allow.
    """
    firsts: dict[str, None] = {}
    lasts: dict[str, None] = {}
    pairs: dict[tuple[str, str], None] = {}
    for one in labels:
        firsts[one[0]], lasts[one[-1]] = None, None
        pairs.update(dict.fromkeys(pairwise(one)))
    names = sorted({*firsts, *lasts, *(label for pair in pairs for label in pair)})
    if start is not None:
        names = list(dict.fromkeys([*start.names, *names]))
        form = start.form if form == "auto" else form
    known = {name: k for k, name in enumerate(names)}

    def problem(scheme: LabelScheme) -> str | None:
        for label in firsts:
            if not scheme.begins[known[label]]:
                return f"a sentence begins with {label}"
        for one, other in pairs:
            if not scheme.legal[known[one], known[other]]:
                return f"{other} follows {one}"
        bad = next((label for label in lasts if not scheme.ends[known[label]]), None)
        return bad and f"a sentence ends with {bad}"

    if form != "auto":
        scheme = make_scheme(names, form)
        if found := problem(scheme):
            wrong = f"{found}; expected labels that spell entities"
            raise SettingsError(wrong, parameter="labels", value=form)
        return scheme
    if mark_entities(names):
        for strict in ("bio", "bmes"):
            try:
                scheme = make_scheme(names, strict)
            except SettingsError:
                continue
            if not problem(scheme):
                return scheme
    return make_scheme(names, "free")
