"""The bare CRF agrees with enumeration, finite differences and pytorch-crf."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crfseg.common.errors import SettingsError
from crfseg.crf.linear_chain import LinearChain

PARTS = ("emissions", "transitions", "starts", "ends")


class Batch:
    """Random sequences, padded with what must not be looked at."""

    def __init__(self, lengths: list[int], T: int, seed: int, dtype: type = np.float64) -> None:
        random = np.random.default_rng(seed)
        self.lengths, shape = np.array(lengths), (len(lengths), max(lengths))
        self.mask = np.arange(shape[1]) < self.lengths[:, None]
        self.emissions = (2 * random.normal(size=(*shape, T))).astype(dtype)
        self.emissions[~self.mask] = np.nan
        self.labels = np.where(self.mask, random.integers(T, size=shape), -1)
        self.chain = LinearChain(
            *(random.normal(size=shape).astype(dtype) for shape in ((T, T), T, T))
        )

    def sequences(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Emissions and labels without padding."""
        for k, n in enumerate(self.lengths):
            yield self.emissions[k, :n].astype(float), self.labels[k, :n]

    def paths(self, emissions: np.ndarray) -> dict[naive.Path, float]:
        """The probability of every labelling."""
        chain, (n, T) = self.chain, emissions.shape
        first = np.arange(n) == 0
        moves = [getattr(chain, name).astype(float) for name in PARTS[1:]]
        odds = {
            path: math.exp(naive.lattice_score(path, emissions, *moves, first))
            for path in product(range(T), repeat=n)
        }
        return {path: one / sum(odds.values()) for path, one in odds.items()}


batches = st.builds(
    Batch,
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    T=st.integers(1, 4),
    seed=st.integers(0, 2**32),
    dtype=st.sampled_from([np.float64, np.float32]),
)


@given(batches)
def test_all_is_that_of_all_paths(batch: Batch) -> None:
    chain, given = batch.chain, (batch.emissions, batch.lengths)
    decoded, marginals = chain.decode(*given), chain.marginals(*given)
    logs = chain.log_likelihood(batch.emissions, batch.labels, batch.lengths)
    assert marginals.dtype == logs.dtype == batch.emissions.dtype
    for k, (emissions, labels) in enumerate(batch.sequences()):
        paths = batch.paths(emissions)
        assert paths[tuple(decoded[k])] == pytest.approx(max(paths.values()))
        assert logs[k] == pytest.approx(math.log(paths[tuple(labels)]), rel=1e-5, abs=1e-5)
        expected = np.zeros_like(emissions)
        for path, p in paths.items():
            expected[np.arange(len(path)), path] += p
        np.testing.assert_allclose(marginals[k, : len(labels)], expected, atol=1e-6)
    assert not marginals[~batch.mask].any()


@given(batches)
def test_gradients_are_those_of_finite_differences(batch: Batch) -> None:
    chain = batch.chain
    found = chain.gradients(batch.emissions, batch.labels, batch.lengths)
    names = {name: getattr(chain, name).astype(float) for name in PARTS[1:]}
    names["emissions"] = batch.emissions.astype(float)

    def loss(**changed: np.ndarray) -> float:
        parts = names | changed
        moved = LinearChain(*(parts[name] for name in PARTS[1:]))
        return -moved.log_likelihood(parts["emissions"], batch.labels, batch.lengths).sum()

    assert found.loss == pytest.approx(loss(), rel=1e-5)
    for name in PARTS:
        gradient = getattr(found, name)
        assert gradient.shape == names[name].shape
        assert gradient.dtype == batch.emissions.dtype
        for at in np.ndindex(gradient.shape):
            if name == "emissions" and not batch.mask[at[:2]]:
                assert gradient[at] == 0
                continue
            step = np.zeros(gradient.shape)
            step[at] = 1e-4
            ahead, behind = loss(**{name: names[name] + step}), loss(**{name: names[name] - step})
            assert gradient[at] == pytest.approx((ahead - behind) / 2e-4, abs=2e-6)


@given(batches)
def test_lengths_masks_and_sequences_one_after_another_are_the_same(batch: Batch) -> None:
    chain, mask = batch.chain, batch.mask
    padded = chain.gradients(batch.emissions, batch.labels, batch.lengths)
    masked = chain.gradients(batch.emissions, batch.labels, mask=mask)
    packed = chain.gradients(batch.emissions[mask], batch.labels[mask], batch.lengths)
    assert padded.loss == masked.loss == packed.loss
    assert (padded.emissions == masked.emissions).all()
    assert (padded.emissions[mask] == packed.emissions).all()
    whole = chain.decode(batch.emissions, batch.lengths)
    each = [chain.decode(emissions[None])[0] for emissions, _ in batch.sequences()]
    assert [path.tolist() for path in whole] == [path.tolist() for path in each]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_agrees_with_pytorch_crf(dtype: type) -> None:
    """Values and gradients to 1e-5; labels exactly."""
    torch: Any = pytest.importorskip("torch")
    torchcrf: Any = pytest.importorskip("torchcrf")
    batch = Batch([7, 1, 12, 30, 12], 9, 0, dtype)
    chain = batch.chain
    emissions = torch.tensor(np.where(batch.mask[..., None], batch.emissions, 0)).requires_grad_()
    labels, mask = torch.tensor(np.maximum(batch.labels, 0)), torch.tensor(batch.mask)
    crf = torchcrf.CRF(9, batch_first=True).to(emissions.dtype)
    theirs = {"transitions": crf.transitions, "starts": crf.start_transitions}
    theirs["ends"] = crf.end_transitions
    with torch.no_grad():
        for name, parameter in theirs.items():
            parameter.copy_(torch.tensor(getattr(chain, name)))
    logs = crf(emissions, labels, mask=mask, reduction="none")
    (-logs.sum()).backward()
    ours = chain.log_likelihood(batch.emissions, batch.labels, batch.lengths)
    np.testing.assert_allclose(ours, logs.detach().numpy(), rtol=1e-5)
    found = chain.gradients(batch.emissions, batch.labels, batch.lengths)
    for name, parameter in {**theirs, "emissions": emissions}.items():
        np.testing.assert_allclose(getattr(found, name), parameter.grad.numpy(), atol=1e-5)
    decoded = crf.decode(emissions, mask=mask)
    assert [path.tolist() for path in chain.decode(batch.emissions, batch.lengths)] == decoded


def test_what_is_ruled_out() -> None:
    never = -np.inf
    chain = LinearChain(np.array([[0, never], [0, 0]]), np.array([0, never]))
    emissions = np.array([[[0.0, 9], [0, 9], [0, 9]]])
    assert chain.decode(emissions)[0].tolist() == [0, 0, 0]
    assert (chain.marginals(emissions)[..., 0] == 1).all()
    assert chain.log_likelihood(emissions, np.array([[0, 1, 1]])).tolist() == [never]


def test_no_sequences() -> None:
    chain, none = LinearChain(np.zeros((3, 3))), np.zeros((0, 0, 3))
    assert chain.decode(none) == []
    assert chain.marginals(none).shape == (0, 0, 3)
    assert chain.gradients(none, np.zeros((0, 0), dtype=int)).loss == 0


GOOD: dict[str, Any] = {"emissions": np.zeros((2, 3, 4)), "labels": np.zeros((2, 3), dtype=int)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"emissions": np.zeros(3)}, r"emissions: must be \[batch, length, T\], not \(3,\)"),
        ({"emissions": np.zeros((2, 3, 5))}, "emissions: of 5 labels; expected 4"),
        ({"emissions": np.full((2, 3, 4), np.nan)}, "emissions: must be numbers below infinity"),
        ({"emissions": np.zeros((6, 4))}, r"emissions \[n, T\] need lengths"),
        ({"emissions": np.zeros((6, 4)), "lengths": [3, 2]}, "lengths: sum to 5; expected 6"),
        ({"lengths": [3]}, "lengths: 1; expected 2, one for each sequence"),
        ({"lengths": [3, 4]}, "lengths: must be from 1 to 3"),
        ({"lengths": [3, 0]}, "lengths: must be from 1 to 3"),
        ({"lengths": [3.0, 1.0]}, "lengths: float64"),
        ({"lengths": [3, 3], "mask": np.ones((2, 3))}, "one of them must be left out"),
        ({"mask": np.ones((2, 2))}, r"mask: must be \(2, 3\), not \(2, 2\)"),
        ({"mask": np.array([[1, 0, 1], [1, 1, 1]])}, "mask: must be True from the first"),
        ({"labels": np.full((2, 3), 4)}, "tags must be numbers below 4"),
        ({"labels": np.zeros((2, 3))}, "labels: float64"),
        ({"labels": np.zeros((2, 2), dtype=int)}, r"labels: int64 \(2, 2\)"),
    ],
)
def test_wrong_arrays(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        LinearChain(np.zeros((4, 4))).gradients(**(GOOD | change))


def test_wrong_parameters() -> None:
    with pytest.raises(SettingsError, match=r"transitions: must be \[T, T\], not \(2, 3\)"):
        LinearChain(np.zeros((2, 3)))
    with pytest.raises(SettingsError, match="starts: must be an array of 2"):
        LinearChain(np.zeros((2, 2)), np.zeros(3)).decode(np.zeros((1, 1, 2)))
