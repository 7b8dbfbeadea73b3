"""What cleared sessions come to for each member, and what that is worth beside the supplier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from gridpact.base.slots import Slots, overlap
from gridpact.base.units import Ints, checked_add, checked_multiply, checked_sum
from gridpact.market.clearing.matched import total_by
from gridpact.market.messages import SessionTrades
from gridpact.registry.model import TradingRules
from gridpact.registry.tariffs import Outside


class Account(msgspec.Struct, frozen=True):
    """Trades by member and slot, int64 [members, slots].

    ``paid`` and ``received`` [nano-¤] are for energy, at the buyers' and the sellers' prices;
    ``fees`` [nano-¤] are what the operator takes of both sides.
    """

    bought_wh: Ints
    sold_wh: Ints
    paid_nano: Ints
    received_nano: Ints
    fees_nano: Ints


def nothing(members: int, slots: int) -> Account:
    """Return an account without trades."""
    return Account(*np.zeros((len(Account.__struct_fields__), members, slots), np.int64))


def at_own_prices(trades: SessionTrades, shape: tuple[int, int], rules: TradingRules) -> Account:
    """Account for trades with prices of their own; ``shape`` is (members, slots)."""
    quantity = trades.quantity_wh
    paid = checked_multiply(quantity, trades.buyer_micro_per_kwh)
    received = checked_multiply(quantity, trades.seller_micro_per_kwh)
    buyer, seller = (trades.buyer, trades.slot), (trades.seller, trades.slot)
    bought, sold = _laid(shape, buyer, quantity), _laid(shape, seller, quantity)
    return Account(
        bought_wh=bought,
        sold_wh=sold,
        paid_nano=_laid(shape, buyer, paid),
        received_nano=_laid(shape, seller, received),
        fees_nano=_fees(bought, sold, rules),
    )


def _laid(shape: tuple[int, int], place: tuple[Ints, Ints], values: Ints) -> Ints:
    """Add values up by member and slot; raises NumberOverflow where a sum leaves 64 bits."""
    (members, slots), (member, slot) = shape, place
    return total_by(member * slots + slot, values, members * slots).reshape(shape)


def _fees(bought_wh: Ints, sold_wh: Ints, rules: TradingRules) -> Ints:
    buyers = checked_multiply(bought_wh, np.asarray(rules.buyer_fee_micro_per_kwh))
    sellers = checked_multiply(sold_wh, np.asarray(rules.seller_fee_micro_per_kwh))
    return checked_add(buyers, sellers)


def over_day(day: Slots, members: int, sessions: Iterable[tuple[Slots, Account]]) -> Account:
    """Add up sessions, each over its own window, over the slots of a day."""
    total = nothing(members, day.count)
    for window, account in sessions:
        here, there = overlap(day, window)
        for name in Account.__struct_fields__:
            column = getattr(total, name)
            column[:, here] = checked_add(column[:, here], getattr(account, name)[:, there])
    return total


def gain_nano(account: Account, outside: Outside) -> Ints:
    """What members gain by a day's trades against the supplier alone [nano-¤, members].

    In a slot a member stands with what it bought less what it sold. What is left bought spares it
    the supplier's price and the network charge that local energy saves; what is left sold would
    have earned the supplier's price for exports. From that worth go what it paid and the fees, and
    what it received comes to it. ``outside`` [slots] are the prices of the account's slots.
    """
    net = account.bought_wh - account.sold_wh
    price = np.where(net > 0, outside.avoided, outside.supplier_export)
    money = account.received_nano - account.paid_nano - account.fees_nano
    return checked_sum(checked_add(checked_multiply(net, price), money), axis=1)


def total_gain_nano(days: Mapping[str, Account], outside: Mapping[str, Outside]) -> Ints:
    """Add up what members gain over days [nano-¤, members]; at least one day."""
    gains = np.stack([gain_nano(account, outside[day]) for day, account in days.items()])
    return checked_sum(gains, axis=0)
