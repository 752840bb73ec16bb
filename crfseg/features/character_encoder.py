"""Encodes a corpus as arrays for training: characters, lexicons, feature table, tags."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, pairwise

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import FOLDS
from crfseg.corpus.schemes import TagScheme
from crfseg.corpus.word_lists import read_words
from crfseg.features import lexicon
from crfseg.features.alphabet import Alphabet, concatenate_ids
from crfseg.features.kernels.keys import SPREAD
from crfseg.features.kernels.layout import Levels, Plan
from crfseg.features.table import Table, make_plan, make_table, radices
from crfseg.features.templates import Templates
from crfseg.features.trie import build_trie
from crfseg.text import characters as characters_module


@dataclass(frozen=True)
class Sequences:
    """The positions of a corpus: its characters without those attached to the one before.

    codes uint32 [n], begins bool [n], offsets int64 [S + 1], standards uint8 [S] as in
    Corpus; kept bool [N]: which characters of the corpus are positions
    (`characters.positions`); known bool [n]: as in Corpus, or None.
    """

    codes: np.ndarray
    begins: np.ndarray
    offsets: np.ndarray
    standards: np.ndarray
    kept: np.ndarray
    known: np.ndarray | None = None

    @classmethod
    def of(cls, corpus: Corpus) -> Sequences:
        """The positions of every sentence."""
        keep = characters_module.positions(corpus.codes, corpus.offsets[:-1])
        before = np.concatenate(([0], np.cumsum(keep)))
        offsets = before[corpus.offsets]
        known = None if corpus.known is None else corpus.known[keep]
        return cls(corpus.codes[keep], corpus.begins[keep], offsets, corpus.standards, keep, known)


@dataclass(frozen=True)
class Lexicons:
    """All lexicon words and the lexicons they belong to.

    names, tiers: of each lexicon; words sorted; members uint32 [W]: as in `Model`; flags
    uint32 [standards, W]: as `trie.build_trie` takes them, with the folds of the training
    words.
    """

    names: list[str]
    tiers: list[int]
    words: list[str]
    members: np.ndarray
    flags: np.ndarray


@dataclass(frozen=True)
class KnownWords:
    """The words of the model that training starts from.

    own: for each standard its training words and their folds as bits, empty if they are not a
    lexicon; lists: name and words of each other lexicon; standards: their number.
    """

    own: list[dict[str, int]]
    lists: list[tuple[str, list[str]]]
    standards: int


def collect_lexicons(
    corpus: Corpus,
    folds: np.ndarray,
    own: bool,
    paths: Sequence[str | os.PathLike[str]],
    before: KnownWords | None = None,
) -> Lexicons:
    """The words of the corpus (jackknifed) as lexicon 0 if ``own``, then each file's words.

    Each standard has the words of its own part of the corpus as lexicon 0. The words in
    ``before`` are added; a file with the name of an existing lexicon extends it. Raises
    DataError, SettingsError.
    """
    column = own
    standards = int(corpus.standards.max(initial=0)) + 1
    if before is not None:
        column, standards = bool(before.own), before.standards
    sources = _sources(paths, before)
    names = ["words of the training corpus"] if column else []
    names += [name for name, _ in sources]
    if len(names) > lexicon.MAX_LEXICONS:
        problem = f"at most {lexicon.MAX_LEXICONS - own} files can be given"
        raise SettingsError(problem, parameter="lexicons")
    private = standards if column else 0
    if private + len(sources) > 16:
        raise SettingsError(
            f"{standards} standards and {len(sources)} lexicons are too many; at most 16"
        )
    members: dict[str, int] = {}
    shared: dict[str, int] = {}
    folded = [words_by_fold(corpus, folds, s) if own else {} for s in range(private)]
    for now, then in zip(folded, before.own if before else [], strict=False):
        for word, bits in then.items():
            now[word] = now.get(word, 0) | bits
    for s, words_of_standard in enumerate(folded):
        for word in words_of_standard:
            rank = 1 + lexicon.tier_of(words_of_standard[word])
            members[word] = members.get(word, 0) | rank << 2 * s
    for k, (_, lists) in enumerate(sources):
        for word in lexicon.usable(chain.from_iterable(lists)):
            members[word] = members.get(word, 0) | 1 << 2 * (private + k)
            shared[word] = shared.get(word, 0) | 1 << FOLDS + k
    words = sorted(members)
    flags = [
        [shared.get(word, 0) | (folded[s].get(word, 0) if column else 0) for word in words]
        for s in range(standards)
    ]
    return Lexicons(
        names,
        [len(lexicon.TIERS)] * column + [1] * len(sources),
        words,
        np.array([members[word] for word in words], dtype=np.uint32),
        np.array(flags, dtype=np.uint32).reshape(standards, len(words)),
    )


def _sources(
    paths: Sequence[str | os.PathLike[str]], before: KnownWords | None
) -> list[tuple[str, list[Iterable[str]]]]:
    """The name and the words of each lexicon; a file named as one known before adds to it."""
    sources: list[tuple[str, list[Iterable[str]]]] = []
    if before is not None:
        sources = [(name, [words]) for name, words in before.lists]
    known = dict(sources)
    for path in paths:
        name = os.path.basename(os.fspath(path))
        if name in known:
            known[name].append(read_words(path))
        else:
            sources.append((name, [read_words(path)]))
    return sources


def words_by_fold(corpus: Corpus, folds: np.ndarray, standard: int) -> dict[str, int]:
    """The folds in which each usable word of a standard occurs, as bits.

    In partly annotated text, only words with all boundaries known count.
    """
    flags: dict[str, int] = {}
    characters = corpus.codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    edges = np.append(np.flatnonzero(corpus.begins), len(corpus.codes))
    chosen = np.flatnonzero(corpus.standards == standard)
    if not len(chosen):
        return flags
    first = chosen[0] + np.searchsorted(folds[chosen], np.arange(FOLDS + 1))
    cuts = np.searchsorted(edges, corpus.offsets[first])
    unknown = None  # number of unknown boundaries before each character
    if corpus.known is not None:
        unknown = np.concatenate([[0], np.cumsum(~corpus.known)])
    for fold in range(FOLDS):
        here = edges[cuts[fold] : cuts[fold + 1] + 1]
        spans: Iterable[tuple[int, int]] = pairwise(here.tolist())
        if unknown is not None:
            spans = compress(spans, (np.diff(unknown[here]) == 0).tolist())
        for word in {characters[a:b] for a, b in spans}:
            flags[word] = flags.get(word, 0) | 1 << fold
    return {word: flags[word] for word in lexicon.usable(flags)}


@dataclass(frozen=True)
class Encoder:
    """Converts sequences to feature tables of the form the model was trained on.

    tiers: of each lexicon; tries: one for each standard, none without lexicons.
    """

    alphabet: Alphabet
    templates: Templates
    plan: Plan
    tiers: list[int]
    tries: list[Levels]
    standards: int = 1

    @classmethod
    def make(
        cls,
        sequences: Sequences,
        lexicons: Lexicons,
        templates: Templates,
        before: Alphabet | None = None,
    ) -> Encoder:
        """The encoder for a training corpus; raises TemplateError.

        before: an alphabet whose characters keep their ids.
        """
        more = characters_module.code_points("".join(lexicons.words))
        alphabet = Alphabet.of(sequences.codes, more)
        if before is not None:
            known = before.characters
            new = alphabet.characters[~np.isin(alphabet.characters, known)]
            alphabet = Alphabet(np.concatenate([known, new]))
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
        """The feature table of the training corpus, jackknifed: each fold does not see its own
        words, nor a pseudo-random fraction ``dropout`` of the words of all lexicons."""
        if not dropout:
            tries = ((sequences.standards == s, trie) for s, trie in enumerate(self.tries))
            return self._table(sequences, tries, folds)
        return self._table(sequences, self._thinned(sequences, lexicons, folds, dropout), folds)

    def _thinned(
        self, sequences: Sequences, lexicons: Lexicons, folds: np.ndarray, dropout: float
    ) -> Iterator[tuple[np.ndarray, Levels]]:
        for fold in range(FOLDS if lexicons.names else 0):
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
        yield build_trie(ids, ends, of_standard, alphabet.size)[0]


def _hidden(words: int, fold: int, part: float) -> np.ndarray:
    """bool [words]: the words hidden from a fold, spread evenly over words and folds."""
    numbers = np.arange(words, dtype=np.uint64) * np.uint64(FOLDS) + np.uint64(fold)
    return (numbers + np.uint64(1)) * SPREAD < np.uint64(part * 2.0**64)


def gold_tags(sequences: Sequences, table: Table, scheme: TagScheme) -> np.ndarray:
    """uint8 [N]: the gold tags at the places of the table."""
    gold = np.zeros(table.columns.shape[1], dtype=np.uint8)
    gold[_places(sequences, table)] = scheme.encode(sequences.begins)
    return gold


def allowed_tags(sequences: Sequences, table: Table, scheme: TagScheme) -> np.ndarray | None:
    """uint8 [N]: the tags allowed by a partial annotation, as bits, at the places of the table.

    None if all is known.
    """
    if sequences.known is None:
        return None
    begins, known = sequences.begins, sequences.known
    ends = np.append(begins[1:], True)
    end_known = np.append(known[1:], True)
    allowed = np.zeros(table.columns.shape[1], dtype=np.uint8)
    places = _places(sequences, table)
    for t in range(scheme.size):
        fits = (~known | (begins == scheme.begins[t])) & (~end_known | (ends == scheme.ends[t]))
        allowed[places] |= fits.astype(np.uint8) << t
    return allowed


def _places(sequences: Sequences, table: Table) -> np.ndarray:
    """int64 [n]: the place of each position in the table."""
    lengths = np.diff(sequences.offsets)
    shift = np.repeat(table.bounds[:, 0] - sequences.offsets[:-1], lengths)
    return np.arange(len(sequences.codes)) + shift
