"""Model compression: file sizes, remaining contents, invalid requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import fails, run
from hypothesis import given, settings
from hypothesis import strategies as st

from crfseg import Model, Segmenter, compress, evaluate, train
from crfseg.common.errors import ModelError, SettingsError
from crfseg.model.compression import coarse, size_of
from crfseg.model.standards import select


def ngrams_of(model: Model) -> set[tuple[int, int]]:
    return {(f, key) for f, family in enumerate(model.families) for key in family.keys.tolist()}


def words_of(model: Model) -> set[str]:
    return set(bytes(model.words).decode().split("\n")[:-1])


def test_weights_fit_bytes_and_change_by_half_a_unit_at_most(sample_model: Path) -> None:
    before = Model.load(sample_model)
    after = compress(sample_model)
    assert ngrams_of(after) == ngrams_of(before)
    assert words_of(after) == words_of(before)
    assert after.scale > before.scale
    pairs = [(before.transitions, after.transitions)]
    pairs += [(a.weights, b.weights) for a, b in zip(before.families, after.families, strict=True)]
    for old, new in pairs:
        assert np.abs(new).max(initial=0) <= 127
        error = np.abs(old * before.scale - new * after.scale)
        assert error.max(initial=0) <= after.scale / 2


def test_weights_too_large_for_bytes_stay_as_they_are(tiny: Path) -> None:
    model = train(tiny, kind="hmm").model  # its weights are logarithms of probabilities
    wide = replace(model, metadata={**model.metadata, "scale": 32 * model.scale})
    assert coarse(model).scale > model.scale
    assert coarse(wide) is wide


@given(size=st.integers(6_000, 60_000))
@settings(max_examples=20)
def test_any_size(size: int, sample_model: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("small") / "small.crfseg"
    whole = compress(sample_model)
    small = compress(sample_model, size)
    small.save(path)
    assert path.stat().st_size == size_of(small) <= size
    # As large as can be: what is left out is less than an n-gram and a word more.
    assert size_of(small) > min(size, size_of(whole)) - 64
    assert ngrams_of(small) <= ngrams_of(whole)
    assert words_of(small) <= words_of(whole)
    assert "".join(Segmenter(path).cut("为人民服务，你好。")) == "为人民服务，你好。"


def importance(model: Model) -> dict[tuple[int, int], float]:
    """How far tags differ at most in the weights of an n-gram, less in large families."""
    return {
        (f, key): max(int(row.max()) - int(row.min()) for row in rows) / len(family.keys) ** 0.25
        for f, family in enumerate(model.families)
        for key, rows in zip(family.keys.tolist(), family.weights, strict=True)
    }


def ranks(model: Model) -> dict[str, tuple[int, int]]:
    """Of each word the sum of its ranks in the lexicons, and what is against it: its bytes."""
    words = bytes(model.words).decode().split("\n")[:-1]
    sums = [sum(m >> k & 3 for k in range(0, 32, 2)) for m in model.members.tolist()]
    return {w: (rank, -len(w.encode())) for w, rank in zip(words, sums, strict=True)}


def test_what_matters_least_goes(sample: Path, tmp_path: Path) -> None:
    listed = [a + b for a in "甲乙丙丁戊己庚辛壬癸" for b in "子丑寅卯辰巳午未申酉戌亥"]
    (tmp_path / "words.txt").write_text("\n".join([*listed, "甲子丙寅丁卯"]), encoding="utf-8")
    model = train(sample, lexicons=[tmp_path / "words.txt"], max_iter=5).model
    whole = compress(model)
    for size in range(size_of(whole) - 500, 10_000, -9000):
        small = compress(model, size)
        for value, kept in (
            (importance(whole), ngrams_of(small)),
            (ranks(whole), words_of(small)),
        ):
            gone = value.keys() - kept
            assert not gone or max(value[x] for x in gone) <= min(value[x] for x in kept)
    assert "甲子丙寅丁卯" not in words_of(small)
    assert len(words_of(small)) > 100
    assert len(ngrams_of(small)) > 100


def test_a_model_without_lexicon(tiny: Path) -> None:
    model = train(tiny, own_lexicon=False, max_iter=5).model
    size = size_of(compress(model)) - 300
    assert size - 64 < size_of(compress(model, size)) <= size


def test_models_of_several_standards(tiny: Path, sample: Path, tmp_path: Path) -> None:
    model = train({"a": sample, "b": tiny}, max_iter=5).model
    compress(model, size_of(coarse(model)) // 2).save(tmp_path / "small.crfseg")
    for standard in "ab":
        seg = Segmenter(tmp_path / "small.crfseg", standard=standard)
        assert "".join(seg.cut("为人民服务")) == "为人民服务"


def test_one_of_several_standards(tiny: Path, sample: Path, tmp_path: Path) -> None:
    path, small = tmp_path / "both.crfseg", tmp_path / "small.crfseg"
    model = train({"a": tiny, "b": sample}, output=path, max_iter=3).model
    result = run("compress", path, "-o", small, "--standard", "b", "--max-size", "30k")
    assert result.exit_code == 0
    expected = compress(select(model, "b"), 30_000)
    assert Model.load(small).metadata == expected.metadata
    assert small.stat().st_size == size_of(expected) <= 30_000
    fails(
        run("compress", path, "-o", small, "--standard", "c"), "--standard c: must be one of a, b"
    )


def test_the_default_model(tmp_path: Path) -> None:
    small = tmp_path / "small.crfseg"
    assert run("compress", "-o", small, "--max-size", "0.5MB", "-q").exit_code == 0
    assert 499_900 < small.stat().st_size <= 500_000
    assert Segmenter(small).cut("为人民服务") == ["为", "人民", "服务"]


def test_old_scores_are_not_those_of_the_new_model(tiny: Path, tmp_path: Path) -> None:
    model = train(tiny, max_iter=3).model
    model.metadata["scores"] = {"f1": 1.0}
    assert "scores" not in compress(model).metadata
    assert model.metadata["scores"] == {"f1": 1.0}


def test_sizes_that_cannot_be_reached(sample_model: Path) -> None:
    with pytest.raises(SettingsError, match=r"^max_size=1000: must be at least \d,\d+ for"):
        compress(sample_model, 1000)


def test_the_command(sample_model: Path, sample: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.crfseg"
    done = run("compress", sample_model, "-o", small, "--max-size", "20kB", "--dev", sample)
    assert done.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in done.output.splitlines()[1:]}
    size = small.stat().st_size
    assert rows["bytes"] == [f"{sample_model.stat().st_size:,}", f"{size:,}"]
    assert size <= 20_000
    f1 = [100 * evaluate(sample, segmenter=Segmenter(m)).f1 for m in (sample_model, small)]
    assert rows["F1"][:3] == [f"{f1[0]:.2f}", f"{f1[1]:.2f}", f"{f1[1] - f1[0]:+.2f}"]
    again = run("compress", sample_model, "-o", tmp_path / "b", "--max-size", "19.53125KiB", "-q")
    assert (again.exit_code, again.output) == (0, "")
    assert (tmp_path / "b").read_bytes() == small.read_bytes()


def test_a_model_may_take_its_own_place(sample_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.crfseg"
    path.write_bytes(sample_model.read_bytes())
    assert run("compress", path, "-o", path).exit_code == 0
    assert path.stat().st_size < sample_model.stat().st_size


@pytest.mark.parametrize("size", ["", "2x", "-1", "MB", "2 apples", "1e3", "9" * 400])
def test_what_is_no_size(size: str, sample_model: Path) -> None:
    result = run("compress", sample_model, "-o", "small", "--max-size", size)
    fails(result, "--max-size", "expected one such as 2MB", code=2)


def test_what_is_no_model(tiny: Path, sample_model: Path, tmp_path: Path) -> None:
    fails(run("compress", tiny, "-o", tmp_path / "small"), f"{tiny}: not a crfseg model")
    fails(run("compress", "none.crfseg", "-o", tmp_path / "small"), "none.crfseg: cannot be read")
    fails(run("compress", sample_model, "-o", tmp_path), f"-o {tmp_path}: is a directory")
    missing = run("compress", sample_model, "-o", tmp_path / "small", "--dev", "none.txt")
    fails(missing, "none.txt")
    assert not (tmp_path / "small").exists()
    with pytest.raises(ModelError):
        compress(tiny)
