"""Metering's room: what is taken, what is refused and why, and how days close."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.kernel.messages import Later
from gridpact.metering.handlers import Metering
from gridpact.metering.messages import DayClosed, DayMetered, ReadingsReceived, ReadingsRefused
from gridpact.registry.messages import CommunityOpened

DAY = date(2026, 6, 15)
MEMBERS, CUTOFF = 3, 7200
EVERYBODY = (True,) * MEMBERS


@pytest.fixture(scope="module")
def community(small_community):
    return small_community(MEMBERS)


@pytest.fixture(scope="module")
def slots(community):
    return community.calendar.day(DAY)


@pytest.fixture
def room(community):
    return Metering(community).room()


def tell(room, state, message, now):
    return room.handlers[type(message)](state, message, now)


@pytest.fixture
def state(room, community):
    message = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="x")
    return tell(room, room.state, message, 0)[0]


def reading(slot, withdrawal, injection=(0, 0, 0), present=EVERYBODY):
    return ReadingsReceived(
        slot=slot,
        withdrawal_wh=np.array(withdrawal),
        injection_wh=np.array(injection),
        present=np.array(present),
    )


def reasons(outs):
    if not outs:
        return {}
    (message,) = outs
    assert isinstance(message, ReadingsRefused)
    return dict(zip(message.rows.tolist(), message.reasons, strict=True))


def close(room, state, day):
    message = DayClosed(day=str(day), slots=room_calendar(room).day(day))
    return tell(room, state, message, message.slots.end + CUTOFF)


def room_calendar(room):
    return room.handlers[DayClosed].__self__._calendar


def test_the_first_cut_off_comes_after_the_first_day(room, community, slots):
    message = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="x")
    _, (later,) = tell(room, room.state, message, 5)
    assert later == Later(slots.end + CUTOFF, DayClosed(day=str(DAY), slots=slots))


def test_a_reading_counts_once_its_slot_is_over(room, state, slots):
    early = reading(slots.start, [1, 2, 3])
    after, outs = tell(room, state, early, slots.start + 899)
    assert reasons(outs) == dict.fromkeys(range(3), "unknown-slot")
    assert after == state
    after, outs = tell(room, state, early, slots.start + 900)
    assert outs == []
    assert after != state


@pytest.mark.parametrize("slot", [-900, 1, 450, 899, 96 * 900])
def test_slots_that_are_none_are_unknown(room, state, slots, slot):
    now = slots.start + 40 * 900
    after, outs = tell(room, state, reading(slots.start + slot, [1, 2, 3]), now)
    assert reasons(outs) == dict.fromkeys(range(3), "unknown-slot")
    assert after == state


def test_each_meter_is_judged_by_itself(room, state, slots):
    now = slots.start + 1800
    state, outs = tell(
        room, state, reading(slots.start, [5, 6, 7], present=(True, True, False)), now
    )
    assert outs == []
    again = reading(slots.start, [5, 8, 9], [0, 0, 4])
    state, outs = tell(room, state, again, now)
    assert reasons(outs) == {0: "duplicate", 1: "conflict"}
    state, outs = tell(room, state, again, now + 1)
    assert reasons(outs) == {0: "duplicate", 1: "conflict", 2: "duplicate"}
    _, (metered, _) = close(room, state, DAY)
    assert metered.withdrawal_wh[:, 0].tolist() == [5, 6, 9]
    assert metered.injection_wh[:, 0].tolist() == [0, 0, 4]


@pytest.mark.parametrize(("withdrawal", "injection"), [(-1, 0), (0, -1), (-5, -5)])
def test_no_register_runs_backwards(room, state, slots, withdrawal, injection):
    message = reading(slots.start, [withdrawal, 4, 4], [injection, 0, 0])
    state, outs = tell(room, state, message, slots.start + 900)
    assert reasons(outs) == {0: "negative"}
    _, (metered, _) = close(room, state, DAY)
    assert metered.estimated[:, 0].tolist() == [True, False, False]


def test_those_who_are_not_present_are_neither_taken_nor_refused(room, state, slots):
    message = reading(slots.start + 7, [-1, -1, -1], present=(False,) * 3)
    assert tell(room, state, message, slots.start + 900) == (state, [])


def test_late_readings_count_until_the_cut_off_and_not_after(room, state, slots):
    before_cutoff = slots.end + CUTOFF - 1
    late = reading(slots.start, [9, 9, 9], present=(True, False, False))
    state, outs = tell(room, state, late, before_cutoff)
    assert outs == []
    state, outs = tell(room, state, late, before_cutoff)
    assert reasons(outs) == {0: "duplicate"}
    state, (metered, _) = close(room, state, DAY)
    assert not metered.estimated[0, 0]
    too_late = reading(slots.start + 900, [9, 9, 9])
    after, outs = tell(room, state, too_late, slots.end + CUTOFF)
    assert reasons(outs) == dict.fromkeys(range(3), "too-late")
    assert after == state
    fine = reading(slots.end, [9, 9, 9])
    assert tell(room, state, fine, slots.end + CUTOFF)[1] == []


def test_days_close_in_order_with_the_slots_the_clock_gives_them(small_community):
    community = small_community(1)
    room = Metering(community).room()
    message = CommunityOpened(community=community, seed=1, first_day="2026-03-28", gridpact="x")
    state, (later,) = tell(room, room.state, message, 0)
    seen = []
    for _ in range(4):
        before, closed = later.at, later.message
        state, (metered, later) = tell(room, state, closed, before)
        assert isinstance(metered, DayMetered)
        assert metered.day == closed.day
        assert before == closed.slots.end + CUTOFF
        seen.append((metered.day, metered.withdrawal_wh.shape[1]))
    assert seen == [("2026-03-28", 96), ("2026-03-29", 92), ("2026-03-30", 96), ("2026-03-31", 96)]


def test_a_member_that_never_reported_is_all_estimate(room, state, slots):
    for start in slots.starts().tolist():
        message = reading(start, [4, 5, 6], present=(True, True, False))
        state, _ = tell(room, state, message, start + 900)
    state, (metered, _) = close(room, state, DAY)
    assert metered.estimated[2].all()
    assert not metered.estimated[:2].any()
    assert metered.method == "linear.v1"
    assert state.slots == {}, "what is settled is not kept"


def test_readings_of_the_next_day_outlive_the_cut_off(room, state, slots):
    state, _ = tell(room, state, reading(slots.end, [1, 2, 3]), slots.end + 900)
    state, _ = close(room, state, DAY)
    _, (metered, _) = close(room, state, date(2026, 6, 16))
    assert metered.withdrawal_wh[:, 0].tolist() == [1, 2, 3]
    assert not metered.estimated[:, 0].any()
    assert metered.estimated[:, 1:].all()


PART = st.tuples(
    st.integers(0, 5),  # slot
    st.lists(st.integers(-1, 3), min_size=MEMBERS, max_size=MEMBERS),
    st.lists(st.booleans(), min_size=MEMBERS, max_size=MEMBERS),
    st.integers(0, 7),  # instant, in slots
)


@given(parts=st.lists(PART, max_size=25))
@settings(deadline=None, max_examples=120)
def test_any_stream_of_readings_against_a_plain_book(parts, community):
    """The first sound value of each meter and slot is in force, whatever comes before or after."""
    room, first = Metering(community).room(), community.calendar.midnight(DAY)
    opened = CommunityOpened(community=community, seed=1, first_day=str(DAY), gridpact="x")
    state, _ = tell(room, room.state, opened, 0)
    book = {}
    for slot, values, present, instant in parts:
        expected = {}
        for row in range(MEMBERS):
            if not present[row]:
                continue
            held = book.get((row, slot))
            if slot >= instant:
                expected[row] = "unknown-slot"
            elif values[row] < 0:
                expected[row] = "negative"
            elif held is not None:
                expected[row] = "duplicate" if held == values[row] else "conflict"
            else:
                book[row, slot] = values[row]
        message = reading(first + slot * 900, values, present=present)
        state, outs = tell(room, state, message, first + instant * 900)
        assert reasons(outs) == expected
    _, (metered, _) = close(room, state, DAY)
    for (row, slot), value in book.items():
        assert metered.withdrawal_wh[row, slot] == value
    known = np.argwhere(~metered.estimated).tolist()
    assert sorted(map(tuple, known)) == sorted(book)
