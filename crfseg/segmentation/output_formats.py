"""Output formats of a segmented line: words, tags, spans, and probabilities as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crfseg.text.whitespace import is_space

if TYPE_CHECKING:
    from crfseg.segmentation.distribution import Marginals

#: Decimals of a probability: further ones depend on the machine.
_DIGITS = 4


def join_words(tokens: list[str], sep: str) -> str:
    """The text with separators between words that no whitespace separates."""
    pieces = tokens[:1]
    for before, token in pairwise(tokens):
        if not is_space(before) and not is_space(token):
            pieces.append(sep)
        pieces.append(token)
    return "".join(pieces)


def join_tags(tokens: list[str], sep: str) -> str:
    """character/tag for each non-whitespace character."""
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
    """begin:end of each word, in characters."""
    spans, begin = [], 0
    for token in tokens:
        end = begin + len(token)
        if not is_space(token):
            spans.append(f"{begin}:{end}")
        begin = end
    return " ".join(spans)


def join_pos(tokens: list[str], tags: list[str], sep: str) -> str:
    """word/tag for each word; tags: one per token that is not whitespace."""
    tag = iter(tags)
    spelled = [token if is_space(token) else f"{token}/{next(tag)}" for token in tokens]
    return join_words(spelled, sep)


#: Writers of the formats that need only the tokens.
JOINED = {"words": join_words, "tags": join_tags, "spans": join_spans}


def as_json(value: Any) -> str:
    """One line of JSON."""
    import json  # imported late: it slows start-up

    return json.dumps(value, ensure_ascii=False)


def lines_of(text: str) -> Iterator[tuple[int, int, int]]:
    """Begin and end of each line without its line end, and the begin of the next line."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin)
        following = len(text) if end < 0 else end + 1
        end = following if end < 0 else end
        yield begin, end - (end > begin and text[end - 1] == "\r"), following
        begin = following


def write_lines(marginals: Marginals, output: str) -> str:
    """Write "json" or "marginals" for each line of a text; line ends are kept."""
    return "".join(
        WRITTEN[output](marginals, begin, end, words) + marginals.text[end:following]
        for begin, end, following, words in _lines_with_words(marginals)
    )


def json_lines(marginals: Marginals) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """The tokens of each line of a text, as in "json" output, and its line end."""
    for begin, end, following, words in _lines_with_words(marginals):
        yield _tokens(marginals, begin, end, words), marginals.text[end:following]


def _lines_with_words(marginals: Marginals) -> Iterator[tuple[int, int, int, list[Any]]]:
    """`lines_of` a text, each with its words."""
    words = iter(marginals.words)
    word = next(words, None)
    for begin, end, following in lines_of(marginals.text):
        words_of_line = []
        while word is not None and word.end <= end:
            words_of_line.append(word)
            word = next(words, None)
        yield begin, end, following, words_of_line


def write_line(marginals: Marginals, output: str) -> str:
    """Write "json" or "marginals" for a text that is one line without a line end."""
    return WRITTEN[output](marginals, 0, len(marginals.text), marginals.words)


def _json_line(marginals: Marginals, begin: int, end: int, words: list[Any]) -> str:
    return as_json(_tokens(marginals, begin, end, words))


def _tokens(marginals: Marginals, begin: int, end: int, words: list[Any]) -> list[dict[str, Any]]:
    """All tokens of a line, including the whitespace between words, with confidence 1."""
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


#: Writers of the formats that need marginals; they take the span of a line and its words.
WRITTEN = {"json": _json_line, "marginals": _marginals_line}
