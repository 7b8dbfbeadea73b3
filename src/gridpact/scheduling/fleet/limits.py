"""Shared limits as the engine sees them: those inside one cell, and those that couple cells.

Limits of a zone that no zone lies below are met inside its cell. Limits of other zones and rows of
the portfolio couple cells. Fixed load is taken off every limit beforehand. Energies kWh, prices
¤/kWh.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Prices, per_slot
from gridpact.scheduling.fleet.tree import sums_up

UNLIMITED = float("inf")
IMPORT, EXPORT, SPREAD = range(3)
"""Kinds of limits of a zone. ``SPREAD`` is feeding in at all, at the price between buying and
selling: what makes net energy cost ``buy · net`` when positive and ``sell · net`` when negative."""
SIGN = np.array([1.0, -1.0, -1.0])


class Tariff(msgspec.Struct, frozen=True):
    """Buying price and what selling earns less [zones, slots], ¤/kWh."""

    buy: Floats
    spread: Floats


def tariff_of(fleet: Fleet, prices: Prices) -> Tariff:
    """Spread prices over zones."""
    shape = (len(fleet.zones.parent), fleet.slots)
    buy = np.broadcast_to(np.asarray(prices.buy, np.float64) * 1e-6, shape)
    if prices.sell is None:
        return Tariff(buy, np.zeros(shape))
    sell = np.broadcast_to(np.asarray(prices.sell, np.float64) * 1e-6, shape)
    return Tariff(buy, np.asarray(buy - sell))


def distinct(rows: Floats) -> tuple[Floats, Ints]:
    """Rows [rows, slots] that differ, in order of appearance, and which of them each row is."""
    if rows.strides[0] == 0:
        return np.ascontiguousarray(rows[:1]), np.zeros(len(rows), np.int64)
    known: dict[bytes, int] = {}
    which = np.array([known.setdefault(row.tobytes(), len(known)) for row in rows], np.int64)
    _, first = np.unique(which, return_index=True)
    return np.ascontiguousarray(rows[first]), which


class ZoneLimits(msgspec.Struct, frozen=True):
    """Limits by kind [zones, kinds, slots] on the net energy of the assets in and below each zone.

    ``most`` is the largest sum of ``SIGN · energy``; ``penalty`` the price at which it may be
    exceeded: the spread, or (infinite here) the penalty in force.
    """

    most: Floats
    penalty: Floats


def zone_limits(fleet: Fleet, tariff: Tariff) -> ZoneLimits:
    """Limits of all zones after fixed load."""
    zones, slots = len(fleet.zones.parent), fleet.slots
    own = per_slot(fleet.zones.load_wh, zones, slots) / 1000
    load = sums_up(fleet.zones.parent, np.array(own))
    most = np.full((zones, 3, slots), UNLIMITED)
    penalty = np.full((zones, 3, slots), UNLIMITED)
    to_kwh = fleet.hours / 1000
    most[:, IMPORT] = per_slot(fleet.zones.import_limit_w, zones, slots) * to_kwh - load
    most[:, EXPORT] = per_slot(fleet.zones.export_limit_w, zones, slots) * to_kwh + load
    priced = tariff.spread != 0
    most[:, SPREAD] = np.where(priced, load, UNLIMITED)
    penalty[:, SPREAD] = np.where(priced, tariff.spread, UNLIMITED)
    return ZoneLimits(most, penalty)


class RowLimits(msgspec.Struct, frozen=True):
    """Portfolio rows as limits [limits]: ``sign · energy of the row's set ≤ most``.

    A row bounded on both sides gives two limits; ``row`` is the row of the portfolio.
    ``member`` [limits, signatures]: whether a signature is in the limit's set.
    """

    row: Ints
    sign: Floats
    most: Floats
    first: Ints
    end: Ints
    member: Bools


def row_limits(fleet: Fleet, member: Bools, load: Floats) -> RowLimits:
    """Limits of the portfolio after the fixed load of its sets, ``load`` [sets, slots] kWh."""
    portfolio = fleet.portfolio
    if portfolio is None:
        none, whole = np.zeros(0), np.zeros(0, np.int64)
        return RowLimits(whole, none, none, whole, whole, np.zeros((0, len(member)), np.bool_))
    upper = np.asarray(portfolio.upper_wh, np.float64) / 1000
    lower = np.asarray(portfolio.lower_wh, np.float64) / 1000
    total = np.concatenate([np.zeros((len(load), 1)), np.cumsum(load, axis=1)], axis=1)
    own, first, end = portfolio.set_of_row, portfolio.first, portfolio.end
    fixed = total[own, end] - total[own, first]
    above, under = np.flatnonzero(upper < np.inf), np.flatnonzero(lower > -np.inf)
    row = np.concatenate([above, under])
    return RowLimits(
        row=row,
        sign=np.repeat([1.0, -1.0], [len(above), len(under)]),
        most=np.concatenate([upper[above] - fixed[above], fixed[under] - lower[under]]),
        first=np.asarray(first)[row],
        end=np.asarray(end)[row],
        member=member[:, own[row]].T,
    )
