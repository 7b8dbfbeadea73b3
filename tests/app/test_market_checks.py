"""Sessions and statements held against each other: a wrong number anywhere is found and named."""

import msgspec
import numpy as np
import pytest

from gridpact.app.market_checks import wrong_lines, wrong_session
from gridpact.base.slots import Slots
from gridpact.metering.messages import DayMetered
from gridpact.registry.model import MarketRules, TradingRules
from gridpact.settlement.day import Facts, laid_over
from gridpact.settlement.statements import settle

DAY, SLOTS = "2026-06-15", Slots(1_781_474_400, 900, 4)
WINDOW = Slots(SLOTS.start + 900, 900, 3)
ROWS = (
    (0, 1, 0, 400, 100_000, 100_000),
    (0, 1, 0, 101, 107_000, 109_000),
    (2, 1, 1, 300, 110_000, 115_000),
    (1, 0, 2, 50, 90_000, 88_000),
)
RULES = TradingRules(buyer_fee_micro_per_kwh=2_000, seller_fee_micro_per_kwh=1_000)


@pytest.fixture(scope="module")
def community(small_community):
    rules = MarketRules(46_800, (), 1800, -500_000, 4_000_000, day_ahead=RULES)
    return small_community(3, market=rules)


@pytest.fixture(scope="module")
def sessions(matched_session):
    """One session with prices of its own, one at one price, and one of another day."""
    own = matched_session(ROWS, 3, WINDOW)
    uniform = matched_session([(0, 2, 1, 70, 95_000, 95_000)], 3, WINDOW, kind="intraday-0600")
    uniform = msgspec.structs.replace(uniform, trades=None)
    return [own, uniform, matched_session(ROWS, 3, WINDOW, day="2026-06-16")]


@pytest.fixture(scope="module")
def day(community, sessions):
    zero = np.zeros((3, SLOTS.count), np.int64)
    metered = DayMetered(
        day=DAY,
        slots=SLOTS,
        withdrawal_wh=zero,
        injection_wh=zero,
        estimated=zero.astype(bool),
        method="linear.v1",
    )
    trades = tuple(
        laid_over(SLOTS, each, community.market.trading(each.session.kind)) for each in sessions[:2]
    )
    return settle(community, Facts(metered, zero[0], zero[0], trades, zero, zero[0].astype(bool)))


def test_what_was_settled_as_traded_is_right(community, day, sessions):
    assert [wrong_session(each) for each in sessions] == ["", "", ""]
    assert wrong_lines(community, day, sessions) == ""
    lines = {f"{kind.contract}.{kind.kind}" for kind in day.kinds if "spot" in kind.contract}
    assert len(lines) == 7, "five lines of the first session, two of the second"


def test_every_number_of_every_line_counts(community, day, sessions):
    for row, kind in enumerate(day.kinds):
        for member in range(3):
            nano = day.nano.copy()
            nano[row, member] += 1
            found = wrong_lines(community, msgspec.structs.replace(day, nano=nano), sessions)
            trades = kind.contract.startswith("spot.")
            assert found == (f"{kind.contract}.{kind.kind}" if trades else "")


def test_a_line_too_few_or_too_many_is_found(community, day, sessions):
    assert wrong_lines(community, day, sessions[1:]) == "spot.day-ahead.bought"
    kept = [at for at, kind in enumerate(day.kinds) if kind.kind != "grid"]
    less = msgspec.structs.replace(
        day, kinds=tuple(day.kinds[at] for at in kept), nano=day.nano[kept]
    )
    assert wrong_lines(community, less, sessions) == "spot.day-ahead.grid"


@pytest.mark.parametrize(
    ("column", "by"),
    [
        ("seller", 1),
        ("buyer", -1),
        ("slot", 1),
        ("quantity_wh", 1),
        ("buyer_micro_per_kwh", 40),
        ("quantity_wh", -10_000),
    ],
)
def test_every_column_of_the_trades_counts(sessions, column, by):
    trades = sessions[0].trades
    changed = getattr(trades, column).copy()
    changed[1] += by
    other = msgspec.structs.replace(trades, **{column: changed})
    assert wrong_session(msgspec.structs.replace(sessions[0], trades=other))


@pytest.mark.parametrize("field", ["price_micro_per_kwh", "traded", "bought_wh", "sold_wh"])
def test_every_figure_of_the_session_counts(sessions, field):
    values = getattr(sessions[0], field).copy()
    values.flat[1] = not values.flat[1] if field == "traded" else values.flat[1] + 1
    assert wrong_session(msgspec.structs.replace(sessions[0], **{field: values}))


def test_at_one_price_paid_is_received(sessions):
    bought = sessions[1].bought_wh.copy()
    bought[2, 1] += 1
    changed = msgspec.structs.replace(sessions[1], bought_wh=bought)
    assert wrong_session(changed) == "buyers pay other than sellers receive"
