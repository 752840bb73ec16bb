"""`LinearChain` compared with pytorch-crf, on the same batches in one process.

python benchmarks/linear_chain.py
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import click
import numpy as np
from _report import DOCS, provenance, table, write

from crfseg import LinearChain

TEXT = """\
Milliseconds per batch of {batch} padded float32 sequences of {shortest} to {longest} positions.
Gradients: the log-likelihood with the gradients of emissions and transitions, as in a training
step; best labels: decoding. pytorch-crf {torchcrf} with torch {torch} runs on the CPU, with
{threads} threads and with one; crfseg uses one. Medians of {repeats} rounds in which all take
turns. "times": how many times as long as crfseg the faster of the two torch columns takes, median
over rounds.
"apart": in float64, the largest difference between gradients and the number of labels that differ.
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--batch", default=64, show_default=True)
@click.option("--longest", default=60, show_default=True)
@click.option("--labels", default=(4, 16, 48), multiple=True, show_default="4, 16, 48")
@click.option("--repeats", default=11, show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    default=str(DOCS / "linear-chain.md"),
    show_default="docs/benchmarks/linear-chain.md",
)
@click.pass_context
def main(
    context: click.Context,
    batch: int,
    longest: int,
    labels: tuple[int, ...],
    repeats: int,
    output: str,
) -> None:
    """Time both on batches with different numbers of labels; write the tables."""
    try:
        import torch
        import torchcrf  # noqa: F401
    except ImportError as error:
        raise click.ClickException(f"{error.name} is missing; pip install -e '.[torch]'") from error
    threads, shortest = torch.get_num_threads(), longest // 2
    rows = []
    for T in labels:
        sample = _Sample(batch, shortest, longest, T)
        apart = _Sample(batch, shortest, longest, T, np.float64).apart()
        pairs = {
            "gradients": (sample.gradients, sample.torch_gradients, apart[0]),
            "best labels": (sample.decode, sample.torch_decode, apart[1]),
        }
        for what, (ours, theirs, difference) in pairs.items():
            rounds = _rounds(ours, theirs, threads, repeats)
            times = median(min(many, one) / own for own, many, one in rounds)
            shown = [f"{1000 * median(column):.2f}" for column in zip(*rounds, strict=True)]
            rows.append([what, str(T), *shown, f"{times:.1f}", difference])
            click.echo(" ".join(rows[-1]), err=True)
    versions = {name: importlib.metadata.version(name) for name in ("torch", "pytorch-crf")}
    header = ["", "labels", "crfseg", f"torch, {threads} threads", "torch, 1 thread", "times"]
    text = TEXT.format(
        batch=batch, shortest=shortest, longest=longest, threads=threads, repeats=repeats,
        torch=versions["torch"], torchcrf=versions["pytorch-crf"],
    )  # fmt: skip
    page = [
        "# LinearChain\n",
        provenance(context, "linear_chain.py", ["output"]),
        text,
        table([*header, "apart"], rows),
    ]
    write(output, "\n".join(page))


def _rounds(
    ours: Callable[[], Any], theirs: Callable[[], Any], threads: int, repeats: int
) -> list[tuple[float, float, float]]:
    """Seconds in each round: crfseg, torch with all its threads, torch with one."""
    import torch

    rounds = []
    for turn in range(repeats + 1):
        own = _seconds(ours)
        many = _seconds(theirs)
        torch.set_num_threads(1)
        one = _seconds(theirs)
        torch.set_num_threads(threads)
        if turn:  # the first round compiles
            rounds.append((own, many, one))
    return rounds


def _seconds(work: Callable[[], Any]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


class _Sample:
    """One batch for both, with the same transition scores."""

    def __init__(
        self, batch: int, shortest: int, longest: int, T: int, dtype: type = np.float32
    ) -> None:
        import torch
        import torchcrf

        random = np.random.default_rng(0)
        lengths = random.integers(shortest, longest, size=batch, endpoint=True)
        lengths[0] = longest
        self.mask = np.arange(longest) < lengths[:, None]
        self.emissions = random.normal(size=(batch, longest, T)).astype(dtype)
        self.labels = random.integers(T, size=(batch, longest))
        self.layer: Any = torchcrf.CRF(T, batch_first=True)
        self.layer.to(torch.tensor(self.emissions).dtype)
        parts = "transitions", "start_transitions", "end_transitions"
        self.parameters = [getattr(self.layer, name) for name in parts]
        self.chain = LinearChain(*(part.detach().numpy() for part in self.parameters))
        self.inputs = torch.tensor(self.emissions).requires_grad_()
        self.gold, self.inside = torch.tensor(self.labels), torch.tensor(self.mask)

    def gradients(self) -> list[np.ndarray]:
        found = self.chain.gradients(self.emissions, self.labels, mask=self.mask)
        return [found.emissions, found.transitions, found.starts, found.ends]

    def torch_gradients(self) -> list[np.ndarray]:
        wanted = [self.inputs, *self.parameters]
        for part in wanted:
            part.grad = None
        (-self.layer(self.inputs, self.gold, mask=self.inside)).backward()
        return [part.grad.numpy() for part in wanted]

    def decode(self) -> list[np.ndarray]:
        return self.chain.decode(self.emissions, mask=self.mask)

    def torch_decode(self) -> list[list[int]]:
        found: list[list[int]] = self.layer.decode(self.inputs, mask=self.inside)
        return found

    def apart(self) -> tuple[str, str]:
        """The largest difference of gradients, and the number of labels that differ."""
        pairs = zip(self.gradients(), self.torch_gradients(), strict=True)
        largest = max(float(np.abs(one - other).max()) for one, other in pairs)
        labels = zip(self.decode(), self.torch_decode(), strict=True)
        return f"{largest:.0e}", str(sum(int((a != np.array(b)).sum()) for a, b in labels))


if __name__ == "__main__":
    main()
