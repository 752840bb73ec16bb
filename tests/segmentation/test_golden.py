"""The default model on sentences of many kinds, each labelled with its source.

`python tests/segmentation/test_golden.py` prints the word F1 and the share of sentences that are
exactly right, by kind and in total. With the argument `joined` it uses that standard, which is
closer to the standard of these sentences than the default (years and 一个 are one word).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crfseg.common.resources import default_model_path
from crfseg.metrics.words import Scores, score_sentences
from crfseg.segmentation.segmenter import Segmenter

#: Word F1 over all rows below which something is broken.
FLOOR = 0.86

ROWS = [
    (source, words.split())
    for source, words in (
        line.split("\t")
        for line in (Path(__file__).parents[1] / "golden.tsv").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
]

pytestmark = pytest.mark.skipif(
    not Path(default_model_path()).exists(), reason="there is no default model yet"
)


def score(segmenter: Segmenter) -> Scores:
    gold = [words for _, words in ROWS]
    return score_sentences(gold, [segmenter.cut("".join(words)) for words in gold])


def exactly_right(segmenter: Segmenter) -> Iterator[tuple[str, int, int]]:
    """Kind, how many of its sentences are exactly right, how many it has; all of them last."""
    right = [(source, segmenter.cut("".join(words)) == words) for source, words in ROWS]
    for kind in dict.fromkeys(source for source, _ in right):
        hits = [hit for source, hit in right if source == kind]
        yield kind, sum(hits), len(hits)
    yield "all", sum(hit for _, hit in right), len(right)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter()


def test_most_words_are_right(segmenter: Segmenter) -> None:
    scores = score(segmenter)
    assert scores.sentences >= 320
    assert scores.f1 > FLOOR


def test_no_sentence_comes_twice() -> None:
    assert len({"".join(words) for _, words in ROWS}) == len(ROWS)


def test_addresses_stay_whole(segmenter: Segmenter) -> None:
    for source, words in ROWS:
        if source in ("url", "email"):
            addresses = [word for word in words if "@" in word or "://" in word or "www." in word]
            assert addresses
            assert set(addresses) <= set(segmenter.cut("".join(words)))


def test_the_example_of_the_readme(segmenter: Segmenter) -> None:
    assert segmenter.cut("为人民服务") == ["为", "人民", "服务"]
    assert segmenter.tags("为人民服务") == "sbebe"


if __name__ == "__main__":
    asked = Segmenter(standard=sys.argv[1] if sys.argv[1:] else None)
    for kind, right, count in exactly_right(asked):
        print(f"{kind:12}{right:4} of{count:4} exactly right, {right / count:6.1%}")
    print(f"word F1 {score(asked).f1:.2%}")
