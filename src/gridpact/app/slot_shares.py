"""A statement line slot by slot: what each series was, the readings and the trades behind it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from gridpact.app.record import Record
from gridpact.base.slots import iso
from gridpact.base.units import Ints
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.legs import Leg
from gridpact.contracts.needs import needs_of
from gridpact.contracts.products import spot
from gridpact.market.messages import SessionTrades
from gridpact.metering.messages import ReadingsReceived
from gridpact.registry.model import Community
from gridpact.settlement.clause import Clause
from gridpact.settlement.day import Facts
from gridpact.settlement.messages import DaySettled, LineKind
from gridpact.settlement.spot import trade_name

SOLD = ("sold", "seller-fee")
"""Lines of trades that are about what a member sold; the others are about what it bought."""


class TradeShare(msgspec.Struct, frozen=True):
    """One trade behind a slot: with whom, how much, at which prices, by which of both orders."""

    seller: str
    buyer: str
    energy_wh: int
    seller_micro_per_kwh: int
    buyer_micro_per_kwh: int
    sell_order: int
    buy_order: int


class SlotShare(msgspec.Struct, frozen=True):
    """One slot of a line: what each series of the contract was, unit included, and the amount.

    A slot in which a member traded at several prices has as many shares. ``trades`` are those the
    share rests on, where trades have prices of their own.
    """

    slot: str
    local_time: str
    series: dict[str, int]
    nano: int
    estimated: bool
    journal_rows: tuple[int, ...]
    trades: tuple[TradeShare, ...] = ()


class Traced(NamedTuple):
    """A line found: its day, contract, flow and member, and the evidence it was settled on."""

    record: Record
    community: Community
    day: DaySettled
    facts: Facts
    clause: Clause
    kind: LineKind
    row: int
    member: int


def shares(traced: Traced, leg: Leg) -> tuple[SlotShare, ...]:
    """Every slot with an amount: the series behind it, and the readings and trades it rests on."""
    slots = traced.day.slots
    flows = cashflows(traced.clause.contract, traced.clause.world, slots)
    nano = flows[leg.giver, leg.taker, leg.currency, leg.kind]
    zone, rows = ZoneInfo(traced.community.timezone), _reading_rows(traced)
    starts = slots.starts().tolist()
    found = [
        (place, row)
        for row in traced.clause.rows_of(traced.member)
        for place in np.flatnonzero(nano[row]).tolist()
    ]
    return tuple(
        SlotShare(
            slot=iso(starts[place]),
            local_time=datetime.fromtimestamp(starts[place], zone).strftime("%H:%M"),
            series=_series(traced, leg, row, place),
            nano=int(nano[row, place]),
            estimated=bool(traced.facts.metered.estimated[traced.member, place]),
            journal_rows=tuple(rows.get(starts[place], ())),
            trades=_trades(traced, row, place),
        )
        for place, row in sorted(found)
    )


def _series(traced: Traced, leg: Leg, row: int, place: int) -> dict[str, int]:
    world = traced.clause.world
    return {
        f"{need.name} [{need.unit}]": _at(world[need.name], row, place)
        for need in needs_of([leg.amount]).series
    }


def _at(values: Ints, row: int, place: int) -> int:
    return int(values[place] if values.ndim == 1 else values[row, place])


def _trades(traced: Traced, row: int, place: int) -> tuple[TradeShare, ...]:
    """Trades of the member in a slot, at the prices of one row of its contract."""
    matched = next(
        (t.matched for t in traced.facts.trades if trade_name(t.session) == traced.clause.name),
        None,
    )
    if matched is None:
        return ()
    sold = traced.kind.kind in SOLD
    price, own = (spot.SOLD_PRICE, matched.seller) if sold else (spot.BOUGHT_PRICE, matched.buyer)
    at = _at(traced.clause.world[price.name], row, place)
    mine = (own == traced.member) & (matched.slot == place) & (matched.seller_micro_per_kwh == at)
    if not sold and spot.GRID_PRICE.name in traced.clause.world:
        grid = _at(traced.clause.world[spot.GRID_PRICE.name], row, place)
        mine &= matched.grid_micro_per_kwh == grid
    return tuple(_trade(traced, matched, at) for at in np.flatnonzero(mine).tolist())


def _trade(traced: Traced, matched: SessionTrades, at: int) -> TradeShare:
    ids = traced.community.members.ids
    return TradeShare(
        seller=ids[matched.seller[at]],
        buyer=ids[matched.buyer[at]],
        energy_wh=int(matched.quantity_wh[at]),
        seller_micro_per_kwh=int(matched.seller_micro_per_kwh[at]),
        buyer_micro_per_kwh=int(matched.buyer_micro_per_kwh[at]),
        sell_order=int(matched.sell_order[at]),
        buy_order=int(matched.buy_order[at]),
    )


def _reading_rows(traced: Traced) -> dict[int, list[int]]:
    """Journal rows in which the member's meter reported, by slot start."""
    rows: dict[int, list[int]] = {}
    for item in traced.record.kept(ReadingsReceived):
        reading = item.message
        if isinstance(reading, ReadingsReceived) and reading.present[traced.member]:
            rows.setdefault(reading.slot, []).append(item.seq)
    return rows
