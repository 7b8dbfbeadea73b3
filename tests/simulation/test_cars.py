import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Calendar, Slots
from gridpact.simulation.cars import (
    Cars,
    Sessions,
    arrival_draw_wh,
    car_sessions,
    departure_target_wh,
    plugged_slots,
)
from gridpact.simulation.windows import DAY_S, local_seconds

WINTER = Slots(20_454 * DAY_S, 900, 96 * 60)


def fleet(count, charge_w=7400, usable_wh=60_000):
    return Cars(np.full(count, charge_w), np.full(count, usable_wh))


@pytest.fixture(scope="module")
def sessions(berlin):
    return car_sessions(4, fleet(150), berlin, WINTER)


def test_sessions_are_as_measured(sessions):
    hours = (sessions.end_s - sessions.start_s) / 3600
    plug_in = (sessions.start_s + 3600) % DAY_S / 3600  # Berlin in winter
    # The measured plug-in hours are whole hours; ours lie within them.
    np.testing.assert_allclose(
        np.floor(np.quantile(plug_in, (0.25, 0.5, 0.75))), (15, 17, 20), atol=0.5
    )
    np.testing.assert_allclose(
        np.quantile(sessions.trip_wh, (0.5, 0.9)) / 1000, (10.9, 25.7), rtol=0.1
    )
    np.testing.assert_allclose(np.median(hours), 9.1, rtol=0.12)


def test_real_sessions_give_the_row_of_the_table(shared_data):
    import polars as pl

    table = pl.read_parquet(shared_data / "ev_sessions_trondheim_residential.parquet")
    energy = np.quantile(table["energy_kwh"].to_numpy(), (0.5, 0.9))
    np.testing.assert_allclose(energy, (10.9, 25.7), atol=0.06)
    assert abs(np.median(table["duration_h"].to_numpy()) - 9.1) < 0.05
    hour = table["plugin_local"].dt.hour().to_numpy()
    assert np.quantile(hour, (0.25, 0.5, 0.75)).tolist() == [15, 17, 20]


def test_stays_follow_each_other_and_cross_midnight(sessions):
    same = sessions.car[1:] == sessions.car[:-1]
    assert (sessions.start_s[1:][same] > sessions.end_s[:-1][same]).all()
    assert (sessions.end_s - sessions.start_s >= 2700).all()
    midnight = (sessions.start_s + 3600) // DAY_S < (sessions.end_s + 3600) // DAY_S
    assert 0.4 < midnight.mean() < 0.75


def test_trips_can_be_charged_and_held():
    cars = fleet(80, 2300, 24_000)
    made = car_sessions(2, cars, Calendar("UTC", 900), WINTER)
    hours = (made.end_s - made.start_s) / 3600
    assert (made.trip_wh <= 0.7 * 24_000).all()
    assert (made.trip_wh <= 2300 * 0.9 * (hours - 0.5)).all()
    assert (made.trip_wh >= 0).all()


@settings(deadline=None, max_examples=12)
@given(
    seed=st.integers(0, 2**31),
    zone=st.sampled_from(("Europe/Berlin", "Australia/Sydney", "America/New_York")),
    first=st.integers(18_000, 22_000),
    length=st.integers(1, 200),
)
def test_same_in_every_window(seed, zone, first, length):
    calendar, cars = Calendar(zone, 900), fleet(4)
    whole = car_sessions(seed, cars, calendar, Slots((first - 2) * DAY_S, 900, 96 * 7))
    window = Slots(first * DAY_S + 2700, 900, length)
    part = car_sessions(seed, cars, calendar, window)
    touching = (whole.start_s < window.end) & (whole.end_s > window.start)
    for name in ("car", "start_s", "end_s", "trip_wh"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[touching])


@settings(deadline=None, max_examples=30)
@given(
    stays=st.lists(st.tuples(st.integers(-900, 20_000), st.integers(60, 9000)), max_size=4),
    step=st.sampled_from((300, 900, 1800)),
)
def test_slots_against_a_plain_loop(stays, step):
    start = 20_000 * DAY_S
    slots = Slots(start, step, 14_400 // step)
    ordered, clock = [], -10_000
    for begin, length in sorted(stays):
        if begin > clock:
            ordered.append((begin, begin + length))
            clock = begin + length
    begin, end = (np.array([s[k] for s in ordered], dtype=np.int64) + start for k in (0, 1))
    trip = np.arange(1, len(ordered) + 1, dtype=np.int64)
    sessions = Sessions(np.zeros(len(ordered), dtype=np.int64), begin, end, trip)
    plugged = plugged_slots(sessions, 1, slots)[0]
    draw = arrival_draw_wh(sessions, 1, slots)[0]
    target = departure_target_wh(sessions, np.array([500]), slots)[0]
    for position, left in enumerate(slots.starts()):
        inside = [b <= left and left + step <= e for b, e in zip(begin, end, strict=True)]
        assert plugged[position] == any(inside)
        assert draw[position] == trip[(begin >= left) & (begin < left + step)].sum()
        last = [ok and e < left + 2 * step for ok, e in zip(inside, end, strict=True)]
        leaves = [ok and e <= slots.end for ok, e in zip(last, end, strict=True)]
        assert target[position] == (500 if any(leaves) else 0)


def test_helpers_fit_the_window(sessions):
    plugged = plugged_slots(sessions, 150, WINTER)
    target = departure_target_wh(sessions, np.full(150, 48_000), WINTER)
    assert plugged.shape == target.shape == (150, WINTER.count)
    assert plugged[target > 0].all()
    night = local_seconds(Calendar("Europe/Berlin", 900), WINTER) % DAY_S < 4 * 3600
    assert plugged[:, night].mean() > 2.5 * plugged[:, ~night].mean() - 0.6


def test_no_cars(berlin):
    none = car_sessions(1, fleet(0), berlin, WINTER)
    assert len(none.car) == 0
    assert plugged_slots(none, 0, WINTER).shape == (0, WINTER.count)
