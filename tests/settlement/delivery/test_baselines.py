from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.base.slots import Calendar, Slots
from gridpact.settlement.delivery.baselines import Told, baseline
from gridpact.settlement.delivery.days import Metered
from gridpact.settlement.delivery.methods import (
    METHODS,
    P376,
    ControlGroup,
    HighXOfY,
    MeterBefore,
    Nominated,
    RatioAdjustment,
    TenOfTen,
    name_of,
)

ADJUSTMENTS = st.none() | st.builds(
    RatioAdjustment,
    from_hours=st.integers(3, 5),
    to_hours=st.integers(0, 2),
    cap_ppm=st.integers(0, 400_000),
)
METHOD = st.one_of(
    st.builds(
        TenOfTen,
        days=st.integers(1, 5),
        least_days=st.integers(1, 4),
        within_days=st.integers(1, 12),
        adjustment=ADJUSTMENTS,
    ),
    st.builds(
        HighXOfY,
        highest=st.integers(1, 3),
        of=st.integers(3, 5),
        within_days=st.integers(1, 12),
        adjustment=ADJUSTMENTS,
    ),
    st.builds(P376, working_days=st.integers(1, 5), other_days=st.integers(1, 2)),
    st.builds(MeterBefore, minutes=st.sampled_from([30, 60, 120])),
)
PLAIN = {TenOfTen: "ten_of_ten", HighXOfY: "high_x_of_y", P376: "p376", MeterBefore: "meter_before"}


@st.composite
def cases(draw):
    """Two weeks of half-hours around a change of clocks, with gaps, and an event on the last."""
    zone = draw(st.sampled_from(["Europe/London", "Europe/Amsterdam", "UTC", "Australia/Adelaide"]))
    last = draw(st.sampled_from([date(2026, 4, 8), date(2026, 10, 30), date(2026, 3, 29)]))
    calendar = Calendar(zone, 1800)
    begin = calendar.midnight(last - timedelta(days=14))
    slots = Slots(begin, 1800, (calendar.midnight(last + timedelta(days=1)) - begin) // 1800)
    draws = stream(draw(st.integers(0, 10**6)), "delivery")
    wh = draws.integers(draw(st.sampled_from([-300, 0])), 900, (3, slots.count))
    known = draws.random(wh.shape) >= draw(st.sampled_from([0.0, 0.01]))
    day = calendar.day(last)
    first = draw(st.integers(0, day.count - 4))
    event = Slots(day.start + first * 1800, 1800, draw(st.integers(1, 4)))
    odd = draw(st.sets(st.integers(1, 14), max_size=4))
    free = draw(st.sets(st.integers(0, 14), max_size=3))
    events, holidays = (frozenset(last - timedelta(days=n) for n in each) for each in (odd, free))
    return Metered(slots, wh, known, zone, events, holidays), event


@given(case=cases(), method=METHOD)
@settings(deadline=None, max_examples=150)
def test_an_independent_computation_agrees(case, method, plain):
    metered, event = case
    found = baseline(method, metered, event)
    starts = event.starts().tolist()
    for row in range(3):
        due = getattr(plain, PLAIN[type(method)])(
            method, plain.Point(metered, row), starts, event.step
        )
        assert bool(found.known[row]) == (due is not None), found.reasons[row]
        assert found.wh[row].tolist() == [round(value) for value in due or [0] * event.count]


@given(case=cases(), data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_control_group_scales_by_past_days(case, data, plain):
    metered, event = case
    rows = data.draw(st.sampled_from([[0], [0, 1]]))
    own = [row for row in range(3) if row not in rows]
    part = lambda keep: Metered(  # noqa: E731
        metered.slots,
        abs(metered.wh[keep]),
        metered.known[keep],
        metered.timezone,
        metered.event_days,
        metered.holidays,
    )
    method = ControlGroup(days=4, least_days=1, within_days=12)
    found = baseline(method, part(own), event, Told(control=part(rows)))
    starts = event.starts().tolist()
    for place in range(len(own)):
        points = [plain.Point(part(own), place)]
        points += [plain.Point(part(rows), each) for each in range(len(rows))]
        days = found.days[place]
        sums = [
            sum(sum(p.on(None, (p.local(starts[0]).date() - d).days, starts)) for d in days)
            for p in points
        ]
        now = [p.now(starts) for p in points[1:]]
        if found.known[place]:
            drawn = [sum(column) for column in zip(*now, strict=True)]
            due = [round(Fraction(each * sums[0], sum(sums[1:]))) for each in drawn]
            assert found.wh[place].tolist() == due
        else:
            assert None in now or not days or not sum(sums[1:])


def test_an_event_day_and_a_holiday_do_not_speak(plain):
    calendar = Calendar("UTC", 3600)
    start = calendar.midnight(date(2026, 6, 1))  # a Monday
    slots = Slots(start, 3600, 24 * 12)
    wh = np.repeat(np.arange(12) * 1000, 24)[None, :]
    every = np.ones(wh.shape, np.bool_)
    event = Slots(start + 11 * 86400 + 17 * 3600, 3600, 2)  # Friday the 12th
    method = TenOfTen(days=2, least_days=2, adjustment=None)
    plain_days = baseline(method, Metered(slots, wh, every), event)
    assert plain_days.days == ((date(2026, 6, 11), date(2026, 6, 10)),)
    assert plain_days.wh.tolist() == [[9500, 9500]]
    odd = {"event_days": frozenset({date(2026, 6, 11)}), "holidays": frozenset({date(2026, 6, 10)})}
    found = baseline(method, Metered(slots, wh, every, "UTC", **odd), event)
    assert found.days == ((date(2026, 6, 9), date(2026, 6, 8)),)
    assert found.wh.tolist() == [[7500, 7500]]


def test_what_is_missing_is_told_and_not_zero():
    slots = Slots(0, 3600, 48)
    metered = Metered(slots, np.full((1, 48), 7), np.ones((1, 48), np.bool_))
    found = baseline(TenOfTen(), metered, Slots(36 * 3600, 3600, 1))
    assert found.reasons == ("1 eligible days, 5 are needed",)
    assert not found.known.any()
    unread = Metered(slots, metered.wh, np.arange(48)[None, :] != 35)
    assert baseline(MeterBefore(minutes=60), unread, Slots(36 * 3600, 3600, 1)).reasons == (
        "readings before the event are missing or suspect",
    )


def test_nominated_is_as_told_and_misfits_are_refused():
    metered = Metered(Slots(0, 3600, 24), np.zeros((1, 24), np.int64), np.ones((1, 24), np.bool_))
    event = Slots(3600, 3600, 2)
    told = Told(nominated_wh=np.array([[5, -6]]))
    assert baseline(Nominated(), metered, event, told).wh.tolist() == [[5, -6]]
    for method, window in (
        (Nominated(), event),
        (ControlGroup(), event),
        (TenOfTen(), Slots(23 * 3600, 3600, 2)),
        (TenOfTen(), Slots(0, 900, 2)),
        (MeterBefore(minutes=50), event),
    ):
        with pytest.raises(ValueError, match=r"needs|within one local day|same step|whole slots"):
            baseline(method, metered, window)


def test_names_carry_versions():
    assert list(METHODS) == [name_of(kind) for kind in map(_any, METHODS.values())]
    assert all(name.endswith(".v1") for name in METHODS)


def _any(kind):
    return kind()
