"""Encodes tokens for taggers: a vocabulary for each column, and the feature table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from crfseg.common.errors import TemplateError
from crfseg.corpus.schemes import LabelScheme
from crfseg.corpus.tokens import Rows
from crfseg.features.alphabet import Vocabulary
from crfseg.features.kernels.layout import BEYOND
from crfseg.features.table import Table, make_plan
from crfseg.features.templates import Family, Templates, parse
from crfseg.text.codes import BOUNDARY, UNKNOWN

if TYPE_CHECKING:
    from crfseg.features.sparse_index import Plans

#: Default templates over the first column (words in a window, pairs), and over each other column.
DEFAULT_TEMPLATES = """\
U00:%x[-2,0]
U01:%x[-1,0]
U02:%x[0,0]
U03:%x[1,0]
U04:%x[2,0]
U05:%x[-1,0]/%x[0,0]
U06:%x[0,0]/%x[1,0]
B
"""
COLUMN_TEMPLATES = """\
U{0}0:%x[-1,{0}]
U{0}1:%x[0,{0}]
U{0}2:%x[1,{0}]
"""
_COLUMNS_HELP = "the columns of a token before its label, from 0 on"


def default_lines(columns: int) -> list[str]:
    """The default templates for tokens of that many columns."""
    more = "".join(COLUMN_TEMPLATES.format(c) for c in range(1, columns))
    return (more + DEFAULT_TEMPLATES).splitlines()


def parse_templates(lines: Iterable[str], name: str, columns: int) -> Templates:
    """Templates over the columns of tokens; bigram templates may have cells."""
    return parse(lines, name, columns, pairs=True, columns_help=_COLUMNS_HELP)


@dataclass(frozen=True)
class TokenEncoder:
    """Converts tokens to the feature table; vocabularies: one for each column.

    The vocabulary of a column that no template uses is empty.
    """

    vocabularies: list[Vocabulary]
    templates: Templates
    plans: Plans

    @classmethod
    def make(cls, vocabularies: list[Vocabulary], templates: Templates) -> TokenEncoder:
        """Raises TemplateError for n-grams of too many possible values."""
        radix = [vocabulary.size for vocabulary in vocabularies]
        try:
            plans = make_plan(templates.families, radix), make_plan(templates.pairs, radix)
        except TemplateError:
            # the message of make_plan is about characters
            problem = "a template has too many cells for the different values of its columns"
            raise TemplateError(f"{problem}; expected fewer cells") from None
        return cls(vocabularies, templates, plans)

    @classmethod
    def of(
        cls,
        sentences: Sequence[Rows],
        columns: int,
        templates: Templates,
        known: Sequence[Vocabulary] = (),
    ) -> TokenEncoder:
        """The encoder for training sentences: ``known`` values, then new ones as they occur."""
        families = (*templates.families, *templates.pairs)
        used = {column for family in families for _, column in family.pattern}
        found = [list(dict.fromkeys(_column(sentences, c))) * (c in used) for c in range(columns)]
        if known:
            found = [
                list(dict.fromkeys([*vocabulary.words, *words]))
                for vocabulary, words in zip(known, found, strict=True)
            ]
        return cls.make([Vocabulary(words) for words in found], templates)

    @property
    def radix(self) -> list[int]:
        """The number of values of each column."""
        return [vocabulary.size for vocabulary in self.vocabularies]

    @property
    def shapes(self) -> tuple[Family, ...]:
        """The families of unigrams, then of bigrams."""
        return (*self.templates.families, *self.templates.pairs)

    def table(self, sentences: Sequence[Rows]) -> Table:
        """The feature table of non-empty sentences whose rows have at least as many columns."""
        lengths = np.array([len(rows) for rows in sentences], dtype=np.int64)
        ends = np.cumsum(lengths)
        gap = max(2 * self.templates.reach, BEYOND)
        begins = ends - lengths + gap * np.arange(1, len(lengths) + 1)
        bounds = np.stack([begins, begins + lengths], axis=1)
        size = int(lengths.sum()) + gap * (len(lengths) + 1)
        columns = np.full((len(self.vocabularies), size), BOUNDARY, dtype=np.int32)
        places = places_of(bounds)
        tokens = list(chain.from_iterable(sentences))
        for c, vocabulary in enumerate(self.vocabularies):
            if vocabulary.words:
                values = map(itemgetter(c), tokens)
                ids = map(vocabulary.numbers.get, values, repeat(UNKNOWN))
                columns[c, places] = np.fromiter(ids, dtype=np.int32, count=len(places))
        return Table(columns, bounds)


def places_of(bounds: np.ndarray) -> np.ndarray:
    """int64 [tokens]: the places of the tokens of all sentences in their table."""
    lengths = bounds[:, 1] - bounds[:, 0]
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(bounds[:, 0] - before, lengths)


def gold_labels(labels: Sequence[Sequence[str]], scheme: LabelScheme, table: Table) -> np.ndarray:
    """uint8 [N]: the labels of sentences at the places of their table; all must be known."""
    numbers = {name: k for k, name in enumerate(scheme.names)}
    gold = np.zeros(table.columns.shape[1], dtype=np.uint8)
    ids = [numbers[label] for label in chain.from_iterable(labels)]
    gold[places_of(table.bounds)] = ids
    return gold


def _column(sentences: Sequence[Rows], c: int) -> Iterable[str]:
    return (row[c] for rows in sentences for row in rows)
