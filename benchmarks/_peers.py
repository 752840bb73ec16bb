"""Other segmenters, as functions and as a program that reads lines and writes words.

python benchmarks/_peers.py jieba < text.txt > words.txt
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

Cut = Callable[[str], list[str]]

#: Lines per call for a peer that takes many.
_BATCH = 10_000


@dataclass(frozen=True)
class Peer:
    """A segmenter from PyPI.

    share: the fraction of the text it gets; a slow one would take minutes for all of it.
    many: whether it takes many lines at once and uses all cores.
    """

    name: str
    distribution: str
    call: str
    load: Callable[[], Callable[[Any], Any]]
    share: float = 1.0
    many: bool = False

    @property
    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None


def _rjieba() -> Cut:
    import rjieba

    rjieba.cut("为")  # loads the dictionary
    return rjieba.cut


def _jieba() -> Cut:
    import jieba

    jieba.setLogLevel("ERROR")
    jieba.initialize()
    return jieba.lcut


def _jieba_fast_dat() -> Cut:
    import jieba_fast_dat

    jieba_fast_dat.setLogLevel("ERROR")
    jieba_fast_dat.initialize()
    return jieba_fast_dat.lcut


def _cppjieba() -> Cut:
    import cppjieba_py_dat

    cppjieba_py_dat.lcut("为")  # loads the dictionary
    return cppjieba_py_dat.lcut


def _wapic() -> Cut:
    import wapic

    return wapic.Segmenter().segment


def _wapic_batch() -> Callable[[list[str]], list[list[str]]]:
    import wapic

    return wapic.Segmenter().segment_batch


_ALL = (
    Peer("rjieba", "rjieba", "rjieba.cut", _rjieba),
    Peer("cppjieba", "cppjieba-py-dat", "cppjieba_py_dat.lcut", _cppjieba),
    Peer("jieba_fast_dat", "jieba_fast_dat", "jieba_fast_dat.lcut", _jieba_fast_dat),
    Peer("jieba", "jieba", "jieba.lcut", _jieba, share=0.35),
    Peer("wapic", "wapic", "wapic.Segmenter().segment", _wapic, share=0.35),
    Peer("wapic, all cores", "wapic", "wapic.Segmenter().segment_batch", _wapic_batch, 0.35, True),
)
PEERS = {peer.name: peer for peer in _ALL}


def main(name: str) -> None:
    """Segments standard input line by line and separates words by spaces."""
    peer = PEERS[name]
    cut = peer.load()
    with (
        open(0, encoding="utf-8", newline="\n", closefd=False) as lines,
        open(1, "w", encoding="utf-8", newline="\n", closefd=False) as out,
    ):
        if peer.many:
            while batch := [line.rstrip("\n") for line in islice(lines, _BATCH)]:
                out.writelines(" ".join(words) + "\n" for words in cut(batch))
            return
        for line in lines:
            out.write(" ".join(cut(line.rstrip("\n"))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
