"""The plots of the speed benchmark, as SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

_OWN, _OTHER = "#1f6f8b", "#b8b8b8"


def bars(names: Sequence[str], speeds: Sequence[float]) -> str:
    """Characters per second of each system, fastest on top."""
    order = sorted(range(len(names)), key=lambda i: speeds[i])
    labels = [names[i] for i in order]
    values = [speeds[i] / 1e6 for i in order]
    colours = [_OWN if label.startswith("crfseg") else _OTHER for label in labels]
    figure, (axes,) = _figure(1, 0.9 + 0.38 * len(names))
    drawn = axes.barh(labels, values, color=colours, height=0.65)
    axes.bar_label(drawn, labels=[f"{value:.2f}" for value in values], padding=3)
    axes.set_xlabel("million characters a second, whole process")
    axes.margins(x=0.12)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return _svg(figure)


def lines(
    sizes: Sequence[tuple[int, float]],
    line: Sequence[tuple[int, float]],
    widths: Sequence[tuple[int, float]],
) -> str:
    """Seconds by characters, with a straight line; speed by line length."""
    figure, (left, right) = _figure(2, 3.4)
    left.loglog(*zip(*line, strict=True), color=_OTHER, label="straight line")
    left.loglog(*zip(*sizes, strict=True), "o", color=_OWN, label="measured")
    left.set_xlabel("characters")
    left.set_ylabel("seconds, whole process")
    left.legend(frameon=False)
    right.semilogx(*zip(*widths, strict=True), "o-", color=_OWN)
    right.set_xlabel("characters in a line")
    right.set_ylabel("million characters a second")
    right.set_ylim(0, 1.15 * max(speed for _, speed in widths))
    return _svg(figure)


def _figure(columns: int, height: float) -> tuple[Any, Sequence[Any]]:
    import matplotlib

    matplotlib.use("svg")
    # Text stays text, and the same figures give the same file.
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "crfseg",
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, columns, figsize=(8, height), squeeze=False, layout="constrained"
    )
    return figure, axes[0]


def _svg(figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return "".join(f"{row.rstrip()}\n" for row in out.getvalue().splitlines())
