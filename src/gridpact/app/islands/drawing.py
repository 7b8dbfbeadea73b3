"""The frontier of cost and emissions as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gridpact.app.report.drawing import LOCAL, draw
from gridpact.scheduling.islands.emissions import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def frontier_svg(points: Sequence[Point], currency: str, span: str) -> str:
    """Draw corners of the frontier over ``span``, such as two days, as SVG."""

    def paint(panels: list[Axes]) -> None:
        emitted = [point.emissions_g / 1000 for point in points]
        costs = [point.cost_nano / 1e9 for point in points]
        panels[0].plot(emitted, costs, color=LOCAL, marker="o", markersize=3)
        panels[0].set_xlabel(f"emissions of {span} [kg]")
        panels[0].set_ylabel(f"cost [{currency}]")
        panels[0].set_title("Every corner is the cheapest schedule at some price of carbon")

    return draw("frontier", [2.6], paint)
