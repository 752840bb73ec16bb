"""Segments hostile texts; run with NUMBA_BOUNDSCHECK=1 or NUMBA_DISABLE_JIT=1.

python tests/checked.py TEXTS
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import conftest
import forge
import hostile
import texts

from crfseg import Model, Segmenter
from crfseg.common.errors import CrfsegError


def main(count: int) -> int:
    """How many texts were segmented, and taggers asked, and nothing was lost."""
    chance, done = random.Random(count), 0
    kept = [data for data, good in texts.KEPT.values() if good and len(data) < max(count, 300)]
    some = [data.decode() for data in kept]
    with tempfile.TemporaryDirectory(prefix="crfseg-") as folder:
        corpus = Path(folder, "tiny.txt")
        corpus.write_text(conftest.TINY, encoding="utf-8")
        segmenters = hostile.segmenters(corpus)
        path = Path(folder, "forged")
        models = forge.bases(corpus, Path(folder))
        for seed in range(4, count, 10):  # all are forged, few are accepted
            path.write_bytes(forge.mutant(models, seed))
            try:
                segmenters.append(Segmenter(Model.load(path)))
            except CrfsegError:
                continue
        check = hostile.check_of_taggers(forge.tagger_bases(Path(folder)))
        for seed in range(4, count, 5):
            done += list(check(seed))[1:] == ["accepted"]
    for number, segmenter in enumerate(segmenters):
        few = count if number < 3 else 20
        for text in [*some, *(texts.text(chance)[:2000] for _ in range(few))]:
            assert "".join(segmenter.cut(text)) == text, ascii(text)
            done += 1
    return done


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
