"""Calendars, read back by an independent library; events from revision to revision."""

from datetime import UTC, datetime
from itertools import pairwise

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridpact.base.slots import iso
from gridpact.scheduling.diaries.calendar_events import revised, sessions_of
from gridpact.scheduling.diaries.calendar_text import Look, calendar_text, escaped, folded
from gridpact.scheduling.diaries.document import Asking, Diary, Entry, Reason, Window

START = 1_776_895_200  # 2026-04-22T22:00Z, midnight in Berlin
LOOK = Look("Car, home 1", "Europe/Berlin", "EUR")
HOUR = 3600
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=120)


def entry(hour, verb, watts=0, state="automatic", saving=0, reason=None):
    at = START + int(hour * HOUR)
    asking = Asking(iso(at - HOUR), "decline") if state == "asked" else None
    return Entry(
        at=iso(at), verb=verb, target_w=watts, state=state, asking=asking,
        reason=reason or Reason("price"), expected_saving_nano=str(saving),
    )  # fmt: skip


def diary(*entries, begin=0, end=24, power=0, asset="car-1"):
    return Diary(
        asset=asset, issued=iso(START), window=Window(iso(START + begin * HOUR),
        iso(START + end * HOUR)), revision=1, previous=None, begin_power_w=power, entries=entries,
    )  # fmt: skip


def events_of(one, events=(), hour=0.0):
    return revised(events, sessions_of(one), START + int(hour * HOUR))


def read(events, look=LOOK):
    """Events as the library reads them, by identifier."""
    calendar = icalendar.Calendar.from_ical(calendar_text(events, look))
    assert not calendar.errors
    found = {str(one["UID"]): one for one in calendar.walk("VEVENT")}
    assert len(found) == len(events)
    return calendar, found


NIGHT = (
    entry(2, "START CHARGE", 3700, saving=120_000_000, reason=Reason("need", "car-80")),
    entry(3, "REDUCE RATE", 1400, reason=Reason("limit", "feeder-3")),
    entry(5, "STOP CHARGE"),
    entry(18, "SUPPLY", 2000, saving=-10_000_000),
    entry(20, "STOP SUPPLY"),
)


def test_a_calendar_says_when_how_and_why():
    calendar, found = read(events_of(diary(*NIGHT)))
    assert str(calendar["NAME"]) == "Car\\, home 1"  # the library leaves these as they are
    assert str(calendar["X-WR-TIMEZONE"]) == "Europe/Berlin"
    assert calendar["VERSION"] == "2.0"
    charge, supply = found.values()
    assert charge.start == datetime(2026, 4, 23, 0, tzinfo=UTC)
    assert charge.end == datetime(2026, 4, 23, 3, tzinfo=UTC)
    assert charge["DTSTAMP"].dt == datetime.fromtimestamp(START, UTC)
    assert str(charge["SUMMARY"]) == "Charge car-1, 3.7 kW"
    assert str(charge["DESCRIPTION"]).splitlines() == [
        "02:00 +0200 START CHARGE 3.7 kW: need car-80, saves 0.12 EUR",
        "03:00 +0200 REDUCE RATE 1.4 kW: limit feeder-3",
    ]
    assert charge["STATUS"] == "CONFIRMED"
    assert str(supply["SUMMARY"]) == "Supply from car-1, 2 kW"
    assert "costs 0.01 EUR" in supply["DESCRIPTION"]


def test_who_is_asked_sees_until_when_and_what_is_declined_is_not_there():
    asked = entry(2, "START CHARGE", 3700, state="asked")
    refused = entry(18, "SUPPLY", 2000, state="declined")
    one = diary(asked, entry(5, "STOP CHARGE"), refused, entry(20, "STOP SUPPLY"))
    _, found = read(events_of(one))
    (event,) = found.values()
    assert event["STATUS"] == "TENTATIVE"
    assert "answer by 01:00 +0200, or it counts as declined" in event["DESCRIPTION"]


def test_events_keep_their_identifiers_from_revision_to_revision():
    first = events_of(diary(*NIGHT))
    later = diary(
        entry(1.5, "START CHARGE", 3700), entry(6, "STOP CHARGE"), entry(22, "SUPPLY", 2000)
    )
    second = events_of(later, first, 1)
    uids = [one.uid for one in first]
    _, found = read(second)
    assert set(uids) < set(found)
    moved, gone = found[uids[0]], found[uids[1]]
    assert (moved["SEQUENCE"], moved["STATUS"]) == (1, "CONFIRMED")
    assert moved.start == datetime(2026, 4, 22, 23, 30, tzinfo=UTC)
    assert moved["DTSTAMP"].dt == datetime.fromtimestamp(START + HOUR, UTC)
    assert (gone["SEQUENCE"], gone["STATUS"]) == (1, "CANCELLED")
    (new,) = set(found) - set(uids)
    assert found[new]["SEQUENCE"] == 0
    assert "Goes on beyond this diary." in found[new]["DESCRIPTION"]
    back = events_of(diary(*NIGHT), second, 1.2)
    _, found = read(back)
    assert (found[uids[1]]["SEQUENCE"], found[uids[1]]["STATUS"]) == (2, "CONFIRMED")
    assert found[new]["STATUS"] == "CANCELLED"


def test_nothing_changes_where_nothing_changes():
    first = events_of(diary(*NIGHT))
    again = events_of(diary(*NIGHT), first, 0.5)
    assert calendar_text(again, LOOK) == calendar_text(first, LOOK)


def test_what_is_over_stays_and_what_runs_and_is_gone_ends_now():
    first = events_of(diary(*NIGHT))
    over = events_of(diary(begin=6, end=30), first, 6)
    assert over[0] == first[0]
    assert over[1].cancelled
    ended = events_of(diary(begin=4, end=30), first, 4)
    assert ended[0].session.end_s == START + 4 * HOUR
    assert (ended[0].sequence, ended[0].cancelled) == (1, False)


def test_a_session_that_slides_out_of_the_window_keeps_its_beginning():
    first = events_of(diary(*NIGHT))
    slid = diary(entry(5, "STOP CHARGE"), begin=4, end=17, power=1400)
    second = events_of(slid, first, 4)
    assert second[0].session.begin_s == START + 2 * HOUR
    assert second[0] == first[0]
    alone = events_of(slid, (), 4)
    assert alone[0].session.begin_s == START + 4 * HOUR
    assert "Had begun before this diary." in read(alone)[1][alone[0].uid]["DESCRIPTION"]


def test_two_events_that_began_alike_have_two_identifiers():
    events = events_of(diary(*NIGHT))
    moved = diary(entry(3, "START CHARGE", 3700), entry(5, "STOP CHARGE"))
    events = events_of(moved, events, 1)
    both = diary(
        entry(2, "START CHARGE", 900), entry(2.5, "STOP CHARGE"),
        entry(3, "START CHARGE", 3700), entry(5, "STOP CHARGE"),
    )  # fmt: skip
    events = events_of(both, events, 1)
    assert len({one.uid for one in events}) == len(events) == 3
    read(events)


def test_turning_without_a_stop_makes_two_events():
    found = sessions_of(diary(entry(1, "SUPPLY", 500), entry(2, "START CHARGE", 700)))
    assert [(one.direction, one.end_s - one.begin_s) for one in found] == [
        ("supply", HOUR), ("charge", 22 * HOUR),
    ]  # fmt: skip


def test_rates_and_stops_of_what_rests_change_nothing():
    odd = diary(entry(1, "INCREASE RATE", 500), entry(2, "STOP SUPPLY"))
    assert sessions_of(odd) == ()


@pytest.mark.parametrize(
    ("night", "offsets"),
    [(1_792_879_200, ("+0200", "+0100")), (1_774_738_800, ("+0100", "+0200"))],
)
def test_nights_in_which_clocks_change(night, offsets):
    """Berlin, autumn and spring: instants are exact, and texts tell the offset."""
    begin, end = night, night + 6 * HOUR
    one = Diary(
        asset="car-1", issued=iso(night), window=Window(iso(begin), iso(end)), revision=1,
        previous=None, begin_power_w=0,
        entries=(
            Entry(at=iso(night + HOUR), verb="START CHARGE", target_w=1000, state="automatic",
                  reason=Reason("price"), expected_saving_nano="0"),
            Entry(at=iso(night + 4 * HOUR), verb="INCREASE RATE", target_w=2000,
                  state="automatic", reason=Reason("price"), expected_saving_nano="0"),
            Entry(at=iso(night + 5 * HOUR), verb="STOP CHARGE", target_w=0, state="automatic",
                  reason=Reason("price"), expected_saving_nano="0"),
        ),
    )  # fmt: skip
    _, found = read(revised((), sessions_of(one), night))
    (event,) = found.values()
    assert (event.end - event.start).total_seconds() == 4 * HOUR
    assert event.start == datetime.fromtimestamp(night + HOUR, UTC)
    lines = str(event["DESCRIPTION"]).splitlines()
    assert [line.split()[1] for line in lines] == list(offsets)


@settings(deadline=None, max_examples=200)
@given(TEXT)
def test_texts_survive_folding_and_escaping(text):
    line = f"SUMMARY:{escaped(text)}"
    written = folded(line)
    assert written.endswith(b"\r\n")
    for piece in written.split(b"\r\n"):
        assert len(piece) <= 75
        piece.decode("utf-8")
    assert written.replace(b"\r\n ", b"")[:-2].decode("utf-8") == line
    frame = b"BEGIN:VEVENT\r\n%sEND:VEVENT\r\n" % written
    assert str(icalendar.Event.from_ical(frame)["SUMMARY"]) == text


def test_lines_and_separators_are_escaped():
    assert escaped("a;b,c\\d\ne\x07") == "a\\;b\\,c\\\\d\\ne"


HOURS = st.lists(st.integers(0, 23), min_size=0, max_size=6, unique=True).map(sorted)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(HOURS, st.integers(0, 12)), min_size=1, max_size=4))
@example([([0], 0), ([1], 0), ([0, 1], 0)])
def test_sequences_never_fall_and_identifiers_never_go(revisions):
    events, now = (), 0
    for hours, later in revisions:
        now = min(now + later, 23)
        told = [
            entry(hour, "STOP CHARGE" if place % 2 else "START CHARGE", 0 if place % 2 else 500)
            for place, hour in enumerate(hours)
        ]
        following = events_of(diary(*told), events, now)
        before = {one.uid: one for one in events}
        after = {one.uid: one for one in following}
        assert set(before) <= set(after)
        assert len(after) == len(following)
        for uid, one in before.items():
            assert after[uid] == one or after[uid].sequence == one.sequence + 1
        live = [one.session for one in following if not one.cancelled]
        wanted = sessions_of(diary(*told))
        assert all(one in live for one in wanted)
        read(following)
        events = following
    assert all(a.session.begin_s <= b.session.begin_s for a, b in pairwise(events))
