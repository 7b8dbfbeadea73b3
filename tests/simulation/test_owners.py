"""What owners tell the scheduler: bounds, needs, and runs once a day by the wall clock."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.messages import NeedsRequested
from gridpact.simulation.owners import needs
from gridpact.simulation.truth import Behaviour

STORAGE = [
    ("battery", 0, 4001, 2000, 8000, 1, 1, 1),
    ("car", 1, 11_000, 0, 40_000, 1, 1, 1),
    ("tank", 1, 2000, 0, 3000, 1, 1, 1),
]


def told(community, window, run_day=(), reserve=(0, 0, 0), behaviour=None):
    shape = (len(community.storage.ids), window.count)
    expected = behaviour or Behaviour(
        np.ones(shape, bool), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    )
    request = NeedsRequested(session="s", window=window)
    reserve = np.array(reserve)[: shape[0]]
    return needs(community, expected, request, np.array(run_day, np.int64), reserve)


def test_bounds_of_storage(small_community):
    community, window = small_community(2, storage=STORAGE), Slots(0, 900, 3)
    there = np.array([[True] * 3, [False, True, True], [True] * 3])
    need = np.array([[0, 0, 0], [0, 0, 32_000], [0, 5000, 0]])
    draw = np.array([[0, 0, 0], [0, 9000, 0], [10, 20, 30]])
    found = told(community, window, reserve=(800, 4000, 0), behaviour=Behaviour(there, draw, need))
    assert (found.session, found.window) == ("s", window)
    assert found.charge_max_wh.tolist() == [[1000] * 3, [0, 2750, 2750], [500] * 3]
    assert found.discharge_max_wh.tolist() == [[500] * 3, [0] * 3, [0] * 3]
    assert found.lo_wh.tolist() == [
        [800] * 3, [4000, 4000, 32_000], [0, 3000, 0],
    ], "never more than it holds"  # fmt: skip
    assert found.hi_wh.tolist() == [[8000] * 3, [40_000] * 3, [3000] * 3]
    assert found.draw_wh.tolist() == draw.tolist()
    assert all(
        getattr(found, name).shape == (3, 3)
        for name in ("charge_max_wh", "discharge_max_wh", "lo_wh", "hi_wh", "draw_wh")
    )


def by_clock(zone, day, window, run):
    """First and last start by trying every slot of the window against the wall clock."""
    tz = ZoneInfo(zone)

    def instant(second):
        if second >= 86_400:
            return int(datetime.combine(day + timedelta(days=1), time(), tz).timestamp())
        clock = time(second // 3600, second % 3600 // 60)
        return int(datetime.combine(day, clock, tz).timestamp())

    _, _, duration, earliest, latest = run
    length = -(-duration // window.step)
    begin, end = instant(earliest), instant(latest)
    fits = [
        place
        for place in range(window.count - length + 1)
        if window.start + place * window.step >= begin
        and window.start + (place + length) * window.step <= end
    ]
    return (fits[0], fits[-1]) if fits else (-1, -1)


@given(
    day=st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 15)]),
    skipped=st.integers(0, 90),
    ahead=st.integers(0, 48),
    run=st.tuples(
        st.just(0),
        st.just(1000),
        st.integers(1, 4 * 3600),
        st.integers(0, 23).map(lambda hour: hour * 3600 + 1800),
        st.integers(1, 24).map(lambda hour: hour * 3600),
    ),
)
@settings(deadline=None, max_examples=250)
def test_run_windows_by_the_wall_clock(day, skipped, ahead, run, small_community):
    community = small_community(1, runs=[run])
    whole = community.calendar.day(day)
    window = Slots(whole.start + skipped * 900, 900, whole.count - skipped + ahead)
    found = told(community, window, run_day=[0])
    first, last = by_clock("Europe/Berlin", day, window, run)
    assert (found.run_earliest.tolist(), found.run_latest.tolist()) == ([first], [last])


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [("2026-06-15", 40, 64), ("2026-03-29", 36, 60), ("2026-10-25", 44, 68)],
)
def test_from_ten_to_five_is_ten_to_five_on_every_day(small_community, day, first, last):
    community = small_community(1, runs=[(0, 1000, 3600, 36_000, 61_200)])
    found = told(community, community.calendar.day(date.fromisoformat(day)), run_day=[0])
    assert (found.run_earliest[0], found.run_latest[0]) == (first, last)


def test_an_appliance_that_ran_today_does_not_run_again_until_tomorrow(small_community):
    community = small_community(
        1, runs=[(0, 1000, 3600, 36_000, 61_200), (0, 1000, 3600, 36_000, 61_200)]
    )
    day = date(2026, 6, 15)
    run_day = [day.toordinal(), day.toordinal() - 1]
    found = told(community, community.calendar.day(day), run_day=run_day)
    assert found.run_earliest.tolist() == [-1, 40]
    assert found.run_latest.tolist() == [-1, 64]
    found = told(community, community.calendar.day(day + timedelta(days=1)), run_day=run_day)
    assert found.run_earliest.tolist() == [40, 40]


def test_nobody_who_owns_anything(small_community):
    found = told(small_community(2), Slots(0, 900, 4))
    assert found.charge_max_wh.shape == (0, 4)
    assert found.run_earliest.shape == (0,)
