"""A scikit-learn estimator that takes what `sklearn_crfsuite.CRF` takes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from crfseg.common.errors import SettingsError
from crfseg.common.progress import Iteration, Progress
from crfseg.common.threads import thread_count
from crfseg.features.attributes import Item, Items
from crfseg.metrics.labels import accuracy
from crfseg.model.attribute_model import AttributeModel
from crfseg.tagging.attribute_tagger import AttributeTagger
from crfseg.training.attribute_task import AttributeTask, FeatureChoice
from crfseg.training.session import Session
from crfseg.training.settings import Optimisation

try:
    from sklearn.base import BaseEstimator
    from sklearn.utils.validation import check_is_fitted
except ModuleNotFoundError as error:
    advice = "crfseg.sklearn needs scikit-learn: pip install 'crfseg-zh[sklearn]'"
    raise ModuleNotFoundError(advice, name=error.name) from None


#: What CRFsuite does where it is not told.
_C2, _PERIOD, _DELTA = 1.0, 10, 1e-5
_NO_END = 1_000_000
#: Of other algorithms than L-BFGS, and of the files that sklearn_crfsuite keeps.
_UNSUPPORTED = (
    "calibration_eta", "calibration_rate", "calibration_samples", "calibration_candidates",
    "calibration_max_trials", "pa_type", "c", "error_sensitive", "averaging", "variance", "gamma",
    "model_filename", "keep_tempfiles", "trainer_cls",
)  # fmt: skip


class CRF(BaseEstimator):
    """A linear-chain CRF over items with attributes; see docs/guide/sklearn.md.

    Constructor arguments mean what they mean to sklearn_crfsuite.CRF: c1 |w|_1 + c2 |w|^2 is the
    penalty (0 and 1 where they are None); max_iterations: None for as many as it takes, which
    ``delta`` and ``period`` tell: the mean relative change of an iteration is below delta / period;
    min_freq: the least sum of the values of a feature; all_possible_states and _transitions: also
    those never seen. num_memories, epsilon, linesearch and max_linesearch, which tell CRFsuite how
    to search, are accepted, and change nothing: the minimum is the same. What else is not None is
    refused by `fit`, with SettingsError. n_jobs: threads, -1 for one a processor; the
    model is the same for any.

    After `fit`: classes_, the labels in the order they were first seen; attributes_; n_iter_;
    history_, of `progress.Iteration`; objective_, the value that was minimised.
    """

    def __init__(
        self,
        algorithm: str | None = None,
        min_freq: float | None = None,
        all_possible_states: bool | None = None,
        all_possible_transitions: bool | None = None,
        c1: float | None = None,
        c2: float | None = None,
        max_iterations: int | None = None,
        num_memories: int | None = None,
        epsilon: float | None = None,
        period: int | None = None,
        delta: float | None = None,
        linesearch: str | None = None,
        max_linesearch: int | None = None,
        calibration_eta: None = None,
        calibration_rate: None = None,
        calibration_samples: None = None,
        calibration_candidates: None = None,
        calibration_max_trials: None = None,
        pa_type: None = None,
        c: None = None,
        error_sensitive: None = None,
        averaging: None = None,
        variance: None = None,
        gamma: None = None,
        verbose: bool = False,
        model_filename: None = None,
        keep_tempfiles: bool = False,
        trainer_cls: None = None,
        n_jobs: int | None = None,
    ) -> None:
        for name, value in list(locals().items()):
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def fit(
        self,
        X: Sequence[Items],
        y: Sequence[Sequence[str]],
        X_dev: Sequence[Items] | None = None,
        y_dev: Sequence[Sequence[str]] | None = None,
    ) -> CRF:
        """Train on sequences of items and their labels; dev: to report the accuracy on.

        Raises SettingsError for arguments that are not supported and for data of another form.
        """
        settings = self._settings()
        if (X_dev is None) != (y_dev is None):
            raise SettingsError("X_dev and y_dev: one of them is missing")
        data = _pairs(X, y)
        dev = None if X_dev is None or y_dev is None else _pairs(X_dev, y_dev)
        choice = FeatureChoice(
            float(self.min_freq or 0),
            bool(self.all_possible_states),
            bool(self.all_possible_transitions),
        )
        description = {"settings": self.get_params()}
        session = Session(threads=self._threads(), progress=_Lines() if self.verbose else None)
        found = session.train(lambda _: AttributeTask(data, settings, choice, description, dev))
        if found.interrupted:  # what runs many of these wants to end, too
            raise KeyboardInterrupt
        self.model_ = found.model
        self.tagger_ = AttributeTagger(self.model_)
        self.history_, self.n_iter_ = found.history, len(found.history)
        self.objective_ = found.history[-1].objective if found.history else None
        return self

    def predict(self, X: Sequence[Items]) -> list[list[str]]:
        """The best labels of each sequence."""
        return self._tagger().decode(X)

    def predict_single(self, xseq: Items) -> list[str]:
        """The best labels of one sequence."""
        return self.predict([xseq])[0]

    def predict_marginals(self, X: Sequence[Items]) -> list[list[dict[str, float]]]:
        """For each item of each sequence the probability of each label."""
        labels = self._model().labels
        return [
            [dict(zip(labels, row, strict=True)) for row in found.tolist()]
            for found in self._tagger().marginals(X)
        ]

    def predict_marginals_single(self, xseq: Items) -> list[dict[str, float]]:
        """The same of one sequence."""
        return self.predict_marginals([xseq])[0]

    def score(self, X: Sequence[Items], y: Sequence[Sequence[str]]) -> float:
        """The accuracy: how many of all labels are right."""
        X, y = _pairs(X, y)
        return accuracy(y, self.predict(X))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model and the arguments, in a file that is safe to load."""
        self._model().save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CRF:
        """What `save` wrote; raises ModelError for anything else."""
        model = AttributeModel.load(path)
        known = cls().get_params()
        settings = model.metadata.get("settings")
        given = settings if isinstance(settings, dict) else {}
        estimator = cls(**{name: value for name, value in given.items() if name in known})
        estimator.model_ = model
        estimator.tagger_ = AttributeTagger(model)
        return estimator

    @property
    def classes_(self) -> list[str]:
        """The labels."""
        return self._model().labels

    @property
    def attributes_(self) -> list[str]:
        """The attributes."""
        return self._model().attributes

    @property
    def state_features_(self) -> dict[tuple[str, str], float]:
        """The weights, other than 0, of attributes for labels."""
        model = self._model()
        T = len(model.labels)
        kept = np.flatnonzero(model.weights[T * T :])
        codes = model.codes[kept].tolist()
        weights = model.weights[T * T :][kept].tolist()
        return {
            (model.attributes[code // T], model.labels[code % T]): weight
            for code, weight in zip(codes, weights, strict=True)
        }

    @property
    def transition_features_(self) -> dict[tuple[str, str], float]:
        """The scores, other than 0, of a label after another: (the first, the second)."""
        labels = self._model().labels
        scores = self._model().weights[: len(labels) ** 2].reshape(len(labels), -1)
        return {
            (labels[one], labels[other]): float(scores[one, other])
            for one, other in np.argwhere(scores).tolist()
        }

    def _model(self) -> AttributeModel:
        return self._tagger().model

    def _tagger(self) -> AttributeTagger:
        check_is_fitted(self, "tagger_")
        tagger: AttributeTagger = self.tagger_
        return tagger

    def _settings(self) -> Optimisation:
        given = self.get_params()
        if self.algorithm not in (None, "lbfgs"):
            raise SettingsError(f"algorithm={self.algorithm!r}: must be 'lbfgs'")
        for name in _UNSUPPORTED:
            if given[name] is not None and given[name] is not False:
                advice = "; see save and load" if name == "model_filename" else ""
                raise SettingsError(f"{name}={given[name]!r}: is not supported{advice}")
        for name, least in [("c1", 0), ("c2", 0), ("min_freq", 0), ("delta", 0), ("period", 1)]:
            value = given[name]
            if value is not None and not least <= value < np.inf:
                raise SettingsError(f"{name}={value!r}: must be {least} or more")
        c2 = _C2 if self.c2 is None else self.c2
        delta = _DELTA if self.delta is None else self.delta
        return Optimisation(
            l2=1 / (2 * c2) if c2 else np.inf,
            l1=float(self.c1 or 0),
            margin=0.0,
            max_iter=int(self.max_iterations or _NO_END),
            tol=delta / (self.period or _PERIOD),
        )

    def _threads(self) -> int:
        return thread_count(None if self.n_jobs == -1 else self.n_jobs or 1)


class _Lines(Progress):
    """A line for each iteration, on standard output as sklearn_crfsuite does."""

    def iteration(self, step: Iteration) -> None:
        dev = "" if step.dev_f1 is None else f"  dev={step.dev_f1:.4f}"
        print(f"Iter {step.number:<4}time={step.seconds:.2f}  loss={step.objective:.2f}{dev}")


def _pairs(
    X: Sequence[Items], y: Sequence[Sequence[str]]
) -> tuple[list[Sequence[Item]], list[Sequence[str]]]:
    """Sequences and their labels, checked, without empty ones; one at least."""
    if len(X) != len(y):
        raise SettingsError(f"y: {len(y)} sequences; expected {len(X)}, as many as X has")
    for k, (items, labels) in enumerate(zip(X, y, strict=True)):
        if isinstance(labels, str) or len(items) != len(labels):
            expected = f"a list of {len(items)}, one for each item"
            raise SettingsError(f"sequence {k}: {len(labels)} labels; expected {expected}")
        if bad := next((label for label in labels if not isinstance(label, str)), None):
            raise SettingsError(f"sequence {k}: label {bad!r}; expected a string")
    full = [k for k, labels in enumerate(y) if len(labels)]
    if not full:
        raise SettingsError("X: there is no item; expected at least one")
    return [X[k] for k in full], [y[k] for k in full]
