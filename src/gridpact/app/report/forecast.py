"""Forecast against actual for the whole community, with the band and the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.report import drawing
from gridpact.app.report.parts import Figure, Section, Table
from gridpact.app.report.predicted import Forecasts, Predicted, inflexible, measured_sum
from gridpact.app.report.text import kwh, number, percent
from gridpact.app.report.view import View
from gridpact.base.units import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def section(view: View, found: Forecasts) -> Section:
    """Plot and errors."""
    load = measured_sum(inflexible(view.community, view.read, view.told), view.read)
    solar = view.balance.solar
    return Section(
        "forecast",
        "Forecast against actual",
        "Forecasts are those the day-ahead schedule was made from, issued before the day began. "
        "Load is what nobody steers: without storage and shiftable appliances.",
        (_figure(view, found, load, solar), _errors(view, found, load, solar)),
    )


def _band_name(found: Forecasts) -> str:
    low, high = found.levels or (0, 0)
    return f"{low / 10:g}–{high / 10:g} % band"


def _panel(view: View, panel: Axes, found: Predicted, actual: Floats, names: str) -> None:
    def shown(values: Floats) -> Floats:
        return view.axis.binned(values.sum(axis=0)) / 1000

    drawing.band(panel, view.axis, shown(found.low), shown(found.high), names)
    drawing.steps(
        panel,
        view.axis,
        shown(found.ahead),
        linestyle=drawing.DASHED,
        color=drawing.SUPPLIER,
        label="day-ahead",
    )
    drawing.steps(
        panel, view.axis, shown(found.latest), color=drawing.PLAN, linewidth=0.9, label="latest"
    )
    drawing.steps(
        panel, view.axis, view.axis.binned(actual) / 1000, color=drawing.ACTUAL, label="actual"
    )
    panel.set_ylabel(f"kWh per {view.axis.per}")
    panel.set_ylim(bottom=0)
    drawing.legend(panel)


def _figure(view: View, found: Forecasts, load: Floats, solar: Floats) -> Figure:
    def paint(panels: list[Axes]) -> None:
        panels[0].set_title("Load")
        panels[1].set_title("Solar")
        _panel(view, panels[0], found.load, load, _band_name(found))
        _panel(view, panels[1], found.pv, solar, _band_name(found))
        drawing.timeline(panels, view.axis)

    caption = (
        "The band adds up the members’ own quantiles, so it is wider than a band made for the "
        "sum. “Latest” is the last update before the slot. Actual load is left empty where more "
        "than a tenth of the meters did not report."
    )
    svg = drawing.draw("forecasts", (1.5, 1.5), paint)
    return Figure("forecasts", "Community forecast and actual", caption, svg)


def _error(predicted: Floats, actual: Floats) -> tuple[str, str, str]:
    """Mean absolute error [kWh per slot], the same by mean actual, and bias by mean actual."""
    both = ~np.isnan(predicted) & ~np.isnan(actual)
    if not both.any():
        return kwh(float("nan")), kwh(float("nan")), kwh(float("nan"))
    off, mean = (predicted - actual)[both], float(actual[both].mean())
    return (
        kwh(float(np.abs(off).mean()), 2),
        percent(float(np.abs(off).mean()), mean),
        percent(float(off.mean()), mean),
    )


def _errors(view: View, found: Forecasts, load: Floats, solar: Floats) -> Table:
    rows = []
    for name, predicted, actual in (("load", found.load, load), ("solar", found.pv, solar)):
        low, high = predicted.low.sum(axis=0), predicted.high.sum(axis=0)
        both = ~np.isnan(low) & ~np.isnan(actual)
        inside = float(((low <= actual) & (actual <= high))[both].sum())
        covered = percent(inside, float(both.sum()), 0)
        for label, values in (("day-ahead", predicted.ahead), ("latest", predicted.latest)):
            row = (name, label, *_error(values.sum(axis=0), actual))
            rows.append((*row, covered if label == "day-ahead" else "", number(both.sum())))
    return Table(
        "forecast-errors",
        "Forecast errors of the community",
        (
            "what",
            "forecast",
            f"mean error [kWh per {view.axis.slots.step // 60} min]",
            "of mean",
            "bias",
            "actual in band",
            "slots",
        ),
        tuple(rows),
        names=2,
    )
