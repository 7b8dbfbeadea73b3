"""Prices and trades: what the market cost outside, and what it cleared within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gridpact.app.report import drawing
from gridpact.app.report.parts import Figure, Notes, Section, Table
from gridpact.app.report.series import laid
from gridpact.app.report.text import counted, kwh, number, price
from gridpact.app.report.view import View
from gridpact.base.rounding import round_half_even
from gridpact.base.units import Floats, checked_multiply, checked_sum
from gridpact.market.messages import (
    OrdersRefused,
    PricesMissing,
    PricesPublished,
    SessionCleared,
)
from gridpact.settlement.messages import DaySettled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SESSIONS = 40
Cleared: TypeAlias = tuple[Floats, Floats]


@dataclass(frozen=True)
class Turnover:
    """Traded energy [Wh] and its value [nano]; exact."""

    energy_wh: int
    value_nano: int

    @property
    def price(self) -> float:
        """Average price weighted by energy [µ¤/kWh]; NaN without trade."""
        return self.value_nano / self.energy_wh if self.energy_wh else float("nan")


def turnover(sessions: Sequence[SessionCleared]) -> Turnover:
    """Add up what sessions cleared."""
    energy = value = 0
    for cleared in sessions:
        paid = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)
        volume = checked_sum(cleared.bought_wh, axis=0)
        energy += int(checked_sum(volume))
        value += int(checked_sum(checked_multiply(volume, paid)))
    return Turnover(energy, value)


def section(view: View) -> Section:
    """Prices and volumes as a plot, sessions as a table, refused orders as sentences."""
    return Section(
        "market",
        "Prices and trades",
        "A trade within the community is made where both sides gain: it clears above what the "
        "supplier pays for energy, and below what a buyer would pay the supplier plus the network "
        "charge that local energy saves.",
        (_figure(view), _sessions(view), *_remarks(view)),
    )


def _cleared(view: View, kind: str) -> Cleared:
    """Volume [Wh] and energy-weighted price [µ¤/kWh] by slot of all sessions of a kind."""
    volume, value = np.zeros((2, view.axis.slots.count))
    for cleared in view.sessions:
        if (cleared.session.kind == "day-ahead") != (kind == "day-ahead"):
            continue
        bought = cleared.bought_wh.sum(axis=0)
        piece = [(cleared.session.window, np.stack([bought, bought * cleared.price_micro_per_kwh]))]
        added = np.nan_to_num(laid(view.axis, piece, 2))
        volume, value = volume + added[0], value + added[1]
    return volume, np.divide(value, volume, out=np.full_like(value, np.nan), where=volume > 0)


@dataclass(frozen=True)
class _Line:
    """One price over the axis [µ¤/kWh per slot] and how it is drawn."""

    label: str
    colour: str
    values: Floats
    dashed: bool = False


def _outside(view: View) -> list[_Line]:
    """Prices outside the community, and what a local kWh is worth to who buys it."""
    days, tariffs = view.record.all(DaySettled), view.community.tariffs
    published = view.record.all(PricesPublished)
    spot = laid(view.axis, [(m.slots, m.spot_micro_per_kwh[None]) for m in published], 1)[0]
    bought = [(day.slots, day.import_price_micro_per_kwh[None]) for day in days]
    sold = [(day.slots, day.export_price_micro_per_kwh[None]) for day in days]
    asked, paid = (laid(view.axis, pieces, 1)[0] for pieces in (bought, sold))
    saved = tariffs.network_micro_per_kwh - tariffs.network_local_micro_per_kwh
    return [
        _Line("worth to a buyer", drawing.SUPPLIER, asked + saved, dashed=True),
        _Line("supplier sells at", drawing.SUPPLIER, asked),
        _Line("main market", drawing.QUIET, spot),
        _Line("supplier buys at", drawing.EXPORT, paid),
    ]


def _figure(view: View) -> Figure:
    ahead, within = _cleared(view, "day-ahead"), _cleared(view, "intraday")

    def paint(panels: list[Axes]) -> None:
        _paint_prices(view, panels[0], ahead, within)
        _paint_volumes(view, panels[1], ahead, within)
        for panel in panels:
            drawing.legend(panel)
        drawing.timeline(panels, view.axis)

    unit, per = view.money.currency, view.axis.per
    caption = (
        f"Energy prices before network charges and levies [{unit}/kWh], and energy traded and "
        f"shared within the community [kWh per {per}]. “Worth to a buyer” is the supplier’s price "
        "plus the network charge that local energy saves. No line where nothing was traded."
    )
    svg = drawing.draw("prices", (2.0, 1.1), paint)
    return Figure("prices", "Prices and volumes", caption, svg)


def _paint_prices(view: View, panel: Axes, ahead: Cleared, within: Cleared) -> None:
    axis = view.axis
    for line in _outside(view):
        dash: dict[str, Any] = {"linestyle": drawing.DASHED} if line.dashed else {}
        shown = axis.meant(line.values) / 1e6
        drawing.steps(panel, axis, shown, color=line.colour, label=line.label, **dash)
    for label, colour, width, (volume, paid) in (
        ("day-ahead trades", drawing.LOCAL, 2.8, ahead),
        ("intraday trades", drawing.SOLAR, 1.4, within),
    ):
        if volume.any():
            shown = _weighted(view, volume, paid) / 1e6
            drawing.levels(panel, axis, shown, color=colour, linewidth=width, label=label)
    panel.set_ylabel(f"{view.money.currency}/kWh")


def _paint_volumes(view: View, panel: Axes, ahead: Cleared, within: Cleared) -> None:
    axis = view.axis
    layers = [
        ("day-ahead", drawing.LOCAL, axis.binned(ahead[0]) / 1000),
        ("intraday", drawing.SOLAR, axis.binned(within[0]) / 1000),
        ("shared by key", drawing.PLAN, axis.binned(view.balance.shared) / 1000),
    ]
    drawing.stack(panel, axis, [layer for layer in layers if np.nansum(layer[2])])
    panel.set_ylabel(f"kWh per {axis.per}")


def _weighted(view: View, volume: Floats, paid: Floats) -> Floats:
    """Energy-weighted price per bin; NaN where nothing was traded."""
    total = view.axis.binned(volume)
    value = view.axis.binned(np.where(volume > 0, np.nan_to_num(paid) * volume, 0.0))
    return np.divide(value, total, out=np.full_like(value, np.nan), where=total > 0)


def _sessions(view: View) -> Table:
    found, unit = view.sessions, view.money.currency
    rows = [
        (item.session.id, view.clock(item.session.gate), *_sums(view, [item]))
        for item in found[-MOST_SESSIONS:]
    ]
    hidden = len(found) - len(rows)
    energies = ("asked [kWh]", "offered [kWh]", "traded [kWh]")
    return Table(
        "sessions",
        "Sessions",
        ("session", "gate", "orders", *energies, f"average price [{unit}/kWh]", f"value [{unit}]"),
        tuple(rows),
        ("all", "", *_sums(view, found)),
        names=2,
        note=f"{hidden} earlier sessions are not listed." if hidden else "",
    )


def _sums(view: View, found: Sequence[SessionCleared]) -> tuple[str, ...]:
    made = turnover(found)
    return (
        number(sum(item.orders for item in found)),
        kwh(float(sum(item.asked_wh.sum() for item in found)), 1),
        kwh(float(sum(item.offered_wh.sum() for item in found)), 1),
        kwh(made.energy_wh, 1),
        price(made.price),
        _value(view, made),
    )


def _value(view: View, made: Turnover) -> str:
    return view.money.minor(round_half_even(made.value_nano, view.money.minor_nano))


def _remarks(view: View) -> tuple[Notes, ...]:
    reasons: dict[str, int] = {}
    for refused in view.record.all(OrdersRefused):
        for reason in refused.reasons:
            reasons[reason] = reasons.get(reason, 0) + 1
    items = [
        f"{counted(count, 'order was', 'orders were')} refused: {reason.replace('_', ' ')}."
        for reason, count in sorted(reasons.items())
    ]
    items += [
        f"No main-market prices for {missing.day}: {missing.reason}."
        for missing in view.record.all(PricesMissing)
    ]
    later = [m for m in view.record.all(SessionCleared) if m.session.day not in view.axis.days]
    if later:
        names = ", ".join(m.session.id for m in later[:3])
        items.append(f"Cleared for days not yet delivered, and not counted here: {names}.")
    return (Notes(tuple(items)),) if items else ()
