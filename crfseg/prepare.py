"""From a corpus to arrays ready for training: characters, lexicons, feature table, tags."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crfseg import lexicon, text
from crfseg.corpus import Corpus
from crfseg.errors import SettingsError
from crfseg.features import Alphabet, Table, concatenate_ids, make_plan, make_table, radices
from crfseg.kernels.keys import SPREAD
from crfseg.kernels.layout import Levels, Plan
from crfseg.tags import TagScheme
from crfseg.templates import Templates


@dataclass(frozen=True)
class Sequences:
    """The positions of a corpus: its characters without those glued to the one before.

    codes uint32 [n], begins bool [n], offsets int64 [S + 1], standards uint8 [S] as in
    Corpus; kept bool [N]: which characters of the corpus are positions (`text.positions`).
    """

    codes: np.ndarray
    begins: np.ndarray
    offsets: np.ndarray
    standards: np.ndarray
    kept: np.ndarray

    @classmethod
    def of(cls, corpus: Corpus) -> Sequences:
        """The positions of every sentence."""
        keep = text.positions(corpus.codes, corpus.offsets[:-1])
        before = np.concatenate(([0], np.cumsum(keep)))
        offsets = before[corpus.offsets]
        return cls(corpus.codes[keep], corpus.begins[keep], offsets, corpus.standards, keep)


@dataclass(frozen=True)
class Lexicons:
    """All words and where they belong.

    names, tiers: of each lexicon; words sorted; members uint32 [W]: as in `Model`; flags
    uint32 [standards, W]: as `lexicon.build_trie` wants them, with the folds of the training
    words.
    """

    names: list[str]
    tiers: list[int]
    words: list[str]
    members: np.ndarray
    flags: np.ndarray


def collect_lexicons(
    corpus: Corpus, folds: np.ndarray, own: bool, paths: Sequence[str | os.PathLike[str]]
) -> Lexicons:
    """The words of the corpus (jackknifed) as lexicon 0 if ``own``, then each file's words.

    Each standard has the words of its own part of the corpus as lexicon 0. Raises DataError,
    SettingsError.
    """
    names = ["words of the training corpus"] if own else []
    names += [os.path.basename(os.fspath(path)) for path in paths]
    if len(names) > lexicon.MAX_LEXICONS:
        raise SettingsError(f"--lexicon: at most {lexicon.MAX_LEXICONS - own} files can be given")
    standards = int(corpus.standards.max(initial=0)) + 1
    private = standards if own else 0
    if private + len(paths) > 16:
        raise SettingsError(
            f"{standards} standards and {len(paths)} lexicons are too many; at most 16"
        )
    members: dict[str, int] = {}
    shared: dict[str, int] = {}
    folded = [_words_by_fold(corpus, folds, s) for s in range(private)]
    for s, words_of_standard in enumerate(folded):
        for word in words_of_standard:
            rank = 1 + lexicon.tier_of(words_of_standard[word])
            members[word] = members.get(word, 0) | rank << 2 * s
    for k, path in enumerate(paths):
        for word in lexicon.usable(lexicon.read_words(path)):
            members[word] = members.get(word, 0) | 1 << 2 * (private + k)
            shared[word] = shared.get(word, 0) | 1 << lexicon.FOLDS + k
    words = sorted(members)
    flags = [
        [shared.get(word, 0) | (folded[s].get(word, 0) if own else 0) for word in words]
        for s in range(standards)
    ]
    return Lexicons(
        names,
        [len(lexicon.TIERS)] * own + [1] * len(paths),
        words,
        np.array([members[word] for word in words], dtype=np.uint32),
        np.array(flags, dtype=np.uint32).reshape(standards, len(words)),
    )


def _words_by_fold(corpus: Corpus, folds: np.ndarray, standard: int) -> dict[str, int]:
    """For each word of a standard that a lexicon can use, the folds it occurs in as bits."""
    flags: dict[str, int] = {}
    characters = corpus.codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    edges = np.append(np.flatnonzero(corpus.begins), len(corpus.codes))
    chosen = np.flatnonzero(corpus.standards == standard)
    first = chosen[0] + np.searchsorted(folds[chosen], np.arange(lexicon.FOLDS + 1))
    cuts = np.searchsorted(edges, corpus.offsets[first])
    for fold in range(lexicon.FOLDS):
        here = edges[cuts[fold] : cuts[fold + 1] + 1].tolist()
        for word in {characters[a:b] for a, b in pairwise(here)}:
            flags[word] = flags.get(word, 0) | 1 << fold
    return {word: flags[word] for word in lexicon.usable(flags)}


@dataclass(frozen=True)
class Encoder:
    """What turns any sequences into the feature table the model was trained on.

    tiers: of each lexicon; tries: one for each standard, none without lexicons.
    """

    alphabet: Alphabet
    templates: Templates
    plan: Plan
    tiers: list[int]
    tries: list[Levels]
    standards: int = 1

    @classmethod
    def make(cls, sequences: Sequences, lexicons: Lexicons, templates: Templates) -> Encoder:
        """The encoder for a training corpus; raises TemplateError."""
        more = text.code_points("".join(lexicons.words))
        alphabet = Alphabet.of(sequences.codes, more)
        standards = len(lexicons.flags)
        tries = list(_tries(lexicons, alphabet, lexicons.flags)) if lexicons.names else []
        plan = make_plan(templates.families, radices(alphabet.size, lexicons.tiers, standards))
        return cls(alphabet, templates, plan, lexicons.tiers, tries, standards)

    def table(self, sequences: Sequences) -> Table:
        """The feature table of new text."""
        tries = ((sequences.standards == s, trie) for s, trie in enumerate(self.tries))
        return self._table(sequences, tries, None)

    def training_table(
        self, sequences: Sequences, lexicons: Lexicons, folds: np.ndarray, dropout: float
    ) -> Table:
        """That of the corpus itself: its own words are hidden from each fold, as are by chance
        a part ``dropout`` of the words of all lexicons."""
        if not dropout:
            tries = ((sequences.standards == s, trie) for s, trie in enumerate(self.tries))
            return self._table(sequences, tries, folds)
        return self._table(sequences, self._thinned(sequences, lexicons, folds, dropout), folds)

    def _thinned(
        self, sequences: Sequences, lexicons: Lexicons, folds: np.ndarray, dropout: float
    ) -> Iterator[tuple[np.ndarray, Levels]]:
        for fold in range(lexicon.FOLDS if lexicons.names else 0):
            kept = ~_hidden(len(lexicons.words), fold, dropout)
            for s, trie in enumerate(_tries(lexicons, self.alphabet, lexicons.flags * kept)):
                yield (folds == fold) & (sequences.standards == s), trie

    def _table(
        self,
        sequences: Sequences,
        tries: Iterable[tuple[np.ndarray, Levels]],
        folds: np.ndarray | None,
    ) -> Table:
        standards = sequences.standards if self.standards > 1 else None
        return make_table(
            sequences.codes, sequences.offsets, self.alphabet, self.templates.reach,
            tries, self.tiers, folds, standards,
        )  # fmt: skip


def _tries(lexicons: Lexicons, alphabet: Alphabet, flags: np.ndarray) -> Iterator[Levels]:
    """A trie for each standard; flags uint32 [standards, W]."""
    ids, ends = concatenate_ids(lexicons.words, alphabet)
    for of_standard in flags:
        yield lexicon.build_trie(ids, ends, of_standard, alphabet.size)[0]


def _hidden(words: int, fold: int, part: float) -> np.ndarray:
    """bool [words]: those that are hidden from a fold, spread evenly over words and folds."""
    numbers = np.arange(words, dtype=np.uint64) * np.uint64(lexicon.FOLDS) + np.uint64(fold)
    return (numbers + np.uint64(1)) * SPREAD < np.uint64(part * 2.0**64)


def gold_tags(sequences: Sequences, table: Table, scheme: TagScheme) -> np.ndarray:
    """uint8 [N]: the tags of the corpus in the places of its table."""
    gold = np.zeros(table.columns.shape[1], dtype=np.uint8)
    lengths = np.diff(sequences.offsets)
    shift = np.repeat(table.bounds[:, 0] - sequences.offsets[:-1], lengths)
    gold[np.arange(len(sequences.codes)) + shift] = scheme.encode(sequences.begins)
    return gold
