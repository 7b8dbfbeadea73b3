"""The market in figures: liquidity, prices, concentration, supply, and members' ratings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridpact.app.report.books import Close, closes
from gridpact.app.report.members_market import Energy, energy_of, members_table, supply_table
from gridpact.app.report.parts import Notes, Section, Table
from gridpact.app.report.text import MISSING, counted, day_name, kwh, number, percent, price
from gridpact.app.report.view import View
from gridpact.base.slots import overlap
from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints
from gridpact.market.analytics.concentration import (
    HIGHLY_CONCENTRATED_PPM,
    PPM_PER_POINT,
    concentration,
)
from gridpact.market.analytics.liquidity import liquidity
from gridpact.market.analytics.prices import prices
from gridpact.market.messages import SessionCleared

NO_SPREAD = "No spread is known: no slot had bids and offers left, or books are not known."
NAN = float("nan")
QUARTILES_NAMED = ("first quartile", "median", "third quartile")


def section(view: View) -> Section:
    """Tables by day, by side of the market, for the community, and by member."""
    books, energy = closes(view.record, view.sessions), energy_of(view)
    return Section(
        "analytics",
        "The market in figures",
        "Turnover is energy bought and sold of energy on order. The spread is the lowest offer "
        "less the highest bid left when a session closed, averaged over slots with both. Prices "
        "count by energy. Concentration (HHI) is the sum of squared shares, in points: "
        f"{number(MICRO_PER_UNIT / PPM_PER_POINT)} where one member has all; above "
        f"{number(HIGHLY_CONCENTRATED_PPM / PPM_PER_POINT)} a market is highly concentrated.",
        (
            _liquidity(view, books),
            *_remarks(len(view.sessions) - len(books)),
            _price_table(view),
            _sides(energy),
            supply_table(energy),
            members_table(view, energy),
        ),
    )


def _by_day(view: View) -> list[tuple[str, list[SessionCleared], Bools]]:
    """Name, sessions and slots traded of every day of delivery, and of all where there are more."""
    made = np.zeros(view.axis.slots.count, np.bool_)
    for item in view.sessions:
        here, there = overlap(view.axis.slots, item.session.window)
        made[here] |= item.traded[there]
    days = [
        (
            day_name(day),
            [item for item in view.sessions if item.session.day == day],
            made[view.axis.day(day)],
        )
        for day in view.axis.days
    ]
    return [*days, ("all", view.sessions, made)] if len(days) > 1 else days


def _cut(rows: list[tuple[str, ...]]) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Rows of a table and its foot, which is the row of all."""
    return (tuple(rows[:-1]), rows[-1]) if len(rows) > 1 else (tuple(rows), ())


def _liquidity(view: View, books: dict[str, Close]) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, found, made in _by_day(view):
        asked, offered, traded = (
            sum(int(getattr(item, energy).sum()) for item in found)
            for energy in ("asked_wh", "offered_wh", "bought_wh")
        )
        orders_traded, spread = _closing([(item, books.get(item.session.id)) for item in found])
        shares = percent(2 * traded, asked + offered), orders_traded
        slots = percent(int(made.sum()), made.size)
        left = kwh(asked - traded, 1), kwh(offered - traded, 1)
        rows.append((name, kwh(asked + offered, 1), *shares, slots, *left, spread))
    body, foot = _cut(rows)
    return Table(
        "liquidity",
        "Liquidity by day of delivery",
        (
            *("day", "on order [kWh]", "turnover", "orders traded", "slots traded"),
            *("bids left [kWh]", "offers left [kWh]", f"spread [{view.money.currency}/kWh]"),
        ),
        body,
        foot,
        note="" if any(row[-1] != MISSING for row in rows) else NO_SPREAD,
    )


def _price_table(view: View) -> Table:
    body, foot = _cut([(name, *_prices(found)) for name, found, _ in _by_day(view)])
    columns = ("day", "mean", "deviation", "lowest", *QUARTILES_NAMED, "highest")
    title = f"Prices of local trades [{view.money.currency}/kWh]"
    return Table("price-distribution", title, columns, body, foot)


def _closing(found: Sequence[tuple[SessionCleared, Close | None]]) -> tuple[str, str]:
    """Share of orders that traded and mean spread; dashes where a book is not known."""
    known = [(item, close) for item, close in found if close is not None]
    if len(known) < len(found):
        return MISSING, MISSING
    measured = [
        liquidity(close.orders, close.accepted_wh, item.session.window.count)
        for item, close in known
    ]
    spreads = [each.spread_micro_per_kwh[each.quoted] for each in measured]
    spread = np.concatenate([np.empty(0, np.int64), *spreads])
    placed = sum(close.orders.count for _, close in known)
    traded = sum(int(np.count_nonzero(close.accepted_wh)) for _, close in known)
    return percent(traded, placed), price(float(spread.mean()) if spread.size else NAN)


def _prices(found: Sequence[SessionCleared]) -> tuple[str, ...]:
    """What buyers paid, Wh by Wh, in the order of the table; dashes where nothing traded."""
    nothing, pieces = np.empty(0, np.int64), [_priced(item) for item in found]
    paid = np.concatenate([nothing, *(each for each, _ in pieces)])
    energy = np.concatenate([nothing, *(each for _, each in pieces)])
    made = prices(paid, energy)
    if made is None:
        return (MISSING,) * 7
    spread = made.mean_micro_per_kwh, made.deviation_micro_per_kwh
    lowest, highest = made.lowest_micro_per_kwh, made.highest_micro_per_kwh
    return tuple(map(price, (*spread, lowest, *made.quantiles_micro_per_kwh, highest)))


def _priced(item: SessionCleared) -> tuple[Ints, Ints]:
    """Prices and energy of a session's trades, or of its slots where all have one price."""
    if item.trades is not None:
        return item.trades.buyer_micro_per_kwh, item.trades.quantity_wh
    return item.price_micro_per_kwh, np.where(item.traded, item.bought_wh.sum(axis=0), 0)


def _sides(energy: Energy) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, traded in (("sellers", energy.sold), ("buyers", energy.bought)):
        found = concentration(traded.sum(axis=1))
        if found is None:
            rows.append((name, *(MISSING,) * 5))
            continue
        shares = (percent(ppm, MICRO_PER_UNIT) for ppm in (found.cr1_ppm, found.cr4_ppm))
        points = number(found.hhi_ppm / PPM_PER_POINT)
        rows.append((name, number(found.members), kwh(found.energy_wh, 1), *shares, points))
    columns = ("", "members", "energy [kWh]", "largest", "four largest", "HHI [points]")
    return Table("concentration", "Concentration of local trades", columns, tuple(rows))


def _remarks(unknown: int) -> tuple[Notes, ...]:
    """Say how many books could not be read back."""
    if not unknown:
        return ()
    books = counted(unknown, "session’s book is", "sessions’ books are")
    text = f"{books} not known to the last order; shares and spreads that need it are left out."
    return (Notes((text,)),)
