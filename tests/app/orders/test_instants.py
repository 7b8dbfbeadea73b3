"""Instants read as written by a local clock, and back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.app.orders.instants import instant, local

ZONES = ("Europe/Berlin", "UTC", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu")


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(ZONES))
def test_what_is_written_is_read_back(at, zone):
    assert instant(local(at, zone), zone) == at


@settings(deadline=None)
@given(
    st.integers(10**7, 2**32).map(lambda at: datetime.fromtimestamp(at, UTC).replace(tzinfo=None)),
    st.sampled_from(ZONES),
)
def test_a_local_time_is_the_only_instant_that_the_clock_shows_it_at(moment, zone):
    """Search every instant near it, as its clock shows it."""
    guess = int(moment.replace(tzinfo=UTC).timestamp())
    shown = [
        at
        for hour in range(-15, 16)
        for half in (0, 900, 1800, 2700)
        if datetime.fromtimestamp(at := guess + hour * 3600 + half, ZoneInfo(zone)).replace(
            tzinfo=None
        )
        == moment
    ]
    if len(shown) == 1:
        assert instant(moment.isoformat(), zone) == shown[0]
    else:
        with pytest.raises(ValueError, match="comes twice" if shown else "does not exist"):
            instant(moment.isoformat(), zone)


@pytest.mark.parametrize("text", ["", "2026-06-15", "12:00", "2026-06-15T25:00", "x" * 100])
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(ValueError, match=r"no instant|no time of day"):
        instant(text, "UTC")
