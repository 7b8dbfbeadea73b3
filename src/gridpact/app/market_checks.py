"""What sessions traded against what statements say of it, worked out trade by trade.

Nothing here reads a contract: amounts are energy times price, added up, so that settlement and
verification agree only where both are right.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.rounding import half_even_by
from gridpact.base.slots import overlap
from gridpact.base.units import Ints, checked_add, checked_multiply, checked_sum
from gridpact.market.messages import SessionCleared, SessionTrades
from gridpact.registry.model import Community, TradingRules
from gridpact.settlement.messages import DaySettled
from gridpact.settlement.spot import trade_name

Lines = dict[tuple[str, str], Ints]


def wrong_session(cleared: SessionCleared) -> str:
    """Say what is wrong with a session's own figures, ``""`` where nothing is.

    At one price buyers must pay what sellers receive. Trades with prices of their own must add up
    to what each member bought and sold, and their mean must be the price of each slot.
    """
    if cleared.trades is not None:
        return _wrong_trades(cleared, cleared.trades)
    price = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)
    paid = checked_sum(checked_multiply(cleared.bought_wh, price))
    received = checked_sum(checked_multiply(cleared.sold_wh, price))
    return "" if paid == received else "buyers pay other than sellers receive"


def _wrong_trades(cleared: SessionCleared, trades: SessionTrades) -> str:
    shape = cleared.bought_wh.shape
    if trades.quantity_wh.size and trades.quantity_wh.min() < 1:
        return "a trade has no energy"
    for told, who in ((cleared.bought_wh, trades.buyer), (cleared.sold_wh, trades.seller)):
        total = np.zeros(shape, np.int64)
        np.add.at(total, (who, trades.slot), trades.quantity_wh)
        if not np.array_equal(total, told):
            return "trades do not add up to what members bought and sold"
    volume, value = np.zeros((2, shape[1]), np.int64)
    np.add.at(volume, trades.slot, trades.quantity_wh)
    worth = checked_multiply(trades.quantity_wh, trades.buyer_micro_per_kwh)
    checked_sum(np.abs(worth))
    np.add.at(value, trades.slot, worth)
    mean = half_even_by(value, np.maximum(volume, 1))
    right = (mean == cleared.price_micro_per_kwh) | (volume == 0)
    if not right.all() or not np.array_equal(cleared.traded, volume > 0):
        return "the price of a slot is not the mean of its trades"
    return ""


def wrong_lines(community: Community, day: DaySettled, sessions: list[SessionCleared]) -> str:
    """Name a line of trades that is not what the day's sessions come to, ``""`` for none."""
    expected: Lines = {}
    for cleared in sessions:
        if cleared.session.day == day.day:
            rules = community.market.trading(cleared.session.kind)
            expected |= _lines(cleared, rules, day)
    told = {
        (kind.contract, kind.kind): nano
        for kind, nano in zip(day.kinds, day.nano, strict=True)
        if kind.contract.startswith("spot.")
    }
    nothing = np.zeros(len(community.members.ids), np.int64)
    for name in sorted(told.keys() | expected.keys()):
        if not np.array_equal(told.get(name, nothing), expected.get(name, nothing)):
            return ".".join(name)
    return ""


def _lines(cleared: SessionCleared, rules: TradingRules, day: DaySettled) -> Lines:
    """What each member's lines of a session come to on a day [nano], by contract and kind."""
    name = trade_name(cleared.session.id)
    _, there = overlap(day.slots, cleared.session.window)
    bought, sold = (
        checked_sum(wh[:, there], axis=1) for wh in (cleared.bought_wh, cleared.sold_wh)
    )
    fees = {
        (name, "buyer-fee"): checked_multiply(bought, np.asarray(rules.buyer_fee_micro_per_kwh)),
        (name, "seller-fee"): checked_multiply(sold, np.asarray(rules.seller_fee_micro_per_kwh)),
    }
    if cleared.trades is not None:
        return _own_lines(name, cleared.trades, there, bought.size) | fees
    price = np.where(cleared.traded, cleared.price_micro_per_kwh, 0)[there]
    return fees | {
        (name, "bought"): checked_sum(checked_multiply(cleared.bought_wh[:, there], price), axis=1),
        (name, "sold"): checked_sum(checked_multiply(cleared.sold_wh[:, there], price), axis=1),
    }


def _own_lines(name: str, trades: SessionTrades, there: slice, members: int) -> Lines:
    inside = (trades.slot >= there.start) & (trades.slot < there.stop)
    energy = np.where(inside, trades.quantity_wh, 0)
    grid = checked_add(trades.buyer_micro_per_kwh, -trades.seller_micro_per_kwh)
    return {
        (name, kind): _total(who, checked_multiply(energy, price), members)
        for kind, who, price in (
            ("bought", trades.buyer, trades.seller_micro_per_kwh),
            ("sold", trades.seller, trades.seller_micro_per_kwh),
            ("grid", trades.buyer, grid),
        )
    }


def _total(who: Ints, amounts: Ints, members: int) -> Ints:
    checked_sum(np.abs(amounts))
    total = np.zeros(members, np.int64)
    np.add.at(total, who, amounts)
    return total
