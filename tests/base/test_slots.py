"""Slots and calendars: half-open, whole, and right on the days on which the clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Calendar, Slots, covers, iso, overlap

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
QUARTER = 900
# A zone a row that changes at midnight, by half an hour, at half past in UTC, never, or was odd.
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Etc/GMT-5",
    "UTC",
)
windows = st.builds(
    lambda step, first, count: Slots(first * step, step, count),
    st.just(QUARTER),
    st.integers(-30, 30),
    st.integers(0, 40),
)


@pytest.mark.parametrize(
    ("day", "quarters"), [(SPRING, 92), (AUTUMN, 100), (date(2026, 6, 15), 96)]
)
def test_local_days_have_as_many_quarters_as_the_clock_gives_them(day, quarters):
    slots = Calendar("Europe/Berlin", QUARTER).day(day)
    assert slots.count == quarters
    assert slots.end == Calendar("Europe/Berlin", QUARTER).day(day + timedelta(days=1)).start
    assert Calendar("Europe/Berlin", 3600).day(day).count == quarters // 4


def test_first_and_last_slot_of_the_days_that_change():
    calendar = Calendar("Europe/Berlin", QUARTER)
    assert iso(calendar.day(SPRING).start) == "2026-03-28T23:00:00Z"
    assert iso(calendar.day(SPRING).end) == "2026-03-29T22:00:00Z"
    assert iso(calendar.day(AUTUMN).start) == "2026-10-24T22:00:00Z"
    assert iso(calendar.day(AUTUMN).end) == "2026-10-25T23:00:00Z"


def test_a_fixed_offset_never_changes_its_days():
    for zone, offset in (("UTC", 0), ("Etc/GMT-5", 5), ("Asia/Kolkata", 5.5)):
        for day in (SPRING, AUTUMN, date(2028, 2, 29)):
            slots = Calendar(zone, QUARTER).day(day)
            assert slots.count == 96
            begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=offset)
            assert slots.start == begin.timestamp()


@given(
    zone=st.sampled_from(ZONES),
    instant=st.integers(946_684_800, 2_208_988_800),  # 2000 to 2040
)
@settings(deadline=None, max_examples=400)
def test_every_instant_is_in_exactly_one_slot_of_exactly_one_day(zone, instant):
    calendar = Calendar(zone, QUARTER)
    today = calendar.date_of(instant)
    assert today == datetime.fromtimestamp(instant, ZoneInfo(zone)).date()
    owners = [
        slots.starts()[(slots.starts() <= instant) & (instant < slots.starts() + slots.step)]
        for slots in (calendar.day(today + timedelta(days=shift)) for shift in (-1, 0, 1))
    ]
    assert [len(found) for found in owners] == [0, 1, 0]


@given(
    zone=st.sampled_from(ZONES),
    first=st.integers(946_684_800 // QUARTER, 2_208_988_800 // QUARTER),
    count=st.integers(0, 300),
)
@settings(deadline=None, max_examples=300)
def test_seconds_of_day_are_what_the_wall_clock_shows(zone, first, count):
    slots = Slots(first * QUARTER, QUARTER, count)
    shown = []
    for start in slots.starts():
        local = datetime.fromtimestamp(int(start), ZoneInfo(zone))
        shown.append(local.hour * 3600 + local.minute * 60 + local.second)
    seconds = Calendar(zone, QUARTER).seconds_of_day(slots)
    assert seconds.dtype == np.int64
    assert seconds.tolist() == shown


def test_seconds_of_day_skip_and_repeat_an_hour():
    calendar = Calendar("Europe/Berlin", QUARTER)
    hours = calendar.seconds_of_day(calendar.day(SPRING)) // 3600
    assert np.bincount(hours, minlength=24).tolist() == [4, 4, 0, *[4] * 21]
    hours = calendar.seconds_of_day(calendar.day(AUTUMN)) // 3600
    assert np.bincount(hours, minlength=24).tolist() == [4, 4, 8, *[4] * 21]


def test_seconds_of_day_where_the_clock_changes_at_half_past_in_utc():
    calendar = Calendar("Australia/Adelaide", QUARTER)
    hours = calendar.seconds_of_day(calendar.day(date(2026, 10, 4))) // 3600
    assert np.bincount(hours, minlength=24).tolist() == [4, 4, 0, *[4] * 21]


def test_wall_clock_times_that_occur_twice_or_never():
    calendar = Calendar("Europe/Berlin", QUARTER)
    assert iso(calendar.at(AUTUMN, time(2, 30))) == "2026-10-25T00:30:00Z"  # the first one
    assert iso(calendar.at(SPRING, time(2, 30))) == "2026-03-29T01:30:00Z"  # 03:30 in summer time
    assert iso(calendar.at(SPRING, time(12))) == "2026-03-29T10:00:00Z"


def test_a_day_that_a_zone_left_out_has_no_slots():
    calendar = Calendar("Pacific/Apia", QUARTER)
    assert calendar.day(date(2011, 12, 30)).count == 0
    assert calendar.day(date(2011, 12, 29)).end == calendar.day(date(2011, 12, 31)).start


def test_a_step_that_does_not_divide_the_day_is_refused():
    with pytest.raises(ValueError, match="do not divide"):
        Calendar("Europe/Berlin", 7200).day(SPRING)
    with pytest.raises(ValueError, match="do not divide"):
        Calendar("Asia/Kolkata", 3600).day(SPRING)


@pytest.mark.parametrize(
    ("start", "step", "count"), [(0, 0, 1), (0, -900, 1), (0, 900, -1), (1, 900, 1)]
)
def test_slots_off_the_grid_are_refused(start, step, count):
    with pytest.raises(ValueError, match="whole steps"):
        Slots(start, step, count)


@given(windows)
def test_index_is_the_inverse_of_starts(slots):
    assert [slots.index(int(start)) for start in slots.starts()] == list(range(slots.count))
    for outside in (slots.start - slots.step, slots.end, slots.start + 1):
        with pytest.raises(ValueError, match="is not one of the slots"):
            slots.index(outside)


@given(windows, windows)
@settings(deadline=None, max_examples=500)
def test_overlap_and_covers_agree_with_sets(one, other):
    here, there = overlap(one, other)
    shared = sorted(set(one.starts().tolist()) & set(other.starts().tolist()))
    assert one.starts()[here].tolist() == shared
    assert other.starts()[there].tolist() == shared
    assert here.start >= 0 or not shared
    assert covers(one, other) == (set(other.starts().tolist()) <= set(one.starts().tolist()))


def test_windows_of_other_steps_share_nothing():
    hours, quarters = Slots(0, 3600, 4), Slots(0, 900, 4)
    assert not covers(hours, quarters)
    with pytest.raises(ValueError, match="share none"):
        overlap(hours, quarters)


def test_iso_writes_utc():
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(int(datetime(2026, 6, 15, 10, tzinfo=UTC).timestamp())) == "2026-06-15T10:00:00Z"


def test_instants_beyond_the_calendar_can_still_be_told_of():
    assert iso(253402300799) == "9999-12-31T23:59:59Z"
    assert [iso(at) for at in (253402300800, -(2**62), 2**62)] == [
        "253402300800 s",
        f"{-(2**62)} s",
        f"{2**62} s",
    ]
