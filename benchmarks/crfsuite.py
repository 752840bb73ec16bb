"""Time to reach the final objective of python-crfsuite and chaine.

python benchmarks/crfsuite.py 199801.txt --gold pku.test.txt
"""

from __future__ import annotations

import importlib.metadata
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from statistics import median

import click
from _crf_peers import (
    C2,
    REACHED,
    UNCONSTRAINED,
    Training,
    minimum,
    train_chaine,
    train_crfseg,
    train_crfsuite,
)
from _report import DOCS, NONE, percent, provenance, table, write

import crfseg
from crfseg.corpus.corpus import Corpus
from crfseg.corpus.sentences import read_sentences, write_sentences
from crfseg.features.templates import default_lines
from crfseg.training.settings import TrainingSettings

PEERS: dict[str, Callable[..., Training]] = {
    "python-crfsuite": train_crfsuite,
    "chaine": train_chaine,
}
#: Tag schemes of crfseg, and their names in the table.
SCHEMES = {
    UNCONSTRAINED: "crfseg, every tag sequence (the same function)",
    "4": "crfseg as it is, legal tag sequences only",
}
#: Number of sentences on which the functions are compared, by minimising both far beyond
#: the usual end.
CHECKED = 300
CLOSE = {"epsilon": 1e-7, "delta": 1e-10}
#: Relative distances from the peer's final objective, for the last table.
NEAR = (1e-2, 1e-3, 1e-4, 1e-5, REACHED)

INTRODUCTION = """\
Each program trains a CRF with four tags on {corpus} ({sentences:,} sentences, {characters:,}
characters), with the default character templates ({templates} unigram templates and B, no lexicon)
over the same cells; the peers get the features of each character as strings. {versions} use
one thread and run until they stop by themselves (L-BFGS, default settings); crfseg uses
{threads} and stops at the first iteration whose objective is no higher than the peer's final one
(to within {reached:.4%}, since crfseg computes in float32). Kernels were compiled beforehand.
"""
OBJECTIVE = """\
## The objective

crfseg minimises the negative log-likelihood plus |w|²/2C, C = {c:g}; CRFsuite the negative
log-likelihood plus c2 |w|², so c2 = 1/2C = {c2:g}, c1 = 0. `feature.possible_states` and
`feature.possible_transitions` are set, so that each feature has a weight for each tag, whether
seen with it or not, as in crfseg. (crfseg's vector also has weights for n-grams at positions of
the window where they never occur; these remain zero.)

One difference remains. To CRFsuite, tags are mere names, and all 4^n sequences of them are
possible. crfseg knows that only some of them spell words and sums over those, so its objective is
lower for the same weights. For this comparison it was also made to sum over all sequences; then
both programs minimise the same function. To check this, both were run far beyond their usual end
on the first {sentences} sentences: python-crfsuite reaches {peer:.6f}, crfseg {own:.6f} (relative
difference {difference:.1e}; crfseg's weights are float32). With legal sequences only, crfseg
reaches {legal:.6f}.
"""
STAGES = """\
Seconds. Reading: the corpus, and for the peers also building the strings; loading: passing them
to the trainer; indexing: numbering the features; optimising: from there to the last iteration,
without saving. Medians of {repeats} for crfseg, one run of each peer. A dash means that crfseg's
objective stopped falling before it was as low as the peer's.{scored}
"""
SCORED = """ F1 is that of
the final models on {gold}, all decoding the best path only. With nothing kept whole and no
lexicon, it shows that the programs learnt the same model, not what crfseg can reach
([accuracy](accuracy.md))."""
WAY = """\
Seconds of optimising until the objective was this close to the peer's final one, with all programs
minimising the same function:
"""


def rows(
    peers: Mapping[str, Training], own: Mapping[tuple[str, str], Sequence[Training]]
) -> tuple[list[list[str]], list[list[str]]]:
    """Rows of the table of stages and of the table of ratios."""
    stages, ratios = [], []
    for peer, theirs in peers.items():
        stages.append([peer, *cells([theirs])])
        for scheme, name in SCHEMES.items():
            ours = own[scheme, peer]
            stages.append([f"{name}, to {peer}'s", *cells(ours)])
            if not all(run.reached for run in ours):
                continue
            pairs = [
                (getattr(theirs, what), median(getattr(run, what) for run in ours))
                for what in ("total", "optimising", "iteration", "before")
            ]
            ratios.append([peer, name, *(f"{a / b:.1f}x" for a, b in pairs)])
    return stages, ratios


def cells(runs: Sequence[Training]) -> list[str]:
    """Seconds of each stage and the results; dashes where the target was not reached."""
    if not all(run.reached for run in runs):
        return [NONE] * 9
    parts = ("reading", "loading", "indexing", "optimising", "total")
    seconds = [f"{median(getattr(run, part) for run in runs):.2f}" for part in parts]
    iteration = f"{median(run.iteration for run in runs):.3f}"
    f1 = NONE if runs[0].f1 is None else percent(runs[0].f1)
    return [*seconds, str(runs[0].iterations), iteration, f"{runs[0].objective:,.3f}", f1]


def way_rows(
    peers: Mapping[str, Training], own: Mapping[tuple[str, str], Sequence[Training]]
) -> list[list[str]]:
    """Seconds of optimising until the objective was close to the peer's final one."""
    lines = []
    for peer, theirs in peers.items():
        ours = own[UNCONSTRAINED, peer]
        for name, runs in ((peer, [theirs]), (f"crfseg, to {peer}'s", ours)):
            line = [name]
            for part in NEAR:
                found = [run.until(theirs.objective * (1 + part)) for run in runs]
                known = [seconds for seconds in found if seconds is not None]
                line.append(f"{median(known):.2f}" if len(known) == len(found) else NONE)
            lines.append(line)
    return lines


def installed(names: Iterable[str]) -> dict[str, str]:
    """Versions of the installed distributions among these."""
    versions = {}
    for name in names:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def check(corpus: str, folder: Path, threads: int) -> str:
    """The paragraph on the objective, with the minima of both programs."""
    part = folder / "check.txt"
    write_sentences(part, islice(read_sentences(corpus), CHECKED))
    peer = train_crfsuite(part, folder / "check.model", **CLOSE).objective
    own, legal = (minimum(part, scheme, threads) for scheme in SCHEMES)
    return OBJECTIVE.format(
        c=TrainingSettings.l2, c2=C2, sentences=CHECKED, peer=peer, own=own, legal=legal,
        difference=abs(peer - own) / peer,
    )  # fmt: skip


def measure_crfseg(
    corpus: Path, gold: Path | None, peers: dict[str, Training], threads: int, repeats: int
) -> dict[tuple[str, str], list[Training]]:
    """The runs for each tag scheme and peer."""
    own: dict[tuple[str, str], list[Training]] = {}
    for _ in range(repeats):
        for peer, theirs in peers.items():
            for scheme, name in SCHEMES.items():
                click.echo(f"{name}, to {peer}'s: ", nl=False, err=True)
                run = train_crfseg(corpus, scheme, theirs.objective, threads, gold)
                click.echo(tell(run) if run.reached else f"stuck after {tell(run)}", err=True)
                own.setdefault((scheme, peer), []).append(run)
    return own


def tell(run: Training) -> str:
    """One line about a training."""
    told = f"{run.total:.2f} s, {run.iterations} iterations, objective {run.objective:.3f}"
    return told if run.f1 is None else f"{told}, F1 {percent(run.f1)}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False))
@click.option("--gold", type=click.Path(exists=True, dir_okay=False), help="A text to score on.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="Use so many sentences.  [default: all]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "training-speed.md"),
    show_default="docs/benchmarks/training-speed.md",
)
@click.pass_context
def main(
    context: click.Context,
    corpus: str,
    gold: str | None,
    threads: int,
    repeats: int,
    limit: int | None,
    output: str,
) -> None:
    """Train on CORPUS with all programs; time how long each takes to the same objective."""
    versions = installed(PEERS)
    if "python-crfsuite" not in versions:
        raise click.ClickException("python-crfsuite is not installed; pip install -e '.[bench]'")
    try:
        with tempfile.TemporaryDirectory(prefix="crfseg-") as name:
            folder = Path(name)
            source = Path(corpus)
            if limit is not None:
                source = folder / "limited.txt"
                write_sentences(source, islice(read_sentences(corpus), limit))
            objective = check(corpus, folder, threads)  # also compiles
            scored = None if gold is None else Path(gold)
            peers: dict[str, Training] = {}
            for peer in versions:
                click.echo(f"{peer}: ", nl=False, err=True)
                peers[peer] = PEERS[peer](source, folder / "peer.model", scored)
                click.echo(tell(peers[peer]), err=True)
            own = measure_crfseg(source, scored, peers, threads, repeats)
            size = Corpus.read(source)
        stages, ratios = rows(peers, own)
        introduction = INTRODUCTION.format(
            corpus=os.path.basename(corpus),
            sentences=len(size),
            characters=len(size.codes),
            versions=" and ".join(f"{name} {version}" for name, version in versions.items()),
            threads=f"{threads} thread{'s' if threads != 1 else ''}",
            reached=REACHED,
            templates=len(default_lines(0)) - 1,  # without B
        )
        parts = ["reading", "loading", "indexing", "optimising", "in all"]
        page = [
            "# Training speed\n",
            provenance(context, "crfsuite.py", ["output"]),
            introduction,
            "How many times faster crfseg is:\n",
            table(
                ["than", "", "in all", "optimising", "an iteration", "before the first"],
                ratios,
                left=2,
            ),
            STAGES.format(
                repeats=repeats,
                scored=SCORED.format(gold=os.path.basename(gold)) if gold else "",
            ),
            table(["", *parts, "iterations", "s each", "objective", "F1"], stages),
            WAY,
            table(
                ["above the peer's last", *(f"{part:.4%}" for part in NEAR)], way_rows(peers, own)
            ),
            *(f"Not installed: {name}.\n" for name in PEERS if name not in versions),
            objective,
        ]
        write(output, "\n".join(page))
    except crfseg.CrfsegError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
