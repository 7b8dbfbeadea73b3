"""Plots of a comparison: one place on the horizontal axis for each mechanism."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridpact.app.report import drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Range(NamedTuple):
    """Lowest, mean and highest of something."""

    low: float
    mean: float
    high: float


def dots(name: str, labels: Sequence[str], amounts: Sequence[Sequence[float]], unit: str) -> str:
    """Draw one dot per member above each label, and a bar at the median; amounts in ``unit``."""

    def paint(panels: list[Axes]) -> None:
        _head(panels[0], unit)
        _paint_dots(panels[0], amounts)
        _places(panels, labels)

    return drawing.draw(name, (2.6,), paint, head=0.3, foot=_foot(labels))


def ranges(name: str, labels: Sequence[str], found: Sequence[Range | None], unit: str) -> str:
    """Draw the range of each label as a bar, and its mean as a dot; none where there is none."""

    def paint(panels: list[Axes]) -> None:
        panel = panels[0]
        _head(panel, unit)
        known = [(place, each) for place, each in enumerate(found) if each]
        places = [place for place, _ in known]
        low = np.array([each.low for _, each in known])
        height = np.array([each.high for _, each in known]) - low
        panel.bar(places, height, 0.5, bottom=low, color=drawing.BAND, label="lowest to highest")
        means = [each.mean for _, each in known]
        panel.plot(places, means, "o", color=drawing.SUPPLIER, markersize=5, label="mean")
        panel.use_sticky_edges = False
        drawing.legend(panel)
        _places(panels, labels)

    return drawing.draw(name, (1.8,), paint, foot=_foot(labels))


def waits(name: str, labels: Sequence[str], found: Sequence[tuple[float, float]], unit: str) -> str:
    """Draw how long half of something took, and 95 % of it; the scale grows by tens."""

    def paint(panels: list[Axes]) -> None:
        panel = panels[0]
        _head(panel, unit)
        places = range(len(found))
        panel.vlines(places, *zip(*found, strict=True), color=drawing.BAND, linewidth=6)
        told = (("half of them", drawing.LOCAL), ("95 of 100", drawing.SUPPLIER))
        for row, (label, colour) in enumerate(told):
            panel.plot(places, [each[row] for each in found], "o", color=colour, label=label)
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter("{x:g}")
        drawing.legend(panel)
        _places(panels, labels)

    return drawing.draw(name, (2.2,), paint, foot=_foot(labels))


def _head(panel: Axes, unit: str) -> None:
    """Set the unit above the axis: beside it wide numbers would push it off the drawing."""
    panel.set_title(unit, fontweight="normal")


_HALF = 0.28
_FEW = 5


def _paint_dots(panel: Axes, amounts: Sequence[Sequence[float]]) -> None:
    """Members lie side by side in the order of their rows, so that one is found again."""
    for place, values in enumerate(amounts):
        across = place + np.linspace(-_HALF, _HALF, len(values)) if len(values) > 1 else [place]
        size = 5 if len(values) <= 40 else 2.5
        first = place == 0
        panel.plot(
            across,
            values,
            "o",
            color=drawing.LOCAL,
            alpha=0.75,
            markeredgewidth=0,
            markersize=size,
            label="one member" if first else None,
        )
        middle = float(np.median(values))
        panel.plot(
            [place - _HALF, place + _HALF],
            [middle, middle],
            color=drawing.ACTUAL,
            linewidth=1.6,
            label="median" if first else None,
        )
    panel.axhline(0, color=drawing.ACTUAL, linewidth=0.6)
    drawing.legend(panel)


def _foot(labels: Sequence[str]) -> float:
    """Room below the axis [inches] for as many lines as the longest label has."""
    return 0.17 + 0.14 * max(label.count("\n") + 1 for label in _shown(labels))


def _shown(labels: Sequence[str]) -> list[str]:
    """Labels as they are set; where there are many, long names break before their last word."""
    if len(labels) <= _FEW:
        return list(labels)
    return ["-\n".join(label.replace(" / ", " /\n").rsplit("-", 1)) for label in labels]


def _places(panels: Sequence[Axes], labels: Sequence[str]) -> None:
    """Label the places, one for each column of a panel."""
    for panel in panels:
        panel.set_xlim(-0.6, len(labels) - 0.4)
        panel.set_xticks(range(len(labels)), _shown(labels))
        panel.tick_params(axis="x", length=0)
