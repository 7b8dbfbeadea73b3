"""Sessions, their gates and windows, on ordinary days and those on which the clock changes."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Calendar, iso
from gridpact.market.gates import LOOK_AHEAD_S, day_ahead, intraday
from gridpact.registry.model import MarketRules

BERLIN = Calendar("Europe/Berlin", 900)
RULES = MarketRules(13 * 3600, (6 * 3600, 12 * 3600, 18 * 3600), 1800, -500_000, 4_000_000)


@pytest.mark.parametrize(
    ("day", "slots", "gate", "start"),
    [
        ("2026-06-15", 96, "2026-06-14T11:00:00Z", "2026-06-14T22:00:00Z"),
        ("2026-03-29", 92, "2026-03-28T12:00:00Z", "2026-03-28T23:00:00Z"),
        ("2026-03-30", 96, "2026-03-29T11:00:00Z", "2026-03-29T22:00:00Z"),
        ("2026-10-25", 100, "2026-10-24T11:00:00Z", "2026-10-24T22:00:00Z"),
        ("2026-10-26", 96, "2026-10-25T12:00:00Z", "2026-10-25T23:00:00Z"),
    ],
)
def test_the_day_ahead_session(day, slots, gate, start):
    session = day_ahead(RULES, BERLIN, date.fromisoformat(day))
    assert (session.id, session.kind, session.day) == (f"{day}.day-ahead", "day-ahead", day)
    assert session.window.count == slots
    assert iso(session.gate) == gate
    assert iso(session.window.start) == start
    assert session.horizon.start == session.window.start
    assert session.horizon.end == session.window.end + 12 * 3600


@pytest.mark.parametrize(
    ("day", "counts", "first"),
    [
        # 06:30, 12:30 and 18:30 to midnight
        ("2026-06-15", [70, 46, 22], "2026-06-15T04:30:00Z"),
        ("2026-03-29", [70, 46, 22], "2026-03-29T04:30:00Z"),
        ("2026-10-25", [70, 46, 22], "2026-10-25T05:30:00Z"),
    ],
)
def test_sessions_within_the_day(day, counts, first):
    sessions = intraday(RULES, BERLIN, date.fromisoformat(day))
    assert [session.window.count for session in sessions] == counts
    assert [session.id for session in sessions] == [
        f"{day}.intraday-0600", f"{day}.intraday-1200", f"{day}.intraday-1800",
    ]  # fmt: skip
    assert iso(sessions[0].window.start) == first


def test_gates_in_the_night_the_clock_changes():
    night = msgspec.structs.replace(RULES, intraday_gates_s=(9000,), lead_s=0)  # 02:30
    spring = intraday(night, BERLIN, date(2026, 3, 29))[0]
    assert iso(spring.gate) == "2026-03-29T01:30:00Z", "03:30, as much later as the clock skips"
    assert spring.window.count == 92 - 10
    autumn = intraday(night, BERLIN, date(2026, 10, 25))[0]
    assert iso(autumn.gate) == "2026-10-25T00:30:00Z", "the first 02:30"
    assert autumn.window.count == 100 - 10


def test_a_session_that_would_have_no_slot_is_left_out():
    for lead, kept in ((0, 1), (899, 1), (900, 1), (901, 0), (7200, 0)):
        rules = msgspec.structs.replace(RULES, intraday_gates_s=(84_600,), lead_s=lead)  # 23:30
        found = intraday(rules, BERLIN, date(2026, 6, 15))
        assert len(found) == kept, lead
        for session in found:
            assert session.window.end == BERLIN.midnight(date(2026, 6, 16))


ZONES = ["Europe/Berlin", "Australia/Adelaide", "America/St_Johns", "UTC", "Pacific/Apia"]


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    gates=st.lists(st.integers(0, 1439), min_size=1, max_size=4, unique=True),
    lead=st.integers(0, 4 * 3600),
    step=st.sampled_from([300, 900, 1800]),
)
@settings(deadline=None, max_examples=200)
def test_every_session_trades_what_is_left_after_its_lead(zone, day, gates, lead, step):
    calendar = Calendar(zone, step)
    rules = MarketRules(0, tuple(60 * gate for gate in gates), lead, -1, 1)
    whole = calendar.day(day)
    expected = []
    for minute in gates:
        clock = datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001
        gate = int(clock.replace(tzinfo=ZoneInfo(zone)).timestamp())
        free = [start for start in whole.starts().tolist() if start >= gate + lead]
        if free:
            expected.append((gate, free))
    sessions = intraday(rules, calendar, day)
    assert [(s.gate, s.window.starts().tolist()) for s in sessions] == expected
    for session in [*sessions, day_ahead(rules, calendar, day)]:
        assert session.horizon.start == session.window.start
        assert session.window.end == calendar.midnight(day + timedelta(days=1))
        assert session.horizon.end - session.window.end == LOOK_AHEAD_S
        assert session.gate <= session.window.start
    assert len({session.id for session in sessions}) == len(sessions)
