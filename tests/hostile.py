"""The checks that hostile input must pass, each for the input of a seed (see `workers.run`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import forge
import general
from workers import Check

from crfseg import Model, Segmenter
from crfseg.errors import ModelError

TEXTS = (
    "中国人民大学的学生在北京服务。",
    "2024年我们在北京大学，a.b@c.org 10:30",
    "爱龘\U0001f1e8\U0001f1f3e\u0301 \ud800人民\x1f服务\x1e\n",
    "北" * 300 + "为人民服务" * 200,
)


def check_of_models(models: Sequence[bytes]) -> Check:
    """The check of `forge.mutant`: refused in a line, or a model that does what it says."""
    same = [forge.taken_apart(data) for data in models]

    def check(seed: int) -> Iterator[str]:
        data = forge.mutant(models, seed)
        with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
            path = Path(folder, "m")
            path.write_bytes(data)
            yield "ready"
            try:
                model = Model.load(path)
                segmenters = [Segmenter(path, standard=s) for s in model.standards or [None]]
            except ModelError as error:
                message = str(error)
                assert message.startswith(f"{path}: "), message
                assert "\n" not in message
                assert message.isprintable()
                assert len(message) < 1000, len(message)
                yield "refused"
                return
        if forge.is_damaged(seed):
            metadata, arrays = forge.taken_apart(data)
            assert any(
                metadata == other and all(arrays[n].tobytes() == a.tobytes() for n, a in b.items())
                for other, b in same
            ), "damaged and accepted"
            yield "the same model"
            return
        yield "accepted"
        for number, segmenter in enumerate(segmenters):
            plain = Segmenter.from_model(model, standard=segmenter.standard, keep_whole=False)
            for text in TEXTS:
                assert "".join(segmenter.cut(text)) == text
                if len(model.standards) <= 1:
                    assert plain.cut(text) == general.cut(model, text, number), text
            segmenter.add_words(["民大", "大学的"], force=True)
            segmenter.add_words(["国人"])
            assert segmenter.segment(TEXTS[0]).replace(" ", "") == TEXTS[0]

    return check
