"""The clock against a walk through every minute, as zoneinfo shows it, around changes of clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.needs.clock import (
    instants,
    next_occurrence,
    read_clock,
    stretch_on,
    stretches,
    time_faults,
)
from gridpact.scheduling.needs.model import Action, Assets, Intervention, Quiet, StateOfCharge
from gridpact.scheduling.needs.times import DAY_S, Moment, Window

CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Asia/Beirut", date(2026, 3, 29)),  # at midnight
    ("Asia/Kathmandu", date(2026, 3, 29)),  # never
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that was left out
]
MINUTES = st.integers(0, 1439).map(lambda minute: minute * 60)


def walk(zone, day):
    """Every minute from two days before to four days after: instant, and what the clock shows."""
    start = int(datetime.combine(day, time(), UTC).timestamp()) - 2 * DAY_S
    for instant in range(start, start + 6 * DAY_S, 60):
        yield instant, datetime.fromtimestamp(instant, ZoneInfo(zone)).replace(tzinfo=None)


@pytest.fixture(scope="module")
def walked():
    return {change: list(walk(*change)) for change in CHANGES}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("after", [-1, 0, 1])
def test_every_minute_of_the_days_around_a_change(change, after, walked):
    zone, day = change
    day += timedelta(days=after)
    shown = {}
    for instant, wall in walked[change]:
        shown.setdefault(wall, []).append(instant)
    for time_s in range(0, DAY_S, 60):
        asked = datetime.combine(day, time()) + timedelta(seconds=time_s)
        found = read_clock(day, time_s, zone)
        if asked in shown:
            assert found == (shown[asked][0], shown[asked][-1], False)
        else:
            later = min(at for at, wall in walked[change] if wall > asked)
            assert found == (later, later, True)


@pytest.mark.parametrize("change", CHANGES)
def test_a_window_holds_all_that_the_clock_shows_within_it(change, walked):
    zone, day = change

    @settings(deadline=None, max_examples=60)
    @given(begin=MINUTES, end=MINUTES, after=st.integers(-1, 1))
    def holds(begin, end, after):
        on = day + timedelta(days=after)
        window = Window(begin, end)
        start = datetime.combine(on, time()) + timedelta(seconds=begin)
        stop = start + timedelta(seconds=window.length_s)
        within = [at for at, wall in walked[change] if start <= wall < stop]
        found = stretch_on(window, on, zone)
        if within:
            assert (found.begin, found.end) == (within[0], within[-1] + 60)
        else:
            assert found.begin == found.end

    holds()


@pytest.mark.parametrize("change", CHANGES)
def test_stretches_of_a_horizon(change, said):
    zone, day = change
    start = int(datetime.combine(day, time(), UTC).timestamp()) - DAY_S

    @settings(deadline=None, max_examples=60)
    @given(
        window=st.builds(
            Window,
            MINUTES,
            MINUTES,
            st.sampled_from([None, day.isoformat()]),
            st.sampled_from([None, (day + timedelta(days=1)).isoformat()]),
            st.sampled_from([(), (1, 7), (2, 3, 4, 5, 6)]),
        ),
        begin=st.integers(0, DAY_S),
        length=st.integers(1, 2 * DAY_S),
    )
    def all_of_them(window, begin, length):
        begin, end = start + begin, start + begin + length
        expected = []
        for after in range(-4, 6):
            on = day + timedelta(days=after)
            inside = (window.first_date or "0") <= on.isoformat() <= (window.last_date or "9")
            if inside and (not window.weekdays or on.isoweekday() in window.weekdays):
                one = stretch_on(window, on, zone)
                if one.begin < end and begin < one.end and one.begin < one.end:
                    expected.append(one)
        assert list(stretches(window, begin, end, zone)) == expected

    all_of_them()


def test_moments_of_a_horizon_begin_after_it_and_may_end_it():
    noon = int(datetime(2026, 5, 4, 10, tzinfo=UTC).timestamp())  # a Monday, 12:00 in Berlin
    every_day, workdays = Moment(12 * 3600), Moment(12 * 3600, None, (1, 2))
    week = [noon + after * DAY_S for after in range(8)]
    berlin = "Europe/Berlin"
    assert [at for at, _ in instants(every_day, noon, noon + 7 * DAY_S, berlin)] == week[1:]
    assert [at for at, _ in instants(workdays, noon - 1, noon + 7 * DAY_S, berlin)] == [
        *week[:2],
        week[7],
    ]
    dated = Moment(12 * 3600, "2026-05-06")
    assert list(instants(dated, noon, noon + 7 * DAY_S, berlin)) == [(week[2], date(2026, 5, 6))]


def test_a_time_that_is_skipped_is_refused_on_its_day_and_moved_on_other_days(said):
    berlin = "Europe/Berlin"
    need = StateOfCharge(owner="a", subject=Assets(("b",)), at=Moment(9000, "2026-03-29"))
    (fault,) = time_faults(need, said.now, berlin)
    assert "02:30 does not exist on 2026-03-29" in fault.problem
    assert fault.fix == "give 2026-03-29 01:45 or 2026-03-29 03:00"
    change = int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp())
    found = [at for at, _ in instants(Moment(9000), change - DAY_S, change + DAY_S, berlin)]
    assert found == [change - DAY_S + 1800, change, change + DAY_S - 1800]


@pytest.mark.parametrize(
    ("window", "fields"),
    [
        (Window(9000, 20_000, "2026-03-29", "2026-03-29"), 1),
        (Window(3600, 9000, "2026-03-29", "2026-03-29"), 1),
        (Window(8000, 9000, "2026-03-29", "2026-03-29"), 2),
        (Window(80_000, 9000, "2026-03-28", "2026-03-28"), 1),  # over midnight, into the gap
        (Window(80_000, 9000, "2026-03-29", "2026-03-29"), 0),
        (Window(9000, 20_000, "2026-03-28", "2026-03-30"), 0),
    ],
)
def test_windows_that_begin_or_end_in_a_gap(window, fields, said):
    need = Quiet(owner="a", subject=Assets(("b",)), window=window)
    assert len(time_faults(need, said.now, "Europe/Berlin")) == fields


@settings(deadline=None)
@given(today=st.dates(date(2020, 1, 1), date(2300, 1, 1)), day=st.dates())
def test_the_next_such_date(today, day):
    found = next_occurrence(day.day, day.month, today)
    assert found is not None
    assert (found.day, found.month) == (day.day, day.month)
    assert found >= today
    between = range((found - today).days)
    assert not any(
        (today + timedelta(days=d)).timetuple()[1:3] == found.timetuple()[1:3] for d in between
    )


def test_dates_that_no_year_has():
    assert next_occurrence(31, 4, date(2026, 1, 1)) is None
    assert next_occurrence(1, 13, date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("now", "over"), [("2026-05-04T05:59", False), ("2026-05-04T06:00", True)]
)  # 08:00 in Berlin
def test_what_is_over(now, over):
    at = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp())
    night = Window(22 * 3600, 8 * 3600, None, "2026-05-03")
    asked = [
        Quiet(owner="a", subject=Assets(("b",)), window=night),
        StateOfCharge(owner="a", subject=Assets(("b",)), at=Moment(8 * 3600, "2026-05-04")),
    ]
    for need in asked:
        told = [fault.problem for fault in time_faults(need, at, "Europe/Berlin")]
        assert told == (["was over at 2026-05-04 08:00"] if over else [])


def test_instants_that_no_calendar_has_are_told_of():
    need = Intervention(
        owner="a", subject=Assets(("b",)), action=Action.OFF, begin=-(10**14), end=-(10**13)
    )
    (fault,) = time_faults(need, 0, "Europe/Berlin")
    assert "-10000000000000 s" in fault.problem
