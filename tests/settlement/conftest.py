"""Arrays of Wh per member and slot, drawn at random with many zeros and ties; whole short days."""

import msgspec
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.slots import Slots
from gridpact.market.messages import Session, SessionCleared, SessionTrades
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import (
    MarketRules,
    SettlementRules,
    SharingRules,
    Tariffs,
    TradingRules,
)
from gridpact.settlement.day import Facts, laid_over

AMOUNT = st.integers(0, 3) | st.integers(0, 5000) | st.just(0)


@pytest.fixture(scope="session")
def columns_of():
    """Strategy of several equal-shaped arrays [members, slots]."""

    def build(count):
        shape = st.tuples(st.integers(1, 7), st.integers(1, 4))
        return shape.flatmap(
            lambda size: st.tuples(*(arrays(np.int64, size, elements=AMOUNT) for _ in range(count)))
        )

    return build


PRICE = st.integers(-500_000, 900_000) | st.just(0)
START = 1_781_474_400
DAY = "2026-06-15"


def _balanced(bought, sold):
    """Cut the larger side from the last row up until trades balance in every slot."""
    total = np.minimum(bought.sum(axis=0), sold.sum(axis=0))
    return [
        np.diff(np.minimum(np.cumsum(side, axis=0), total), axis=0, prepend=0)
        for side in (bought, sold)
    ]


def _session(draw, number, slots):
    """A session over the last slots of the day; the first may be the day-ahead one."""
    first = draw(st.integers(0, slots.count - 1))
    window = Slots(slots.start + first * slots.step, slots.step, slots.count - first)
    kind = draw(st.sampled_from(["day-ahead", "intraday"])) if number == 0 else "intraday"
    name = f"{DAY}.{kind}" if kind == "day-ahead" else f"{DAY}.intraday-{number:02}00"
    return Session(name, kind, DAY, 0, window, window)


def _cleared(draw, number, members, slots):
    """One session's outcome at one price per slot: balanced, 0 where not traded."""
    session = _session(draw, number, slots)
    shape = (members, session.window.count)
    traded = draw(arrays(bool, session.window.count))
    bought, sold = _balanced(*(draw(arrays(np.int64, shape, elements=AMOUNT)) for _ in range(2)))
    price = draw(arrays(np.int64, session.window.count, elements=PRICE))
    return _outcome(session, price, bought * traded, sold * traded)


def _outcome(session, price, bought, sold, trades=None):
    nothing = np.zeros(session.window.count, np.int64)
    return SessionCleared(
        session=session,
        price_micro_per_kwh=price,
        traded=bought.any(axis=0),
        bought_wh=bought,
        sold_wh=sold,
        offered_wh=nothing,
        asked_wh=nothing,
        orders=0,
        trades=trades,
    )


def _matched(draw, number, members, slots):
    """One session's trades at prices of their own, many in one cell, some subsidised."""
    session = _session(draw, number, slots)
    row, price = st.integers(0, members - 1), st.sampled_from([0, 1, -70_000]) | PRICE
    grid = st.sampled_from([0, 0, 0, 5_000, 41_000, -3_000])
    trade = st.tuples(
        row, row, st.integers(0, session.window.count - 1), st.integers(1, 900), price, grid
    )
    found = draw(st.lists(trade, max_size=12))
    seller, buyer, slot, quantity, paid, charge = np.array(found, np.int64).reshape(-1, 6).T
    order = np.arange(len(found))
    trades = SessionTrades(seller, buyer, slot, quantity, paid, paid + charge, order, order)
    bought, sold = np.zeros((2, members, session.window.count), np.int64)
    np.add.at(bought, (buyer, slot), quantity)
    np.add.at(sold, (seller, slot), quantity)
    mean = np.full(session.window.count, 77)  # nothing may be settled at it
    return _outcome(session, mean, bought, sold, trades)


def _lay(community, slots, cleared):
    """Lay sessions over their day under the rules of the community's markets."""
    return tuple(
        laid_over(slots, each, community.market.trading(each.session.kind)) for each in cleared
    )


@st.composite
def _days(draw):
    """Readings, prices, plans and cleared sessions of a short day, its trades still to be laid."""
    members, count = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    slots, shape = Slots(START, 900, count), (members, count)
    idle = draw(arrays(bool, members))[:, None]
    withdrawal, injection = (
        np.where(idle, 0, draw(arrays(np.int64, shape, elements=AMOUNT))) for _ in range(2)
    )
    metered = DayMetered(
        day=DAY,
        slots=slots,
        withdrawal_wh=withdrawal,
        injection_wh=injection,
        estimated=np.zeros(shape, bool),
        method="linear.v1",
    )
    cleared = [
        (_matched if draw(st.booleans()) else _cleared)(draw, at, members, slots)
        for at in range(draw(st.integers(0, 3)))
    ]
    facts = Facts(
        metered,
        draw(arrays(np.int64, count, elements=PRICE)),
        draw(arrays(np.int64, count, elements=PRICE)),
        (),
        draw(arrays(np.int64, shape, elements=st.integers(-5000, 5000))),
        draw(arrays(bool, count)),
    )
    return facts, cleared


@st.composite
def _rules(draw):
    """Any tariffs, sharing key, rounding rule and minor unit, as fields of a community."""
    fee, ppm = st.integers(0, 150_000), st.integers(0, 1_200_000)
    market_fee = st.sampled_from([0, 0, 1, 2_500, 30_000])
    ahead, within = (
        TradingRules(
            buyer_fee_micro_per_kwh=draw(market_fee), seller_fee_micro_per_kwh=draw(market_fee)
        )
        for _ in range(2)
    )
    return {
        "market": MarketRules(46_800, (), 1800, -500_000, 4_000_000, 900, ahead, within),
        "tariffs": Tariffs(
            draw(ppm), draw(PRICE), draw(ppm), draw(PRICE), draw(fee), draw(fee), draw(fee)
        ),
        "sharing": SharingRules(
            draw(st.sampled_from(["default-dynamic", "static"])), draw(st.integers(0, 1_000_000))
        ),
        "settlement": SettlementRules(
            7200, draw(st.sampled_from(["half-even", "half-away"])), draw(st.sampled_from(UNITS))
        ),
    }


UNITS = [1, 2, 1000, 10_000_000]


@pytest.fixture(scope="session")
def settled_day(any_rules, small_community):
    """Draw a community with any rules and (facts, cleared sessions) under its markets' rules."""

    def drawn(data):
        facts, cleared = data.draw(_days())
        community = small_community(len(facts.metered.withdrawal_wh), **data.draw(any_rules))
        trades = _lay(community, facts.metered.slots, cleared)
        return community, msgspec.structs.replace(facts, trades=trades), cleared

    return drawn


@pytest.fixture(scope="session")
def any_rules():
    """Strategy of a community's fields that decide about money."""
    return _rules()


def _account(community, cleared, start=None):
    """What each trade comes to, in plain Python: (line, member's row, Wh, price per kWh).

    ``start`` names one slot, None is all of them. Lines come in the statement's order, each of
    them at least once for every member, with nothing traded where it has to be.
    """
    window, kind, own = cleared.session.window, cleared.session.kind, cleared.trades
    rules = community.market.day_ahead if kind == "day-ahead" else community.market.intraday
    fees = {
        "buyer-fee": rules.buyer_fee_micro_per_kwh,
        "seller-fee": rules.seller_fee_micro_per_kwh,
    }
    apart = own is not None and any(own.buyer_micro_per_kwh != own.seller_micro_per_kwh)
    charged = ["grid"] * apart + [line for line, fee in fees.items() if fee]
    for line in ("bought", "sold", *charged):
        for row in range(len(community.members.ids)):
            yield line, row, 0, 0
    for slot, side, row, energy, gets, pays in _sides(cleared):
        if start in (None, window.start + slot * window.step):
            prices = {side: gets, "grid": pays - gets, **fees}
            lines = ("bought", "grid", "buyer-fee") if side == "bought" else ("sold", "seller-fee")
            for line in lines:
                if line in (side, *charged):
                    yield line, row, energy, prices[line]


def _sides(cleared):
    """Both sides of every trade: (slot, line, member's row, Wh, price received, price paid)."""
    own = cleared.trades
    if own is None:
        for slot in np.flatnonzero(cleared.traded).tolist():
            price = int(cleared.price_micro_per_kwh[slot])
            for line, wh in (("bought", cleared.bought_wh), ("sold", cleared.sold_wh)):
                for row, energy in enumerate(wh[:, slot].tolist()):
                    yield slot, line, row, energy, price, price
        return
    columns = (own.slot, own.buyer, own.seller, own.quantity_wh)
    prices = (own.seller_micro_per_kwh, own.buyer_micro_per_kwh)
    for row in zip(*(each.tolist() for each in (*columns, *prices)), strict=True):
        slot, buyer, seller, *rest = row
        yield slot, "bought", buyer, *rest
        yield slot, "sold", seller, *rest


@pytest.fixture(scope="session")
def trade_account():
    """Account for a session's trades, one by one; see :func:`_account`."""
    return _account
