"""Tags words with parts of speech: Viterbi over the tags that each word may have.

A word seen in training has the tags it was seen with, any other one the open tags. Most words
have only one tag, and then their neighbours are not scored: most of the time goes into looking up
words. They are looked up by a 64-bit hash; two words of a text are unlikely to share one.
"""

from __future__ import annotations

import numpy as np

from crfseg.features.kernels.keys import EMPTY, SPREAD
from crfseg.jit.decorators import part, stage
from crfseg.jit.memory import array_at, matrix, vector
from crfseg.tagging.kernels.layout import (
    CHARACTERS,
    FACTS,
    FIELDS,
    FIRST,
    FORM,
    HEAD,
    LAST,
    LENGTH,
    LENGTHS,
    LINE,
    LONGEST,
    MOVES,
    NO_TAG,
    NUMBERS,
    OPEN,
    PAIR,
    PAIRS,
    PLACE,
    ROWS,
    SCORES,
    SHAPES,
    SPACE,
    TABLES,
    TAGS,
    TOKEN,
    WORD,
    WORDS,
)
from crfseg.text.codes import BREAK

_ZERO, _ONE, _HALF, _CHARACTER = np.uint64(0), np.uint64(1), np.uint64(32), np.uint64(21)


@part
def found(table, key):
    """The value of a key in a table (uint64 [2^k, 2]: keys and values); 0 if it is missing."""
    last = np.uint64(len(table) - 1)
    slot = (key ^ (key >> _HALF)) & last
    while table[slot, 0] != key and table[slot, 0] != EMPTY:
        slot = (slot + _ONE) & last
    return np.int64(table[slot, 1]) if table[slot, 0] == key else np.int64(0)


@part
def character(text, i):
    """The code point that begins at a byte of UTF-8, and the index of the next one."""
    a = np.int64(text[i])
    if a < 0x80:
        return a, i + 1
    b = np.int64(text[i + 1]) & 63
    if a < 0xE0:
        return (a & 31) << 6 | b, i + 2
    c = np.int64(text[i + 2]) & 63
    if a < 0xF0:
        return (a & 15) << 12 | b << 6 | c, i + 3
    return (a & 7) << 18 | b << 12 | c << 6 | np.int64(text[i + 3]) & 63, i + 4


@stage
def read_words(header, text_at, size, words_at, tags_at, limit):
    """Read the words of a text, see `tag_words`; returns their number n.

    words[n, PLACE] is the number of places of their path.
    """
    h = array_at(header, (TABLES, 3), np.int64)
    characters, numbers = vector(h, CHARACTERS, np.uint32), vector(h, NUMBERS, np.int32)
    table, pairs = matrix(h, WORDS, np.uint64), matrix(h, PAIRS, np.uint64)
    facts = matrix(h, FACTS, np.int32)
    open_tags = len(vector(h, OPEN, np.uint8))
    text = array_at(text_at, (size,), np.uint8)
    words = array_at(words_at, (limit, FIELDS), np.int64)
    tags = array_at(tags_at, (limit,), np.uint8)
    n = token = places = i = np.int64(0)
    first = np.int64(1)
    while i <= size:
        tags[token] = NO_TAG
        head = last = before = length = np.int64(0)
        key = _ZERO
        kind = np.int64(SPACE if i == size or text[i] == BREAK else 0)
        while i < size and text[i] != BREAK:
            code, i = character(text, i)
            said = np.int64(characters[code])
            form = said & FORM
            key = (key ^ np.uint64(form)) * SPREAD
            key ^= key >> _HALF
            if length == 0:
                head = form
                kind = said
            elif kind & SPACE != 0:
                kind |= said & LINE
            before, last = last, form
            length += 1
        i += 1
        if kind & SPACE != 0:
            first |= np.int64(kind & LINE != 0)
        else:
            word = found(table, key)
            words[n, TOKEN], words[n, WORD], words[n, FIRST] = token, word, first
            words[n, PLACE] = places
            if word > 0:
                places += facts[word, 1]
            else:
                places += open_tags
                pair = np.uint64(before) << _CHARACTER | np.uint64(last)
                words[n, HEAD], words[n, LAST] = numbers[head], numbers[last]
                words[n, PAIR], words[n, LENGTH] = found(pairs, pair * SPREAD), min(length, LONGEST)
            first = np.int64(0)
            n += 1
        token += 1
        # The end of the last word, inside the loop: numba drops writes to an unused array.
        words[n, FIRST], words[n, PLACE] = 1, places
    return n


@part
def add_row(rows, row, labels, scores):
    for j in range(len(labels)):
        scores[j] += rows[row, labels[j]]


@part
def weigh(h, words, n, i, labels, scores):
    """Add the weights of the neighbours of a word to the scores of its labels."""
    facts, shapes = matrix(h, FACTS, np.int32), matrix(h, SHAPES, np.int32)
    rows = matrix(h, ROWS, np.int16)
    other = np.int64(0) if words[i, FIRST] != 0 else words[i - 1, WORD]
    if words[i, FIRST] == 0 and other == 0:
        add_row(rows, shapes[words[i - 1, LAST], 2], labels, scores)
    else:
        add_row(rows, facts[other, 2], labels, scores)
        add_row(rows, facts[other, 4], labels, scores)
    other = np.int64(0) if words[i + 1, FIRST] != 0 else words[i + 1, WORD]
    if words[i + 1, FIRST] == 0 and other == 0:
        add_row(rows, shapes[words[i + 1, HEAD], 3], labels, scores)
    else:
        add_row(rows, facts[other, 3], labels, scores)
        add_row(rows, facts[other, 5], labels, scores)


@stage
def find_path(header, words_at, n, path_at, best_at, tags_at, limit):
    """Write the best tags of the n words, each line separately; see `tag_words`."""
    h = array_at(header, (TABLES, 3), np.int64)
    facts, shapes = matrix(h, FACTS, np.int32), matrix(h, SHAPES, np.int32)
    rows, moves = matrix(h, ROWS, np.int16), matrix(h, MOVES, np.int32)
    kept, own = vector(h, TAGS, np.uint8), vector(h, SCORES, np.int32)
    open_tags, lengths = vector(h, OPEN, np.uint8), vector(h, LENGTHS, np.int32)
    words = array_at(words_at, (limit, FIELDS), np.int64)
    tags = array_at(tags_at, (limit,), np.uint8)
    path = array_at(path_at, (words[n, PLACE], 2), np.uint8)
    T = len(moves)
    best = array_at(best_at, (2, T), np.int64)
    for i in range(n):
        word, place = words[i, WORD], words[i, PLACE]
        count = words[i + 1, PLACE] - place
        scores, before = best[i & 1], best[(i & 1) ^ 1]
        if word > 0:
            begin = np.int64(facts[word, 0])
            labels = kept[begin : begin + count]
            for j in range(count):
                scores[j] = own[begin + j]
        else:
            labels = open_tags
            for j in range(count):
                scores[j] = 0
            add_row(rows, shapes[words[i, HEAD], 0], labels, scores)
            add_row(rows, shapes[words[i, LAST], 1], labels, scores)
            add_row(rows, words[i, PAIR], labels, scores)
            add_row(rows, lengths[words[i, LENGTH]], labels, scores)
        if count > 1:
            weigh(h, words, n, i, labels, scores)
        start = words[i - 1, PLACE] if words[i, FIRST] == 0 else place
        for j in range(count):
            label, back = labels[j], np.int64(0)
            path[place + j, 0] = label
            if start < place:
                most = before[0] + moves[path[start, 0], label]
                for k in range(1, place - start):
                    score = before[k] + moves[path[start + k, 0], label]
                    if score > most:
                        most, back = score, k
                scores[j] += most
            path[place + j, 1] = back
        if words[i + 1, FIRST] != 0:
            at = np.int64(0)
            for j in range(1, count):
                if scores[j] > scores[at]:
                    at = j
            k = i
            while True:
                tags[words[k, TOKEN]] = path[words[k, PLACE] + at, 0]
                at = np.int64(path[words[k, PLACE] + at, 1])
                if words[k, FIRST] != 0:
                    break
                k -= 1


def tag_words(header, text, size, request):
    """Write the tags of the tokens of a text; all arguments are addresses or numbers.

    header: int64 [TABLES, 3], address and shape of the arrays of a model; text: `size` bytes of
    valid UTF-8, tokens separated by BREAK; request: int64 [6]: the largest number of tokens, M;
    the addresses of words (int64 [M + 1, FIELDS], scratch) and of tags (uint8 [M + 1], out: NO_TAG
    for a token that is empty or begins with whitespace; a sentence ends where such a token has a
    line end); the number of places of a path, P; the addresses of the path (uint8 [P, 2], scratch)
    and of scores (int64 [2, T], scratch). Returns the number of places needed; if that is more
    than P, no tags of words are written.
    """
    asked = array_at(request, (6,), np.int64)
    limit = asked[0] + 1
    n = read_words(header, text, size, asked[1], asked[2], limit)
    needed = array_at(asked[1], (limit, FIELDS), np.int64)[n, PLACE]
    if needed <= asked[3] and n > 0:
        find_path(header, asked[1], n, asked[4], asked[5], asked[2], limit)
    return needed


def write_tagged(text, size, tags, names, out, room):
    """Write tokens with their tags; all arguments are addresses or numbers.

    text, size: as in `tag_words`; tags: its result; names: int64 [258]: where the name of each of
    256 tags begins, where the separator of words begins and where it ends, in the uint8 that
    follow. A name begins with the separator of a word and its tag. No separator is written next to
    whitespace. out: `room` bytes. Returns the number of bytes written.
    """
    starts = array_at(names, (258,), np.int64)
    letters = array_at(names + 258 * 8, (starts[257],), np.uint8)
    found_tags = array_at(tags, (size + 1,), np.uint8)
    tokens = array_at(text, (size,), np.uint8)
    written = array_at(out, (room,), np.uint8)
    token = at = np.int64(0)
    i = np.int64(0)
    after_word = False
    while i < size:
        tag = np.int64(found_tags[token])
        if after_word and tag != NO_TAG:
            for k in range(starts[256], starts[257]):
                written[at] = letters[k]
                at += 1
        while i < size and tokens[i] != BREAK:
            written[at] = tokens[i]
            at += 1
            i += 1
        if tag != NO_TAG:
            for k in range(starts[tag], starts[tag + 1]):
                written[at] = letters[k]
                at += 1
        after_word = tag != NO_TAG
        i += 1
        token += 1
    return at
