"""Partly annotated and weighted corpora: the format, the likelihood, the trained models."""

from __future__ import annotations

import math
import random
from pathlib import Path

import naive
import numpy as np
import pytest
from command import fails, run
from objectives import emissions, value_and_gradient

from crfseg import Segmenter, crossval, evaluate, train
from crfseg.common.errors import DataError, SettingsError
from crfseg.common.threads import workers
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.folds import folds_of
from crfseg.corpus.partial import Partial, partial_reader, spell
from crfseg.corpus.schemes import FOUR, SIX, TagScheme
from crfseg.corpus.sentences import detect_format, read_sentences
from crfseg.crf.objective import DenseObjective, PartialTags
from crfseg.features.character_encoder import (
    Encoder,
    Sequences,
    allowed_tags,
    collect_lexicons,
    gold_tags,
)
from crfseg.features.index import build_index
from crfseg.features.templates import default_lines, parse

LINES = ["火-星 猫|的|生-态", "我|爱 北 京", "为|人-民", "大 学 生|们|的 家", "人", "中-国"]

both = pytest.mark.parametrize("scheme", [FOUR, SIX], ids=["4", "6"])
kinds = pytest.mark.parametrize("sequential", [True, False], ids=["crf", "softmax"])
margins = pytest.mark.parametrize("margin", [0.0, 1.5])


def corpus_of(lines: list[str]) -> Corpus:
    return Corpus.from_sentences(partial_reader("lines", lines, False))


def test_what_a_line_says() -> None:
    first, second, third, *_ = partial_reader("lines", ["", *LINES], False)
    assert (first, second, third) == (["火星猫", "的", "生态"], ["我", "爱北京"], ["为", "人民"])
    assert isinstance(first, Partial)
    assert (first.unknown, second.unknown) == ([2], [2, 3])  # type: ignore[attr-defined]
    assert not isinstance(third, Partial)
    assert spell(first, [2]) == LINES[0]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("火-星猫|的", "'猫' at character 4"),
        ("火-星|", "nothing behind the last '|'"),
        ("火-　|的", "a blank in place of a character"),
    ],
)
def test_lines_that_break_the_format(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text(f"{LINES[0]}\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"corpus\.txt:2: ") as caught:
        Corpus.read(path, "partial")
    assert problem in str(caught.value)
    assert "expected 一-个|字 符" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("\n".join(LINES), "partial"),
        ("火 星|猫\n", "partial"),
        ("我 爱 你\n", "words"),
        ("我 爱 北京\n1-2 3\n", "words"),
        ("我 s\n爱 s\n", "conll"),
        ("1-2\n我们\n", "words"),
    ],
)
def test_the_format_is_found_out(tmp_path: Path, text: str, format: str) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text(text, encoding="utf-8")
    assert detect_format(path) == format


def test_a_corpus_of_both_kinds(tmp_path: Path) -> None:
    part, whole = tmp_path / "part.txt", tmp_path / "whole.txt"
    part.write_text("\n".join(LINES), encoding="utf-8")
    whole.write_text("我　们 爱 北京\n人民\n", encoding="utf-8")
    corpus = Corpus.read([part, whole, part], weights={whole: 3})
    assert corpus.partly.tolist() == [True, True, False, True, False, False] + [False] * 2 + [
        True, True, False, True, False, False,
    ]  # fmt: skip
    assert corpus.weights.tolist() == [1] * 6 + [3] * 2 + [1] * 6
    assert corpus.known is not None
    assert not corpus.begins[~corpus.known].any()
    assert np.count_nonzero(~corpus.known) == 2 * 6
    some = corpus.taken(corpus.partly)
    assert some.partly.all()
    assert len(some) == 6
    assert corpus.taken(~corpus.partly).known is None
    both = Corpus.joined([Corpus.read(whole), some])
    assert both.partly.tolist() == [False] * 2 + [True] * 6
    with pytest.raises(DataError, match=r"part.txt: is partly annotated \(.*expected whole words"):
        list(read_sentences(part))


def test_only_words_with_known_boundaries_are_in_the_lexicon() -> None:
    corpus = corpus_of(LINES)
    lexicons = collect_lexicons(corpus, folds_of(len(corpus)), own=True, paths=[])
    assert lexicons.words == ["中国", "人民", "生态"]


@both
def test_allowed_tags(scheme: TagScheme) -> None:
    corpus = corpus_of(["我-们 是|人"])
    sequences = Sequences.of(corpus)
    lexicons = collect_lexicons(corpus, folds_of(1), own=True, paths=[])
    table = Encoder.make(sequences, lexicons, parse(default_lines(1))).table(sequences)
    allowed = allowed_tags(sequences, table, scheme)
    assert allowed is not None
    inner = "".join(tag for tag in scheme.tags if tag in "cdm")
    expected = ["b", inner + "e", "se", "s"]
    found = [{scheme.tags[t] for t in range(scheme.size) if bits >> t & 1} for bits in allowed]
    begin, end = table.bounds[0]
    assert found[begin:end] == [set(tags) for tags in expected]


class Problem:
    """The objective of the lines above, and random weights."""

    def __init__(
        self, scheme: TagScheme, run, sequential: bool = True, margin: float = 0.0
    ) -> None:
        corpus = corpus_of(LINES)
        folds = folds_of(len(corpus))
        lexicons = collect_lexicons(corpus, folds, own=True, paths=[])
        sequences = Sequences.of(corpus)
        encoder = Encoder.make(sequences, lexicons, parse(default_lines(1)))
        table = encoder.training_table(sequences, lexicons, folds, 0.0)
        index, rows = build_index(table, encoder.plan, encoder.templates, scheme, run)
        self.scheme, self.bounds = scheme, table.bounds
        self.counts = np.array([1, 2.5, 1, 1, 2.5, 0.5], dtype=np.float32)
        allowed = allowed_tags(sequences, table, scheme)
        assert allowed is not None
        self.allowed = allowed
        self.objective = DenseObjective(
            index, rows, table.bounds, gold_tags(sequences, table, scheme), scheme,
            sequential=sequential, run=run, margin=margin,
            partial=None if allowed is None else PartialTags(allowed, corpus.partly),
            counts=self.counts,
        )  # fmt: skip
        weights = np.random.default_rng(0).normal(scale=0.3, size=index.layout.size)
        weights[: index.layout.zeros] = 0
        self.weights = weights.astype(np.float32)


@both
@kinds
@margins
def test_value_by_enumeration(scheme: TagScheme, sequential: bool, margin: float) -> None:
    with workers(1) as run:
        problem = Problem(scheme, run, sequential, margin)
    objective, weights = problem.objective, problem.weights
    moves = weights[objective.index.layout.transitions].reshape(scheme.size, scheme.size)
    expected = 0.0
    for (begin, end), count in zip(problem.bounds.tolist(), problem.counts.tolist(), strict=True):
        scores = emissions(objective.index, objective.rows, begin, end, weights)
        bits = problem.allowed[begin:end, None] >> np.arange(scheme.size) & 1 == 1
        scores[bits] -= margin
        if sequential:
            paths = list(naive.legal_paths(end - begin, scheme.tags))
            right = [p for p in paths if all(bits[i, t] for i, t in enumerate(p))]
            some = math.fsum(math.exp(naive.path_score(p, scores, moves)) for p in right)
            expected += count * (naive.log_z(scores, moves, scheme.tags) - math.log(some))
        else:
            shares = np.exp(naive.log_softmax(scores))
            expected -= count * np.log((shares * bits).sum(axis=1)).sum()
    assert value_and_gradient(objective, weights)[0] == pytest.approx(expected, rel=1e-5)


@both
@kinds
@margins
def test_gradient_by_finite_differences(scheme: TagScheme, sequential: bool, margin: float) -> None:
    with workers(1) as run:
        problem = Problem(scheme, run, sequential, margin)
        objective, weights = problem.objective, problem.weights
        _, gradient = value_and_gradient(objective, weights)
        moves, random = objective.index.layout.transitions, np.random.default_rng(1)
        places = [*(moves.start + np.flatnonzero(scheme.legal.ravel()))]
        places += random.integers(moves.stop, weights.size, 60).tolist()
        for place in places:
            direction = np.zeros_like(weights)
            direction[place] = 0.02
            ahead = value_and_gradient(objective, weights + direction)[0]
            behind = value_and_gradient(objective, weights - direction)[0]
            assert (ahead - behind) / 0.04 == pytest.approx(gradient[place], abs=3e-3)


def write_partial(corpus: Path, path: Path, share: float) -> None:
    """The corpus with a share of its boundaries."""
    chance = random.Random(0)
    lines = []
    for words in read_sentences(corpus):
        size = sum(map(len, words))
        lines.append(spell(words, [i for i in range(1, size) if chance.random() > share]))
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("kind", ["crf", "maxent"])
def test_training_on_some_boundaries(sample: Path, tmp_path: Path, kind: str) -> None:
    """The same bytes for any number of threads, and nearly as good as all boundaries."""
    path, output = tmp_path / "part.txt", tmp_path / "part.crfseg"
    write_partial(sample, path, 0.5)
    written = []
    for threads in (1, 2, 3):
        result = train(
            [path, sample], kind=kind, threads=threads, max_iter=6, output=output,
            weights={sample: 0.25}, dev=sample.with_name("sample.dev.txt"),
        )  # fmt: skip
        written.append(output.read_bytes())
    assert written[0] == written[1] == written[2]
    assert evaluate(sample, segmenter=Segmenter(output)).f1 > 0.97
    assert result.dev_f1 is not None
    assert result.model.metadata["corpora"] == ["part.txt", sample.name]


def test_all_boundaries_in_bars_are_the_same_corpus(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "bars.txt"
    write_partial(sample, path, 1)
    models = [train(given, max_iter=4).model.arrays() for given in (path, sample)]
    for name, array in models[0].items():
        assert np.array_equal(array, models[1][name])


def test_a_weight_counts_as_copies_do(tiny: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice.txt"
    twice.write_text(tiny.read_text("utf-8") * 2, encoding="utf-8")
    options: dict = {"own_lexicon": False, "max_iter": 4}
    copied = train(twice, **options).history
    weighted = train(tiny, weights={tiny: 2}, **options).history
    for one, other in zip(weighted, copied, strict=True):
        assert one.objective == pytest.approx(other.objective, rel=1e-3)


def test_mistakes(tiny: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.txt"
    part.write_text("\n".join(LINES), encoding="utf-8")
    with pytest.raises(SettingsError, match="kind=hmm: counts whole words"):
        train(part, kind="hmm")
    with pytest.raises(DataError, match=r"part.txt: is partly annotated; expected whole words"):
        train(tiny, dev=part)
    with pytest.raises(DataError, match="the corpus: is partly annotated"):
        crossval(part, 2)
    with pytest.raises(SettingsError, match=r"weights=other\.txt: expected one of the corpora"):
        train(tiny, weights={"other.txt": 2.0})
    for weight in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(SettingsError, match="must be more than 0"):
            train(tiny, weights={tiny: weight})
    output = ["-o", tmp_path / "m.crfseg"]
    fails(run("train", tiny, "--weight", "other.txt=2", *output, "-q"), "expected one of the corp")
    for wrong in (str(tiny), f"{tiny}=much", "=2"):
        fails(run("train", tiny, "--weight", wrong, *output), "expected FILE=W", code=2)
    assert run("train", tiny, part, "--weight", f"{part}=0.5", *output, "-q").exit_code == 0
