"""Models with random weights, templates and lexicons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from strategies import LETTERS, corpora, template_lines

from crfseg import Model, train
from crfseg.model.segmentation_model import FamilyWeights


def with_random_weights(model: Model, seed: int, spread: int) -> Model:
    """Small whole numbers for weights: many paths are then equally good."""
    random = np.random.default_rng(seed)

    def draw(like: np.ndarray) -> np.ndarray:
        return random.integers(-spread, spread + 1, like.shape).astype(np.int16)

    families = [FamilyWeights(f.keys, draw(f.weights)) for f in model.families]
    return replace(model, transitions=draw(model.transitions), families=families)


class RandomModel:
    """Draws models: a corpus, templates and lexicons, two iterations, then perhaps chance."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def draw(self, data: st.DataObject, tags: int) -> Model:
        lexicons = []
        for k in range(data.draw(st.integers(0, 2), label="lexicons")):
            words = data.draw(st.lists(st.text(LETTERS, min_size=2, max_size=8), min_size=1))
            lexicons.append(self.folder / f"words{k}.txt")
            lexicons[k].write_text("\n".join(words), encoding="utf-8")
        own = data.draw(st.booleans(), label="own lexicon")
        corpus = self.folder / "corpus.txt"
        sentences = data.draw(corpora, label="corpus")
        corpus.write_text("\n".join(map(" ".join, sentences)), encoding="utf-8")
        lines = data.draw(template_lines(2 + 2 * (own + len(lexicons))), label="templates")
        model = train(
            corpus, format="words", tags=tags, templates=lines, lexicons=lexicons, prune=0.0,
            own_lexicon=own, max_iter=2, threads=1,
        ).model  # fmt: skip
        spread = data.draw(st.sampled_from([None, 1, 2, 32767]), label="spread")
        return with_random_weights(model, 0, spread) if spread else model
