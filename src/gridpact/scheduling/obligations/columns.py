"""Choices as parts of a fleet: a zone of its own each, priced at what the choice pays."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.obligations.draft import ContractRow, Draft
from gridpact.scheduling.obligations.model import Agreed, Column, OwnChoice, Shortfall
from gridpact.scheduling.priorities.levels import Level


def add_choice(
    draft: Draft, agreed: Agreed, choice: OwnChoice, worth: Floats
) -> tuple[Column, float]:
    """Add what a choice moves, and return where it is and what it costs whatever is chosen.

    Energy given and payments are affine in the choice, so a kWh given costs what the payments
    rise by, plus ``worth`` [slots] µ¤/kWh: what it has to be bought for on the market. Where no
    energy moves, the cheaper end is taken at once.
    """
    low, high = choice.given.astype(np.float64)
    moves = low != high
    paid_low, paid_high = choice.paid.astype(np.float64)
    slope = np.where(moves, (paid_high - paid_low) / np.where(moves, high - low, 1.0), 0.0)
    price = np.where(moves, slope + worth, 0.0)
    still = np.minimum(paid_low, paid_high)
    fixed = np.where(moves, paid_low - slope * low, still + worth * low)
    best = (paid_high < paid_low).astype(np.int64)
    zone = -1
    if moves.any():
        zone = draft.add_zone(choice.given, price, whole=choice.whole)
        for one in choice.shortfalls:
            _add_shortfall(draft, agreed, choice, one, zone)
    return Column(agreed.id, choice, zone, best), float(fixed.sum())


def _add_shortfall(
    draft: Draft, agreed: Agreed, choice: OwnChoice, one: Shortfall, zone: int
) -> None:
    """Let what is short of the agreed energy be paid for, up to all of it.

    A row adds up what counts and what is short; it can always be kept. The sign is that of energy
    given, as energy received counts with the other one.
    """
    part = slice(one.first, one.end)
    given = choice.given[:, part]
    sign = 1.0 if np.array_equal(np.diff(one.counted, axis=0), np.diff(given, axis=0)) else -1.0
    counted_less = float((one.counted[0] - sign * given[0]).sum())
    due = one.agreed_wh - counted_less
    most = max(one.agreed_wh - float(one.counted.min(axis=0).sum()), 0.0)
    if most == 0.0 or one.rate == 0:
        return
    short = np.zeros((2, draft.fleet.slots))
    short[1, one.end - 1] = sign * most
    price = np.zeros(draft.fleet.slots)
    price[one.end - 1] = sign * one.rate
    own = draft.add_zone(short, price, whole=False)
    bounds = (due, np.inf) if sign > 0 else (-np.inf, -due)
    row = Row((zone, own), (), one.first, one.end, *bounds)
    draft.rows.append(ContractRow(row, Level.GRID, (agreed.id,)))


def decision(column: Column, net_wh: Floats) -> Ints:
    """Return the choice [slots] that the net energy [zones, slots] of a schedule stands for."""
    choice = column.choice
    low, high = choice.bounds
    best = np.where(column.best == 1, high, low)
    if column.zone < 0:
        return np.asarray(best)
    first, last = choice.given.astype(np.float64)
    moves = first != last
    share = (net_wh[column.zone] - first) / np.where(moves, last - first, 1.0)
    taken = low + np.rint(np.clip(share, 0.0, 1.0) * (high - low)).astype(np.int64)
    return np.asarray(np.where(moves, taken, best))
