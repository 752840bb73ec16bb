"""Settings and models the tests share."""

from __future__ import annotations

import signal
from importlib.resources import as_file, files
from pathlib import Path

import hypothesis
import pytest
from command import CORPUS, run

# Seeded, so that a run can be repeated; without limits on time, for kernels compile.
hypothesis.settings.register_profile(
    "crfseg",
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("crfseg")

TINY = """\
我 爱 北京 。
中国 人民 大学 的 学生 在 北京 。
为 人民 服务 ， 为 中国 服务 。
北京大学 的 大学生 爱 服务 人民 。
2024年 我们 在 中国 。
"""

# Run in the background of a shell, tests would ignore interrupts, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sample() -> Path:
    """The training corpus that comes with crfseg."""
    with as_file(files("crfseg.data") / "sample.train.txt") as path:
        return path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of five sentences."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.txt"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_model(tiny: Path) -> Path:
    """A model of the five sentences, saved."""
    from crfseg import train

    path = tiny.with_suffix(".crfseg")
    train(tiny, output=path, max_iter=5)
    return path


@pytest.fixture(scope="session")
def sample_model(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the sample corpus, saved."""
    from crfseg import train

    path = tmp_path_factory.mktemp("model") / "sample.crfseg"
    train(sample, output=path, max_iter=10)
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus for the commands."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text(CORPUS)
    return path


@pytest.fixture(scope="session")
def model(corpus: Path) -> Path:
    """A model of it, trained by the command."""
    path = corpus.with_suffix(".crfseg")
    result = run("train", corpus, "-o", path, "-q")
    assert (result.exit_code, result.output) == (0, "")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
