"""Prices and trades: what the market cost outside, and what it cleared within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gridpact.app.report import drawing, refusals
from gridpact.app.report.parts import Figure, Notes, Section, Table
from gridpact.app.report.series import laid
from gridpact.app.report.text import MISSING, kwh, number, price
from gridpact.app.report.view import View
from gridpact.app.turnover import Turnover, by_slot, turnover
from gridpact.base.rounding import round_half_even
from gridpact.base.units import Floats
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


@dataclass(frozen=True)
class Cleared:
    """Trades of one kind of session by slot: Wh, and prices [µ¤/kWh], NaN without trade.

    ``price`` is weighted by energy; single trades were made from ``lowest`` to ``highest``.
    """

    volume: Floats
    price: Floats
    lowest: Floats
    highest: Floats


def section(view: View) -> Section:
    """Prices and volumes as a plot, sessions as a table, refused orders as sentences."""
    return Section(
        "market",
        "Prices and trades",
        "A trade within the community is made where a bid meets an offer, within the limits of "
        "both. Members’ agents ask for no less than the supplier pays for energy, and bid no more "
        "than a buyer would pay the supplier plus the network charge that local energy saves. "
        "Persons may order at any price that the market allows.",
        (_figure(view), _sessions(view), *_remarks(view)),
    )


def _cleared(view: View, kind: str) -> Cleared:
    """Lay all sessions of a kind over the axis: day-ahead, or intraday as all others are."""
    slots = view.axis.slots.count
    volume, value = np.zeros((2, slots))
    lowest, highest = np.full((2, slots), np.nan)
    for cleared in view.sessions:
        if (cleared.session.kind == "day-ahead") != (kind == "day-ahead"):
            continue
        found = by_slot(cleared)
        rows = np.stack([found.energy_wh, found.value_nano, found.lowest, found.highest]) * 1.0
        rows[2:, found.energy_wh == 0] = np.nan
        added = laid(view.axis, [(cleared.session.window, rows)], 4)
        volume, value = volume + np.nan_to_num(added[0]), value + np.nan_to_num(added[1])
        lowest, highest = np.fmin(lowest, added[2]), np.fmax(highest, added[3])
    price = np.divide(value, volume, out=np.full_like(value, np.nan), where=volume > 0)
    return Cleared(volume, price, lowest, highest)


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
        _Line("agents bid up to", drawing.SUPPLIER, asked + saved, dashed=True),
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
        f"shared within the community [kWh per {per}]. “Agents bid up to” is the supplier’s "
        "price plus the network charge that local energy saves, before fees. No line where nothing "
        "was traded. Lines of trades are averages weighted by energy of what buyers paid for "
        "energy, without the market’s fees; where trades were made at several prices, a lighter "
        "shade of the line shows their range."
    )
    svg = drawing.draw("prices", (2.0, 1.1), paint)
    return Figure("prices", "Prices and volumes", caption, svg)


def _paint_prices(view: View, panel: Axes, ahead: Cleared, within: Cleared) -> None:
    axis = view.axis
    for line in _outside(view):
        dash: dict[str, Any] = {"linestyle": drawing.DASHED} if line.dashed else {}
        shown = axis.meant(line.values) / 1e6
        drawing.steps(panel, axis, shown, color=line.colour, label=line.label, **dash)
    for name, colour, tint, width, found in (
        ("day-ahead", drawing.LOCAL, drawing.LOCAL_BAND, 2.8, ahead),
        ("intraday", drawing.SOLAR, drawing.SOLAR_BAND, 1.4, within),
    ):
        if found.volume.any():
            shown = _weighted(view, found) / 1e6
            label = f"{name} trades"
            drawing.levels(panel, axis, shown, color=colour, linewidth=width, label=label)
            _paint_range(view, panel, found, tint)
    panel.set_ylabel(f"{view.money.currency}/kWh")


def _paint_volumes(view: View, panel: Axes, ahead: Cleared, within: Cleared) -> None:
    axis = view.axis
    layers = [
        ("day-ahead", drawing.LOCAL, axis.binned(ahead.volume) / 1000),
        ("intraday", drawing.SOLAR, axis.binned(within.volume) / 1000),
        ("shared by key", drawing.PLAN, axis.binned(view.balance.shared) / 1000),
    ]
    drawing.stack(panel, axis, [layer for layer in layers if np.nansum(layer[2])])
    panel.set_ylabel(f"kWh per {axis.per}")


def _paint_range(view: View, panel: Axes, found: Cleared, tint: str) -> None:
    """Shade from the lowest to the highest price of a bin's trades, where they differ."""
    edges = view.axis.edges[:-1]
    low = np.fmin.reduceat(found.lowest, edges) / 1e6
    high = np.fmax.reduceat(found.highest, edges) / 1e6
    if (high > low).any():
        # no place of its own in the legend, which is full: the line's colour says whose range it is
        drawing.band(panel, view.axis, low, high, "_range", tint)


def _weighted(view: View, found: Cleared) -> Floats:
    """Energy-weighted price per bin; NaN where nothing was traded."""
    total = view.axis.binned(found.volume)
    worth = np.where(found.volume > 0, np.nan_to_num(found.price) * found.volume, 0.0)
    value = view.axis.binned(worth)
    return np.divide(value, total, out=np.full_like(value, np.nan), where=total > 0)


def _sessions(view: View) -> Table:
    found, unit = view.sessions, view.money.currency
    whole = turnover(view.community, found)
    shown = found[-MOST_SESSIONS:]
    sums = [_sums(view, [item], whole) for item in shown]
    rows = [
        (item.session.id, view.clock(item.session.gate), _mechanism(view, item), *own)
        for item, own in zip(shown, sums, strict=True)
    ]
    hidden = len(found) - len(rows)
    charges = [
        name for name, nano in (("grid", whole.grid_nano), ("fees", whole.fees_nano)) if nano
    ]
    return Table(
        "sessions",
        f"Sessions: energy in kWh, prices in {unit}/kWh, money in {unit}",
        (
            *("session", "gate", "mechanism", "orders", "asked", "offered", "traded"),
            *("average", "range", "value", *charges),
        ),
        tuple(rows),
        ("all", "", "", *_sums(view, found, whole)),
        names=3,
        note=notes(hidden, whole),
    )


def notes(hidden: int, whole: Turnover) -> str:
    """Say what the table leaves out, and what its charges are where it has any."""
    grid = "“Grid” is the part of the value that goes to the network company."
    fees = "Fees come on top of the value and go to the operator."
    notes = (
        (hidden, f"{hidden} earlier sessions are not listed."),
        (whole.grid_nano, grid),
        (whole.fees_nano, fees),
        (whole.own_wh, f"Members traded {kwh(whole.own_wh, 3)} kWh of it with themselves."),
    )
    return " ".join(text for there, text in notes if there)


def _mechanism(view: View, cleared: SessionCleared) -> str:
    return view.community.market.trading(cleared.session.kind).mechanism


def _sums(view: View, found: Sequence[SessionCleared], whole: Turnover) -> tuple[str, ...]:
    """Figures of some sessions; charges and fees where the ``whole`` table has any."""
    made = turnover(view.community, found)
    return (
        number(sum(item.orders for item in found)),
        kwh(float(sum(item.asked_wh.sum() for item in found)), 1),
        kwh(float(sum(item.offered_wh.sum() for item in found)), 1),
        kwh(made.energy_wh, 1),
        price(made.price),
        _range(made),
        _amount(view, made.value_nano),
        *([_amount(view, made.grid_nano)] if whole.grid_nano else []),
        *([_amount(view, made.fees_nano)] if whole.fees_nano else []),
    )


def _range(made: Turnover) -> str:
    """Write the lowest and the highest price, once where they are one."""
    if made.lowest is None or made.highest is None:
        return MISSING
    if made.lowest == made.highest:
        return price(made.lowest)
    return f"{price(made.lowest)}–{price(made.highest)}"


def _amount(view: View, nano: int) -> str:
    return view.money.minor(round_half_even(nano, view.money.minor_nano))


def _remarks(view: View) -> tuple[Notes, ...]:
    items = refusals.sentences(view.record.all(OrdersRefused))
    items += [
        f"No main-market prices for {missing.day}: {missing.reason}."
        for missing in view.record.all(PricesMissing)
    ]
    cut_short = [m.session.id for m in view.record.all(SessionCleared) if not m.proven]
    if cut_short:
        names = ", ".join(cut_short)
        items.append(f"The search for the best choice of block orders was cut short: {names}.")
    later = [m for m in view.record.all(SessionCleared) if m.session.day not in view.axis.days]
    if later:
        names = ", ".join(m.session.id for m in later[:3])
        items.append(f"Cleared for days not yet delivered, and not counted here: {names}.")
    return (Notes(tuple(items)),) if items else ()
