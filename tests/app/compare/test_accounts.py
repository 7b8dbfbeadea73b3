"""Accounts and gains against a count in plain Python, trade by trade."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.compare.accounts import at_own_prices, gain_nano, over_day, total_gain_nano
from gridpact.base.slots import Slots
from gridpact.market.messages import SessionTrades
from gridpact.registry.model import TradingRules
from gridpact.registry.tariffs import Outside

MEMBERS, DAY = 4, Slots(0, 900, 6)
PRICE = st.integers(-300_000, 500_000)
RULES = TradingRules(buyer_fee_micro_per_kwh=2000, seller_fee_micro_per_kwh=1000)


@st.composite
def sessions(draw):
    """Sessions of a day with the trades of each: (first slot, trades)."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, DAY.count - 1))
        trade = st.tuples(
            st.integers(0, MEMBERS - 1),
            st.integers(0, MEMBERS - 1),
            st.integers(0, DAY.count - first - 1),
            st.integers(1, 10**6),
            PRICE,
            st.integers(0, 5000),
        )
        found.append((first, draw(st.lists(trade, max_size=8))))
    return found


def account_of(first, trades):
    window = Slots(DAY.start + first * DAY.step, DAY.step, DAY.count - first)
    columns = np.array(trades, dtype=np.int64).reshape(-1, 6).T
    seller, buyer, slot, quantity, price, charge = columns
    none = np.zeros(seller.size, np.int64)
    made = SessionTrades(seller, buyer, slot, quantity, price, price + charge, none, none)
    return window, at_own_prices(made, (MEMBERS, window.count), RULES)


@settings(deadline=None)
@given(sessions(), st.lists(PRICE, min_size=DAY.count * 2, max_size=DAY.count * 2))
def test_gains_are_those_of_a_count_by_hand(found, prices):
    avoided, export = (np.array(part, np.int64) for part in (prices[::2], prices[1::2]))
    net, money = defaultdict(int), defaultdict(int)
    for first, trades in found:
        for seller, buyer, slot, quantity, price, charge in trades:
            net[buyer, first + slot] += quantity
            net[seller, first + slot] -= quantity
            money[buyer] -= quantity * (price + charge + 2000)
            money[seller] += quantity * (price - 1000)
    for (member, slot), quantity in net.items():
        worth = avoided[slot] if quantity > 0 else export[slot]
        money[member] += quantity * int(worth)
    day = over_day(DAY, MEMBERS, [account_of(*each) for each in found])
    outside = Outside(avoided, export, avoided, avoided)
    gains = gain_nano(day, outside)
    assert gains.tolist() == [money[member] for member in range(MEMBERS)]
    twice = total_gain_nano({"a": day, "b": day}, {"a": outside, "b": outside})
    assert twice.tolist() == (2 * gains).tolist()


@settings(deadline=None)
@given(sessions())
def test_what_is_paid_is_received_or_charged(found):
    day = over_day(DAY, MEMBERS, [account_of(*each) for each in found])
    assert day.bought_wh.sum() == day.sold_wh.sum()
    every = [trade for _, trades in found for trade in trades]
    assert day.paid_nano.sum() - day.received_nano.sum() == sum(t[3] * t[5] for t in every)
    assert day.fees_nano.sum() == sum(t[3] for t in every) * 3000
