"""What a book offers and what its clearing gave, slot by slot, in whole numbers."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.rounding import round_half_even
from gridpact.base.slots import Slots
from gridpact.base.units import INT64_MAX, Ints, checked_multiply
from gridpact.market.clearing.matched import exact_sum
from gridpact.market.dispatch import Outcome
from gridpact.market.orders import Orders, Side


class Depth(msgspec.Struct, frozen=True):
    """What a book has in one slot; prices are None where nobody bids or offers."""

    slot_start: int
    bids: int
    offers: int
    bid_wh: int
    offered_wh: int
    best_bid_micro_per_kwh: int | None
    best_offer_micro_per_kwh: int | None


class Result(msgspec.Struct, frozen=True):
    """What was traded in one slot; prices are None where nothing was.

    ``price`` is the one price, or the buyers' mean where trades have prices of their own;
    ``lowest`` and ``highest`` bound what sellers receive and buyers pay. ``welfare_nano`` is what
    buyers would have paid at most less what sellers asked at least, by their limits.
    """

    slot_start: int
    volume_wh: int
    price_micro_per_kwh: int | None
    lowest_micro_per_kwh: int | None
    highest_micro_per_kwh: int | None
    welfare_nano: int


class Total(msgspec.Struct, frozen=True):
    """All slots together; ``charges_nano`` is what buyers pay beyond what sellers receive."""

    volume_wh: int
    price_micro_per_kwh: int | None
    lowest_micro_per_kwh: int | None
    highest_micro_per_kwh: int | None
    welfare_nano: int
    paid_nano: int
    received_nano: int
    charges_nano: int


def depth(orders: Orders, slots: Slots) -> list[Depth]:
    """Describe a book [slots with orders]."""
    found = []
    for slot in np.unique(orders.slot).tolist():
        here = orders.take(orders.slot == slot)
        bids, offers = (here.take(here.side == side) for side in (Side.BUY, Side.SELL))
        found.append(
            Depth(
                slots.start + slot * slots.step,
                bids.count,
                offers.count,
                exact_sum(bids.quantity_wh),
                exact_sum(offers.quantity_wh),
                int(bids.limit_micro_per_kwh.max()) if bids.count else None,
                int(offers.limit_micro_per_kwh.min()) if offers.count else None,
            )
        )
    return found


def results(outcome: Outcome, slots: Slots) -> list[Result]:
    """Describe what was cleared [slots with orders]; an exact account, slot by slot."""
    lowest, highest = price_range(outcome)
    orders, accepted = outcome.orders, outcome.accepted_wh
    worth = checked_multiply(orders.side * accepted, orders.limit_micro_per_kwh)
    found = []
    for slot in np.unique(orders.slot).tolist():
        here, traded = orders.slot == slot, bool(outcome.traded[slot])
        bought = accepted[here & (orders.side == Side.BUY)]
        found.append(
            Result(
                slots.start + slot * slots.step,
                exact_sum(bought),
                int(outcome.price_micro_per_kwh[slot]) if traded else None,
                int(lowest[slot]) if traded else None,
                int(highest[slot]) if traded else None,
                exact_sum(worth[here]),
            )
        )
    return found


def price_range(outcome: Outcome) -> tuple[Ints, Ints]:
    """The lowest and highest price of each slot's trades [µ¤/kWh]; filler where none traded."""
    price = outcome.price_micro_per_kwh
    if outcome.trades is None:
        return price, price
    low, high = np.full_like(price, INT64_MAX), np.full_like(price, -INT64_MAX)
    trades = outcome.trades
    for paid in (trades.seller_micro_per_kwh, trades.buyer_micro_per_kwh):
        np.minimum.at(low, trades.slot, paid)
        np.maximum.at(high, trades.slot, paid)
    return low, high


def total(outcome: Outcome, by_slot: list[Result]) -> Total:
    """Add up what was cleared in all slots."""
    paid_by_order = outcome.paid_nano
    buys = outcome.orders.side == Side.BUY
    paid, received = exact_sum(paid_by_order[buys]), -exact_sum(paid_by_order[~buys])
    volume = sum(each.volume_wh for each in by_slot)
    low = [each.lowest_micro_per_kwh for each in by_slot if each.lowest_micro_per_kwh is not None]
    high = [
        each.highest_micro_per_kwh for each in by_slot if each.highest_micro_per_kwh is not None
    ]
    return Total(
        volume,
        round_half_even(paid, volume) if volume else None,
        min(low, default=None),
        max(high, default=None),
        sum(each.welfare_nano for each in by_slot),
        paid,
        received,
        paid - received,
    )
