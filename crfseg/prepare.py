"""From a corpus to arrays ready for training: characters, lexicons, feature table, tags."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crfseg import lexicon, text
from crfseg.corpus import Corpus
from crfseg.errors import SettingsError
from crfseg.features import Alphabet, Table, concatenate_ids, make_plan, make_table
from crfseg.kernels.layout import FIRST_LEXICON, Levels, Plan
from crfseg.tags import TagScheme
from crfseg.templates import Templates


@dataclass(frozen=True)
class Sequences:
    """The positions of a corpus: its characters without those glued to the one before.

    codes uint32 [n], begins bool [n], offsets int64 [S + 1] as in Corpus; kept bool [N]:
    which characters of the corpus are positions (`text.positions`).
    """

    codes: np.ndarray
    begins: np.ndarray
    offsets: np.ndarray
    kept: np.ndarray

    @classmethod
    def of(cls, corpus: Corpus) -> Sequences:
        """The positions of every sentence."""
        keep = text.positions(corpus.codes, corpus.offsets[:-1])
        before = np.concatenate(([0], np.cumsum(keep)))
        return cls(corpus.codes[keep], corpus.begins[keep], before[corpus.offsets], keep)


@dataclass(frozen=True)
class Lexicons:
    """All words and where they belong.

    names: of each lexicon; words sorted; members uint16 [W]: bit k, in lexicon k; flags
    uint32 [W]: as `lexicon.build_trie` wants them, with the folds of the training words.
    """

    names: list[str]
    words: list[str]
    members: np.ndarray
    flags: np.ndarray


def collect_lexicons(
    corpus: Corpus, folds: np.ndarray, own: bool, paths: Sequence[str | os.PathLike[str]]
) -> Lexicons:
    """The words of the corpus (jackknifed) as lexicon 0 if ``own``, then each file's words.

    Without ``own`` the first file is lexicon 0 and in every fold. Raises DataError,
    SettingsError.
    """
    names = ["words of the training corpus"] if own else []
    names += [os.path.basename(os.fspath(path)) for path in paths]
    if len(names) > lexicon.MAX_LEXICONS:
        raise SettingsError(f"--lexicon: at most {lexicon.MAX_LEXICONS - own} files can be given")
    members: dict[str, int] = {}
    flags: dict[str, int] = {}
    if own:
        flags = _words_by_fold(corpus, folds)
        members = dict.fromkeys(flags, 1)
    for k, path in enumerate(paths, start=int(own)):
        bits = 1 << (lexicon.FOLDS + k - 1) if k else (1 << lexicon.FOLDS) - 1
        for word in lexicon.usable(lexicon.read_words(path)):
            members[word] = members.get(word, 0) | 1 << k
            flags[word] = flags.get(word, 0) | bits
    words = sorted(members)
    return Lexicons(
        names,
        words,
        np.array([members[word] for word in words], dtype=np.uint16),
        np.array([flags[word] for word in words], dtype=np.uint32),
    )


def _words_by_fold(corpus: Corpus, folds: np.ndarray) -> dict[str, int]:
    """For each word a lexicon can use, the folds it occurs in as bits."""
    flags: dict[str, int] = {}
    characters = corpus.codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    edges = np.append(np.flatnonzero(corpus.begins), len(corpus.codes))
    first = np.searchsorted(folds, np.arange(lexicon.FOLDS + 1))
    cuts = np.searchsorted(edges, corpus.offsets[first])
    for fold in range(lexicon.FOLDS):
        here = edges[cuts[fold] : cuts[fold + 1] + 1].tolist()
        for word in {characters[a:b] for a, b in pairwise(here)}:
            flags[word] = flags.get(word, 0) | 1 << fold
    return {word: flags[word] for word in lexicon.usable(flags)}


@dataclass(frozen=True)
class Encoder:
    """What turns any sequences into the feature table the model was trained on."""

    alphabet: Alphabet
    templates: Templates
    plan: Plan
    lexicons: int
    trie: Levels | None

    @classmethod
    def make(cls, sequences: Sequences, lexicons: Lexicons, templates: Templates) -> Encoder:
        """The encoder for a training corpus; raises TemplateError."""
        more = text.code_points("".join(lexicons.words))
        alphabet = Alphabet.of(sequences.codes, more)
        count = len(lexicons.names)
        trie = None
        if count:
            ids, ends = concatenate_ids(lexicons.words, alphabet)
            trie, _ = lexicon.build_trie(ids, ends, lexicons.flags, alphabet.size)
        plan = make_plan(templates.families, alphabet.size, FIRST_LEXICON + 2 * count)
        return cls(alphabet, templates, plan, count, trie)

    def table(self, sequences: Sequences, folds: np.ndarray | None = None) -> Table:
        """The feature table; ``folds`` hides from each sequence the words of its own fold."""
        return make_table(
            sequences.codes, sequences.offsets, self.alphabet, self.templates.reach,
            self.trie, self.lexicons, folds,
        )  # fmt: skip


def gold_tags(sequences: Sequences, table: Table, scheme: TagScheme) -> np.ndarray:
    """uint8 [N]: the tags of the corpus in the places of its table."""
    gold = np.zeros(table.columns.shape[1], dtype=np.uint8)
    lengths = np.diff(sequences.offsets)
    shift = np.repeat(table.bounds[:, 0] - sequences.offsets[:-1], lengths)
    gold[np.arange(len(sequences.codes)) + shift] = scheme.encode(sequences.begins)
    return gold
