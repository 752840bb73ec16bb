"""The hidden Markov model: probabilities counted by hand on three sentences."""

from __future__ import annotations

import math

import naive
import pytest

from crfseg import Model, train
from crfseg.segmentation.segmenter import Segmenter

# s b m e of the characters: 我s爱s北b京e  北b京e很s大s  我s在s北b京m大m学e
CORPUS = "我 爱 北京\n北京 很 大\n我 在 北京大学\n"
#: 8 characters and the unknown one; every count has a tenth added.
TYPES = 9
TAGS = {"s": 6, "b": 3, "m": 2, "e": 3}
CHARACTERS = {
    "我s": 2, "爱s": 1, "很s": 1, "大s": 1, "在s": 1, "北b": 3, "京m": 1, "大m": 1, "京e": 2,
    "学e": 1,
}  # fmt: skip
MOVES = {"ss": 3, "sb": 2, "es": 1, "be": 2, "bm": 1, "mm": 1, "me": 1}
LEGAL = {"ss", "sb", "es", "eb", "be", "bm", "mm", "me"}
STARTS = {"s": 2, "b": 1}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("hmm") / "corpus.txt"
    path.write_text(CORPUS, encoding="utf-8")
    return train(path, kind="hmm").model


def close(model: Model, weight: int, numerator: float, denominator: float) -> bool:
    """Whether a weight is the logarithm of a fraction, as closely as it is saved."""
    return abs(weight * model.scale - math.log(numerator / denominator)) <= 0.51 * model.scale


def test_emissions(model: Model) -> None:
    weights = naive.weights_by_feature(model)
    numbers = {chr(code): k for k, code in enumerate(model.alphabet.characters, start=2)}
    for character, number in [*numbers.items(), ("unknown", 0)]:
        row = weights[((0, 0),), (number,)]
        for tag, count in TAGS.items():
            seen = CHARACTERS.get(character + tag, 0) + 0.1
            assert close(model, row["sbme".index(tag)], seen, count + 0.1 * TYPES)


def test_transitions(model: Model) -> None:
    for s in "sbme":
        total = sum(MOVES.get(move, 0) + 0.1 for move in LEGAL if move[0] == s)
        for t in "sbme":
            weight = model.transitions["sbme".index(s), "sbme".index(t)]
            if s + t in LEGAL:
                assert close(model, weight, MOVES.get(s + t, 0) + 0.1, total)
            else:
                assert weight == 0


def test_beginnings(model: Model) -> None:
    """They stand with the boundary before the first character."""
    row = naive.weights_by_feature(model)[((-1, 0),), (1,)]
    for tag, count in STARTS.items():
        assert close(model, row["sbme".index(tag)], count + 0.1, 3.2)


def test_the_best_path_is_the_most_probable(model: Model) -> None:
    segmenter = Segmenter(model)
    for text in ("我爱北京", "北京大学很大", "我在龘北京", "龘"):
        assert segmenter.cut(text) == naive.cut(model, text)
