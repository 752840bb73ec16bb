"""The estimator of crfseg.sklearn agrees with sklearn_crfsuite, and behaves as estimators do."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from crfseg import Segmenter, Tagger
from crfseg.common.errors import CrfsegError, ModelError, SettingsError
from crfseg.features.attributes import attributes_of
from crfseg.model.container import read, write
from crfseg.sklearn import CRF

Sentences = tuple[list[list[Any]], list[list[str]]]


def made_up(sentences: int, seed: int = 0) -> Sentences:
    """Items of all kinds, and labels that depend on them, on one another and on chance."""
    rng = random.Random(seed)
    X, y = [], []
    for _ in range(sentences):
        items: list[Any] = []
        labels: list[str] = []
        for i in range(rng.randint(1, 12)):
            word = f"w{int(rng.expovariate(0.1))}"
            known = hash_of(word) % 3
            turn = bool(labels) and labels[-1] == "A" and rng.random() < 0.7
            label = "B" if turn else "ABCD"[known if rng.random() < 0.8 else rng.randrange(4)]
            item = {
                "bias": 1.0,
                "word": word,
                "first": i == 0,
                "size": rng.gauss(known, 0.5) ** 2,
                "near": {"kind": str(known), "odd": rng.random()},
                "set": [f"x{rng.randrange(3)}", "y"],
            }
            items.append(item if rng.random() < 0.9 else ["bias", f"word:{word}"])
            labels.append(label)
        X.append(items)
        y.append(labels)
    return X, y


def hash_of(word: str) -> int:
    """The same in every process."""
    return sum(word.encode())


TRAIN, TEST = made_up(200), made_up(200, seed=1)


def flat(sequences: Any) -> list[str]:
    return [label for labels in sequences for label in labels]


@pytest.mark.parametrize(
    "arguments",
    [
        {"c2": 0.1},
        {"c1": 0.3, "c2": 0.02, "all_possible_transitions": True},
        {"c1": 0.0, "c2": 1.0, "min_freq": 2, "all_possible_states": True},
        {"min_freq": 3},
    ],
)
def test_agrees_with_sklearn_crfsuite(arguments: dict[str, Any]) -> None:
    theirs = pytest.importorskip("sklearn_crfsuite").CRF(algorithm="lbfgs", **arguments)
    theirs.fit(*TRAIN)
    ours = CRF(algorithm="lbfgs", **arguments).fit(*TRAIN)
    loss = theirs.training_log_.last_iteration["loss"]
    assert ours.objective_ == pytest.approx(loss, rel=5e-4)
    assert ours.classes_ == theirs.classes_
    pairs = zip(flat(ours.predict(TEST[0])), flat(theirs.predict(TEST[0])), strict=True)
    same = np.mean([one == other for one, other in pairs])
    assert same >= 0.99
    assert ours.score(*TEST) == pytest.approx(theirs.score(*TEST), abs=0.01)
    for weights in ("state_features_", "transition_features_"):
        found, expected = getattr(ours, weights), getattr(theirs, weights)
        if not arguments.get("c1"):  # then which are exactly 0 is a matter of the last step
            assert set(found) == set(expected)
        apart = [abs(found.get(key, 0) - expected.get(key, 0)) for key in {*found, *expected}]
        assert np.mean(apart) < 0.05
    ours_of, theirs_of = (m.predict_marginals_single(TEST[0][0]) for m in (ours, theirs))
    for one, other in zip(ours_of, theirs_of, strict=True):
        assert one == pytest.approx(other, abs=0.05)


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=3)
numbers = st.floats(-1e6, 1e6) | st.integers(-100, 100) | st.booleans()
names = st.lists(texts, max_size=3)
items = st.recursive(
    st.dictionaries(texts, numbers | texts | names | st.sets(texts), max_size=3),
    lambda inner: st.dictionaries(texts, inner | numbers, max_size=2),
    max_leaves=4,
)


@given(items | names)
def test_items_are_those_of_python_crfsuite(item: Any) -> None:
    theirs = pytest.importorskip("pycrfsuite").ItemSequence([item]).items()[0]
    assert dict(attributes_of(item)) == theirs


def test_sequences_of_python_crfsuite_are_taken() -> None:
    sequence = pytest.importorskip("pycrfsuite").ItemSequence
    X = [sequence(one) for one in TRAIN[0][:20]]
    crf = CRF().fit(X, TRAIN[1][:20])
    assert crf.predict(X) == CRF().fit(TRAIN[0][:20], TRAIN[1][:20]).predict(TRAIN[0][:20])


def test_an_estimator_as_others() -> None:
    crf = CRF(c1=0.1, c2=0.2, max_iterations=5)
    assert clone(crf).get_params() == crf.get_params()
    assert crf.set_params(c2=0.5).c2 == 0.5
    assert not hasattr(clone(crf.fit(*TRAIN)), "model_")
    assert crf.n_iter_ == 5
    with pytest.raises(NotFittedError):
        CRF().predict(TEST[0])


def test_grid_search_and_pipeline() -> None:
    pipeline = make_pipeline(FunctionTransformer(list), CRF(max_iterations=3))
    search = GridSearchCV(pipeline, {"crf__c1": [0, 0.1], "crf__c2": [0.1, 1]}, cv=2)
    search.fit(*TRAIN)
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()
    assert search.score(*TEST) == search.best_estimator_.score(*TEST) > 0.5


def test_the_same_for_any_number_of_threads() -> None:
    one, two, again = (CRF(max_iterations=20, n_jobs=n).fit(*TRAIN).model_ for n in (1, 2, 2))
    assert one.weights.tobytes() == two.weights.tobytes() == again.weights.tobytes()


def test_empty_sequences_and_unknown_attributes() -> None:
    X, y = TRAIN
    crf = CRF(max_iterations=20).fit([[], *X], [[], *y])
    assert crf.predict(X) == CRF(max_iterations=20).fit(X, y).predict(X)
    assert crf.predict([]) == [] and crf.predict([[], X[0], []])[::2] == [[], []]
    assert crf.predict_marginals_single([]) == []
    marginals = crf.predict_marginals_single([{"never": "seen"}, {}])
    assert [sum(one.values()) for one in marginals] == pytest.approx([1, 1])


def test_more_labels_than_a_byte_holds() -> None:
    X = [[{"word": str(i)} for i in range(300)]]
    y = [[f"L{i}" for i in range(300)]]
    assert CRF(c2=0.01, max_iterations=20).fit(X, y).predict(X) == y


def with_values(large: float) -> Sentences:
    X = [[{"sign": large if (i + k) % 3 else -large, "b": k} for k in range(5)] for i in range(20)]
    return X, [["yes" if item["sign"] > 0 else "no" for item in items] for items in X]


def test_large_values_are_learnt() -> None:
    X, y = with_values(1e6)
    assert CRF(max_iterations=20).fit(X, y).predict(X) == y


def test_values_whose_squares_overflow_leave_finite_weights() -> None:
    assert np.isfinite(CRF(max_iterations=20).fit(*with_values(1e30)).model_.weights).all()


def test_progress_with_held_out_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    CRF(max_iterations=2, verbose=True).fit(*TRAIN, *TEST)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and "loss=" in lines[0] and "dev=0." in lines[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"algorithm": "l2sgd"}, "algorithm='l2sgd': must be 'lbfgs'"),
        ({"pa_type": 1}, "pa_type=1: is not supported"),
        ({"model_filename": "m"}, "see save and load"),
        ({"c1": -1}, "c1=-1: must be 0 or more"),
        ({"c2": float("nan")}, "c2=nan: must be 0 or more"),
    ],
)
def test_refused_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CRF(**arguments).fit(*TRAIN)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[{"a": None}]], [["A"]], "sequence 0: attribute 'a' is None"),
        ([[{"a": 1}], [{"a": float("inf")}]], [["A"], ["A"]], "sequence 1: .* finite"),
        ([[{"a": ("b",)}]], [["A"]], "of type tuple"),
        ([[{1: 2}]], [["A"]], "attribute 1: must be a string"),
        ([[{1: "a"}]], [["A"]], "attribute 1: must be a string"),
        ([[{("a", "b"): 1.0}]], [["A"]], "must be a string"),
        ([[{"a": 10**400}]], [["A"]], "attribute 'a' is of type int"),
        ([[{"a\0": 1}]], [["A"]], "without NUL"),
        ([[7]], [["A"]], "an item is of type int"),
        ([[{"a": 1}]], [["A", "B"]], "sequence 0: 2 labels; expected a list of 1"),
        ([[{"a": 1}]], [[3]], "label 3; expected a string"),
        ([[{"a": 1}]], [], "y: 0 sequences; expected 1"),
        ([[]], [[]], "there is no item"),
    ],
)
def test_bad_data_is_named(X: Any, y: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CRF().fit(X, y)


def test_bad_data_is_named_by_its_place_when_predicting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by that within some that are labelled at a time, nor by that among those with items."""
    monkeypatch.setattr("crfseg.tagging.attribute_tagger._BATCH", 1)
    crf = CRF(max_iterations=2).fit(*TRAIN)
    sequences = [[], [{"a": 1}], [], [{"a": 1}, {"a": 2}], [{"a": None}]]
    for label in (crf.predict, crf.predict_marginals):
        with pytest.raises(SettingsError, match="sequence 4: attribute 'a' is None"):
            label(sequences)
    assert list(map(len, crf.predict([*sequences[:4], []]))) == [0, 1, 0, 2, 0]


def test_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "m.crfseg"
    crf = CRF(c1=0.1, max_iterations=20).fit(*TRAIN)
    crf.save(path)
    loaded = CRF.load(path)
    assert loaded.get_params() == crf.get_params()
    assert loaded.predict_marginals(TEST[0]) == crf.predict_marginals(TEST[0])
    for reader in (Segmenter, Tagger):
        with pytest.raises(ModelError, match="CRF"):
            reader(path)
    loaded.save(tmp_path / "again.crfseg")
    assert (tmp_path / "again.crfseg").read_bytes() == path.read_bytes()


def test_forged_models_are_refused(tmp_path: Path) -> None:
    path, forged = tmp_path / "m.crfseg", tmp_path / "forged.crfseg"
    CRF(max_iterations=3).fit(*made_up(3)).save(path)
    metadata, arrays = read(path)
    states, weights = arrays["states"].copy(), arrays["weights"].copy()
    states[0] = 200
    weights[0] = np.float32(np.nan).view(np.int32)
    changes: list[dict[str, Any]] = [
        {"states": states},
        {"weights": weights},
        {"weights": weights[1:]},
        {"counts": arrays["counts"][1:]},
        {"attributes": arrays["attributes"][:-1]},
    ]
    for change in changes:
        write(forged, metadata, {**arrays, **change})
        with pytest.raises(ModelError, match="damaged model"):
            CRF.load(forged)
    for labels in ([], ["A", "A"], "A", None):
        write(forged, {**metadata, "labels": labels}, arrays)
        with pytest.raises(CrfsegError):
            CRF.load(forged)
