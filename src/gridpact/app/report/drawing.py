"""How every plot looks, and how it becomes SVG that is the same for the same run.

Colours are those of Okabe and Ito (Color Universal Design, 2008), which people with any kind of
colour vision tell apart.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridpact.app.report.axis import Axis
from gridpact.base.units import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOLAR, LOCAL, SUPPLIER, EXPORT = "#E69F00", "#009E73", "#0072B2", "#56B4E9"
LIMIT, PLAN, ACTUAL, BAND = "#D55E00", "#CC79A7", "#1b1f24", "#c9d6e2"
LOCAL_BAND, SOLAR_BAND = "#b3e2d5", "#f7e2b3"
QUIET = "#8b949e"
DASHED = (0, (4, 2))
WIDTH_IN = 9.0

_STYLE: dict[Any, object] = {
    "svg.hashsalt": "gridpact",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#57606a",
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#e3e7eb",
    "grid.linewidth": 0.6,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelcolor": "#24292f",
    "xtick.color": "#57606a",
    "ytick.color": "#57606a",
    "xtick.labelcolor": "#24292f",
    "ytick.labelcolor": "#24292f",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.4,
    "legend.columnspacing": 1.4,
    "lines.linewidth": 1.3,
    "hatch.linewidth": 0.5,
    "path.simplify": True,
}
_HEAD_IN, _FOOT_IN, _GAP_IN = 0.42, 0.45, 0.5
_LEFT_IN, _RIGHT_IN = 0.75, 0.15
_TITLE_CHARACTER = 0.0112  # of the panel's width, for bold titles of 9 pt


def draw(
    name: str,
    heights: Sequence[float],
    paint: Callable[[list[Axes]], None],
    head: float = _HEAD_IN,
    foot: float = _FOOT_IN,
) -> str:
    """Paint panels of the given heights [inches] one above the other and return inline SVG.

    ``name`` makes the ids of the drawing its own within the page; ``head`` and ``foot`` [inches]
    are the room for the highest legend and for the labels of the lowest axis.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        total = sum(heights) + _GAP_IN * (len(heights) - 1) + head + foot
        figure = Figure(figsize=(WIDTH_IN, total))
        FigureCanvasSVG(figure)
        paint(_panels(figure, heights, (head, total)))
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    return _inline(out.getvalue(), name)


def _panels(figure: Figure, heights: Sequence[float], space: tuple[float, float]) -> list[Axes]:
    """Place axes by hand: the same margins in every plot, and no time spent on a layout."""
    left, width = _LEFT_IN / WIDTH_IN, (WIDTH_IN - _LEFT_IN - _RIGHT_IN) / WIDTH_IN
    head, total = space
    top, found = total - head, []
    for height in heights:
        found.append(figure.add_axes((left, (top - height) / total, width, height / total)))
        top -= height + _GAP_IN
    return found


def _shorter(tag: re.Match[str]) -> str:
    """Cut coordinates to a hundredth of a point, finer than any screen; never the words between."""
    return re.sub(r"(\.\d\d)\d+", r"\1", tag[0])


def _inline(svg: str, name: str) -> str:
    """Keep the drawing alone: no declarations, no metadata, ids that no other drawing has."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]+>", _shorter, svg)
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)
    svg = re.sub(r'<g id="(?:[a-z]*_\d+|[a-z]+\d*_[a-z_]*\d+|PatchCollection_\d+)">', "<g>", svg)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = svg.replace("url(#", f"url(#{name}-").replace('xlink:href="#', f'xlink:href="#{name}-')
    size = re.match(r'<svg[^>]*?width="([\d.]+)pt"[^>]*?height="([\d.]+)pt"', svg)
    if size:
        svg = svg.replace(f' width="{size[1]}pt" height="{size[2]}pt"', "", 1)
        svg = svg.replace(f' height="{size[2]}pt"', "", 1).replace(f' width="{size[1]}pt"', "", 1)
    return svg


def _corners(axis: Axis, values: Floats) -> tuple[Floats, Floats]:
    """Both ends of every bin, and its value at both."""
    return np.repeat(axis.hours, 2)[1:-1], np.repeat(values, 2)


def steps(axes: Axes, axis: Axis, values: Floats, label: str, **style: Any) -> None:
    """Draw values per bin as steps; a missing bin is a gap."""
    axes.plot(*_corners(axis, values), label=label, solid_joinstyle="miter", **style)


def levels(axes: Axes, axis: Axis, values: Floats, label: str, **style: Any) -> None:
    """Draw each bin's value as a level of its own, for prices that come and go."""
    apart = np.full(len(values), np.nan)
    x = np.stack([axis.hours[:-1], axis.hours[1:], apart], axis=1).ravel()
    y = np.stack([values, values, apart], axis=1).ravel()
    axes.plot(x, y, label=label, **style)


def stack(axes: Axes, axis: Axis, layers: Sequence[tuple[str, str, Floats]]) -> None:
    """Fill layers ``(label, colour, values per bin)`` on top of each other; gaps stay gaps."""
    base = np.zeros(len(axis.hours) - 1)
    for label, colour, values in layers:
        top = base + values
        _fill(axes, axis, base, top, (label, colour))
        base = np.where(np.isnan(top), base, top)


def band(axes: Axes, axis: Axis, low: Floats, high: Floats, label: str, colour: str = BAND) -> None:
    """Fill between two series per bin."""
    _fill(axes, axis, low, high, (label, colour))


def _fill(axes: Axes, axis: Axis, low: Floats, high: Floats, named: tuple[str, str]) -> None:
    """Fill between bins' values; ``named`` is label and colour."""
    (x, bottom), top, (label, colour) = _corners(axis, low), np.repeat(high, 2), named
    seen = (~np.isnan(top)).tolist()
    axes.fill_between(x, bottom, top, where=seen, linewidth=0, color=colour, label=label)


def timeline(axes: Sequence[Axes], axis: Axis) -> None:
    """Give panels the same time axis; only the lowest is labelled."""
    at, labels = axis.ticks()
    for panel in axes:
        panel.set_xlim(axis.hours[0], axis.hours[-1])
        panel.set_xticks(at, labels if panel is axes[-1] else [""] * len(at))
        panel.tick_params(length=3, width=0.6)
        if len(axis.days) > 1:
            panel.grid(visible=True, axis="x")
    axes[-1].set_xlabel(f"local time, {axis.calendar.timezone}")


def legend(axes: Axes) -> None:
    """Put the legend in one row above the panel, after its title if it has one."""
    handles, labels = axes.get_legend_handles_labels()
    title = axes.get_title("left")
    axes.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(_TITLE_CHARACTER * (len(title) + 1) if title else 0.0, 1.0),
        ncols=max(len(labels), 1),
        borderaxespad=0.1,
    )


def dots(axes: Axes, axis: Axis, values: Floats, label: str) -> None:
    """Mark values per bin that are not measurements."""
    middle = (axis.hours[:-1] + axis.hours[1:]) / 2
    axes.plot(middle, values, ".", color=QUIET, markersize=4, label=label)
