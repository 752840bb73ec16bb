"""Explanations: scores agree with enumeration, and votes add up to the scores."""

from __future__ import annotations

import math
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import general
import naive
import pytest
from command import fails, run
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import RandomModel, with_random_weights
from strategies import plain_texts, texts

from crfseg import Model, Segmenter, train
from crfseg.model.standards import select
from crfseg.segmentation.explanation import Explanation, strongest
from crfseg.segmentation.explanation_html import page


def explain(text: str, segmenter: Segmenter | None = None) -> Explanation:
    return (segmenter or Segmenter()).explain(text)


def explained(model: Model, text: str, standard: str | None = None) -> Explanation:
    return explain(text, Segmenter(model, standard=standard, keep_whole=False))


def is_by_enumeration(model: Model, text: str) -> None:
    """Every score is the best path with a boundary minus the best path without.

    Every probability is the share of the paths with it.
    """
    emissions, tags = naive.emissions(model, text), model.scheme.tags
    paths = [
        (naive.path_score(path, emissions, model.transitions) * model.scale, path)
        for path in naive.legal_paths(len(text), tags)
    ]
    best = max(score for score, _ in paths)
    total = math.fsum(math.exp(score - best) for score, _ in paths)
    found = explained(model, text).boundaries
    assert [boundary.place for boundary in found] == list(range(1, len(text)))
    for boundary in found:
        with_it = [score for score, path in paths if tags[path[boundary.place]] in "sb"]
        share = math.fsum(math.exp(score - best) for score in with_it) / total
        assert boundary.probability == pytest.approx(share, abs=1e-9)
        split = max(with_it)
        joined = max(score for score, path in paths if tags[path[boundary.place]] not in "sb")
        assert boundary.score == pytest.approx(split - joined, abs=1e-9)
        assert sum(v.weight for v in boundary.votes) == pytest.approx(boundary.score, abs=1e-9)


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> RandomModel:
    return RandomModel(tmp_path_factory.mktemp("explained"))


@given(data=st.data(), text=plain_texts, tags=st.sampled_from([4, 6]))
@settings(max_examples=30)
def test_scores_are_those_of_enumerated_paths(
    random_model: RandomModel, data: st.DataObject, text: str, tags: int
) -> None:
    is_by_enumeration(random_model.draw(data, tags), text)


@pytest.mark.parametrize("kind", ["crf", "maxent", "hmm"])
def test_models_of_every_kind(kind: str, tiny: Path) -> None:
    is_by_enumeration(train(tiny, kind=kind, tags=6, max_iter=5).model, "为中国学生服务")


@given(text=texts, seed=st.integers(0, 3))
def test_any_text(tiny_model: Path, text: str, seed: int) -> None:
    """The words are those of the general path, and so are the signs of the scores."""
    model = with_random_weights(Model.load(tiny_model), seed, 3)
    explanation = explained(model, text)
    assert explanation.words == general.cut(model, text)
    for boundary in explanation.boundaries:
        assert not boundary.overruled
        assert boundary.cut or boundary.score <= 0
        with_cut, without = "".join(boundary.with_cut), "".join(boundary.without_cut)
        assert with_cut == without
        assert with_cut in text


def test_votes_are_named_as_seen_from_the_boundary(tiny: Path) -> None:
    model = train(tiny, templates=["U0:%x[0,0]", "U1:%x[-1,0]/%x[0,0]"], own_lexicon=False).model
    first, second = explained(model, "中国人").boundaries[:2]
    assert {"C-1=中", "C0=国", "C-1=中 C0=国"} <= {vote.feature for vote in first.votes}
    assert {"C-2=中", "C-2=中 C-1=国"} & {vote.feature for vote in second.votes}
    pair = next(vote for vote in first.votes if vote.feature == "C-1=中 C0=国")
    assert pair.weight < 0
    sizes = [abs(vote.weight) for vote in first.votes]
    assert sizes == sorted(sizes, reverse=True)
    shown = strongest(first, 2)
    assert shown[2].feature == f"{len(sizes) - 2} others"
    assert sum(vote.weight for vote in shown) == pytest.approx(first.score)
    assert strongest(first, 100) == first.votes


def test_standards(tiny: Path, sample: Path) -> None:
    model = train({"a": tiny, "b": sample}, max_iter=3).model
    for standard in ("a", "b"):
        plain = select(model, standard)
        assert explained(model, "中国人民", standard) == explained(plain, "中国人民")


def test_what_is_kept_whole() -> None:
    kept = explain("在2024-05-08开会")
    left = explain("在2024-05-08开会", Segmenter(keep_whole=False))
    assert [b.score for b in kept.boundaries] == [b.score for b in left.boundaries]
    assert any(b.overruled and not b.cut for b in kept.boundaries)
    assert explain(" ").boundaries == explain("").boundaries == explain("我 们").boundaries == []


class Elements(HTMLParser):
    """All elements of a page, which must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page(tiny_model: Path) -> None:
    explanation = explain("<i>10:30 中国", Segmenter(tiny_model))
    text = page(explanation, most=2)
    assert "://" not in text
    assert "&lt;i&gt;" in text
    elements = Elements(text).found
    names = [name for name, _ in elements]
    assert not {"script", "link", "img"} & set(names)
    ids = [attributes["id"] for name, attributes in elements if name == "section"]
    links = [attributes["href"] for name, attributes in elements if name == "a"]
    assert links == [f"#{name}" for name in ids]
    assert len(ids) == len(explanation.boundaries)
    assert names.count("li") <= 3 * len(ids)
    assert "kept whole" in page(explain("在2024-05-08开会"))
    Elements(page(explain(""), 1))


def test_the_page_shows_the_text_as_it_is(tiny_model: Path) -> None:
    text = "<i>a\u0301 10:30  中国\n&amp;人民"
    shown = re.search(
        r'<p class="text">(.*?)</p>', page(explain(text, Segmenter(tiny_model))), re.S
    )
    assert shown
    assert unescape(re.sub("<[^>]*>", "", shown[1])) == text
    # A bar stays in the line of the character before it.
    assert len(re.findall(r"<span>[^<\s]+<a ", shown[1])) == shown[1].count("<a ") > 5


def test_the_command(tiny_model: Path, tmp_path: Path) -> None:
    printed = run("explain", "为人民服务", "-m", tiny_model, "--votes", "3").stdout
    assert printed.startswith("为 人民 服务\n\n")
    assert re.search(
        r"^ *\+\d+\.\d\d  p=[01]\.\d{3}  为\|人民服  cut: 为 人民 against 为人民$", printed, re.M
    )
    assert printed.count(" others\n") == 4
    assert run("explain", tiny_model, "为人民服务", "--votes", "3").stdout == printed
    assert run("explain", "-", "-m", tiny_model, stdin="为人民服务").stdout.startswith("为 人民")
    path = tmp_path / "why.html"
    result = run("explain", "为人民", "-m", tiny_model, "--html", path)
    assert (result.exit_code, result.output) == (0, "")
    assert path.read_text(encoding="utf-8") == page(explain("为人民", Segmenter(tiny_model)))


def test_bad_input(tiny_model: Path, tmp_path: Path) -> None:
    fails(run("explain", tiny_model, "我 们", "你"), "2 models; expected one", code=2)
    fails(run("explain", tiny_model, "你", "-m", tiny_model), "2 models; expected one", code=2)
    fails(run("explain"), "TEXT", code=2)
    fails(run("explain", "我", "-m", "missing.crfseg"), "missing.crfseg")
    fails(run("explain", "我", "-m", tiny_model, "--standard", "x"), "--standard x")
    fails(run("explain", "我", "-m", tiny_model, "--html", tmp_path), "is a directory")
