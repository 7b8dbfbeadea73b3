"""What needs do to a session's problem: slot by slot as the wall clock shows it, and no more."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.needs.model import Assets, Quiet
from gridpact.scheduling.needs.times import Window
from gridpact.scheduling.problem import ZoneColumns
from gridpact.scheduling.standing.binding import bind, capped

BATTERY, CAR = 0, 1


def slot(hour, minute=0, day=0):
    return (day * 24 + hour) * 4 + minute // 15


def same_but(one, other, *fields):
    """Whether two statements agree in all columns but these."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in one.__struct_fields__
        if name.endswith(("_wh", "earliest", "latest")) and name not in fields
    )


def test_no_need_changes_nothing(places, stated_on, horizon):
    stated = stated_on(horizon)
    bound = bind(places, stated, ())
    assert same_but(bound.stated, stated)
    assert bound.bindings == ()
    assert (bound.import_cap_wh == -1).all()
    assert (bound.export_cap_wh == -1).all()


def test_a_state_is_a_bound_at_its_moment_on_every_day(places, stated_on, horizon, say):
    stated = stated_on(horizon)
    bound = bind(places, stated, [say("car 25..80% by 07:30", name="n")])
    found = {tuple(place) for place in np.argwhere(bound.stated.lo_wh != stated.lo_wh)}
    assert found == {(CAR, slot(7, 15)), (CAR, slot(7, 15, 1))}
    assert set(bound.stated.lo_wh[CAR, [slot(7, 15)]]) == {10_001}  # a share is rounded inward
    assert set(bound.stated.hi_wh[CAR, [slot(7, 15)]]) == {32_000}
    assert same_but(bound.stated, stated, "lo_wh", "hi_wh")
    sides = [(one.side, one.first, one.bound_wh) for one in bound.bindings]
    assert ("lo", slot(7, 15, 1), 10_001) in sides
    assert len(sides) == 4


def test_the_tighter_bound_counts(places, stated_on, horizon, say):
    stated = stated_on(horizon)
    stated.lo_wh[BATTERY] = 3000
    needs = [say("battery >= 2 kWh at 06:00", name="a"), say("battery >= 4 kWh at 07:00", name="b")]
    bound = bind(places, stated, needs).stated.lo_wh[BATTERY]
    assert bound[slot(5, 45)] == 3000
    assert bound[slot(6, 45)] == 4000


def test_absence_and_quiet_close_touched_slots_both_ways(places, stated_on, horizon, say):
    stated = stated_on(horizon)
    for words in ("battery unavailable 06:05-07:05 15 June", "battery quiet 06:05-07:05 15 June"):
        bound = bind(places, stated, [say(words)]).stated
        closed = np.zeros(144, bool)
        closed[slot(6) : slot(7, 15)] = True
        assert np.array_equal(bound.charge_max_wh[BATTERY] == 0, closed)
        assert np.array_equal(bound.discharge_max_wh[BATTERY] == 0, closed)
        assert same_but(bound, stated, "charge_max_wh", "discharge_max_wh")


def test_stop_leaves_giving_and_off_does_not(places, stated_on, horizon, say):
    stated = stated_on(horizon)
    stop = bind(places, stated, [say("battery stop until 02:10")]).stated
    assert np.flatnonzero(stop.charge_max_wh[BATTERY] == 0).tolist() == list(range(9))
    assert same_but(stop, stated, "charge_max_wh")
    off = bind(places, stated, [say("battery off from 01:00 until 02:00")]).stated
    assert np.flatnonzero(off.discharge_max_wh[BATTERY] == 0).tolist() == [4, 5, 6, 7]


def test_an_owners_cap_bounds_power(places, stated_on, horizon, say):
    stated = stated_on(horizon)
    bound = bind(places, stated, [say("car <= 3 kW 18:00-20:00")]).stated
    assert set(bound.charge_max_wh[CAR, slot(18) : slot(20)]) == {750}
    assert bound.charge_max_wh[CAR].sum() == 136 * 2000 + 8 * 750
    gives = bind(places, stated, [say("battery gives <= 1 kW all day")]).stated
    assert set(gives.discharge_max_wh[BATTERY]) == {250}
    assert same_but(gives, stated, "discharge_max_wh")


def test_caps_tighten_limits_of_zones(places, stated_on, horizon, say):
    needs = [
        say("zone street <= 6 kW 18:00-20:00 15 June, grid", "dso", "a"),
        say("zone street <= 9 kW all day, grid", "dso", "b"),
        say("zone lane gives <= 1 kW all day, grid", "dso", "c"),
    ]
    bound = bind(places, stated_on(horizon), needs)
    wide = np.broadcast_to(np.array([[2000], [-1]]), (2, 144))
    zones = ZoneColumns(np.array([0, 1, 1]), np.array([-1, 0]), wide, wide[::-1])
    found = capped(zones, bound)
    expected = np.where((np.arange(144) >= slot(18)) & (np.arange(144) < slot(20)), 1500, 2000)
    assert np.array_equal(found.import_limit_wh[0], expected)
    assert set(found.import_limit_wh[1]) == {-1}
    assert set(found.export_limit_wh[1]) == {250}
    assert set(found.export_limit_wh[0]) == {-1}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("washer 1 h within 09:00-12:00 uninterrupted",), (36, 44)),
        (("washer 1 h within 06:00-09:30 uninterrupted",), (32, 34)),
        (("washer 1 h within 19:00-20:00 on weekends uninterrupted",), (32, 76)),
        (("washer quiet 00:00-12:10",), (49, 76)),
        (("washer quiet 12:00-14:00",), (56, 76)),  # the longer stretch of the two that are left
        (("washer quiet 16:00-17:00",), (32, 60)),
        (("washer quiet 12:00-14:00", "washer 1 h within 08:00-15:00 uninterrupted"), (32, 44)),
        (("washer off from 08:00 until 12:00",), (48, 76)),
        (("washer unavailable all day",), (32, 31)),
        (("washer 1 h within 09:00-17:00 on 16 June uninterrupted",), (32, 76)),
    ],
)
def test_runs_keep_to_their_windows(places, stated_on, horizon, say, words, expected):
    stated = stated_on(horizon)
    needs = [say(text, name=f"n{place}") for place, text in enumerate(words)]
    bound = bind(places, stated, needs)
    assert (bound.stated.run_earliest[0], bound.stated.run_latest[0]) == expected
    assert (bound.stated.run_earliest[1], bound.stated.run_latest[1]) == (0, 95)
    assert same_but(bound.stated, stated, "run_earliest", "run_latest")
    moved = {one.need for one in bound.bindings if one.side == "run"}
    assert moved == (set() if expected == (32, 76) else {need.id for need in needs})


def test_a_run_that_is_done_and_a_window_that_has_passed_bind_nothing(
    places, stated_on, say, clock
):
    late = Slots(clock.at(15), 900, 96)
    stated = stated_on(late, ((-1, -1), (0, 20)))
    need = say("washer 1 h within 09:00-12:00 uninterrupted", name="n")
    assert same_but(bind(places, stated, [need]).stated, stated)
    stated = stated_on(late, ((0, 16), (0, 20)))
    assert same_but(bind(places, stated, [need]).stated, stated)
    passed = [say("battery off from 01:00 until 02:00"), say("car >= 80% at 07:30 on 15 June")]
    assert same_but(bind(places, stated, passed).stated, stated)


@given(
    begin=st.integers(0, 1439),
    length=st.integers(1, 1440),
    start=st.integers(0, 100),
    day=st.sampled_from([datetime(2026, 3, 28), datetime(2026, 10, 24), datetime(2026, 6, 15)]),  # noqa: DTZ001
)
@settings(deadline=None, max_examples=60)
def test_closed_slots_are_those_in_which_the_clock_shows_the_window(
    places_of, stated_on, begin, length, start, day
):
    """Minute by minute over days on which clocks change: closed where any minute is inside."""
    zone = ZoneInfo("Europe/Berlin")
    first = int(day.replace(tzinfo=zone).timestamp()) + start * 900
    horizon = Slots(first, 900, 120)
    end = begin + length
    window = Window(begin * 60, (end % 1440 or (1440 if length == 1440 else 0)) * 60)
    if length == 1440 and begin:
        window = Window(begin * 60, begin * 60)
    if window == Window(0, 0):
        window = Window(0, 86_400)
    need = Quiet(owner="m000", subject=Assets(("battery-0",)), window=window)
    bound = bind(places_of, stated_on(horizon), [need]).stated
    closed = bound.charge_max_wh[BATTERY] == 0
    shown = np.zeros(120, bool)
    for minute in range(120 * 15):
        local = datetime.fromtimestamp(first + minute * 60, zone)
        of_day = local.hour * 60 + local.minute
        shown[minute // 15] |= begin <= of_day < end or of_day < end - 1440
    assert (shown <= closed).all()  # whatever the clock shows within the window is closed
    changes = {
        (datetime.fromtimestamp(first, zone) + timedelta(hours=hours)).utcoffset()
        for hours in range(-26, 34)
    }
    if len(changes) == 1:
        assert np.array_equal(shown, closed)


@pytest.fixture(scope="module")
def places_of(community):
    from gridpact.scheduling.standing.places import Places

    return Places(community)


def test_statements_are_not_written_to(places, stated_on, horizon, say):
    stated = stated_on(horizon)
    before = msgspec.structs.replace(stated, lo_wh=stated.lo_wh.copy())
    bind(places, stated, [say("battery >= 5 kWh at 06:00"), say("car quiet all day")])
    assert same_but(stated, before)
    assert stated.charge_max_wh.min() > 0
