"""Arrays of Wh per member and slot, drawn at random with many zeros and ties; whole short days."""

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.slots import Slots
from gridpact.market.messages import Session, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import SettlementRules, SharingRules, Tariffs
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


def _cleared(draw, number, members, slots):
    """One session's outcome over the last slots of the day: balanced, 0 where not traded."""
    first = draw(st.integers(0, slots.count - 1))
    window = Slots(slots.start + first * slots.step, slots.step, slots.count - first)
    shape = (members, window.count)
    traded = draw(arrays(bool, window.count))
    bought, sold = _balanced(*(draw(arrays(np.int64, shape, elements=AMOUNT)) for _ in range(2)))
    name = f"{DAY}.intraday-{number:02}00"
    return SessionCleared(
        session=Session(name, "intraday", DAY, 0, window, window),
        price_micro_per_kwh=draw(arrays(np.int64, window.count, elements=PRICE)),
        traded=traded,
        bought_wh=bought * traded,
        sold_wh=sold * traded,
        offered_wh=np.zeros(window.count, np.int64),
        asked_wh=np.zeros(window.count, np.int64),
        orders=0,
    )


@st.composite
def _days(draw):
    """Readings, prices, plans and cleared sessions of a short day; some members do nothing."""
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
    cleared = [_cleared(draw, at, members, slots) for at in range(draw(st.integers(0, 3)))]
    facts = Facts(
        metered,
        draw(arrays(np.int64, count, elements=PRICE)),
        draw(arrays(np.int64, count, elements=PRICE)),
        tuple(laid_over(slots, each) for each in cleared),
        draw(arrays(np.int64, shape, elements=st.integers(-5000, 5000))),
        draw(arrays(bool, count)),
    )
    return facts, cleared


@st.composite
def _rules(draw):
    """Any tariffs, sharing key, rounding rule and minor unit, as fields of a community."""
    fee, ppm = st.integers(0, 150_000), st.integers(0, 1_200_000)
    return {
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
def any_day():
    """Strategy of (facts, cleared sessions)."""
    return _days()


@pytest.fixture(scope="session")
def any_rules():
    """Strategy of a community's fields that decide about money."""
    return _rules()
