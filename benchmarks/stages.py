"""Time of each stage of segmenting, and the limits of the machine.

python benchmarks/stages.py ctb6.test.txt pku.test.txt
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import click
import numpy as np
from _report import DOCS, provenance, table, write
from _texts import SEED, plain_lines

import crfseg
from crfseg.features.kernels.layout import CHARACTER, FIRST_LEXICON, TYPE, gap_of
from crfseg.features.kernels.pairs import number
from crfseg.features.kernels.trie import match
from crfseg.jit.decorators import kernel
from crfseg.jit.memory import matrix, vector
from crfseg.model.standards import select
from crfseg.segmentation.compiler import compile_model
from crfseg.segmentation.engine import as_bytes
from crfseg.segmentation.kernels import layout
from crfseg.segmentation.kernels.candidate_spans import find_runs
from crfseg.segmentation.kernels.ids_to_scores import bitmap_rows, pair_rows, table_rows
from crfseg.segmentation.kernels.pipeline import score
from crfseg.segmentation.kernels.scores_to_tags import viterbi_of_words
from crfseg.segmentation.kernels.table_views import levels_at, plan_at
from crfseg.segmentation.kernels.tags_to_words import write as write_text
from crfseg.text import characters as characters_module
from crfseg.text.codes import BOUNDARY

GATHERED, STEP = layout.GATHERED, layout.STEP
_TAGS = (0, 1, 2, 3)
#: Bytes of a text whose n-grams stay in the cache.
_HOT = 30_000

INTRODUCTION = """\
The time of `crfseg segment` per character, with the bundled model, one thread and the text in
memory. The stages are timed one by one over the whole text; figures are medians of {repeats}.
"all" is the compiled function as it is used, in which the stages compete for the caches; "rest"
is the remainder: UTF-8 decoding, gathering sequences, and that competition. A piece of {hot:,}
characters segmented again and again, so that its n-grams stay in the cache, takes {hot_ns:.1f} ns
per character; the difference from "all" is time spent waiting for memory.
"""
BOUNDS = """\
## Limits

A character of the text takes {bytes_in:.2f} bytes in UTF-8 and about {moved:,} bytes of
intermediate arrays, which stay in the first- and second-level caches because they are built for
{step} to {gathered} characters at a time. The tables do not fit there; they take
{megabytes:.1f} MB in all:

{tables}

This machine copies {copy:.1f} GB/s from memory to memory, and reads {loads:.0f} million random
8-byte words per second from {megabytes:.0f} MB when the addresses are known in advance. A
character needs about {random} words of the large tables, which would take {floor:.1f} ns at that
rate. Copying a character in and out takes 1/{ratio:.0f} of the time of segmenting it.

## Design choices

- One n-gram, one row: C-1C0 and C0C+1 are the same pair seen from two positions. A pair of
  characters is numbered once, with two bitmaps, and its number serves both the lexicons (the
  second level of the trie) and the weights.
- Branch-free loops over hundreds of characters: a chain of dependent loads costs its full latency
  only if the processor has nothing else to do. Each loop prefetches the cache lines that the next
  one needs.
- Templates over cells with few values (types, lexicon codes) are plain tables. A template whose
  cells are all part of another's is added into that table when the model is loaded, and costs
  nothing.
- The scores of four tags are four 16-bit lanes of one 64-bit number: one addition per template.
- Text that cannot contain an address or a number is skipped eight bytes at a time, and words are
  copied eight bytes at a time.
- Kernels take a whole array and an offset, not a slice of a slice: the compiler does not know the
  strides of the latter and leaves loops over it scalar.
- Lists of words are built by compiled code, which reuses the strings of earlier words.
"""


@kernel
def run_runs(data, runs):
    """Looks for candidates of addresses and numbers."""
    return find_runs(data, runs)


@kernel
def run_numbers(h, columns, gap, n, pairs):
    """Number the pairs of characters."""
    for a in range(0, n, GATHERED):
        number(columns, gap + a - 1, gap + a + GATHERED + 1, levels_at(h), pairs)


@kernel
def run_match(h, columns, gap, n, pairs, scratch):
    """Find the words of the lexicons."""
    masks, tiers = vector(h, layout.MASKS, np.uint64), vector(h, layout.TIERS, np.int64)
    for a in range(0, n, GATHERED):
        match(columns, gap + a, GATHERED, pairs, levels_at(h), masks, tiers, scratch)


@kernel
def run_rows(h, columns, gap, n, pairs, rows):
    """Find the rows of all n-grams."""
    plan, families = plan_at(h), matrix(h, layout.FAMILIES, np.int64)
    weights = vector(h, layout.WEIGHTS, np.uint64)
    for a in range(0, n, STEP):
        for f in range(len(families)):
            begin = gap + a + plan.windows[f, 0]
            end = gap + a + STEP + plan.windows[f, 1]
            base, stride = families[f, 1], families[f, 2]
            if families[f, 0] == layout.PAIR:
                pair_rows(pairs[begin:end], base, stride, weights, rows[f, : end - begin])
            elif families[f, 0] == layout.BITMAP:
                bitmaps = matrix(h, layout.BITMAPS, np.uint64)
                bitmap_rows(columns, plan, f, begin, end, families[f], bitmaps, weights, rows[f])
            elif families[f, 0] == layout.TABLE:
                table_rows(columns, plan, f, begin, end, base, stride, rows[f])


@kernel
def run_score(h, columns, gap, n, pairs, buffers, scores):
    """Rows and emission scores."""
    rows, keys, sums = buffers
    for a in range(0, n, GATHERED):
        score(columns, gap + a, GATHERED, pairs, h, _TAGS, rows, keys, sums, scores[a:])


@kernel
def run_viterbi(h, scores, n, bits, path):
    """The best paths, as sequences of 32 characters."""
    transitions = matrix(h, layout.TRANSITIONS, np.int32)
    for a in range(0, n, 32):
        viterbi_of_words(scores[a : a + 32], 32, transitions, bits, path)


@kernel
def run_write(data, marks, separator, out):
    """Write the text with separators."""
    return write_text(data, marks, separator, layout.KEEP, -1, out)


@kernel
def random_loads(places, memory):
    """Read words at random places."""
    total = np.uint64(0)
    for i in range(len(places)):
        total += memory[places[i]]
    return total


def seconds(function: Callable[..., Any], arguments: tuple[Any, ...], repeats: int) -> float:
    """The median time, after one run that compiles."""
    function(*arguments)
    times = []
    for _ in range(repeats):
        start = perf_counter()
        function(*arguments)
        times.append(perf_counter() - start)
    return median(times)


def sequences(
    tables: layout.Tables, alphabet: np.ndarray, lines: list[str]
) -> tuple[np.ndarray, int]:
    """The feature columns of all lines as `utf8_to_ids.gather` lays them out, and their size."""
    gap = gap_of(int(tables.numbers[0]))
    codes = [characters_module.code_points(line) for line in lines]
    ids = np.full(gap + sum(len(c) + gap for c in codes) + 2 * GATHERED, BOUNDARY, np.int32)
    columns = np.zeros((FIRST_LEXICON + 2 * len(tables.masks), len(ids)), np.int32)
    at = gap
    for c in codes:
        ids[at : at + len(c)] = alphabet[c]
        columns[TYPE, at : at + len(c)] = characters_module.types()[c]
        at += len(c) + gap
    columns[CHARACTER] = ids
    return columns, (at - gap) // GATHERED * GATHERED


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("gold", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--repeats", type=click.IntRange(min=1), default=7, show_default=True)
@click.option("--output", metavar="FILE", default=str(DOCS / "performance.md"))
@click.pass_context
def main(context: click.Context, gold: tuple[str, ...], repeats: int, output: str) -> None:
    """Time the stages of segmenting the texts GOLD, segmented with spaces; write the page."""
    segmenter = crfseg.Segmenter()
    model = select(segmenter.model, None)
    tables = compile_model(model)
    lines = [line for name in gold for line in plain_lines(name)]
    characters = sum(map(len, lines))
    data = "".join(f"{line}\n" for line in lines).encode()
    engine = segmenter._engine
    h = np.frombuffer(engine._tables, dtype=np.int64).reshape(-1, 3)
    columns, n = sequences(tables, model.alphabet.table, lines)
    gap, reach = gap_of(int(tables.numbers[0])), int(tables.numbers[0])
    pairs, scores = np.zeros(columns.shape[1], np.uint32), np.zeros((n, 4), np.int32)
    scratch = np.zeros((4, GATHERED), np.uint32)
    rows = np.zeros((len(tables.families), STEP + 2 * reach), np.uint32)
    buffers = rows, np.zeros(STEP + 2 * reach, np.uint64), np.zeros(STEP, np.uint64)
    bits, path = np.zeros(64, np.uint8), np.zeros(64, np.uint8)
    bytes_ = np.frombuffer(data, np.uint8)
    written = segmenter.segment_bytes(data)
    marks = _marks(written)
    out = np.zeros(2 * len(data), np.uint8)
    runs = np.zeros((len(data) // 2 + 2, 3), np.int32)
    style = segmenter._separated_by(" ")
    blocks = _blocks(data)
    stages = {
        "look for addresses and numbers": (run_runs, (bytes_, runs)),
        "number the pairs of characters": (run_numbers, (h, columns, gap, n, pairs)),
        "find the words of the lexicons": (run_match, (h, columns, gap, n, pairs, scratch)),
        "find the rows of the n-grams": (run_rows, (h, columns, gap, n, pairs, rows)),
        "the same, and add them up": (run_score, (h, columns, gap, n, pairs, buffers, scores)),
        "Viterbi": (run_viterbi, (h, scores, n, bits, path)),
        "write the words": (run_write, (bytes_, marks, np.frombuffer(b" ", np.uint8), out)),
        "all": (lambda: [engine.write(b, style, as_bytes) for b in blocks], ()),
    }
    spent = {
        name: seconds(function, arguments, repeats) / characters * 1e9
        for name, (function, arguments) in stages.items()
    }
    spent["the same, and add them up"] -= spent["find the rows of the n-grams"]
    spent["add them up"] = spent.pop("the same, and add them up")
    whole = spent.pop("all")
    spent["rest"] = whole - sum(spent.values())
    spent["all"] = whole
    piece = data[: data.find(b"\n", _HOT) + 1].decode()
    short, times = piece.encode(), -(-len(data) // _HOT)
    again = (lambda: [engine.write(short, style, as_bytes) for _ in range(times)], ())
    hot = seconds(*again, repeats) / (len(piece) * times) * 1e9
    rows_ = [[name, f"{ns:.1f}", f"{ns / whole:.0%}"] for name, ns in spent.items()]
    megabytes = len(engine._image) / 1e6
    memory = np.zeros(int(megabytes * 1e6) // 8, np.uint64)
    places = np.random.default_rng(SEED).integers(0, len(memory), 4_000_000)
    loads = len(places) / seconds(random_loads, (places, memory), repeats) / 1e6
    large = np.ones(1 << 26, np.uint8)
    copy = 2 * len(large) / seconds(np.copyto, (np.empty_like(large), large), repeats) / 1e9
    # One word per template; two bitmaps, the entry of a pair, about two entries of the trie.
    words = len(tables.plan.templates) + 5
    # Columns, places, numbers of pairs, rows, lexicon scratch; sums, scores, back-pointers.
    moved = 4 * (len(columns) + 2 + len(tables.families) + 4) + 8 + 4 * len(_TAGS) + 2
    facts = {
        "bytes_in": len(data) / characters, "moved": moved, "step": STEP, "gathered": GATHERED,
        "megabytes": megabytes, "copy": copy, "loads": loads, "random": words,
        "floor": words / loads * 1e3,
        "ratio": whole / (len(data) * 2.3 / characters / copy),
        "tables": table(["table", "MB"], _table_sizes(tables)),
    }  # fmt: skip
    parts = [
        "# Performance\n",
        provenance(context, "stages.py", ["output"]),
        INTRODUCTION.format(repeats=repeats, hot=len(piece), hot_ns=hot),
        table(["stage", "ns a character", "share"], rows_),
        BOUNDS.format(**facts),
    ]
    write(output, "\n".join(parts))


def _table_sizes(tables: layout.Tables) -> list[list[str]]:
    levels = tables.levels
    sizes = {
        "weights and their bitmaps": tables.weights.nbytes + tables.bitmaps.nbytes,
        "bitmaps of pairs": levels.pairs.groups.nbytes + levels.pairs.blocks.nbytes,
        "pairs that words begin with": levels.openings.nbytes,
        "longer beginnings of words": levels.entries.nbytes + levels.displacements.nbytes,
        "characters": tables.pages.nbytes + tables.characters.nbytes,
    }
    return [[name, f"{size / 1e6:.2f}"] for name, size in sizes.items()]


def _marks(written: bytes) -> np.ndarray:
    """The marks with which `write` writes this text."""
    marks = bytearray()
    for line in written.split(b"\n")[:-1]:
        for word in line.split(b" "):
            marks += bytes([layout.WORD]) + bytes(len(word) - 1)
        marks.append(layout.SPACE)
    return np.frombuffer(bytes(marks), np.uint8)


def _blocks(data: bytes) -> list[bytes]:
    blocks, at = [], 0
    while at < len(data):
        end = data.find(b"\n", min(at + (1 << 18), len(data) - 1)) + 1 or len(data)
        blocks.append(data[at:end])
        at = end
    return blocks


if __name__ == "__main__":
    main()
