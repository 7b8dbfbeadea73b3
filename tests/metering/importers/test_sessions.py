"""Charging sessions: order, impossible rows, what is skipped is listed."""

import pytest

from gridpact.base.errors import BadInput
from gridpact.metering.importers.mapping import SessionMapping
from gridpact.metering.importers.sessions import read_sessions

GOOD = "u,a,b,e\ny,2026-06-15 18:00,2026-06-15 23:00,7.25\nx,2026-06-16 18:00,2026-06-17 07:00,3\n"
BAD = GOOD + (
    "x,2026-06-15 09:00,2026-06-15 08:00,1\n"
    "x,2026-06-17 06:00,2026-06-17 09:00,1\n"
    "y,2026-06-18 09:00,2026-06-18 10:00,\n"
    "y,2026-06-19 09:00,2026-06-19 10:00,-1\n"
)


@pytest.fixture
def sessions(tmp_path):
    def mapped(text, **more):
        path = tmp_path / "s.csv"
        path.write_text(text)
        return SessionMapping(path=str(path), user="u", arrive="a", leave="b", energy="e", **more)

    return mapped


def test_sessions_by_user_and_arrival(sessions):
    found = read_sessions(sessions(GOOD, timezone="Europe/Berlin"))
    assert found.user == ("x", "y")
    assert found.energy_wh.tolist() == [3000, 7250]
    assert (found.leave_s - found.arrive_s).tolist() == [13 * 3600, 5 * 3600]
    assert found.arrive_s[1] == 1_781_539_200  # 16:00 UTC


def test_impossible_rows_are_faults(sessions):
    with pytest.raises(BadInput) as caught:
        read_sessions(sessions(BAD))
    assert [fault.line for fault in caught.value.faults] == [4, 5, 6]
    assert "also the row after it" in caught.value.faults[2].problem


def test_or_they_are_skipped_and_listed(sessions):
    found = read_sessions(sessions(BAD, bad_rows="skip"))
    assert found.user == ("x", "y")
    assert [fault.line for fault in found.skipped] == [4, 5, 6]


def test_what_cannot_be_read_is_never_skipped(sessions):
    text = GOOD + "x,soon,2026-06-17 09:00,much\n"
    with pytest.raises(BadInput) as caught:
        read_sessions(sessions(text, bad_rows="skip", unit="EUR/MWh"))
    assert [fault.where for fault in caught.value.faults] == ["unit", "a", "e"]
    with pytest.raises(BadInput) as caught:
        read_sessions(sessions(text, bad_rows="skip"))
    assert [(fault.line, fault.where) for fault in caught.value.faults] == [(4, "a"), (4, "e")]


def test_local_times_that_occur_twice(sessions):
    text = "u,a,b,e\nx,2026-10-25 02:30,2026-10-25 07:00,3\n"
    with pytest.raises(BadInput, match="occurred twice"):
        read_sessions(sessions(text, timezone="Europe/Berlin"))
    first = read_sessions(sessions(text, timezone="Europe/Berlin", clock_changes="first"))
    second = read_sessions(sessions(text, timezone="Europe/Berlin", clock_changes="second"))
    assert second.arrive_s[0] - first.arrive_s[0] == 3600
