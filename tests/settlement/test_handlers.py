"""Settlement's room: what a day gathers, and when its statements are written."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.market.messages import PricesPublished, Session, SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.scheduling.problem import Plan
from gridpact.settlement.clause import MEMBER
from gridpact.settlement.day import Facts
from gridpact.settlement.handlers import Settlement, facts_of
from gridpact.settlement.messages import DaySettled, ImbalancePublished
from gridpact.settlement.statements import settle


def tell(room, state, message, now=0):
    return room.handlers[type(message)](state, message, now)


def prices(facts, day=None):
    metered = facts.metered
    return PricesPublished(
        day=day or metered.day, slots=metered.slots, spot_micro_per_kwh=facts.spot_micro_per_kwh
    )


def spread(facts):
    metered = facts.metered
    return ImbalancePublished(
        day=metered.day, slots=metered.slots, spread_micro_per_kwh=facts.spread_micro_per_kwh
    )


def schedule(window, net_wh):
    """A schedule over a horizon that begins with its window and goes on beyond it."""
    none = np.zeros((0, 0), np.int64)
    plan = Plan(net_wh, net_wh * 0, none, none, none, none, none, none, ())
    horizon = Slots(window.start, window.step, net_wh.shape[1])
    return ScheduleSolved(session="s", window=window, horizon=horizon, plan=plan)


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_a_day_is_settled_on_what_was_gathered(data, settled_day):
    community, facts, cleared = settled_day(data)
    slots, members = facts.metered.slots, len(facts.metered.withdrawal_wh)
    room = Settlement(community).room()
    state, outs = tell(room, room.state, prices(facts))
    assert outs == []
    planned, known = np.zeros_like(facts.planned_net_wh), np.zeros(slots.count, bool)
    for first in sorted(data.draw(st.lists(st.integers(0, slots.count - 1), max_size=3))):
        window = Slots(slots.start + first * slots.step, slots.step, slots.count - first)
        net = np.arange(members * (window.count + 2)).reshape(members, -1) + 100 * first
        state, _ = tell(room, state, schedule(window, net))
        planned[:, first:], known[first:] = net[:, : window.count], True
    for session in cleared:
        state, _ = tell(room, state, session)
    state, _ = tell(room, state, spread(facts))
    expected = settle(
        community,
        msgspec.structs.replace(
            facts,
            planned_net_wh=planned,
            planned=known,
            trades=tuple(
                laid
                for laid, session in zip(facts.trades, cleared, strict=True)
                if session.traded.any()
            ),
        ),
    )
    after, (done,) = tell(room, state, facts.metered)
    for name in DaySettled.__struct_fields__:
        np.testing.assert_array_equal(getattr(done, name), getattr(expected, name), name)
    assert after.days == {}
    assert after.settled_days == 1
    sign = np.array([-1 if kind.payer == MEMBER else 1 for kind in done.kinds])
    assert after.balance_minor.tolist() == (sign @ done.minor).tolist()


@pytest.fixture
def case(small_community):
    shape, slots = (2, 4), Slots(1_781_474_400, 900, 4)
    metered = DayMetered(
        day="2026-06-15",
        slots=slots,
        withdrawal_wh=np.full(shape, 100),
        injection_wh=np.zeros(shape, np.int64),
        estimated=np.zeros(shape, bool),
        method="linear.v1",
    )
    row = np.zeros(4, np.int64)
    facts = Facts(metered, row + 100_000, row, (), np.zeros(shape, np.int64), row.astype(bool))
    return Settlement(small_community(2)).room(), facts


def test_a_day_without_prices_is_not_settled_on_a_guess(case):
    room, facts = case
    state, outs = tell(room, room.state, facts.metered)
    assert (state, outs) == (room.state, [])
    assert facts_of(state, facts.metered) is None
    other, _ = tell(room, room.state, prices(facts, "2026-06-16"))
    after, outs = tell(room, other, facts.metered)
    assert outs == []
    assert list(after.days) == ["2026-06-16"]
    slots = facts.metered.slots
    for message in (spread(facts), schedule(slots, np.zeros((2, 4), np.int64))):
        assert tell(room, room.state, message)[0] == room.state


def test_balances_run_on_from_day_to_day(case):
    room, facts = case
    state, total = room.state, np.zeros(2, np.int64)
    for day in ("2026-06-15", "2026-06-16", "2026-06-17"):
        state, _ = tell(room, state, prices(facts, day))
        metered = msgspec.structs.replace(facts.metered, day=day)
        state, (done,) = tell(room, state, metered)
        # 400 Wh at 100,000 + 60,000 + 90,000 + 20,000: 6.4, 3.6 and 0.8 ct
        total = total - [6 + 4 + 1, 6 + 4 + 1]
        assert done.day == day
        assert state.balance_minor.tolist() == total.tolist()
    assert state.settled_days == 3


def test_a_session_without_trades_makes_no_line(case):
    room, facts = case
    slots, zero = facts.metered.slots, np.zeros((2, 4), np.int64)
    none = SessionCleared(
        session=Session("2026-06-15.day-ahead", "day-ahead", "2026-06-15", 0, slots, slots),
        price_micro_per_kwh=zero[0],
        traded=zero[0].astype(bool),
        bought_wh=zero,
        sold_wh=zero,
        offered_wh=zero[0],
        asked_wh=zero[0],
        orders=0,
    )
    state, _ = tell(room, room.state, prices(facts))
    state, _ = tell(room, state, none)
    _, (done,) = tell(room, state, facts.metered)
    assert not [kind for kind in done.kinds if kind.contract.startswith("spot")]


def test_what_was_planned_last_is_what_members_said_they_would_do(case):
    room, facts = case
    slots = facts.metered.slots
    state, _ = tell(room, room.state, prices(facts))
    late = Slots(slots.start + 1800, 900, 2)
    state, _ = tell(room, state, schedule(slots, np.full((2, 6), 100)))
    state, _ = tell(room, state, schedule(late, np.full((2, 4), 70)))
    state, _ = tell(
        room,
        state,
        ImbalancePublished(day="2026-06-15", slots=slots, spread_micro_per_kwh=np.full(4, 1000)),
    )
    _, (done,) = tell(room, state, facts.metered)
    row = [kind.contract for kind in done.kinds].index("imbalance")
    assert done.energy_wh[row].tolist() == [-60, -60], "30 Wh more than said, in two slots"
    assert done.nano[row].tolist() == [-60_000, -60_000], "which is short, so members pay"
    assert done.operator_nano.tolist() == [-120_000]
