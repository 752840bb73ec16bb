"""Encoding a corpus for training: positions, lexicons, gold tags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crfseg.common.errors import DataError, SettingsError
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import FOLDS, folds_of
from crfseg.corpus.schemes import FOUR
from crfseg.features.character_encoder import Encoder, Sequences, collect_lexicons, gold_tags
from crfseg.features.templates import default_lines, parse
from crfseg.text import characters as characters_module


def sequences_of(*sentences: str) -> list[str]:
    """The positions of sentences of words separated by spaces, one string each."""
    found = Sequences.of(Corpus.from_sentences([sentence.split() for sentence in sentences]))
    characters = "".join(map(chr, found.codes))
    return [characters[a:b] for a, b in zip(found.offsets, found.offsets[1:], strict=False)]


def test_glued_characters_are_no_positions() -> None:
    assert sequences_of("我 e\u0301 👍\U0001f3fd", "好") == ["我e👍", "好"]


def test_a_sentence_begins_with_a_position_whatever_it_is() -> None:
    assert sequences_of("我 \u200d", "学", "\u0301 a") == ["我", "学", "\u0301a"]


def test_sentences_do_not_disturb_each_other() -> None:
    """A half flag at the end of a sentence is not completed by the next one."""
    assert sequences_of("🇨", "🇨🇳 人") == ["🇨", "🇨人"]


def test_gold_tags_stand_in_the_places_of_the_table() -> None:
    corpus = Corpus.from_sentences([["我", "爱", "北京"], ["中国人"]])
    sequences = Sequences.of(corpus)
    lexicons = collect_lexicons(corpus, folds_of(2), own=True, paths=[])
    encoder = Encoder.make(sequences, lexicons, parse(default_lines(1)))
    table = encoder.table(sequences)
    gold = gold_tags(sequences, table, FOUR)
    tags = ["".join(FOUR.tags[t] for t in gold[a:b]) for a, b in table.bounds.tolist()]
    assert tags == ["ssbe", "bme"]


def test_a_training_sentence_does_not_see_its_own_words() -> None:
    corpus = Corpus.from_sentences([["北京", "大"]] + [["人"]] * 9)
    sequences = Sequences.of(corpus)
    folds = folds_of(10)
    lexicons = collect_lexicons(corpus, folds, own=True, paths=[])
    assert lexicons.words == ["北京"]
    assert lexicons.flags.tolist() == [[1]]
    encoder = Encoder.make(sequences, lexicons, parse(default_lines(1)))
    assert not encoder.training_table(sequences, lexicons, folds, 0.0).columns[2:].any()
    assert encoder.table(sequences).columns[2:].max() == 1


def test_dropout_hides_a_part_of_all_words_from_each_fold(tmp_path) -> None:
    words = [a + b for a in "甲乙丙丁戊己庚辛壬癸" for b in "子丑寅卯辰巳午未申酉"]
    (tmp_path / "words").write_text("\n".join(words), encoding="utf-8")
    corpus = Corpus.from_sentences([words] * 20)
    sequences, folds = Sequences.of(corpus), folds_of(20)
    lexicons = collect_lexicons(corpus, folds, own=True, paths=[tmp_path / "words"])
    encoder = Encoder.make(sequences, lexicons, parse(default_lines(2)))

    def begins(dropout: float) -> np.ndarray:
        """bool [sentences, lexicons, words]: whether the lexicon has the word there."""
        table = encoder.training_table(sequences, lexicons, folds, dropout)
        return np.array([table.columns[2:6:2, a:b:2] > 0 for a, b in table.bounds.tolist()])

    assert begins(0.0).all()
    found = begins(0.3)
    assert (found[:, 0] == found[:, 1]).all()  # hidden from all lexicons at once
    assert np.allclose(1 - found.mean(axis=(1, 2)), 0.3, atol=0.03)  # of each sentence
    assert np.allclose(1 - found.mean(axis=(0, 1)), 0.3, atol=0.1)  # of each word
    assert (found[0] == found[1]).all() and (found[0] != found[2]).any()  # by fold


def test_lexicons_keep_their_words_apart(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("北京\n上海 5 ns\n京\n", encoding="utf-8")
    (tmp_path / "two.txt").write_text("上海\n", encoding="utf-8")
    corpus = Corpus.from_sentences([["北京"], ["南京"]])
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    found = collect_lexicons(corpus, folds_of(2), own=True, paths=paths)
    assert found.names == ["words of the training corpus", "one.txt", "two.txt"]
    members = dict(zip(found.words, found.members.tolist(), strict=True))
    assert members == {"北京": 0b000101, "南京": 0b000001, "上海": 0b010100}
    found = collect_lexicons(corpus, folds_of(2), own=False, paths=paths)
    assert dict(zip(found.words, found.members.tolist(), strict=True)) == {"北京": 1, "上海": 5}
    flags = dict(zip(found.words, found.flags[0].tolist(), strict=True))
    assert flags == {"北京": 1 << FOLDS, "上海": 3 << FOLDS}


def test_too_many_lexicons(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("北京\n", encoding="utf-8")
    corpus = Corpus.from_sentences([["北京"]])
    with pytest.raises(SettingsError, match="at most 8 files"):
        collect_lexicons(corpus, folds_of(1), own=True, paths=[tmp_path / "words.txt"] * 9)
    with pytest.raises(DataError, match="missing"):
        collect_lexicons(corpus, folds_of(1), own=True, paths=[tmp_path / "missing"])


def test_lexicon_words_join_the_alphabet(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("龘靐\n", encoding="utf-8")
    corpus = Corpus.from_sentences([["北京"]])
    lexicons = collect_lexicons(corpus, folds_of(1), own=True, paths=[tmp_path / "words.txt"])
    encoder = Encoder.make(Sequences.of(corpus), lexicons, parse(default_lines(2)))
    assert (encoder.alphabet.table[characters_module.code_points("龘靐北京")] > 1).all()
    assert np.count_nonzero(encoder.alphabet.table[characters_module.code_points("齉")]) == 0
