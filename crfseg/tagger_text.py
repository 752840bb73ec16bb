"""A tagger as text that people read, search, compare and edit; nothing is lost.

`tagger_from_text` makes the same model of it again. As in `model_text`, sections follow a first
line that says what the file is:

[description]  the JSON description of the model
[columns]      the number of a column, then one of its values; the order is that of their ids
[dictionary]   only of models of parts of speech: labels, then the value of the first column that
               was seen with them; (unknown) has those of all other words
[transitions]  a weight, the label before, the label; what is not there is 0
[features]     a weight, its label (of bigram templates the label before and the label), then an
               n-gram as seen from a token; the label (none) says that an n-gram has no weights

Tokens and labels are written as `spelling.escape_token` does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crfseg.spelling import UNKNOWN, TokenNames, escape_token
from crfseg.tagger_model import TagDictionary, TaggerModel
from crfseg.text_sections import Form, Numbers, described

FORM = Form(
    "crfseg tagger as text, format 1",
    ("description", "columns", "transitions", "features"),
    ("dictionary",),
)
NONE = "(none)"


def tagger_blocks(model: TaggerModel) -> Iterator[list[str]]:
    """The lines of the text, in blocks."""
    labels = list(map(escape_token, model.scheme.names))
    numbers, names = Numbers(model.scale), TokenNames(model.encoder)
    yield [FORM.first_line, "", *described(model.metadata)]
    yield ["", "[columns]"]
    for c, vocabulary in enumerate(model.encoder.vocabularies):
        yield [f"{c} {escape_token(word)}" for word in vocabulary.words]
    if model.dictionary is not None:
        words = map(escape_token, model.encoder.vocabularies[0].words)
        yield ["", "[dictionary]", *_dictionary_lines(model.dictionary, list(words), labels)]
    moves = [
        f"{numbers.spell(int(model.transitions[s, t]))} {labels[s]} {labels[t]}"
        for s, t in np.argwhere(model.transitions).tolist()
    ]
    yield ["", "[transitions]", *moves, "", "[features]"]
    pairs = [f"{before} {label}" for before in labels for label in labels]
    for f in range(len(model.families)):
        of_pairs = f >= len(model.encoder.templates.families)
        spelled = [*pairs, f"{NONE} {NONE}"] if of_pairs else [*labels, NONE]
        yield _feature_lines(model, f, names, spelled, numbers)


def _dictionary_lines(
    dictionary: TagDictionary, words: list[str], labels: list[str]
) -> Iterator[str]:
    ends = np.cumsum(dictionary.counts, dtype=np.int64)[:-1]
    groups = [dictionary.open, *np.split(dictionary.labels, ends)] if words else [dictionary.open]
    for group, word in zip(groups, [UNKNOWN, *words], strict=True):
        yield f"{' '.join(labels[t] for t in group.tolist())} {word}"


def _feature_lines(
    model: TaggerModel, f: int, names: TokenNames, labels: list[str], numbers: Numbers
) -> list[str]:
    """The lines of a family, in the order of the spelling of its n-grams.

    labels: what the labels of its weights are called, and last what stands for none.
    """
    family, shape = model.families[f], model.encoder.shapes[f]
    cells = names.cells(f, family.keys)
    heads = [names.names(f, shift) for shift in shape.shifts]
    W = len(heads)
    ends = np.cumsum(family.counts, dtype=np.int64).tolist()
    starts = [0, *ends]
    weights, labelled = family.weights.tolist(), family.labels.tolist()
    lines = []
    for row in sorted(range(len(cells)), key=cells.__getitem__):
        if starts[row * W] == ends[row * W + W - 1]:
            lines.append(f"{numbers.spell(0)} {labels[-1]}  {names.join(heads[0], cells[row])}")
        for place in range(W):
            slot = row * W + place
            if starts[slot] < ends[slot]:
                feature = names.join(heads[place], cells[row])
                lines += [
                    f"{numbers.spell(weights[j])} {labels[labelled[j]]}  {feature}"
                    for j in range(starts[slot], ends[slot])
                ]
    return lines
