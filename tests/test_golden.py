"""The default model on sentences of many kinds, each tagged with where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from crfseg.evaluation import score_sentences
from crfseg.segmenter import Segmenter, default_model_path

#: Word F1 over all rows below which something is broken.
FLOOR = 0.85

ROWS = [
    (source, words.split())
    for source, words in (
        line.split("\t")
        for line in (Path(__file__).parent / "golden.tsv").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
]

pytestmark = pytest.mark.skipif(
    not Path(default_model_path()).exists(), reason="there is no default model yet"
)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter()


def test_most_words_are_right(segmenter: Segmenter) -> None:
    gold = [words for _, words in ROWS]
    scores = score_sentences(gold, [segmenter.cut("".join(words)) for words in gold])
    assert scores.sentences > 200
    assert scores.f1 > FLOOR


def test_addresses_stay_whole(segmenter: Segmenter) -> None:
    for source, words in ROWS:
        if source in ("url", "email"):
            addresses = [word for word in words if "@" in word or "://" in word or "www." in word]
            assert addresses
            assert set(addresses) <= set(segmenter.cut("".join(words)))


def test_the_example_of_the_readme(segmenter: Segmenter) -> None:
    assert segmenter.cut("为人民服务") == ["为", "人民", "服务"]
    assert segmenter.tags("为人民服务") == "sbebe"
