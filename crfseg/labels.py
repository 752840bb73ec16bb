"""Labels of tokens: which may follow which, and the entities they spell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from crfseg.errors import SettingsError

#: Labels are numbered in a byte.
MOST = 255
#: How labels may mark entities; "free" marks none, and any label may follow any.
FORMS = ("free", "bio", "bmes")

_ENTITY = re.compile(r"([BIMESLU])(?:-(.+))?")
#: BMES, BIOES and BILOU are one form under different letters.
_LETTERS = {"M": "I", "L": "E", "U": "S"}

#: Type, first token, last token + 1.
Entity = tuple[str, int, int]


def parts_of(label: str) -> tuple[str, str] | None:
    """Letter (B I E S O) and type of an entity label; None for another: B-nr -> ("B", "nr").

    M is written as I, L as E, U as S. The type of a letter alone is "_".
    """
    if label == "O":
        return "O", ""
    match = _ENTITY.fullmatch(label)
    return (_LETTERS.get(match[1], match[1]), match[2] or "_") if match else None


def mark_entities(labels: Iterable[str]) -> bool:
    """Whether all labels are those of entities, and some mark one."""
    parts = [parts_of(label) for label in set(labels)]
    return None not in parts and any(part != ("O", "") for part in parts)


def entities(labels: Sequence[str]) -> list[Entity]:
    """The entities of a sentence, in order.

    An entity begins with B or S, also with an I or E that continues none of its type; it ends
    with E or S, or before what does not continue it: as conlleval and seqeval read labels, those
    that break the rules too. Labels that mark no entity count as O.
    """
    found: list[Entity] = []
    inside = ""  # the type of the entity that may go on
    begin = 0
    for i, label in enumerate([*labels, "O"]):
        letter, kind = parts_of(label) or ("O", "")
        if inside and (letter not in "IE" or kind != inside):
            found.append((inside, begin, i))
            inside = ""
        if letter == "O":
            continue
        if not inside:
            begin = i
        inside = kind
        if letter in "ES":
            found.append((kind, begin, i + 1))
            inside = ""
    return found


@dataclass(frozen=True)
class LabelScheme:
    """The labels of a model and which of them may follow which.

    names: in the order of their numbers; form: of FORMS.
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
        """Whether a sentence may have these labels, which are all known."""
        at = [self.names.index(label) for label in labels]
        moves = all(self.legal[s, t] for s, t in pairwise(at))
        return not at or bool(moves and self.begins[at[0]] and self.ends[at[-1]])


def make_scheme(names: Sequence[str], form: str) -> LabelScheme:
    """The scheme of some labels; raises SettingsError if they cannot be of that form."""
    if form not in FORMS:
        raise SettingsError(f"--labels {form}: must be one of auto, {', '.join(FORMS)}")
    if not 1 <= len(names) <= MOST or len(set(names)) != len(names):
        raise SettingsError(f"{len(names)} labels; expected from 1 to {MOST}, all different")
    if form != "free":
        letters = "BIO" if form == "bio" else "BIESO"
        wrong = [name for name in names if (parts_of(name) or "?")[0] not in letters]
        if wrong:
            expected = "O, B-X, I-X" if form == "bio" else "O, B-X, M-X (or I-X), E-X, S-X"
            raise SettingsError(f"--labels {form}: label {wrong[0]}; expected {expected}")
    return LabelScheme(tuple(names), form)
