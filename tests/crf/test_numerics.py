"""Extreme data and settings: finite values, steady descent, a documented reason to stop."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from crfseg import Segmenter, train
from crfseg.common.errors import DataError
from crfseg.training.session import TrainingResult

LONG = pytest.mark.long
REASONS = re.compile(
    r"converged \(relative change below [\d.e-]+\)|reached \d+ iterations|no further decrease"
)

CORPORA = {
    "one word": "人民\n",
    "one word many times": "人民\n" * 500,
    "separable": "人民 服务\n中国 大学\n" * 20,
    "duplicates": "我 爱 北京\n" * 1000 + "我爱 北 京\n" * 1000,
    "single characters": "一\n二\n三\n人民\n" * 50,
    "one long word": "北" * 1000 + " 京都\n",
    "nothing in common": "\n".join(chr(0x4E00 + k) + chr(0x4E01 + k) for k in range(0, 300, 3)),
}  # fmt: skip


def sound(result: TrainingResult, path: Path) -> None:
    """All numbers are finite, the objective falls, the model segments and comes back."""
    values = [step.objective for step in result.history]
    assert np.isfinite(values).all()
    assert (np.diff(values) <= 0).all()
    assert REASONS.fullmatch(result.stop_reason), result.stop_reason
    assert all(np.isfinite(step.change) for step in result.history)
    result.model.save(path)
    segmenter = Segmenter(path)
    text = "中国人民大学为人民服务，我爱北京一二三"
    assert "".join(segmenter.cut(text)) == text


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize(
    "settings",
    [{"tags": 6, "l2": 1e6}, *(pytest.param(s, marks=LONG) for s in ({}, {"l1": 1.0, "l2": 1e30}))],
)
def test_strange_corpora(corpus: str, settings: dict[str, float], tmp_path: Path) -> None:
    path = tmp_path / "corpus"
    path.write_text(CORPORA[corpus] + "\n", encoding="utf-8")
    sound(train(path, max_iter=60, tol=1e-9, **settings), tmp_path / "m")


@pytest.mark.parametrize(
    ("kind", "l2"),
    [("crf", 1e-9), ("crf", 1e6), ("maxent", float("inf")),
     *(pytest.param(kind, l2, marks=LONG) for kind in ("crf", "maxent")
       for l2 in (1e-6, 1e-5, 1e-3, 1e-1, 10.0, 1e3, 1e5, 1e30))],
)  # fmt: skip
def test_any_penalty(l2: float, kind: str, tiny: Path, tmp_path: Path) -> None:
    result = train(tiny, l2=l2, kind=kind, max_iter=60, tol=0.0)
    sound(result, tmp_path / "m")
    if l2 <= 1e-6:
        assert float(np.abs(result.model.transitions * result.model.scale).max()) < 0.01


@pytest.mark.parametrize("l1", [1.0, 1e30, *(pytest.param(x, marks=LONG) for x in (1e-6, 1e6))])
def test_any_sparsity(l1: float, tiny: Path, tmp_path: Path) -> None:
    result = train(tiny, l1=l1, max_iter=60, tol=0.0, prune=0.0)
    sound(result, tmp_path / "m")
    if l1 >= 1e6:
        assert sum(len(family.keys) for family in result.model.families) == 0


@pytest.mark.parametrize("margin", [10.0, pytest.param(0.0, marks=LONG)])
def test_margins(margin: float, tiny: Path, tmp_path: Path) -> None:
    sound(train(tiny, margin=margin, l2=1e6, max_iter=60, tol=0.0), tmp_path / "m")


def test_separable_data_without_a_penalty(tmp_path: Path) -> None:
    """The objective falls for ever, towards 0: it stops, and weights stay in bounds."""
    path = tmp_path / "corpus"
    path.write_text(CORPORA["separable"], encoding="utf-8")
    result = train(path, l2=float("inf"), margin=0.0, max_iter=600, tol=0.0)
    sound(result, tmp_path / "m")
    assert 0 <= result.history[-1].objective < 1
    assert Segmenter(tmp_path / "m").cut("人民服务中国大学") == ["人民", "服务", "中国", "大学"]


@pytest.mark.parametrize("characters", [50_000, pytest.param(1_000_000, marks=LONG)])
@pytest.mark.parametrize("tags", [4, 6])
def test_enormous_sentences(characters: int, tags: int, tmp_path: Path) -> None:
    path = tmp_path / "corpus"
    pair = "北京 我 爱 北京 天安门 "
    path.write_text(pair * (characters // 9) + "\n我\n", encoding="utf-8")
    result = train(path, tags=tags, max_iter=10)
    sound(result, tmp_path / "m")
    text = "北京我爱北京天安门" * (characters // 9)
    assert Segmenter(tmp_path / "m").segment(text) + " " == pair * (characters // 9)


@pytest.mark.parametrize("text", ["", "\n\n", "一\n", "一 二\n"])
def test_nothing_to_learn_from(text: str, tmp_path: Path) -> None:
    path = tmp_path / "corpus"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError):
        train(path)
