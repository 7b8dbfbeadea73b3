"""The scheduling room with needs: its state, its answers, and the plans that it then makes."""

import msgspec
import numpy as np
import pytest

from gridpact.forecasting.messages import ForecastIssued
from gridpact.kernel.codec import decode, encode
from gridpact.market.messages import PricesPublished
from gridpact.scheduling.community.solve import solve
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import (
    NeedStated,
    NeedWithdrawn,
    PlanDue,
    ScheduleSolved,
    StateNeed,
    WithdrawNeed,
)
from gridpact.scheduling.state import State


@pytest.fixture
def room(community):
    return Scheduling(community).room()


def tell(room, state, message, now):
    state, (answer,) = room.handlers[type(message)](state, message, now)
    return state, answer


def stating(say, clock, room, *sentences):
    state = room.state
    for words in sentences:
        state, answer = tell(room, state, StateNeed(by="m000", need=say(words)), clock.at(0))
        assert isinstance(answer, NeedStated), answer
    return state


def ready(room, state, stated):
    """A state in which a session can be planned: prices fall towards the end of the horizon."""
    window = stated.window
    none = np.zeros((0, 0, window.count), np.int64)
    spot = np.linspace(200_000, 100_000, window.count).astype(np.int64)
    for message in (
        PricesPublished(day="2026-06-15", slots=window, spot_micro_per_kwh=spot),
        stated,
        ForecastIssued(
            session="s",
            window=window,
            load_wh=np.full((3, window.count), 100),
            pv_wh=np.zeros((1, window.count), np.int64),
            levels=(),
            load_quantiles_wh=none,
            pv_quantiles_wh=none,
        ),
    ):
        state, _ = room.handlers[type(message)](state, message, 0)
    return state


def test_a_state_without_needs_is_encoded_as_it_always_was(room):
    fields = msgspec.msgpack.decode(encode(room.state), ext_hook=lambda *_: None)
    assert "book" not in fields
    assert len(fields) == 7


def test_a_state_with_needs_survives_a_snapshot(room, say, clock):
    state = stating(say, clock, room, "battery >= 5 kWh at 06:00", "washer quiet 22:00-06:00")
    again = decode(encode(state), State)
    assert again.book == state.book
    assert encode(again) == encode(state)
    state, answer = tell(room, state, WithdrawNeed(by="m000", id="need-1"), clock.at(1))
    assert answer == NeedWithdrawn(by="m000", id="need-1", revision=2)
    assert [need.id for need in state.book.needs] == ["need-2"]


def test_refusals_leave_the_state_as_it_was(room, say, clock):
    state = stating(say, clock, room, "battery >= 5 kWh at 06:00")
    for message in (
        StateNeed(by="m000", need=say("battery <= 1 kWh at 06:00")),
        StateNeed(by="m000", need=say("battery starts <= 2 all day")),
        WithdrawNeed(by="m001", id="need-1"),
    ):
        after, answer = tell(room, state, message, clock.at(0))
        assert after == state
        assert answer.faults
    empty, _ = tell(room, room.state, WithdrawNeed(by="m000", id="need-1"), 0)
    assert encode(empty) == encode(room.state)


def test_a_plan_is_held_to_what_stands_when_it_is_made(room, say, clock, stated_on, horizon):
    due = PlanDue(session="s", window=horizon, horizon=horizon)
    stated = stated_on(horizon)
    state = stating(say, clock, room, "battery >= 5 kWh at 06:00", "washer quiet 00:00-19:00")
    (solved,) = room.effects[PlanDue](ready(room, state, stated), due)
    assert isinstance(solved, ScheduleSolved)
    assert solved.plan.state_wh[0, 23] >= 5000 - 2
    assert solved.plan.run_start[0] == 76
    state, _ = tell(room, state, WithdrawNeed(by="m000", id="need-1"), clock.at(0))
    (without,) = room.effects[PlanDue](ready(room, state, stated), due)
    assert without.plan.state_wh[0, 23] < 5000 - 2
    assert without.plan.run_start[0] == 76


@pytest.mark.parametrize("method", ["auto", "engine", "reference"])
def test_needs_that_cross_what_owners_keep_are_planned_and_named(
    room, community, say, clock, stated_on, horizon, method
):
    """A reserve above the most that is asked for: the plan is made, and says what it misses."""
    from gridpact.scheduling.standing.missed import named

    due = PlanDue(session="s", window=horizon, horizon=horizon)
    stated = stated_on(horizon)
    stated.lo_wh[0] = 4000
    state = stating(say, clock, room, "battery <= 25% at 06:00", "car >= 100% at 00:15 on 16 June")
    stated.charge_max_wh[1, :95] = 0  # two slots of 2 kWh are left for 8 kWh
    found = Scheduling(community).posed(ready(room, state, stated), due)
    plan = named(
        solve(found.problem, Options(method=method)), found.problem, found.needs, found.bindings
    )
    missed = {(one.kind, one.row): one.needs for one in plan.conflicts}
    assert missed[("need", 1)] == ("need-2",)
    assert set(missed) == {("need", 0), ("need", 1)}
    assert (missed[("need", 0)] == ("need-1",)) == bool(plan.state_wh[0, 23] > 2000 + 2)
