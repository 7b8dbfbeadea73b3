"""Scheduling's room: when it plans, which schedule is in force, what it expects to be stored."""

from datetime import date

import msgspec
import numpy as np
import pytest

from gridpact.forecasting.messages import ForecastIssued
from gridpact.kernel.messages import Later
from gridpact.market.gates import day_ahead, intraday
from gridpact.market.messages import PricesPublished, SessionCleared, SessionOpened
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.handlers import PIECES_KEPT, Scheduling
from gridpact.scheduling.messages import (
    NeedsRequested,
    NeedsStated,
    PlanDue,
    PlanSkipped,
    ScheduleSolved,
    SlotStarted,
    TelemetryReceived,
)
from gridpact.scheduling.problem import Plan

DAY = date(2026, 6, 15)
MEMBERS, RUNS = 2, 2


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(
        MEMBERS,
        storage=[("battery", 0, 4000, 4000, 8000, 1, 1, 1), ("battery", 1, 400, 400, 900, 1, 1, 1)],
        runs=[(0, 1000, 1800, 0, 86_400), (1, 2000, 900, 0, 86_400)],
    )


@pytest.fixture(scope="module")
def sessions(community):
    rules, calendar = community.market, community.calendar
    return [day_ahead(rules, calendar, DAY), *intraday(rules, calendar, DAY)]


@pytest.fixture
def room(community):
    return Scheduling(community).room()


def tell(room, state, message, now=0):
    return room.handlers[type(message)](state, message, now)


def prices(session, day=str(DAY), spot=100_000):
    values = np.full(session.window.count, spot)
    return PricesPublished(day=day, slots=session.window, spot_micro_per_kwh=values)


def needs(session, earliest=(-1, -1), latest=(-1, -1)):
    table = np.zeros((2, session.horizon.count), np.int64)
    return NeedsStated(
        session=session.id,
        window=session.horizon,
        charge_max_wh=table + np.array([[1000], [100]]),
        discharge_max_wh=table + np.array([[1000], [100]]),
        lo_wh=table,
        hi_wh=table + np.array([[8000], [900]]),
        draw_wh=table,
        run_earliest=np.array(earliest),
        run_latest=np.array(latest),
    )


def forecast(session, load=300):
    none = np.zeros((0, 0, session.horizon.count), np.int64)
    return ForecastIssued(
        session=session.id,
        window=session.horizon,
        load_wh=np.full((MEMBERS, session.horizon.count), load),
        pv_wh=np.zeros((0, session.horizon.count), np.int64),
        levels=(),
        load_quantiles_wh=none,
        pv_quantiles_wh=none,
    )


def solved(session, mark=0, state_wh=None, run_start=(-1, -1)):
    shape = (2, session.horizon.count)
    steps = np.tile(np.arange(session.horizon.count), (2, 1))
    plan = Plan(
        net_wh=np.zeros(shape, np.int64),
        curtail_wh=steps + mark,
        charge_wh=steps + mark,
        discharge_wh=np.zeros(shape, np.int64),
        state_wh=steps * 0 if state_wh is None else state_wh,
        run_start=np.array(run_start),
        cost_nano=np.zeros(2, np.int64),
        zone_price=np.zeros((1, session.horizon.count), np.int64),
        conflicts=(),
    )
    return ScheduleSolved(
        session=session.id, window=session.window, horizon=session.horizon, plan=plan
    )


def telemetry(slot, state):
    nothing = np.zeros(2, np.int64)
    return TelemetryReceived(
        slot=slot,
        step=900,
        charge_wh=nothing,
        discharge_wh=nothing,
        state_wh=np.array(state),
        pv_wh=nothing[:0],
        run_wh=nothing,
        refused=nothing.astype(bool),
    )


def due(session):
    return PlanDue(session=session.id, window=session.window, horizon=session.horizon)


def ready(room, session, *, state=None, run_window=((-1, -1), (-1, -1)), load=300):
    """A state that has all a session's plan needs."""
    state = state or tell(room, room.state, prices(session))[0]
    for message in (needs(session, *run_window), forecast(session, load)):
        state, _ = tell(room, state, message)
    return state


def plan(room, state, session):
    (answer,) = room.effects[PlanDue](state, due(session))
    return answer


def test_the_clock_of_slots_starts_at_the_first_midnight(room, community):
    message = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="x")
    _, (later,) = tell(room, room.state, message)
    start = community.calendar.midnight(DAY)
    assert later == Later(start, SlotStarted(slot=start, step=900))


def test_a_session_asks_owners_and_is_then_planned(room, sessions):
    _, outs = tell(room, room.state, SessionOpened(session=sessions[0]))
    assert outs == [
        NeedsRequested(session=sessions[0].id, window=sessions[0].horizon),
        due(sessions[0]),
    ]


def test_what_is_missing_is_said_and_the_schedule_in_force_stays(room, sessions):
    session, later = sessions[:2]
    complete = ready(room, session)
    assert isinstance(plan(room, complete, session), ScheduleSolved)
    for field, reason in (
        ("spot", "no main-market prices"),
        ("needs", "no needs or no forecast"),
        ("forecasts", "no needs or no forecast"),
    ):
        without = msgspec.structs.replace(complete, **{field: {}})
        answer = plan(room, without, session)
        assert answer == PlanSkipped(session=session.id, reason=reason)
    state, _ = tell(room, complete, solved(session))
    state = ready(room, later, state=state)
    kept, _ = tell(room, state, PlanSkipped(session=later.id, reason="no main-market prices"))
    assert kept.plans == state.plans
    assert kept.needs == kept.forecasts == {}
    _, (issued, _) = tell(room, kept, SlotStarted(slot=later.window.start, step=900))
    assert not issued.autonomous


def test_prices_of_another_day_are_no_prices(room, sessions, community):
    other = day_ahead(community.market, community.calendar, date(2026, 6, 16))
    state, _ = tell(room, room.state, prices(other, "2026-06-16"))
    state = ready(room, sessions[0], state=state)
    assert isinstance(plan(room, state, sessions[0]), PlanSkipped)


def test_without_a_schedule_devices_are_left_alone(room, sessions):
    slot = sessions[0].window.start
    _, (issued, timer) = tell(room, room.state, SlotStarted(slot=slot, step=900))
    assert issued.autonomous
    assert timer == Later(slot + 900, SlotStarted(slot=slot + 900, step=900))
    assert not issued.charge_wh.any()
    assert issued.run_start.tolist() == [False, False]


def test_the_latest_schedule_that_covers_a_slot_is_in_force(room, sessions):
    whole, early, late = sessions
    state = room.state
    for session, mark in ((whole, 1000), (late, 3000), (early, 2000)):
        state, _ = tell(room, state, solved(session, mark), now=whole.window.start)
    for slot in whole.window.starts().tolist():
        _, (issued, _) = tell(room, state, SlotStarted(slot=slot, step=900))
        at = (slot - whole.window.start) // 900
        if slot < early.window.start:
            expected = 1000 + at
        else:  # solved last, though it begins before the other
            expected = 2000 + (slot - early.window.start) // 900
        assert issued.charge_wh.tolist() == issued.curtail_wh.tolist() == [expected] * 2
        assert not issued.autonomous
    _, (issued, _) = tell(room, state, SlotStarted(slot=whole.window.end, step=900))
    assert issued.autonomous, "the horizon beyond the day is not in force"


def test_an_appliance_is_told_to_start_in_its_slot_alone(room, sessions):
    whole = sessions[0]
    state, _ = tell(room, room.state, solved(whole, run_start=(7, -1)))
    told = [
        tell(room, state, SlotStarted(slot=slot, step=900))[1][0].run_start.tolist()
        for slot in whole.window.starts()[:10].tolist()
    ]
    assert [at for at, starts in enumerate(told) if starts[0]] == [7]
    assert not any(starts[1] for starts in told)


# -- expected state ---------------------------------------------------------------------------


def first_charge_bound(room, state, session, low=0):
    """Stored energy that a plan starts from, read off its first slot."""
    solved_plan = plan(room, state, session).plan
    moved = solved_plan.charge_wh[:, 0] - solved_plan.discharge_wh[:, 0]
    return (solved_plan.state_wh[:, 0] - moved).tolist()


def test_the_start_is_what_was_reported_then(room, sessions):
    session = sessions[0]
    state = ready(room, session)
    assert first_charge_bound(room, state, session) == [4000, 450], "half full before any report"
    state, _ = tell(room, state, telemetry(session.window.start - 900, [1234, 56]))
    assert first_charge_bound(room, state, session) == [1234, 56]
    state, _ = tell(room, state, telemetry(session.window.start - 1800, [1000, 40]))
    assert first_charge_bound(room, state, session) == [1000, 40], "nothing else is known"


@pytest.mark.parametrize(
    ("reported", "expected"),
    [((600, 400), (3100, 500)), ((500, 300), (3000, 400)), ((8000, 900), (8000, 900)),
     ((0, 0), (2500, 100))],
)  # fmt: skip
def test_the_plans_state_is_moved_by_what_is_off_now_and_clipped(
    room, sessions, reported, expected
):
    """Planned 500 and 300 Wh now, 3000 and 400 when the new horizon begins."""
    whole, later = sessions[:2]
    now = later.gate - 900
    at = (now - whole.window.start) // 900
    then = (later.window.start - whole.window.start) // 900
    planned = np.zeros((2, whole.horizon.count), np.int64)
    planned[:, at - 1], planned[:, then - 1] = [500, 300], [3000, 400]
    state, _ = tell(room, room.state, prices(whole))
    state, _ = tell(room, state, solved(whole, state_wh=planned))
    state, _ = tell(room, state, telemetry(now - 900, reported))
    state = ready(room, later, state=state)
    assert first_charge_bound(room, state, later) == list(expected)


def test_the_next_day_begins_as_todays_schedule_ends(room, sessions, community):
    today = sessions[0]
    tomorrow = day_ahead(community.market, community.calendar, date(2026, 6, 16))
    planned = np.full((2, today.horizon.count), 77)
    planned[:, today.window.count - 1] = [2000, 200]
    state, _ = tell(room, room.state, prices(tomorrow, "2026-06-16"))
    state, _ = tell(room, state, solved(today, state_wh=planned))
    state = ready(room, tomorrow, state=state)
    assert first_charge_bound(room, state, tomorrow) == [2000, 200]


# -- positions, prices, appliances ------------------------------------------------------------


def cleared(session, bought, sold):
    nothing = np.zeros(session.window.count, np.int64)
    return SessionCleared(
        session=session,
        price_micro_per_kwh=nothing,
        traded=nothing.astype(bool),
        bought_wh=bought,
        sold_wh=sold,
        offered_wh=nothing,
        asked_wh=nothing,
        orders=0,
    )


def test_trades_oblige_the_next_plan(room, sessions):
    """A plan's cost counts only what differs from what was bought: 300 Wh at 27 ct per slot."""
    whole, later = sessions[:2]
    state, _ = tell(room, room.state, prices(whole))
    before = plan(room, ready(room, later, state=state), later).plan
    bought, sold = np.zeros((2, MEMBERS, whole.window.count), np.int64)
    bought[0], sold[1] = 300, 100
    state, _ = tell(room, state, cleared(whole, bought, sold))
    after_plan = plan(room, ready(room, later, state=state), later).plan
    traded = later.window.count
    np.testing.assert_array_equal(before.net_wh.sum(axis=1), after_plan.net_wh.sum(axis=1))
    change = before.cost_nano - after_plan.cost_nano
    assert change.tolist() == [300 * 270_000 * traded, -100 * 270_000 * traded]


def test_trades_of_sessions_add_up(room, sessions):
    whole, later = sessions[:2]
    state, _ = tell(room, room.state, prices(whole))
    for session, quantity in ((whole, 5), (later, 7)):
        ones = np.ones((MEMBERS, session.window.count), np.int64)
        state, _ = tell(room, state, cleared(session, ones * quantity, ones))
    slots, position = state.positions[str(DAY)]
    skipped = later.window.start - whole.window.start
    assert slots == whole.window
    assert position[0].tolist() == [4] * (skipped // 900) + [10] * later.window.count
    other = msgspec.structs.replace(whole, day="2027-01-01")
    assert tell(room, state, cleared(other, np.ones((2, 96), np.int64), position * 0))[0] == state


def test_days_of_prices_are_kept_only_so_long(room, sessions):
    state = room.state
    days = [f"2026-06-{day}" for day in range(10, 18)]
    for day in days:
        state, _ = tell(room, state, prices(sessions[0], day))
    assert list(state.spot) == list(state.positions) == days[-PIECES_KEPT:]


def test_an_appliance_about_to_start_is_not_planned_again(room, sessions):
    whole, later = sessions[:2]
    gap = (later.window.start - whole.window.start) // 900 - 1
    state, _ = tell(room, room.state, prices(whole))
    state, _ = tell(room, state, solved(whole, run_start=(gap, -1)))
    state = ready(room, later, state=state, run_window=((0, 0), (40, 40)), load=0)
    found = plan(room, state, later).plan
    assert found.run_start[0] == -1, "it starts before the window and runs once a day"
    assert found.run_start[1] >= 0
    # its second quarter-hour of 250 Wh falls into the new window, and only that
    store = found.charge_wh - found.discharge_wh
    load = found.net_wh - store
    assert load[0].tolist() == [250] + [0] * (later.horizon.count - 1)


def test_plans_that_are_over_are_forgotten(room, sessions, community):
    state, _ = tell(room, room.state, solved(sessions[0]), now=0)
    tomorrow = day_ahead(community.market, community.calendar, date(2026, 6, 16))
    end = sessions[0].window.end
    kept, _ = tell(room, state, solved(tomorrow), now=end)
    assert [item.window for item in kept.plans] == [sessions[0].window, tomorrow.window]
    gone, _ = tell(room, state, solved(tomorrow), now=end + 1)
    assert [item.window for item in gone.plans] == [tomorrow.window]
    assert kept.plans[0].plan.charge_wh.shape == (2, sessions[0].window.count)


def test_telemetry_dates_what_is_stored(room):
    state, _ = tell(room, room.state, telemetry(9000, [1, 2]))
    assert (state.state_wh.tolist(), state.state_at) == ([1, 2], 9900)
