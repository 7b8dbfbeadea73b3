"""Local periods and windows of the clock against the standard library, slot by slot."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Calendar, Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed, NotOnSlots, PeriodCut
from gridpact.contracts.evaluate import Known, literal
from gridpact.contracts.formulas import at_end, highest, total, whole
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.periods import LENGTHS, segments
from gridpact.contracts.terms import pay
from gridpact.contracts.times import Between, LocalTime

ZONES = ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe"]
INSTANTS = st.integers(946684800 // 900, 2082758400 // 900).map(lambda quarter: quarter * 900)
QUARTERS = st.builds(Slots, INSTANTS, st.just(900), st.integers(1, 3000))
quick = settings(deadline=None, max_examples=60)


def period_of(length, at):
    return {
        "day": at.date(),
        "week": at.isocalendar()[:2],
        "month": (at.year, at.month),
        "quarter": (at.year, (at.month - 1) // 3),
        "year": at.year,
    }[length]


def local(instant, zone):
    return datetime.fromtimestamp(instant, ZoneInfo(zone))


@quick
@given(slots=QUARTERS, zone=st.sampled_from(ZONES), length=st.sampled_from(LENGTHS))
def test_segments_hold_the_slots_of_one_period_each(slots, zone, length):
    labels = [period_of(length, local(start, zone)) for start in slots.starts().tolist()]
    found = segments(f"{length}@{zone}", slots, cut=True)
    assert [found[0].start, found[-1].stop] == [0, slots.count]
    assert all(one.stop == other.start for one, other in pairwise(found))
    assert all(len(set(labels[segment])) == 1 for segment in found)
    assert len(found) == 1 + sum(a != b for a, b in pairwise(labels))


@quick
@given(slots=QUARTERS, zone=st.sampled_from(ZONES), length=st.sampled_from(LENGTHS))
def test_a_cut_period_is_refused_and_a_whole_one_is_not(slots, zone, length):
    def begins(instant):
        return period_of(length, local(instant - 1, zone)) != period_of(
            length, local(instant, zone)
        )

    if begins(slots.start) and begins(slots.end):
        assert segments(f"{length}@{zone}", slots) == segments(f"{length}@{zone}", slots, cut=True)
    else:
        with pytest.raises(PeriodCut, match=zone):
            segments(f"{length}@{zone}", slots)


@quick
@given(
    slots=QUARTERS,
    zone=st.sampled_from(ZONES),
    months=st.sets(st.integers(1, 12), min_size=1),
    weekdays=st.sets(st.integers(1, 7), min_size=1),
    hours=st.tuples(st.integers(0, 23), st.integers(1, 24)),
)
def test_local_time_is_what_the_wall_clock_shows(slots, zone, months, weekdays, hours):
    begin, end = hours[0] * 3600, min(hours[0] + hours[1], 24) * 3600
    mask = LocalTime(zone, tuple(sorted(months)), tuple(sorted(weekdays)), begin, end)
    expected = []
    for start in slots.starts().tolist():
        at = local(start, zone)
        second = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second).total_seconds()
        inside = at.month in months and at.isoweekday() in weekdays
        expected.append(int(inside and begin <= second < end))
    assert literal(mask, slots).tolist() == expected


def month(days=31):
    first = datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    start, end = int(first.timestamp()), int((first + timedelta(days=days)).timestamp())
    return Slots(start, 3600, (end - start) // 3600)


def flows_of(amount, world, slots, **how):
    found = cashflows(pay(amount, "a", "b", "fee", "EUR"), world, slots, **how)
    return found["a", "b", "EUR", "fee"]


def test_march_in_berlin_has_a_short_day():
    slots = month()
    daily = flows_of(total(Const(1, "nano"), "day@Europe/Berlin"), {}, slots)
    assert slots.count == 743
    assert daily[daily > 0].tolist() == [24] * 28 + [23] + [24] * 2
    assert (
        flows_of(whole(Const(1, "nano"), "month@Europe/Berlin"), {}, slots).tolist() == [743] * 743
    )


def test_a_peak_is_billed_once_a_month():
    slots = month(days=61)
    load = np.arange(slots.count, dtype=np.int64) % 100
    load[[5, 1000]] = [700, 900]
    peak = highest(Series("load", "Wh"), "month@Europe/Berlin")
    paid = flows_of(
        peak * Const(1, "micro/kWh") * at_end("month@Europe/Berlin"), {"load": load}, slots
    )
    assert paid[paid != 0].tolist() == [700, 900]
    assert np.flatnonzero(paid).tolist() == [742, slots.count - 1]


def test_a_gap_in_one_day_does_not_stop_what_is_masked_to_another():
    slots = Slots(1781481600, 28800, 6)
    load = Known(np.arange(6, dtype=np.int64), np.array([True, False, True, True, True, True]))
    second_day = Between(slots.start + 86400, slots.end)
    amount = second_day * total(Series("load", "nano"), "day@UTC")
    assert flows_of(amount, {"load": load}, slots).tolist() == [0, 0, 0, 0, 0, 12]


def test_the_parts_of_a_life_count_when_it_is_cut():
    slots = Slots(1781481600 + 28800, 28800, 4)
    one = Const(1, "nano")
    with pytest.raises(PeriodCut, match="2026-06-15T08:00:00Z"):
        flows_of(total(one, "day@UTC"), {}, slots)
    assert flows_of(total(one, "day@UTC"), {}, slots, cut_periods=True).tolist() == [0, 2, 0, 2]


def test_edges_within_a_slot_are_refused():
    slots = Slots(1781481600, 3600, 24)
    with pytest.raises(NotOnSlots, match="splits a slot"):
        literal(Between(slots.start + 900, slots.end), slots)
    with pytest.raises(NotOnSlots, match="Europe/Berlin splits"):
        literal(LocalTime("Europe/Berlin", (6,), (1,), 0, 900), slots)
    with pytest.raises(NotOnSlots, match="begins within the slot"):  # half past, in UTC
        segments("day@Asia/Kolkata", slots, cut=True)
    outside = Between(slots.end + 900, slots.end + 1800)
    assert not literal(outside, slots).any()


@pytest.mark.parametrize(
    "period", ["month", "month@", "month@Mars/Base", "hour@UTC", "", "all@UTC"]
)
def test_periods_that_do_not_exist(period):
    with pytest.raises(IllFormed):
        total(Const(1, "nano"), period)


@pytest.mark.parametrize(
    "arguments",
    [
        ("Europe/Berlin", (0,), (1,), 0, 1),
        ("Europe/Berlin", (), (1,), 0, 1),
        ("Europe/Berlin", (2, 1), (1,), 0, 1),
        ("Europe/Berlin", (1,), (8,), 0, 1),
        ("Europe/Berlin", (1,), (1,), 5, 5),
        ("Europe/Berlin", (1,), (1,), 0, 86401),
        ("Nowhere", (1,), (1,), 0, 1),
        ("../etc", (1,), (1,), 0, 1),
    ],
)
def test_windows_that_do_not_exist(arguments):
    with pytest.raises(IllFormed):
        LocalTime(*arguments)


def test_a_calendar_knows_wall_seconds_through_a_clock_change():
    slots = Slots(1774742400, 3600, 4)  # 2026-03-29T00:00Z: Berlin skips 02:00
    seconds = Calendar("Europe/Berlin", 3600).local_seconds(slots)
    assert np.diff(seconds).tolist() == [7200, 3600, 3600]
