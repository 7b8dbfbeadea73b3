"""Sessions as they are read, prices as they become known, and schedules held against limits."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def two(charging):
    """Two cars: the first in slots 0 and 1, the second in slots 1 to 3."""
    columns = (np.array(values) for values in ([0, 1], [2, 4], [1000, 2000]))
    return charging["sessions"].Sessions(*columns, power_w=4000)


def test_cars_count_as_there_in_slots_they_are_plugged_in_all_along(
    charging, tmp_path, monkeypatch
):
    sessions = charging["sessions"]
    day = datetime(2019, 5, 6)  # noqa: DTZ001 - the file has the clock of the site
    rows = [
        ("10:01", "11:14", 1.5),  # four slots, 10:15 to 11:00 and the quarter after
        ("09:00", "09:30", 9.0),  # asks for more than half an hour gives at 7 kW
        ("12:01", "12:29", 1.0),  # no slot from end to end
        ("13:00", "14:00", 0.0),  # asks for nothing
    ]
    at = [[day.replace(hour=int(t[:2]), minute=int(t[3:])) for t in row[:2]] for row in rows]
    pl.DataFrame(
        {
            "session_ID": range(4),
            "plugin_local": [one[0] for one in at],
            "plugout_local": [one[1] for one in at],
            "energy_kwh": [row[2] for row in rows],
        }
    ).write_parquet(tmp_path / sessions.SESSIONS)
    monkeypatch.setattr(sessions, "FOLDER", tmp_path)
    found = sessions.measured(day.replace(tzinfo=sessions.CLOCK), 7000)
    assert found.arrive.tolist() == [36, 41]
    assert found.leave.tolist() == [38, 44]
    assert found.energy_wh.tolist() == [3500, 1500]
    assert found.from_day(0, 1).slots == 44
    assert len(found.from_day(1, 1).arrive) == 0


def test_prices_are_those_of_the_hour_in_the_clock_of_the_site(charging, tmp_path, monkeypatch):
    sessions = charging["sessions"]
    hours = pl.datetime_range(
        datetime(2019, 5, 5, tzinfo=UTC),
        datetime(2019, 5, 7, tzinfo=UTC),
        "1h",
        eager=True,
    )
    table = pl.DataFrame({"timestamp_utc": hours, "zone": np.arange(len(hours), dtype=np.float32)})
    table.write_parquet(tmp_path / sessions.PRICES)
    monkeypatch.setattr(sessions, "FOLDER", tmp_path)
    midnight = datetime(2019, 5, 6, tzinfo=sessions.CLOCK)  # two hours ahead of UTC
    found = sessions.day_ahead("zone", midnight, 6)
    assert found.price.tolist() == [22_000] * 4 + [23_000] * 2


def test_what_is_missing_is_named(charging, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(charging["sessions"], "FOLDER", tmp_path)
    charging["peer"].main([])
    said = capsys.readouterr().out
    assert charging["sessions"].SESSIONS in said
    assert charging["sessions"].PRICES in said
    assert "set GRIDPACT_DATA" in said
    assert len(said.splitlines()) == 1


@settings(deadline=None, max_examples=60)
@given(now=st.integers(0, 3 * 96 - 1), length=st.integers(1, 200), seed=st.integers(0, 99))
def test_no_price_is_known_before_it_is_published(charging, now, length, seed):
    price = np.random.default_rng(seed).normal(40_000, 20_000, 6 * 96)
    outlook = charging["sessions"].Outlook(price)
    seen = outlook.seen(now, length)
    known = 96 * (now // 96 + (2 if now % 96 >= 52 else 1))
    changed = price.copy()
    changed[known:] += 1e9
    later = charging["sessions"].Outlook(changed)
    assert np.array_equal(seen, later.seen(now, length))
    ahead = min(length, known - now)
    assert np.allclose(seen[:ahead], price[now : now + ahead] + np.arange(ahead))


@pytest.mark.parametrize(
    ("energy", "broken"),
    [
        ([[1000, 0, 0, 0], [0, 500, 750, 750]], 0),
        ([[0, 1000, 0, 0], [0, 500, 750, 750]], 250),  # 1,500 Wh where the site lets 1,250 through
        ([[1000, 0, 0, 0], [0, 250, 1000, 1100]], 100 + 350),  # more than power, and than asked for
        ([[500, 250, 250, 0], [0, 0, 0, 0]], 250),  # after it has left
        ([[1000, -50, 50, 0], [0, 0, 0, 0]], 50 + 50),  # feeds back, and takes after it has left
    ],
)
def test_every_limit_is_held_against_a_schedule(charging, two, energy, broken):
    energy = np.array(energy, np.float64)
    figures = charging["sessions"].judged(two, 5000, np.full(4, 2e5), energy)
    assert figures.broken_wh == pytest.approx(broken)
    assert figures.cost == pytest.approx(energy.sum() * 2e-4)
    assert figures.delivered_wh == energy.sum()
    assert figures.asked_wh == 3000
    assert figures.short == int(np.sum(two.energy_wh - energy.sum(axis=1) > 50))
    assert figures.peak_w == 4 * energy.sum(axis=0).max()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), min_size=1, max_size=25))
def test_no_charging_point_has_two_cars_and_none_is_left_over(charging, stays):
    arrive, stay = np.array(stays).T
    cars = charging["sessions"].Sessions(arrive, arrive + stay, np.ones(len(stays), np.int64), 7000)
    point, slot = charging["sessions"].stations(cars), np.arange(60)
    there = (slot >= arrive[:, None]) & (slot < cars.leave[:, None])
    for one in np.unique(point):
        assert there[point == one].sum(axis=0).max() == 1
    assert point.max() + 1 == there.sum(axis=0).max()
