"""When cars are at home: what owners say, what they then do, and what was recorded."""

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridpact.base.slots import Slots
from gridpact.simulation.garage import Garage
from gridpact.simulation.scenarios import load
from gridpact.simulation.scenarios.build import community as build_community
from gridpact.simulation.scenarios.data import read
from gridpact.simulation.scenarios.specs import specs

SCENARIO = """
gridpact: 1
community: {timezone: Europe/Berlin}
run: {from: 2026-03-27, days: 4, seed: 5}
sources:
  cars: {kind: sessions, file: cars.csv, timezone: Europe/Berlin, user_column: u,
         arrive_column: a, leave_column: b, energy_column: e}
members:
  - {id: a, assets: [{id: stated, kind: car, by: "07:30", back: "18:10", trip_kwh: 12}]}
  - id: b
    assets: [{id: recorded, kind: car, sessions: {source: cars, user: x}}]
generate: {homes: 2, prefix: home, car_percent: 100, heat_pump_percent: 100}
"""
CARS = """u,a,b,e
x,2026-03-28 18:05,2026-03-29 07:20,6.5
x,2026-03-29 17:00,2026-03-29 19:00,2
y,2026-03-28 12:00,2026-03-28 13:00,9
"""
BERLIN = ZoneInfo("Europe/Berlin")


def instant(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("garage")
    (folder / "cars.csv").write_text(CARS)
    (folder / "s.yaml").write_text(SCENARIO)
    scenario = load(folder / "s.yaml")
    community = build_community(scenario)

    def garage(seed=5):
        own = specs(scenario).storage
        return Garage(community.storage, own, read(scenario), community.calendar, seed)

    return garage, community


def rows(sessions, car):
    own = sessions.car == car
    return list(
        zip(
            sessions.start_s[own].tolist(),
            sessions.end_s[own].tolist(),
            sessions.trip_wh[own].tolist(),
            strict=True,
        )
    )


def days(calendar, first, last):
    start, end = calendar.midnight(first), calendar.midnight(last)
    return Slots(start, 900, (end - start) // 900)


def test_what_an_owner_says_is_by_the_wall_clock(made):
    garage, community = made
    car = community.storage.ids.index("stated")
    window = days(community.calendar, date(2026, 3, 28), date(2026, 3, 30))
    found = rows(garage().sessions(window, stated=True), car)
    assert found == [
        (instant(f"2026-03-{day} 18:10"), instant(f"2026-03-{day + 1} 07:30"), 12_000)
        for day in (27, 28, 29)
    ]
    assert found[1][1] - found[1][0] == (13 * 60 + 20 - 60) * 60, "a night of an hour less"


def test_recorded_sessions_are_as_they_were(made):
    garage, community = made
    car = community.storage.ids.index("recorded")
    window = days(community.calendar, date(2026, 3, 28), date(2026, 3, 30))
    expected = [
        (instant("2026-03-28 18:05"), instant("2026-03-29 07:20"), 6500),
        (instant("2026-03-29 17:00"), instant("2026-03-29 19:00"), 2000),
    ]
    for stated in (True, False):
        assert rows(garage().sessions(window, stated=stated), car) == expected
    later = days(community.calendar, date(2026, 3, 30), date(2026, 3, 31))
    assert rows(garage().sessions(later, stated=False), car) == []
    # one that only touches is there whole
    night = Slots(instant("2026-03-29 00:00"), 900, 4)
    assert rows(garage().sessions(night, stated=False), car) == expected[:1]


@pytest.mark.parametrize("stated", [True, False])
def test_sessions_of_a_car_do_not_overlap_and_are_in_order(made, stated):
    garage, community = made
    window = days(community.calendar, date(2026, 3, 1), date(2026, 6, 1))
    found = garage().sessions(window, stated=stated)
    cars = [at for at, kind in enumerate(community.storage.kind) if kind == "car"]
    assert sorted(set(found.car.tolist())) == cars
    assert (np.diff(found.car) >= 0).all()
    for car in cars:
        own = rows(found, car)
        assert all(start < end for start, end, _ in own)
        assert all(one[1] <= two[0] for one, two in pairwise(own))
        assert all(0 <= trip <= 0.7 * community.storage.capacity_wh[car] for *_, trip in own)


@pytest.mark.parametrize("stated", [True, False])
def test_the_same_sessions_in_every_window(made, stated):
    garage, community = made
    month = days(community.calendar, date(2026, 3, 15), date(2026, 4, 15))
    whole = garage().sessions(month, stated=stated)
    for day in range(15, 31):
        for part in (96, 3):
            window = Slots(instant(f"2026-03-{day} 00:00") + 9 * 900, 900, part)
            found = garage().sessions(window, stated=stated)
            touching = (whole.start_s < window.end) & (whole.end_s > window.start)
            for name in ("car", "start_s", "end_s", "trip_wh"):
                np.testing.assert_array_equal(
                    getattr(found, name), getattr(whole, name)[touching], f"{name} {day}"
                )


def test_drivers_are_about_as_punctual_and_drive_as_far_as_they_say(made):
    """Off by 20 minutes, never by more than 50; trips keep their mean over many days."""
    garage, community = made
    car = community.storage.ids.index("stated")
    window = days(community.calendar, date(2026, 1, 2), date(2026, 12, 30))
    said, done = (rows(garage().sessions(window, stated=how), car) for how in (True, False))
    assert len(said) == len(done)
    late = np.array([(two[0] - one[0]) / 60 for one, two in zip(said, done, strict=True)])
    early = np.array([(two[1] - one[1]) / 60 for one, two in zip(said, done, strict=True)])
    for off in (late, early):
        assert np.abs(off).max() <= 50
        assert np.std(off) == pytest.approx(20, rel=0.15)
        assert abs(off.mean()) < 4
        assert (off == np.round(off)).all(), "whole minutes"
    trips = np.array([trip for *_, trip in done])
    unused = np.mean(trips == 0)
    assert unused == pytest.approx(0.06, abs=0.04)
    assert trips[trips > 0].mean() == pytest.approx(12_000, rel=0.08)


def test_another_seed_is_another_year(made):
    garage, community = made
    window = days(community.calendar, date(2026, 3, 1), date(2026, 3, 8))
    one, two = (garage(seed).sessions(window, stated=False) for seed in (5, 6))
    assert one.start_s.tolist() != two.start_s.tolist()
