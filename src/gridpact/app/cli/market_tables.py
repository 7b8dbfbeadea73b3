"""Books and clearings as small tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.orders.figures import Depth, Result, Total
from gridpact.app.orders.instants import local
from gridpact.app.orders.words import energy, money, price
from gridpact.registry.model import TradingRules

NOTHING = "-"


class Shown(NamedTuple):
    """How figures are shown: in which currency, by which clock, under which rules."""

    currency: str
    timezone: str
    rules: TradingRules

    def price(self, micro_per_kwh: int | None) -> str:
        """Write a price, or a dash where there is none."""
        return NOTHING if micro_per_kwh is None else price(micro_per_kwh, self.currency)

    def span(self, low: int | None, high: int | None) -> str:
        """Write the lowest and the highest price, once where they are one."""
        if low is None or low == high:
            return self.price(low)
        return f"{self.price(low)} to {self.price(high)}"


def cleared_lines(shown: Shown, by_slot: Sequence[Result], all_slots: Total) -> list[str]:
    """Show what was traded, slot by slot and in all."""
    head = ("slot", "volume", "price", "prices of trades", "welfare")
    rows = [
        (
            local(each.slot_start, shown.timezone),
            energy(each.volume_wh),
            shown.price(each.price_micro_per_kwh),
            shown.span(each.lowest_micro_per_kwh, each.highest_micro_per_kwh),
            money(each.welfare_nano, shown.currency),
        )
        for each in by_slot
        if each.volume_wh
    ]
    sums = (
        "total",
        energy(all_slots.volume_wh),
        shown.price(all_slots.price_micro_per_kwh),
        shown.span(all_slots.lowest_micro_per_kwh, all_slots.highest_micro_per_kwh),
        money(all_slots.welfare_nano, shown.currency),
    )
    paid, received, charges = (
        money(amount, shown.currency)
        for amount in (all_slots.paid_nano, all_slots.received_nano, all_slots.charges_nano)
    )
    account = f"buyers pay {paid}, sellers receive {received}"
    if all_slots.charges_nano:
        account += f", the network has {charges}"
    still = len(by_slot) - len(rows)
    idle = f"nothing trades in {counted(still, 'other slot')} with orders"
    table = aligned([head, *rows, sums], right=(1, 2, 3, 4))
    return [*table, account, *([idle] if still else [])]


def depth_lines(shown: Shown, depths: Sequence[Depth], would: Sequence[Result] | None) -> list[str]:
    """Show what a book has in slots with both sides, and what it would give if it closed now."""
    head = ("slot", "bids", "bought", "best bid", "offers", "offered", "best offer")
    more = ("would trade", "at") if would is not None else ()
    rows = [
        (
            local(each.slot_start, shown.timezone),
            str(each.bids),
            energy(each.bid_wh),
            shown.price(each.best_bid_micro_per_kwh),
            str(each.offers),
            energy(each.offered_wh),
            shown.price(each.best_offer_micro_per_kwh),
            *(_would(shown, would[place]) if would is not None else ()),
        )
        for place, each in enumerate(depths)
        if each.bids and each.offers
    ]
    table = aligned([(*head, *more), *rows], right=range(1, len(head) + len(more)))
    bids, offers = (sum(not other for other in others) for others in _sides(depths))
    return [*table, *_alone(bids, "bids"), *_alone(offers, "offers")]


def _sides(depths: Sequence[Depth]) -> tuple[list[int], list[int]]:
    """How many offers, and how many bids, each slot has."""
    return [each.offers for each in depths], [each.bids for each in depths]


def _alone(slots: int, what: str) -> list[str]:
    return [f"{counted(slots, 'slot')} with {what} alone"] if slots else []


def _would(shown: Shown, result: Result) -> tuple[str, str]:
    return energy(result.volume_wh), shown.price(result.price_micro_per_kwh)
