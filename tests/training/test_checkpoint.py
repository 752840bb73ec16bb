"""Resuming interrupted trainings: the same model bytes, or a clear error."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import fails, run
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from crfseg import train, train_tagger
from crfseg.common.errors import CrfsegError, SettingsError
from crfseg.common.progress import Iteration, Progress
from crfseg.crf.objective import DenseObjective
from crfseg.model.container import read, write
from crfseg.training.checkpoint import Checkpoint
from crfseg.training.lbfgs import State

TAGGED = "我 r\n爱 v\n北京 n\n\n他 r\n去 v\n上海 n\n了 u\n\n" * 3


class Killed(BaseException):
    """A process that is killed cannot tidy up."""


class KilledAfter(Progress):
    """Dies once a step's checkpoint is written."""

    def __init__(self, number: int, path: str) -> None:
        self.number, self.path = number, path

    def iteration(self, step: Iteration) -> None:
        if step.number == self.number + 1 and os.path.exists(self.path):
            raise Killed


@pytest.fixture(autouse=True)
def each_step_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crfseg.training.checkpoint._SHARE", np.inf)


def broken_off(
    number: int, corpora: Any, *, output: Path, teach: Any = train, **settings: Any
) -> None:
    progress = KilledAfter(number, f"{output}.checkpoint")
    with pytest.raises(Killed):
        teach(corpora, output=output, **settings, resume=True, progress=progress)


@pytest.mark.parametrize(
    "settings",
    [{}, {"l1": 0.1}, {"kind": "maxent", "tags": 6}, {"tol": 0.02, "max_iter": 100}],
    ids=str,
)
def test_resumed_at_any_step_it_ends_with_the_same_bytes(
    tiny: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    whole = train(tiny, output=tmp_path / "whole", **{"max_iter": 9, **settings})
    model = tmp_path / "model"
    for number in range(1, len(whole.history)):
        broken_off(number, tiny, output=model, threads=2, **{"max_iter": 9, **settings})
        assert {*os.listdir(tmp_path)} - {"model"} == {"whole", "model.checkpoint"}
        resumed = train(tiny, output=model, resume=True, **{"max_iter": 9, **settings})
        assert model.read_bytes() == (tmp_path / "whole").read_bytes()
        assert resumed.stop_reason == whole.stop_reason
        assert [s.number for s in resumed.history] == [s.number for s in whole.history]
        assert [s.objective for s in resumed.history] == [s.objective for s in whole.history]
        seconds = [s.seconds for s in resumed.history]
        assert seconds == sorted(seconds)
        assert {*os.listdir(tmp_path)} == {"whole", "model"}


def test_it_may_be_broken_off_again_and_again(tiny: Path, tmp_path: Path) -> None:
    train(tiny, output=tmp_path / "whole", max_iter=6)
    for number in range(1, 6):
        broken_off(number, tiny, output=tmp_path / "model", max_iter=6)
    train(tiny, output=tmp_path / "model", max_iter=6, resume=True)
    assert (tmp_path / "model").read_bytes() == (tmp_path / "whole").read_bytes()


def test_more_steps_may_be_asked_for(tiny: Path, tmp_path: Path) -> None:
    train(tiny, output=tmp_path / "whole", max_iter=9)
    broken_off(3, tiny, output=tmp_path / "model", max_iter=6)
    result = train(tiny, output=tmp_path / "model", max_iter=9, resume=True)
    assert len(result.history) == 9
    # The description says how many steps were to be made: the same.
    assert (tmp_path / "model").read_bytes() == (tmp_path / "whole").read_bytes()


def test_trainings_of_every_kind(tiny: Path, sample: Path, tmp_path: Path) -> None:
    """From a model, of standards, of partly known text, of a tagger."""
    partial = tmp_path / "partial.txt"
    partial.write_text("我|们 爱|北-京\n他 们|去-上 海\n" * 3, encoding="utf-8")
    tokens = tmp_path / "tokens.txt"
    tokens.write_text(TAGGED, encoding="utf-8")
    train(tiny, output=tmp_path / "first", max_iter=2)
    cases: list[tuple[Any, Any, dict[str, Any]]] = [
        (train, tiny, {"init": tmp_path / "first"}),
        (train, {"a": sample, "b": tiny}, {"dev": tiny}),
        (train, partial, {"format": "partial"}),
        (train_tagger, tokens, {"l1": 0.01}),
    ]
    for teach, corpora, settings in cases:
        settings = {"max_iter": 5, "tol": 0.0, **settings}
        teach(corpora, output=tmp_path / "whole", **settings)
        broken_off(2, corpora, teach=teach, output=tmp_path / "model", **settings)
        assert (tmp_path / "model.checkpoint").exists()
        teach(corpora, output=tmp_path / "model", resume=True, **settings)
        assert (tmp_path / "model").read_bytes() == (tmp_path / "whole").read_bytes()
        assert not (tmp_path / "model.checkpoint").exists()


def test_ctrl_c_keeps_the_checkpoint(tiny: Path, tmp_path: Path) -> None:
    class Stopped(Progress):
        def iteration(self, step: Iteration) -> None:
            if step.number == 3:
                raise KeyboardInterrupt

    model = tmp_path / "model"
    assert train(tiny, output=model, max_iter=6, resume=True, progress=Stopped()).interrupted
    assert (tmp_path / "model.checkpoint").exists()
    train(tiny, output=model, max_iter=6, resume=True)
    train(tiny, output=tmp_path / "whole", max_iter=6)
    assert model.read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("change", ["text", "l2", "l1", "margin", "tags", "lexicons"])
def test_checkpoints_of_other_trainings(change: str, tiny: Path, tmp_path: Path) -> None:
    broken_off(2, tiny, output=tmp_path / "model", max_iter=5)
    other = tmp_path / "other.txt"
    other.write_text(tiny.read_text(encoding="utf-8") + "我们 很 高兴\n", encoding="utf-8")
    changed: dict[str, Any] = {
        "l2": {"l2": 2}, "l1": {"l1": 1}, "margin": {"margin": 0}, "tags": {"tags": 6},
        "lexicons": {"own_lexicon": False}, "text": {},
    }[change]  # fmt: skip
    with pytest.raises(CrfsegError, match=r"model\.checkpoint: of a training with another text or"):
        train(
            other if change == "text" else tiny, output=tmp_path / "model", resume=True,
            **{"max_iter": 5, **changed},
        )  # fmt: skip
    assert {*os.listdir(tmp_path)} - {"other.txt"} == {"model.checkpoint"}


def test_damaged_checkpoints(tiny: Path, tmp_path: Path) -> None:
    broken_off(4, tiny, output=tmp_path / "model", max_iter=6)
    path = tmp_path / "model.checkpoint"
    sound = path.read_bytes()
    draw = random.Random(0)
    damaged = [b"", b"nonsense", sound[:-1], sound[: len(sound) // 2], sound + b"0"]
    for _ in range(50):
        bad = bytearray(sound)
        bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        damaged.append(bytes(bad))
    for bad in damaged:
        path.write_bytes(bad)
        with pytest.raises(CrfsegError, match=r"model\.checkpoint: not a checkpoint, or a damaged"):
            train(tiny, output=tmp_path / "model", max_iter=6, resume=True)
    path.write_bytes(sound)
    train(tiny, output=tmp_path / "model", max_iter=6, resume=True)


@pytest.mark.parametrize("name", ["x", "gradient", "s.0", "y.1"])
@pytest.mark.parametrize("forged", ["shorter", "float64", "missing"])
def test_forged_checkpoints(
    name: str, forged: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(4, tiny, output=tmp_path / "model", max_iter=6)
    path = tmp_path / "model.checkpoint"
    monkeypatch.setattr("crfseg.model.container.checksum", lambda head, arrays: 0)
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        head = file.metadata()
    arrays = load_file(path)
    arrays["checksum"][:] = 0
    if forged == "missing":
        del arrays[name]
    else:
        arrays[name] = arrays[name][:-1] if forged == "shorter" else arrays[name].astype("f8")
    save_file(arrays, path, head)
    with pytest.raises(CrfsegError, match=r"model\.checkpoint: not a checkpoint"):
        train(tiny, output=tmp_path / "model", max_iter=6, resume=True)


def small(path: Path) -> Checkpoint:
    """A checkpoint of five weights, written."""
    vectors = [np.arange(5, dtype=np.float32) + k for k in range(6)]
    pairs = [(vectors[2], vectors[3], 0.5), (vectors[4], vectors[5], 1 / 3)]
    checkpoint = Checkpoint(path.with_suffix(""))
    assert checkpoint.begin({"value": 1.0}, 5) is None
    steps = [Iteration(1, 2.0, 0.25, 1.0), Iteration(2, 1.5, 0.1, 2.0, 0.9)]
    state = State(vectors[0], 1.5, vectors[1], 2, pairs, [0.25, 0.1])
    assert checkpoint.keep(state, steps) == ""
    assert repr(checkpoint.begin({"value": 1.0}, 5)) == repr((state, steps))
    return checkpoint


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda some: st.lists(some, max_size=4) | st.dictionaries(st.text(max_size=3), some),
    max_leaves=5,
)


@given(data=st.data())
@pytest.mark.parametrize("part", ["head", "step", "curvature", "vector"])
def test_forged_with_a_checksum_that_is_right(
    part: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One line, or a state whose vectors fit and whose numbers are finite."""
    path = tmp_path_factory.mktemp("forged") / "m.checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crfseg.training.checkpoint._SHARE", np.inf)
        checkpoint = small(path)
    head, arrays = read(path)
    if part == "head":
        head[data.draw(st.sampled_from(sorted(head)))] = data.draw(ODD)
    elif part == "step":
        head["history"][data.draw(st.integers(0, 1))][data.draw(st.integers(0, 4))] = data.draw(ODD)
    elif part == "curvature":
        head["curvatures"][0] = data.draw(ODD)
    else:
        name = data.draw(st.sampled_from(sorted(arrays)))
        arrays[name][2] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf, 3.0]))
    write(path, head, arrays)
    try:
        found = checkpoint.begin({"value": 1.0}, 5)
    except CrfsegError as error:
        assert "\n" not in str(error)
        return
    assert found is not None
    state, steps = found
    assert all(len(v) == 5 and np.isfinite(v).all() for pair in state.pairs for v in pair[:2])
    assert np.isfinite([state.value, *state.changes, *(step.seconds for step in steps)]).all()
    assert all(curvature > 0 for _, _, curvature in state.pairs)
    assert state.number == len(steps)


def test_a_full_disk_ends_no_training(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny, output=tmp_path / "whole", max_iter=4)
    notes = []

    class Noting(Progress):
        def note(self, text: str) -> None:
            notes.append(text)

    def full(*_: object) -> None:
        raise CrfsegError("model.checkpoint: cannot be written: no space left on device")

    monkeypatch.setattr("crfseg.training.checkpoint._SHARE", 1e9)
    monkeypatch.setattr("crfseg.training.checkpoint.atomic_write", full)
    train(tiny, output=tmp_path / "model", max_iter=4, resume=True, progress=Noting())
    assert notes == [
        "no more checkpoints: model.checkpoint: cannot be written: no space left on device"
    ]
    assert (tmp_path / "model").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("resume", [False, True])
def test_a_checkpoint_costs_no_evaluation(
    resume: bool, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one tells trainings apart, and is where the search begins."""
    calls = []
    evaluate = DenseObjective.__call__

    def counted(self: DenseObjective, *arguments: Any) -> float:
        calls.append(1)
        return evaluate(self, *arguments)

    monkeypatch.setattr(DenseObjective, "__call__", counted)
    train(tiny, output=tmp_path / "model", max_iter=1, resume=resume)
    assert len(calls) == 2


def test_a_model_is_no_checkpoint(tiny: Path, tmp_path: Path) -> None:
    train(tiny, output=tmp_path / "model.checkpoint", max_iter=2)
    with pytest.raises(CrfsegError, match=r"model\.checkpoint: not a checkpoint"):
        train(tiny, output=tmp_path / "model", resume=True)


def test_writing_takes_a_small_part_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crfseg.training.checkpoint._SHARE", 0.02)
    clock = [100.0]
    monkeypatch.setattr("crfseg.training.checkpoint.time.perf_counter", lambda: clock[0])
    checkpoint = Checkpoint(tmp_path / "model")
    size = 1_000_000
    state = State(np.zeros(size, np.float32), 1.0, np.zeros(size, np.float32), 1, [], [0.1])
    step = Iteration(1, 1.0, 0.1, 0.5)
    checkpoint.keep(state, [step])
    assert not os.path.exists(checkpoint.path)
    clock[0] += 4e6 * 12 / 5e8 * 51  # more than fifty times what writing is taken to cost
    checkpoint.keep(state, [step])
    assert os.path.exists(checkpoint.path)


def test_there_must_be_an_output(tiny: Path) -> None:
    with pytest.raises(SettingsError, match="resume"):
        train(tiny, resume=True)


def test_the_command(tiny: Path, tmp_path: Path) -> None:
    broken_off(2, tiny, output=tmp_path / "model", max_iter=5)
    resumed = run("train", tiny, "-o", tmp_path / "model", "--max-iter", "5", "--resume")
    assert resumed.exit_code == 0
    run("train", tiny, "-o", tmp_path / "whole", "--max-iter", "5")
    assert (tmp_path / "model").read_bytes() == (tmp_path / "whole").read_bytes()
    (tmp_path / "model.checkpoint").write_text("?")
    result = run("train", tiny, "-o", tmp_path / "model", "--resume", "-q")
    fails(result, "model.checkpoint: not a checkpoint", "delete it")
