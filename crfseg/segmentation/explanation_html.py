"""Render an explanation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from crfseg.segmentation.explanation import Boundary, Explanation, strongest

_STYLE = """\
:root { color-scheme: light dark; --back: #fff; --text: #1c1c1e; --soft: #6b6b70;
  --line: #dcdce0; --for: #1a7f4b; --against: #c0392b; }
@media (prefers-color-scheme: dark) { :root { --back: #161618; --text: #ececee;
  --soft: #9a9aa0; --line: #38383c; --for: #4cc38a; --against: #ff7b6b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 46rem; background: var(--back);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.1rem; margin: 0 0 .5rem; }
h2 { font-size: 1.05rem; margin: 0; display: flex; gap: .75rem; align-items: baseline; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .875rem; }
.text { font-size: 1.6rem; line-height: 2.4; overflow-wrap: anywhere; margin: .5rem 0 1rem; }
.text span { white-space: nowrap; }
.text a { display: inline-block; width: .7rem; text-align: center; text-decoration: none; }
.text a i { display: inline-block; width: .2rem; border-radius: .15rem; height: .9rem;
  vertical-align: .1rem; background: var(--against); opacity: var(--sure); }
.text a.cut { width: 1.6rem; }
.text a.cut i { width: .3rem; height: 1.7rem; vertical-align: -.3rem; background: var(--for); }
.legend { margin-bottom: 1rem; }
section { border-top: 1px solid var(--line); padding: .9rem 0; scroll-margin-top: .5rem; }
section:target { outline: 2px solid var(--soft); outline-offset: .4rem; border-radius: .2rem; }
.score { margin-left: auto; } h2 { font-variant-numeric: tabular-nums; }
h2 .soft { font-weight: normal; }
.for { color: var(--for); } .against { color: var(--against); }
ul { list-style: none; margin: .4rem 0 0; padding: 0; }
li { display: grid; grid-template-columns: 3.8rem 5rem 1fr; gap: .5rem; align-items: center;
  font-size: .875rem; padding: .1rem 0; }
li b { font-weight: normal; text-align: right; font-variant-numeric: tabular-nums; }
li span span { white-space: nowrap; }
.bar { height: .7rem; position: relative; background: linear-gradient(var(--line), var(--line))
  center / 1px 100% no-repeat; }
.bar i { position: absolute; top: 0; bottom: 0; left: 50%; width: var(--size);
  background: var(--for); }
.bar i.against { left: auto; right: 50%; background: var(--against); }
"""
_LEGEND = (
    "A bar between two characters is long and green where the text is cut, short and red where it "
    "is not; the fuller its colour, the clearer the model is about it. The score of a place is "
    "that of the best segmentation with a boundary here minus that of the best without; the votes "
    "of the features add up to it; p is the probability of the boundary. C-1 is the character "
    "before the place, C0 the one after it (digits are 0, letters a); word0.begins0 is the length "
    "of the longest word of the first lexicon that begins there, with + or ++ if the training "
    "text has it in many places."
)


def page(explanation: Explanation, most: int = 8) -> str:
    """The HTML page; most: the number of votes to show per boundary."""
    boundaries = explanation.boundaries
    largest = max((abs(boundary.score) for boundary in boundaries), default=0.0) or 1.0
    title = escape(" ".join(word for word in explanation.words if not word.isspace()))
    parts = [
        "<!doctype html>",
        '<html lang="zh"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>\n{_STYLE}</style></head><body>",
        '<h1 lang="en">Why the text is cut like this</h1>',
        f'<p class="text">{_overview(explanation, largest)}</p>',
        f'<p class="soft legend" lang="en">{_LEGEND}</p>',
        *(_section(explanation, boundary, most) for boundary in boundaries),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _overview(explanation: Explanation, largest: float) -> str:
    """The text with a bar at each boundary that links to its votes."""
    parts, at = [], 0
    for boundary in explanation.boundaries:
        piece = explanation.text[at : boundary.place]
        start = max((k + 1 for k, c in enumerate(piece) if c.isspace()), default=0)
        sure = 0.15 + 0.85 * abs(boundary.score) / largest
        kind = ' class="cut"' if boundary.cut else ""
        parts.append(
            f"{escape(piece[:start])}<span>{escape(piece[start:])}"  # no line starts with a bar
            f'<a href="#b{boundary.place}"{kind} style="--sure:{sure:.2f}" '
            f'title="{boundary.score:+.2f}, p = {boundary.probability:.3f}"><i></i></a></span>'
        )
        at = boundary.place
    return "".join([*parts, escape(explanation.text[at:])])


def _section(explanation: Explanation, boundary: Boundary, most: int) -> str:
    votes = strongest(boundary, most)
    largest = max((abs(vote.weight) for vote in votes), default=0.0) or 1.0
    said = "cut" if boundary.cut else "not cut"
    if boundary.overruled:
        said += ", whatever the model says: kept whole"
    place = f"{boundary.left(explanation.text)}|{boundary.right(explanation.text)}"
    rows = [
        f"<li><b>{vote.weight:+.2f}</b>"
        f'<div class="bar"><i{_side(vote.weight)} '
        f'style="--size:{50 * abs(vote.weight) / largest:.1f}%"></i></div>'
        f"<span>{_whole(vote.feature)}</span></li>"
        for vote in votes
    ]
    return (
        f'<section id="b{boundary.place}"><h2>{escape(place)} <span class="soft" lang="en">{said}'
        f'</span><span class="soft score">p = {boundary.probability:.3f}</span>'
        f"<span{_side(boundary.score)}>{boundary.score:+.2f}</span></h2>"
        f'<p class="soft">{_joined(boundary.with_cut)} <span lang="en">against</span> '
        f"{_joined(boundary.without_cut)}</p><ul>{''.join(rows)}</ul></section>"
    )


def _side(weight: float) -> str:
    return f' class="{"for" if weight >= 0 else "against"}"'


def _joined(words: Sequence[str]) -> str:
    return escape(" ".join(words))


def _whole(feature: str) -> str:
    """A feature's cells; lines break only between cells."""
    return " ".join(f"<span>{escape(cell)}</span>" for cell in feature.split(" "))
