"""Corpus formats: detection, and readers that turn lines into words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from crfseg.common.errors import DataError
from crfseg.common.files import MAX_WORD, Path, check_length
from crfseg.corpus.partial import FORM, fits, is_marked, partial_reader
from crfseg.corpus.schemes import FOUR

#: What a line of each format looks like.
FORMS = {
    "words": "words separated by spaces",
    "tagged": "word/POS separated by spaces",
    "chars": "字/b with tags s b m e, separated by spaces",
    "conll": "one character a line, its tag in the last column",
    "conllu": "CoNLL-U (ten columns separated by tabs)",
    "partial": FORM,
}
#: Number of non-empty lines used to detect the format of a file.
SAMPLE = 300
# A word in the four-tag scheme, or in the six-tag scheme (`schemes.SIX`).
_WORD = re.compile(r"s|b(?:c(?:dm*)?|m*)e")
_LEGAL = re.compile(f"(?:{_WORD.pattern})+")
# "[" may open a compound before a word/POS token, "]nt" or "]/nt" close it after one.
_POS = re.compile(r"\[*\S+/[A-Za-z][A-Za-z0-9_-]*(?:\](?:/?[A-Za-z0-9]+)?)*")
_CLOSING = re.compile(r"(.+/[^/\[\]]+?)((?:\](?:/?[A-Za-z0-9]+)?)+)")
_CHAR_TAG = re.compile(r"\S/[sbmecdSBMECD]")
_COLUMN_TAG = re.compile(r"[sbmecdioSBMECDIO](?:-\S+)?")
_ID = re.compile(r"[0-9]+(?:[-.][0-9]+)?")
Lines = Iterable[str]
Pairs = list[tuple[str, str]]


def detect(sample: list[str]) -> str:
    """Detects the format of a file from its first lines.

    If lines disagree, it is the format of those before the first that disagrees: reading in
    that format then stops at that line with an error.
    """
    sample = [line for line in sample if line.strip()]
    columns = sum(map(_is_row_of_conll, sample))
    if columns and columns * 2 >= len(sample):
        return "conll"
    if all(map(fits, sample)) and any(map(is_marked, sample)):
        return "partial"
    # Most specific first.
    possible = ["conllu", "chars", "tagged", "words"]
    for line in sample:
        fitting = _fitting(line)
        agreeing = [form for form in possible if form in fitting]
        if not agreeing:
            break
        possible = agreeing
    return possible[0] if sample else "words"


def _fitting(line: str) -> set[str]:
    """The formats a line may have; "words" only if no other is evident."""
    tokens = line.split()
    if line.count("\t") == 9 and _ID.fullmatch(line.partition("\t")[0]):
        return {"conllu"}
    if all(map(_CHAR_TAG.fullmatch, tokens)):
        formats = {"chars", "tagged"}
        if _LEGAL.fullmatch("".join(token[2] for token in tokens).lower()):
            formats = {"chars"}
    elif all(map(_POS.fullmatch, tokens)):
        formats = {"tagged"}
    else:
        formats = {"words"}
    if len(tokens) == 1:  # "和/或" alone is ambiguous
        formats |= {"words", "tagged"} if "/" in line else {"words"}
    comment = line.startswith("#") and "chars" not in formats
    return formats | {"conllu"} if comment else formats


def _is_row_of_conll(line: str) -> bool:
    columns = line.split()
    if len(columns) < 2 or len(columns[0]) != 1 or columns[::2][:2] == ["#", "="]:
        return False  # "# text = s" is a comment of CoNLL-U
    return _COLUMN_TAG.fullmatch(columns[-1]) is not None


def words_reader(path: Path, lines: Lines, guess: bool) -> Iterator[list[str]]:
    """Sentences of words separated by any whitespace; guess: reject lines of other formats."""
    rows: list[str] = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        if len(line) > MAX_WORD:
            check_length(path, number, words)
        if guess:
            if ("/" in line or "\t" in line) and "words" not in (found := _fitting(line)):
                raise _mixed(path, number, words[0], min(found), "words")
            # One row of two columns may be two words; three in succession are not.
            rows = [*rows, line] if len(line) < 32 and _is_row_of_conll(line) else []
            if len(rows) == 3:
                raise _mixed(path, number - 2, rows[0], "conll", "words")
        yield words


def tagged_reader(path: Path, lines: Lines, guess: bool) -> Iterator[list[str]]:
    """Sentences of word/POS; guess: reject characters with segmentation tags."""
    for number, line in enumerate(lines, 1):
        tokens = line.split()
        if not tokens:
            continue
        if len(line) > MAX_WORD:
            check_length(path, number, tokens)
        begins = guess and tokens[0][1:] in ("/b", "/s", "/B", "/S")
        if begins and _fitting(line) == {"chars"}:
            raise _mixed(path, number, line, "chars", "tagged")
        # Fast path for nearly every line: twice as fast as building the pairs.
        if "[" not in line and "]" not in line:
            words, _, tags = zip(*[token.rpartition("/") for token in tokens], strict=True)
            if all(words) and all(tags):
                yield list(words)
                continue
        yield [word for word, _ in tagged_pairs(path, number, line)]


def tagged_pairs(path: Path, number: int, line: str) -> Pairs:
    """The (word, tag) pairs of a line; compounds in brackets are read as their inner words."""
    open_at: list[int] = []
    pairs: Pairs = []
    for token in line.split():
        inner = token
        while inner.startswith("[") and inner[1:2] != "/" and "]" not in inner.rpartition("/")[0]:
            open_at.append(len(pairs))
            inner = inner[1:]
        if closing := _CLOSING.fullmatch(inner):
            inner = closing[1]
            for _ in range(closing[2].count("]")):
                if not open_at:
                    problem = f"'{_short(token)}' closes a compound that was not opened"
                    raise DataError(path, number, problem, "[word/POS word/POS]POS")
                open_at.pop()
        word, _, tag = inner.rpartition("/")
        if not word or not tag:
            lacking = "word" if tag and "/" in inner else "tag"
            problem = f"'{_short(token)}' has no {lacking}"
            raise _other(path, number, problem, "tagged")
        pairs.append((word, tag))
    if open_at:
        problem = f"the compound that begins with '[{pairs[open_at[-1]][0]}' is not closed"
        raise DataError(path, number, problem, "[word/POS word/POS]POS")
    return pairs


def chars_reader(path: Path, lines: Lines, guess: bool) -> Iterator[list[str]]:
    """Sentences of characters, each with its segmentation tag."""
    for number, line in enumerate(lines, 1):
        tokens = line.split()
        if not tokens:
            continue
        joined = "".join(tokens)
        tags = joined[2::3].lower()
        if set(map(len, tokens)) != {3} or joined[1::3] != "/" * len(tokens):
            wrong = next(token for token in tokens if len(token) != 3 or token[1] != "/")
            raise _other(path, number, f"'{_short(wrong)}'", "chars")
        yield _join(path, range(number, number + 1), joined[::3], tags, "sbmecd")


def conll_reader(path: Path, lines: Lines, guess: bool) -> Iterator[list[str]]:
    """Sentences of one character per line, with tags s b m e (c d) or B I O.

    Raises DataError for a file that uses both tag sets.
    """
    chars, tags, width, first = list[str](), list[str](), 0, 1
    seen: dict[bool, int] = {}
    letters: dict[str, str] = {}

    def flush(end: int) -> list[str]:
        text = "".join(tags)
        if set(text) <= {"o"}:
            return chars
        # B I O does not mark word ends, so only a whole sentence shows which tag set it uses.
        ends = any(tag in "smecd" for tag in text) or (True in seen and set(text) == {"b"})
        seen.setdefault(ends, first)
        if len(seen) == 2:
            other = seen[not ends]
            problem = f"tags {'s b m e' if ends else 'B I O'} here, others in line {other}"
            raise DataError(path, first, problem, "one set of tags in the whole file")
        if not ends:
            if wrong := re.search("(?:^|o)(i)", text):
                at = wrong.start(1)
                raise DataError(path, first + at, f"'{chars[at]}' has tag I", "B or I before it")
            text = re.sub("bi*", lambda word: FOUR.spell(len(word[0])), text)
        text = text.replace("i", "m").replace("o", "s")
        return _join(path, range(first, end), "".join(chars), text, "sbmecdio")

    number = 0
    for number, line in enumerate(lines, 1):
        columns = line.split()
        if not columns:
            if chars:
                yield flush(number)
                chars, tags = [], []
            continue
        if not chars:
            first = number
        width = width or len(columns)
        if len(columns) != width or width < 2:
            problem = f"{_columns(len(columns))} ('{_short(line)}')"
            expected = f"{_columns(width)}, as in the lines before" if width > 1 else FORMS["conll"]
            raise DataError(path, number, problem, expected)
        if len(columns[0]) != 1:
            problem = f"'{_short(columns[0])}' in the first column"
            raise _other(path, number, problem, "conll")
        letter = letters.get(columns[-1])
        if letter is None:
            if not _COLUMN_TAG.fullmatch(columns[-1]):
                problem = f"tag '{_short(columns[-1])}' of '{columns[0]}'"
                raise DataError(path, number, problem, "one of s b m e c d B I O (or as B-X)")
            letter = letters[columns[-1]] = columns[-1][0].lower()
        chars.append(columns[0])
        tags.append(letter)
    if chars:
        yield flush(number + 1)


def conllu_reader(path: Path, lines: Lines, guess: bool) -> Iterator[list[str]]:
    """Sentences of the FORM column; a multiword range replaces its parts."""
    words, covered = list[str](), 0
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if words:
                yield words
            words, covered = [], 0
            continue
        columns = line.split("\t")
        place = columns[0]
        if len(columns) != 10 or not _ID.fullmatch(place):
            problem = f"{_columns(len(columns))} ('{_short(line)}')"
            expected = "ten columns separated by tabs, the first a number as 3, 3-4 or 3.1"
            raise DataError(path, number, problem, expected)
        start, _, end = place.partition("-")
        if "." in place or int(start) <= covered:
            continue
        covered = int(end or 0)
        parts = columns[1].split()  # spaces in a form count as boundaries
        if not parts:
            raise DataError(path, number, "an empty word", "a word in the second column")
        if len(columns[1]) > MAX_WORD:
            check_length(path, number, parts)
        words += parts
    if words:
        yield words


READERS: dict[str, Callable[[Path, Lines, bool], Iterator[list[str]]]] = {
    "words": words_reader,
    "tagged": tagged_reader,
    "chars": chars_reader,
    "conll": conll_reader,
    "conllu": conllu_reader,
    "partial": partial_reader,
}
_OTHERWISE = " (if the file has another format, give format=...)"


def _join(path: Path, lines: range, chars: str, tags: str, known: str) -> list[str]:
    """The words spelled by the tags; lines: one line number, or one for each character.

    Raises DataError for tags that spell no words.
    """
    if _LEGAL.fullmatch(tags):
        return [chars[slice(*word.span())] for word in _WORD.finditer(tags)]
    for i, tag in enumerate(tags):
        if tag not in known:
            problem = f"tag '{tag}' of '{chars[i]}'"
            raise DataError(path, lines[i % len(lines)], problem, "one of s b m e c d")
    good = legal.end() if (legal := _LEGAL.match(tags)) else 0
    at = good
    while at < len(tags) and _can_begin(tags[good : at + 1]):
        at += 1
    if at == len(tags):
        problem = f"the sentence ends after '{chars[-1]}/{tags[-1]}', inside a word"
        raise DataError(path, lines[-1], problem, "tag e or s at its end")
    before = f"'{chars[at - 1]}/{tags[at - 1]}'" if at else "the beginning of the sentence"
    problem = f"'{chars[at]}/{tags[at]}' after {before}"
    expected = "a word tagged s, be, bme, bmme ..."
    raise DataError(path, lines[at % len(lines)], problem, expected)


def _can_begin(tags: str) -> bool:
    """Whether the tags are a prefix of a word."""
    return re.fullmatch("s|b(?:c(?:dm*)?|m*)e?", tags) is not None


def _mixed(path: Path, line: int, found: str, form: str, before: str) -> DataError:
    problem = f"'{_short(found)}' looks like {FORMS[form]}"
    expected = f"{FORMS[before]}, as in the lines before"
    expected += f" (give format={before} if it is text)"
    return DataError(path, line, problem, expected, ("format",))


def _other(path: Path, line: int, problem: str, form: str) -> DataError:
    return DataError(path, line, problem, f"{FORMS[form]}{_OTHERWISE}", ("format",))


def _columns(count: int) -> str:
    return f"{count} column{'s' * (count > 1)}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 30 else text[:29] + "…"
