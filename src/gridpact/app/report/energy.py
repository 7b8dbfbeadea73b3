"""Where the community's energy came from and went, slot by slot and day by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.report import drawing
from gridpact.app.report.parts import Figure, Section, Table
from gridpact.app.report.series import Balance, known
from gridpact.app.report.text import day_name, kwh, percent
from gridpact.app.report.view import View
from gridpact.base.units import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def ratios(balance: Balance, where: slice = slice(None)) -> tuple[float, float, float, float]:
    """Return net import, use, net export and solar [Wh] over slots where all are known.

    Net import and export are what crossed the community's outer boundary. Use is solar plus net
    import less net export: what members consumed, storage losses and storage's change included.
    Self-sufficiency is 1 − import ÷ use, self-consumption 1 − export ÷ solar.
    """
    net = (balance.withdrawal - balance.injection)[where]
    solar = balance.solar[where]
    both = ~np.isnan(net) & ~np.isnan(solar)
    imported = float(np.maximum(net[both], 0).sum())
    exported = float(np.maximum(-net[both], 0).sum())
    made = float(solar[both].sum())
    return imported, made + imported - exported, exported, made


def section(view: View) -> Section:
    """The balance as a plot and, day by day, as a table."""
    return Section(
        "energy",
        "Where the energy came from",
        "Above the line is what members used, by where it came from; below it is what the "
        "community gave to the supplier. Quantities are those the statements are settled on: "
        "trades are firm, so what flows at a meter may differ from what was bought there, and "
        "traded and shared energy may add up to more than was used among neighbours.",
        (_figure(view), _days(view)),
    )


def _figure(view: View) -> Figure:
    balance, axis = view.balance, view.axis

    def paint(panels: list[Axes]) -> None:
        top, low = panels
        layers = [
            ("from supplier", drawing.SUPPLIER, balance.imported / 1000),
            ("from neighbours", drawing.LOCAL, balance.local / 1000),
            ("own solar on site", drawing.SOLAR, balance.on_site / 1000),
        ]
        drawing.stack(top, axis, [(a, b, axis.binned(c)) for a, b, c in layers])
        exported = -axis.binned(balance.exported) / 1000
        drawing.stack(top, axis, [("to supplier", drawing.EXPORT, exported)])
        solar = axis.binned(balance.solar) / 1000
        drawing.steps(top, axis, solar, color=drawing.ACTUAL, linewidth=0.9, label="all solar")
        top.axhline(0, color=drawing.ACTUAL, linewidth=0.6)
        top.set_ylabel(f"kWh per {axis.per}")
        drawing.legend(top)
        _paint_storage(view, low)
        drawing.timeline(panels, axis)

    caption = (
        f"Energy per {axis.per}. “From neighbours” is traded or shared within the community; "
        "“own solar on site” never met a meter. The lower panel adds up batteries, cars, heat "
        "pumps and tanks. A slot without data is left empty."
    )
    return Figure("balance", "Energy balance", caption, drawing.draw("balance", (2.3, 0.9), paint))


def _paint_storage(view: View, panel: Axes) -> None:
    stored = view.axis.binned(view.balance.stored) / 1000
    for label, colour, values in (
        ("storage charges", drawing.PLAN, np.maximum(stored, 0)),
        ("storage discharges", drawing.LIMIT, np.minimum(stored, 0)),
    ):
        drawing.stack(panel, view.axis, [(label, colour, values)])
    panel.axhline(0, color=drawing.ACTUAL, linewidth=0.6)
    panel.set_ylabel("kWh")
    drawing.legend(panel)


def _sums(view: View, where: slice) -> Sequence[str]:
    balance = view.balance
    imported, use, exported, solar = ratios(balance, where)

    def energy(values: Floats) -> str:
        part = values[where]
        return kwh(known(part) if not np.isnan(part).all() else float("nan"), 1)

    return (
        energy(balance.withdrawal),
        energy(balance.local),
        energy(balance.imported),
        energy(balance.injection),
        energy(balance.exported),
        energy(balance.solar),
        percent(use - imported, use),
        percent(solar - exported, solar),
    )


def _days(view: View) -> Table:
    rows = [(day_name(day), *_sums(view, view.axis.day(day))) for day in view.axis.days]
    return Table(
        "energy-days",
        "Energy by day [kWh]",
        (
            "day",
            "withdrawn",
            "from neighbours",
            "from supplier",
            "injected",
            "to supplier",
            "solar",
            "self-sufficiency",
            "self-consumption",
        ),
        tuple(rows),
        ("all", *_sums(view, slice(None))) if len(rows) > 1 else (),
    )
