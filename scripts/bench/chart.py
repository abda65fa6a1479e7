"""A small chart as SVG: a row for each tool, a dot at the median, a line from the lowest to the highest run.

The axis is logarithmic: what takes ten times as long is one step further to the right. Colours are those of a
light page, or of a dark one where the reader's system is dark; the chart has a ground of its own, and so is
readable on either. Every figure stands beside its dot as text.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from scripts.bench.rows import seconds

_WIDTH, _ROW, _TOP, _BOTTOM = 720, 26, 44, 30
# Between the names of the tools and the text beside the last dot.
_LEFT, _RIGHT = 150, 620
_STYLE = """\
svg { background: #ffffff; font: 13px system-ui, sans-serif }
.ground { fill: #ffffff } text { fill: #1f2328 } .faint { fill: #59636e } .title { font-weight: 600 }
.grid { stroke: #d1d9e0 } .mark { fill: #59636e; stroke: #59636e } .ours { fill: #0969da; stroke: #0969da }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 } .ground { fill: #0d1117 } text { fill: #f0f6fc } .faint { fill: #9198a1 }
.grid { stroke: #3d444d } .mark { fill: #9198a1; stroke: #9198a1 } .ours { fill: #4493f8; stroke: #4493f8 }
}"""


@dataclass(frozen=True)
class Mark:
    """One row: the runs of a tool, in seconds; `ours` is shown in another colour."""

    name: str
    samples: Sequence[float]
    ours: bool = False


@dataclass(frozen=True)
class Scale:
    """Where a time stands, between two powers of ten of a second."""

    low: int
    high: int

    @classmethod
    def of(cls, marks: Sequence[Mark]) -> "Scale":
        """The one that has room for all of them."""
        samples = [each for mark in marks for each in mark.samples]
        low = math.floor(math.log10(min(samples)))
        return cls(low, max(math.ceil(math.log10(max(samples))), low + 1))

    def x(self, value: float) -> float:
        """The place from the left, in pixels."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)


def chart(title: str, marks: Sequence[Mark]) -> str:
    """The whole picture, the fastest first."""
    ordered = sorted(marks, key=lambda mark: statistics.median(mark.samples))
    scale = Scale.of(marks)
    height = _TOP + _ROW * len(marks) + _BOTTOM
    told = ", ".join(f"{mark.name} {seconds(statistics.median(mark.samples))}" for mark in ordered)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-label={quoteattr(f"{title}: {told}")}>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
        f'<text class="title" x="12" y="24">{escape(title)}</text>',
        *_axis(scale, height),
    ]
    for number, mark in enumerate(ordered):
        lines += _row(mark, scale, _TOP + _ROW * number + _ROW / 2)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _axis(scale: Scale, height: int) -> Iterator[str]:
    bottom = height - _BOTTOM
    for power in range(scale.low, scale.high + 1):
        x = scale.x(10.0**power)
        yield f'<line class="grid" x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{bottom}"/>'
        text = f"{10**power} s" if power >= 0 else f"{10 ** (power + 3)} ms"
        yield f'<text class="faint" x="{x}" y="{bottom + 18}" text-anchor="middle">{text}</text>'


def _row(mark: Mark, scale: Scale, y: float) -> Iterator[str]:
    middle = statistics.median(mark.samples)
    low, high = scale.x(min(mark.samples)), scale.x(max(mark.samples))
    kind = "ours" if mark.ours else "mark"
    weight = ' class="title"' if mark.ours else ""
    yield f'<text{weight} x="12" y="{y + 4}">{escape(mark.name)}</text>'
    yield f'<line class="{kind}" stroke-width="3" x1="{low}" y1="{y}" x2="{high}" y2="{y}"/>'
    yield f'<circle class="{kind}" cx="{scale.x(middle)}" cy="{y}" r="5"/>'
    yield f'<text{weight} x="{max(high, scale.x(middle) + 5) + 8}" y="{y + 4}">{seconds(middle)}</text>'
