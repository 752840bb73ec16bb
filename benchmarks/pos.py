"""Joint F1 of words and parts of speech on held-out text, and the cost of tagging.

python benchmarks/pos.py 199801.txt ud-gsd.train.txt dict.txt
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from time import perf_counter

import click
from _report import DOCS, percent, provenance, table, write

import crfseg
from crfseg import Segmenter
from crfseg.common.resources import default_pos_path
from crfseg.corpus.sentences import read_tagged
from crfseg.data.build import parts_of, split, train_models
from crfseg.data.build_pos import accuracy, train_on
from crfseg.data.joined import Tagged, join
from crfseg.segmentation.line_writers import PosLines
from crfseg.tagging.pos_tagger import PosTagger

INTRODUCTION = """\
Both models are trained like the bundled ones, but on the first nine tenths of {corpus} (the
segmenter also on the other texts of the default model), and scored on the last tenth,
{sentences:,} sentences. A word counts towards joint F1 if both its boundaries and its tag are
right; accuracy is that of the tags of gold words.
"""
SPEED = """\
The bundled models on the same text ({characters:,} characters, {times} times over), from bytes to
bytes in one thread, the fastest of {repeats} runs each, in turn:
"""


def joint_f1(
    segmenter: Segmenter, tagger: PosTagger, gold: Sequence[list[Tagged]]
) -> tuple[float, ...]:
    """F1 of the words, and of the words with their tags."""
    cut = segmenter.cut_many(["".join(word for word, _ in sentence) for sentence in gold], 1)
    tags = tagger.tag_many(cut)
    right, joint, found, wanted = 0, 0, 0, 0
    for sentence, words, labels in zip(gold, cut, tags, strict=True):
        ends = accumulate(len(word) for word, _ in sentence)
        true = {(end, word): tag for end, (word, tag) in zip(ends, sentence, strict=True)}
        ends = accumulate(map(len, words))
        for end, word, label in zip(ends, words, labels, strict=True):
            tag = true.get((end, word))
            right += tag is not None
            joint += tag == label
        found += len(words)
        wanted += len(sentence)
    return 2 * right / (found + wanted), 2 * joint / (found + wanted)


def fastest(repeats: int, *works: object) -> list[float]:
    """The shortest time of each work in seconds, measured in turn."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, seen in zip(works, times, strict=True):
            begin = perf_counter()
            work()  # type: ignore[operator]
            seen.append(perf_counter() - begin)
    return [min(seen) for seen in times]


def held_out(corpus: str, treebank: str, dictionary: str) -> tuple[list[list[str]], int]:
    """A row of scores for each standard, and the number of sentences."""
    sentences = list(read_tagged(corpus))
    first, last = split(sentences)
    joined = [list(join(sentence)) for sentence in sentences]
    parts = parts_of(sentences, treebank)
    with tempfile.TemporaryDirectory(prefix="crfseg-") as name:
        corpora = {part.name: part.write(Path(name), part.trained) for part in parts}
        model = train_models(corpora, dictionary).model
    tagger = PosTagger(train_on(first).model)
    rows = []
    for name, gold in (("joined", joined[len(first) :]), ("pku", last)):
        words, joint = joint_f1(Segmenter(model, standard=name), tagger, gold)
        scores = words, joint, accuracy(tagger, gold)
        rows.append([name, *map(percent, scores)])
    return rows, len(last)


def speed(corpus: str, repeats: int, times: int) -> tuple[list[list[str]], int]:
    """The speed with and without tags, and the number of characters."""
    _, last = split(list(read_tagged(corpus)))
    text = "".join("".join(word for word, _ in sentence) + "\n" for sentence in last)
    data = text.encode()
    segmenter = Segmenter()
    lines = PosLines(segmenter)
    works = [lambda: segmenter.segment_bytes(data), lambda: lines.segment_bytes(data)]

    def over(work: object) -> object:
        return lambda: [work() for _ in range(times)]  # type: ignore[operator]

    found = fastest(repeats, *map(over, works))
    size = len(text) * times
    names = "words", "words and parts of speech"
    rows = [
        [name, f"{size / seconds:,.0f}", f"{1e9 * seconds / size:.1f}", f"{found[0] / seconds:.2f}"]
        for name, seconds in zip(names, found, strict=True)
    ]
    return rows, len(text)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.argument("treebank", type=click.Path(exists=True, dir_okay=False))
@click.argument("dictionary", type=click.Path(exists=True, dir_okay=False))
@click.option("--repeats", type=click.IntRange(min=1), default=9, show_default=True)
@click.option("--times", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--output", metavar="FILE", default=str(DOCS / "pos.md"))
@click.pass_context
def main(
    context: click.Context,
    corpus: str,
    treebank: str,
    dictionary: str,
    repeats: int,
    times: int,
    output: str,
) -> None:
    """Score and time segmentation with parts of speech; the texts are those of data.build."""
    try:
        scores, sentences = held_out(corpus, treebank, dictionary)
        speeds, characters = speed(corpus, repeats, times)
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None
    model = Path(default_pos_path()).read_bytes()
    page = [
        "# Parts of speech\n",
        provenance(context, "pos.py", ["output"]),
        INTRODUCTION.format(corpus=Path(corpus).name, sentences=sentences),
        table(["standard", "F1 of words", "joint F1", "accuracy"], scores, left=1),
        SPEED.format(characters=characters, times=times, repeats=repeats),
        table(["", "characters/s", "ns a character", "of plain speed"], speeds, left=1),
        f"The part-of-speech model takes {len(model) / 1e6:.2f} MB, "
        f"{len(zlib.compress(model)) / 1e6:.2f} MB compressed as in a wheel.\n",
    ]
    write(output, "\n".join(page))


if __name__ == "__main__":
    main()
