"""Label scores agree with seqeval, and with a plain definition of entities."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import naive
import pytest
from command import fails, run
from hypothesis import given
from hypothesis import strategies as st
from seqeval import metrics

from crfseg.common.errors import CrfsegError
from crfseg.evaluation.evaluate import evaluate_labels
from crfseg.metrics.labels import score_labels

GOLD = [["B-nr", "I-nr", "O", "B-ns", "I-ns", "I-ns"], ["O", "B-nt", "I-nt"]]
PRED = [["B-nr", "I-nr", "O", "B-ns", "I-ns", "O"], ["B-nt", "I-nt", "I-nt"]]


def conll(sentences: list[list[str]]) -> str:
    return "".join(
        "".join(f"字{i} {label}\n" for i, label in enumerate(labels)) + "\n" for labels in sentences
    )


def test_counts_by_hand() -> None:
    scores = score_labels(GOLD, PRED)
    assert (scores.tokens, scores.correct_tokens, scores.sentences) == (9, 6, 2)
    assert scores.accuracy == 6 / 9
    assert scores.entities is not None
    assert (scores.entities.correct, scores.entities.predicted, scores.entities.gold) == (1, 3, 3)
    assert scores.entities.f1 == 1 / 3
    assert {name: one.correct for name, one in scores.by_type.items()} == {
        "nr": 1, "ns": 0, "nt": 0,
    }  # fmt: skip
    assert ("I-ns", "O", 1) in scores.confusions


def test_other_labels_have_no_entities() -> None:
    scores = score_labels([["n", "v"]], [["n", "n"]])
    assert scores.entities is None
    assert scores.accuracy == 0.5
    assert score_labels([["O", "O"]], [["O", "O"]]).entities is None
    assert score_labels([], []).tokens == 0


LABELS = st.sampled_from(["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in "xy")])


@st.composite
def two_labellings(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=4))
    one, other = ([draw(st.lists(LABELS, min_size=n, max_size=n)) for n in lengths] for _ in "ab")
    return one, other


@given(two_labellings())
def test_entities_are_those_of_a_plain_reading_and_of_seqeval(
    pair: tuple[list[list[str]], list[list[str]]],
) -> None:
    """Of any labels, those that break the rules too."""
    gold, predicted = pair
    scores = score_labels(gold, predicted)
    sets = [
        {(s, *entity) for s, labels in enumerate(sentences) for entity in naive.entities(labels)}
        for sentences in (gold, predicted)
    ]
    counts = (len(sets[0] & sets[1]), len(sets[1]), len(sets[0]))
    if scores.entities is None:
        assert counts == (0, 0, 0)
        return
    found = scores.entities
    assert (found.correct, found.predicted, found.gold) == counts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("precision", "recall", "f1"):
            theirs = getattr(metrics, f"{name}_score")(gold, predicted, zero_division=0)
            assert getattr(found, name) == pytest.approx(theirs)


def test_letters_of_bmes_and_bilou() -> None:
    for labels in ("B-x M-x E-x S-x", "B-x I-x L-x U-x", "B I E S"):
        labels = labels.split()
        scores = score_labels([labels], [labels])
        assert scores.entities is not None
        assert scores.entities.gold == 2


def test_files(tmp_path: Path) -> None:
    gold, pred = tmp_path / "gold", tmp_path / "pred"
    gold.write_text(conll(GOLD))
    pred.write_text(conll(PRED).replace(" ", "\tmore\t"))
    assert evaluate_labels(gold, pred) == score_labels(GOLD, PRED)
    tagged = tmp_path / "tagged"
    tagged.write_text("我们/r 学习/v\n")
    assert evaluate_labels(tagged, tagged).accuracy == 1


@pytest.mark.parametrize(
    ("gold", "pred", "expected"),
    [
        ("a B\nb B I\n", "a B\n", r"gold:2: 3 columns \('b B I'\); expected 2, as in line 1"),
        ("a\n", "a B\n", "gold: one column only; expected a token and, last, its label"),
        ("a B\n", "b B\n", "pred: sentence 1 has 'b' as token 1; expected 'a' as in .*gold"),
        ("a B\n", "a B\nb B\n", "pred: sentence 1 has 2 tokens; expected 1 as in .*gold"),
        ("a B\n", "a B\n\nb B\n", "gold: ends after 1 sentences, .*pred does not"),
        ("\n", "\n", "gold: the file is empty; expected at least one sentence"),
    ],
)
def test_what_cannot_be_scored(tmp_path: Path, gold: str, pred: str, expected: str) -> None:
    (tmp_path / "gold").write_text(gold)
    (tmp_path / "pred").write_text(pred)
    with pytest.raises(CrfsegError) as error:
        evaluate_labels(tmp_path / "gold", tmp_path / "pred")
    assert re.search(expected, str(error.value))


def test_command(folder: Path) -> None:
    (folder / "gold.conll").write_text(conll(GOLD))
    (folder / "pred.conll").write_text(conll(PRED))
    result = run("eval", "--labels", "gold.conll", "--pred", "pred.conll")
    assert result.exit_code == 0
    assert re.search(r"^accuracy +66\.67 %$", result.stdout, re.M)
    assert re.search(r"^nr +100\.00 +100\.00 +100\.00 +1 +1 +1$", result.stdout, re.M)
    assert re.search(r"^ +1  I-ns -> O$", result.stdout, re.M)
    result = run("eval", "--labels", "gold.conll", "--pred", "pred.conll", "--json")
    assert json.loads(result.stdout) == score_labels(GOLD, PRED).as_dict()
    fails(run("eval", "--labels", "gold.conll"), "--pred FILE", code=2)
    fails(run("eval", "--labels", "gold.conll", "--pred", "nosuch"), "nosuch: cannot be read")
