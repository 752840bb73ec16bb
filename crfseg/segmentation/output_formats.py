"""How a segmented line is written: words, tags, spans, and probabilities as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crfseg.text.whitespace import is_space

if TYPE_CHECKING:
    from crfseg.segmentation.distribution import Marginals

#: Digits of a probability behind the point: those that follow depend on the machine.
_DIGITS = 4


def join_words(tokens: list[str], sep: str) -> str:
    """The text with a separator between words that are not separated by whitespace."""
    pieces = tokens[:1]
    for before, token in pairwise(tokens):
        if not is_space(before) and not is_space(token):
            pieces.append(sep)
        pieces.append(token)
    return "".join(pieces)


def join_tags(tokens: list[str], sep: str) -> str:
    """character/tag for each character that is no whitespace."""
    from crfseg.corpus.schemes import tags_of_words

    pieces, after_word = [], False
    for token in tokens:
        if is_space(token):
            pieces.append(token)
        else:
            letters = zip(token, tags_of_words([token]), strict=True)
            spelled = " ".join(f"{c}/{tag}" for c, tag in letters)
            pieces.append(" " + spelled if after_word else spelled)
        after_word = not is_space(token)
    return "".join(pieces)


def join_spans(tokens: list[str], sep: str) -> str:
    """begin:end of each word in characters."""
    spans, begin = [], 0
    for token in tokens:
        end = begin + len(token)
        if not is_space(token):
            spans.append(f"{begin}:{end}")
        begin = end
    return " ".join(spans)


def join_pos(tokens: list[str], tags: list[str], sep: str) -> str:
    """word/tag for each word; tags: of the tokens that are no whitespace."""
    tag = iter(tags)
    spelled = [token if is_space(token) else f"{token}/{next(tag)}" for token in tokens]
    return join_words(spelled, sep)


#: What is written of the tokens alone.
JOINED = {"words": join_words, "tags": join_tags, "spans": join_spans}


def as_json(value: Any) -> str:
    """One line of JSON."""
    import json  # costs time

    return json.dumps(value, ensure_ascii=False)


def lines_of(text: str) -> Iterator[tuple[int, int, int]]:
    """Begin and end of each line without its line end, and where the next one begins."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin)
        following = len(text) if end < 0 else end + 1
        end = following if end < 0 else end
        yield begin, end - (end > begin and text[end - 1] == "\r"), following
        begin = following


def write_lines(marginals: Marginals, output: str) -> str:
    """A line of "json" or "marginals" for each line of a text; line ends are kept."""
    return "".join(
        WRITTEN[output](marginals, begin, end, here) + marginals.text[end:following]
        for begin, end, following, here in _lines_with_words(marginals)
    )


def json_lines(marginals: Marginals) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """The tokens of each line of a text, as "json" has them, and its line end."""
    for begin, end, following, here in _lines_with_words(marginals):
        yield _tokens(marginals, begin, end, here), marginals.text[end:following]


def _lines_with_words(marginals: Marginals) -> Iterator[tuple[int, int, int, list[Any]]]:
    """`lines_of` a text, each with its words."""
    words = iter(marginals.words)
    word = next(words, None)
    for begin, end, following in lines_of(marginals.text):
        here = []
        while word is not None and word.end <= end:
            here.append(word)
            word = next(words, None)
        yield begin, end, following, here


def write_line(marginals: Marginals, output: str) -> str:
    """The same for a text that is a line without a line end."""
    return WRITTEN[output](marginals, 0, len(marginals.text), marginals.words)


def _json_line(marginals: Marginals, begin: int, end: int, words: list[Any]) -> str:
    return as_json(_tokens(marginals, begin, end, words))


def _tokens(marginals: Marginals, begin: int, end: int, words: list[Any]) -> list[dict[str, Any]]:
    """All tokens: what is between the words is whitespace, which is certain."""
    tokens, text = list[dict[str, Any]](), marginals.text
    for word, a, b, p in words:
        if begin < a:
            tokens.append({"word": text[begin:a], "confidence": 1.0})
        tokens.append({"word": word, "confidence": round(p, _DIGITS)})
        begin = b
    if begin < end:
        tokens.append({"word": text[begin:end], "confidence": 1.0})
    return tokens


def _marginals_line(marginals: Marginals, begin: int, end: int, words: list[Any]) -> str:
    tags = marginals.tags[begin:end].T.round(_DIGITS).tolist()
    return as_json(
        {
            "words": [
                {
                    "word": word,
                    "begin": a - begin,
                    "end": b - begin,
                    "confidence": round(p, _DIGITS),
                }
                for word, a, b, p in words
            ],
            "boundaries": marginals.boundaries[begin + 1 : end].round(_DIGITS).tolist(),
            "tags": dict(zip(marginals.names, tags, strict=True)),
        }
    )


#: What is written of marginals: of the line at a span, with these words in it.
WRITTEN = {"json": _json_line, "marginals": _marginals_line}
