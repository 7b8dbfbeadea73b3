"""Forecasting's room: what it remembers of telemetry and readings, and when it forecasts what."""

from datetime import date

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import iso
from gridpact.forecasting.climatology import climatology, same_time
from gridpact.forecasting.handlers import HISTORY_DAYS, Forecasting
from gridpact.forecasting.messages import (
    ForecastDue,
    ForecastIssued,
    HistoryLoaded,
    HistoryRequested,
)
from gridpact.market.gates import day_ahead, intraday
from gridpact.market.messages import SessionOpened
from gridpact.metering.messages import DayMetered, ReadingsReceived
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import TelemetryReceived

DAY = date(2026, 6, 15)
MEMBERS, PLANTS = 3, 2


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(
        MEMBERS,
        pv=[(0, 5000), (0, 3000)],
        storage=[("battery", 0, 4000, 4000, 8000, 1, 1, 1), ("car", 2, 7000, 0, 40_000, 1, 1, 1)],
        runs=[(2, 1200, 3600, 0, 86_400)],
    )


@pytest.fixture
def room(community):
    return Forecasting(community).room()


def tell(room, state, message, now=0):
    return room.handlers[type(message)](state, message, now)


def with_history(room, community, seed=5):
    """A state after four weeks of history up to the opening at noon of the day before."""
    noon = community.calendar.midnight(DAY) - 12 * 3600
    opened = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="test")
    state, (asked,) = tell(room, room.state, opened, noon)
    rng = np.random.default_rng(seed)
    slots = asked.slots
    loaded = HistoryLoaded(
        slots=slots,
        load_wh=rng.integers(0, 900, (MEMBERS, slots.count)),
        load_known=rng.random((MEMBERS, slots.count)) < 0.9,
        pv_wh=rng.integers(0, 900, (PLANTS, slots.count)),
        pv_known=rng.random((PLANTS, slots.count)) < 0.9,
    )
    return tell(room, state, loaded)[0], asked, loaded


def telemetry(slot, charge=(0, 0), discharge=(0, 0), run=(0,), pv=(0, 0)):
    return TelemetryReceived(
        slot=slot,
        step=900,
        charge_wh=np.array(charge),
        discharge_wh=np.array(discharge),
        state_wh=np.zeros(2, np.int64),
        pv_wh=np.array(pv),
        run_wh=np.array(run),
        refused=np.zeros(2, bool),
    )


def reading(slot, net, present=(True,) * MEMBERS):
    net = np.array(net)
    return ReadingsReceived(
        slot=slot,
        withdrawal_wh=np.maximum(net, 0),
        injection_wh=np.maximum(-net, 0),
        present=np.array(present),
    )


def metered(slots):
    nothing = np.zeros((MEMBERS, slots.count), np.int64)
    return DayMetered(
        day=str(DAY),
        slots=slots,
        withdrawal_wh=nothing,
        injection_wh=nothing,
        estimated=nothing.astype(bool),
        method="linear.v1",
    )


def test_four_whole_weeks_are_asked_for_and_nothing_that_is_still_to_come(room, community):
    for second in (0, 1, 899, 900):
        now = community.calendar.midnight(DAY) - 12 * 3600 + second
        opened = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="x")
        _, (asked,) = tell(room, room.state, opened, now)
        assert isinstance(asked, HistoryRequested)
        assert now - 900 < asked.slots.end <= now
        days = now - asked.slots.start
        assert HISTORY_DAYS * 86400 <= days < (HISTORY_DAYS + 1) * 86400
        assert community.calendar.midnight(community.calendar.date_of(asked.slots.start)) == (
            asked.slots.start
        )


@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_load_follows_from_readings_and_telemetry(data, community):
    room = Forecasting(community).room()
    wh, slot = st.integers(0, 5000), community.calendar.midnight(DAY)
    load = data.draw(st.tuples(*[wh] * MEMBERS))
    charge, discharge, pv = (data.draw(st.tuples(wh, wh)) for _ in range(3))
    run = data.draw(st.tuples(wh))
    net = [
        load[0] + charge[0] - discharge[0] - pv[0] - pv[1],
        load[1],
        load[2] + charge[1] - discharge[1] + run[0],
    ]
    state, _ = tell(room, room.state, telemetry(slot, charge, discharge, run, pv))
    state, _ = tell(room, state, reading(slot, net))
    kept = state.recent[iso(slot)]
    assert kept.load_wh.tolist() == list(load)
    assert kept.load_known.all()
    assert kept.pv_wh.tolist() == list(pv)


def test_late_readings_complete_a_slot_and_the_first_one_counts(room, community):
    slot = community.calendar.midnight(DAY)
    state, _ = tell(room, room.state, telemetry(slot))
    state, _ = tell(room, state, reading(slot, [10, 20, 30], [True, False, False]))
    assert state.recent[iso(slot)].load_known.tolist() == [True, False, False]
    state, _ = tell(room, state, reading(slot, [99, 21, 99], [True, True, False]))
    kept = state.recent[iso(slot)]
    assert kept.load_known.tolist() == [True, True, False]
    assert kept.load_wh.tolist() == [10, 21, 0]


def test_the_load_beside_a_silent_device_stays_unknown(room, community):
    """What storage took is in the reading: without telemetry it cannot be told from load."""
    slot = community.calendar.midnight(DAY)
    silent = msgspec.structs.replace(telemetry(slot), reported=np.array([True, False]))
    state, _ = tell(room, room.state, silent)
    state, _ = tell(room, state, reading(slot, [10, 20, 30]))
    owner = int(community.storage.member[1])
    known = state.recent[iso(slot)].load_known
    assert known.tolist() == [row != owner for row in range(MEMBERS)]


def test_readings_without_telemetry_or_below_zero_teach_nothing(room, community):
    slot = community.calendar.midnight(DAY)
    state, _ = tell(room, room.state, reading(slot, [10, 20, 30]))
    assert state == room.state
    state, _ = tell(room, state, telemetry(slot))
    bad = ReadingsReceived(
        slot=slot,
        withdrawal_wh=np.array([-5, 9, 9]),
        injection_wh=np.array([0, -1, 0]),
        present=np.ones(MEMBERS, bool),
    )
    state, _ = tell(room, state, bad)
    assert state.recent[iso(slot)].load_known.tolist() == [False, False, True]


def test_a_finished_day_becomes_past_with_its_gaps(room, community):
    state, _, loaded = with_history(room, community)
    slots = community.calendar.day(DAY)
    for place, start in enumerate(slots.starts().tolist()):
        if place != 5:
            state, _ = tell(room, state, telemetry(start, pv=(place, 0)))
        state, _ = tell(room, state, reading(start, [place, 1, 2], [True, place != 7, False]))
    following = slots.end
    state, _ = tell(room, state, telemetry(following))
    state, _ = tell(room, state, metered(slots))
    past = state.past
    assert past.slots.end == slots.end
    assert past.slots.count == HISTORY_DAYS * 96
    # noon to midnight before the first day was never measured
    assert not past.load_known[:, -144:-96].any()
    assert past.load_known[0, -96:].tolist() == [place != 5 for place in range(96)]
    assert past.load_known[1, -96:].sum() == 94
    assert not past.load_known[2, -96:].any()
    assert past.load_wh[0, -90] == 6 + 6, "net load and what the plant made"
    np.testing.assert_array_equal(
        past.load_wh[:, :10], loaded.load_wh[:, -(28 * 96 - 144) :][:, :10]
    )
    assert list(state.recent) == [iso(following)]


def open_session(room, state, session):
    state, (due,) = tell(room, state, SessionOpened(session=session))
    assert due == ForecastDue(session=session.id, kind=session.kind, window=session.horizon)
    (issued,) = room.effects[ForecastDue](state, due)
    state, nothing = tell(room, state, issued)
    assert nothing == []
    return state, issued


def test_a_day_is_forecast_from_the_past_and_updated_within(room, community):
    state, _, loaded = with_history(room, community)
    rules, calendar = community.market, community.calendar
    session = day_ahead(rules, calendar, DAY)
    state, issued = open_session(room, state, session)
    positions = same_time(calendar, loaded.slots, session.horizon)
    mean, levels = climatology(loaded.load_wh, loaded.load_known, positions)
    np.testing.assert_array_equal(issued.load_wh, mean)
    np.testing.assert_array_equal(issued.load_quantiles_wh, levels)

    later = intraday(rules, calendar, DAY)[0]
    state, same = open_session(room, state, later)
    offset = session.horizon.index(later.horizon.start)
    # nothing was seen yet
    np.testing.assert_array_equal(same.load_wh, issued.load_wh[:, offset:])

    seen = calendar.day(DAY).starts()[:10].tolist()
    for place, start in enumerate(seen):
        state, _ = tell(room, state, telemetry(start))
        state, _ = tell(room, state, reading(start, issued.load_wh[:, place] + [400, 0, -1]))
    _, moved = open_session(room, state, later)
    change = moved.load_wh - same.load_wh
    lead = later.horizon.starts() - seen[-1]
    expected = 400 * np.exp(-lead / 2700)
    on = same.load_wh[0] > 0
    np.testing.assert_allclose(change[0][on], expected[on], atol=0.51)
    assert not change[1].any()
    assert moved.levels == ()
    assert len(state.bases) == 1


def test_bases_are_dropped_once_their_days_are_metered(room, community):
    state, _, _ = with_history(room, community)
    for day in (DAY, date(2026, 6, 16)):
        state, _ = open_session(room, state, day_ahead(community.market, community.calendar, day))
    assert len(state.bases) == 2
    state, _ = tell(room, state, metered(community.calendar.day(DAY)))
    assert len(state.bases) == 2, "the first day's horizon goes on to the next noon"
    state, _ = tell(room, state, metered(community.calendar.day(date(2026, 6, 16))))
    assert len(state.bases) == 1


def test_a_community_without_any_past_expects_nothing(room, community):
    session = day_ahead(community.market, community.calendar, DAY)
    _, issued = open_session(room, room.state, session)
    assert isinstance(issued, ForecastIssued)
    assert issued.load_wh.shape == (MEMBERS, session.horizon.count)
    assert not issued.load_wh.any()
    assert not issued.pv_wh.any()
