"""Who trades with whom in a clearing, as rows with names."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import msgspec

from gridpact.base.slots import Slots, iso
from gridpact.market.clearing.matched import from_accepted
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.dispatch import Outcome, session_trades
from gridpact.market.messages import SessionTrades


class Trade(msgspec.Struct, frozen=True):
    """One trade. Orders are named by their key, "" for an agent's; prices in µ¤/kWh."""

    slot_start: int
    seller: str
    buyer: str
    sell_order: str
    buy_order: str
    quantity_wh: int
    seller_micro_per_kwh: int
    buyer_micro_per_kwh: int


HEADERS = (
    "slot_start",
    "seller",
    "buyer",
    "sell_order",
    "buy_order",
    "quantity [Wh]",
    "seller_price [micro/kWh]",
    "buyer_price [micro/kWh]",
)


def pairs(outcome: Outcome) -> SessionTrades:
    """The trades of a clearing; where all of a slot pay one price, pairs in merit order."""
    if outcome.trades is not None:
        return outcome.trades
    price, volume = outcome.price_micro_per_kwh, outcome.price_micro_per_kwh * 0
    clearing = Clearing(price, outcome.traded, volume, outcome.accepted_wh)
    return session_trades(outcome.orders, from_accepted(outcome.orders, clearing))


def named(
    outcome: Outcome, slots: Slots, members: tuple[str, ...], keys: Mapping[int, str]
) -> list[Trade]:
    """List the trades of a clearing; ``keys`` name orders by their sequence."""
    found = pairs(outcome)
    columns = (getattr(found, name).tolist() for name in SessionTrades.__struct_fields__)
    return [
        Trade(
            slots.start + slot * slots.step,
            members[seller],
            members[buyer],
            keys.get(sell, ""),
            keys.get(buy, ""),
            wh,
            receives,
            pays,
        )
        for seller, buyer, slot, wh, receives, pays, sell, buy in zip(*columns, strict=True)
    ]


def to_csv(trades: list[Trade]) -> str:
    """Write trades as CSV, with their units in the headers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADERS)
    for trade in trades:
        start, *rest = msgspec.structs.astuple(trade)
        writer.writerow([iso(start), *rest])
    return text.getvalue()
