"""Devices obey physics: no energy is made, no bound is broken, whatever the set-points."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.simulation.devices import Physics, alone, curtailed, drifted, move

SHARE = st.floats(0.5, 1.0) | st.sampled_from([1.0, 0.9, 0.95, 0.5])
WH = st.integers(0, 30) | st.integers(0, 60_000) | st.just(0)


@st.composite
def cases(draw):
    count = draw(st.integers(1, 6))

    def wh(elements=WH):
        return draw(arrays(np.int64, count, elements=elements))

    def share():
        return np.array(draw(st.lists(SHARE, min_size=count, max_size=count)))

    capacity = wh()
    floor = wh() % (capacity + 1)
    state = wh() % (capacity + 1)
    physics = Physics(wh(), wh(), capacity, floor, wh(), share(), share(), share())
    return state, wh(st.integers(-50, 60_000)), wh(st.integers(-50, 60_000)), physics


def exact_after(state, moved, physics, row):
    """Stored energy after the slot before rounding and before what is unmet, in fractions."""
    return (
        Fraction(float(physics.kept[row])) * int(state[row])
        + Fraction(float(physics.efficiency_in[row])) * int(moved.charge_wh[row])
        - Fraction(int(moved.discharge_wh[row])) / Fraction(float(physics.efficiency_out[row]))
        - int(physics.draw_wh[row])
    )


TINY = Fraction(1, 10**6)


@given(cases())
@settings(deadline=None, max_examples=500)
def test_energy_is_conserved_within_a_watt_hour_and_never_made(case):
    state, charge, discharge, physics = case
    moved = move(state, charge, discharge, physics)
    for row in range(len(state)):
        balance = exact_after(state, moved, physics, row) + int(moved.unmet_wh[row])
        lost = balance - int(moved.state_wh[row])
        assert -TINY <= lost < 1 + TINY


@given(cases())
@settings(deadline=None, max_examples=500)
def test_no_bound_is_broken(case):
    state, charge, discharge, physics = case
    moved = move(state, charge, discharge, physics)
    assert ((moved.charge_wh >= 0) & (moved.charge_wh <= physics.charge_max_wh)).all()
    assert ((moved.discharge_wh >= 0) & (moved.discharge_wh <= physics.discharge_max_wh)).all()
    assert (moved.charge_wh <= np.maximum(charge, 0)).all()
    assert (moved.discharge_wh <= np.maximum(discharge, 0)).all()
    assert ((moved.state_wh >= 0) & (moved.state_wh <= physics.capacity_wh)).all()
    assert not ((moved.charge_wh > 0) & (moved.discharge_wh > 0)).any()
    gave = moved.discharge_wh > 0
    assert (moved.state_wh[gave] >= physics.floor_wh[gave]).all()
    assert (moved.unmet_wh >= 0).all()
    assert (moved.state_wh[moved.unmet_wh > 0] == 0).all(), "unmet only when empty"
    assert (moved.unmet_wh <= physics.draw_wh).all()


@given(cases())
@settings(deadline=None, max_examples=200)
def test_set_points_are_followed_as_far_as_they_can_be(case):
    """One Wh more would break a bound: devices are limited by physics and by nothing else."""
    state, charge, discharge, physics = case
    moved = move(state, charge, discharge, physics)
    for row in range(len(state)):
        stored = exact_after(state, moved, physics, row)
        if moved.charge_wh[row] < min(charge[row], physics.charge_max_wh[row]):
            given = int(moved.discharge_wh[row]) / Fraction(float(physics.efficiency_out[row]))
            more = stored + given + Fraction(float(physics.efficiency_in[row]))
            assert more > int(physics.capacity_wh[row]) - TINY, "it would overflow"
        if moved.charge_wh[row] == 0 and moved.discharge_wh[row] < min(
            discharge[row], physics.discharge_max_wh[row]
        ):
            less = stored - 1 / Fraction(float(physics.efficiency_out[row]))
            assert less < int(physics.floor_wh[row]) + TINY, "it would go below the floor"


def one(state, charge=0, discharge=0, **bounds):
    values = {
        "charge_max_wh": 1000,
        "discharge_max_wh": 1000,
        "capacity_wh": 5000,
        "floor_wh": 0,
        "draw_wh": 0,
        "efficiency_in": 1.0,
        "efficiency_out": 1.0,
        "kept": 1.0,
        **bounds,
    }
    moved = move(
        np.array([state]),
        np.array([charge]),
        np.array([discharge]),
        Physics(**{name: np.array([value]) for name, value in values.items()}),
    )
    return tuple(
        int(part[0])
        for part in (moved.charge_wh, moved.discharge_wh, moved.state_wh, moved.unmet_wh)
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"state": 1000, "charge": 500}, (500, 0, 1500, 0)),
        ({"state": 1000, "charge": 500, "efficiency_in": 0.9}, (500, 0, 1450, 0)),
        ({"state": 1000, "discharge": 500, "efficiency_out": 0.9}, (0, 500, 444, 0)),
        ({"state": 4900, "charge": 500}, (100, 0, 5000, 0)),
        ({"state": 300, "discharge": 500, "floor_wh": 200}, (0, 100, 200, 0)),
        ({"state": 100, "discharge": 500, "floor_wh": 200}, (0, 0, 100, 0)),
        # a draw comes first, before discharging, and may take what is charged at the same time
        ({"state": 500, "discharge": 500, "draw_wh": 400}, (0, 100, 0, 0)),
        ({"state": 5000, "charge": 800, "draw_wh": 600}, (600, 0, 5000, 0)),
        ({"state": 100, "charge": 200, "draw_wh": 350}, (200, 0, 0, 50)),
        ({"state": 100, "draw_wh": 350, "floor_wh": 100}, (0, 0, 0, 250)),
        # told to do both, it charges; while full it may give
        ({"state": 1000, "charge": 5, "discharge": 500}, (5, 0, 1005, 0)),
        ({"state": 5000, "charge": 5, "discharge": 500}, (0, 500, 4500, 0)),
        # away: nothing in, nothing out, and the trip still takes its energy
        (
            {"state": 900, "charge": 5, "discharge": 5, "charge_max_wh": 0, "discharge_max_wh": 0,
             "draw_wh": 300},
            (0, 0, 600, 0),
        ),
        ({"state": 1000, "kept": 0.5}, (0, 0, 500, 0)),
        ({"state": 999, "kept": 0.5}, (0, 0, 499, 0)),
        # 0.1 + 0.2 and the like: a whole Wh is not lost to the error of a float
        ({"state": 0, "charge": 30, "efficiency_in": 0.1}, (30, 0, 3, 0)),
        ({"state": 3, "discharge": 9, "efficiency_out": 1.0, "floor_wh": 3}, (0, 0, 3, 0)),
    ],
)  # fmt: skip
def test_by_hand(case, expected):
    assert one(**case) == expected


def test_alone_batteries_rest_and_all_else_fills_up():
    physics = Physics(
        charge_max_wh=np.array([1000, 1000, 1000, 0]),
        discharge_max_wh=np.array([1000] * 4),
        capacity_wh=np.array([5000] * 4),
        floor_wh=np.zeros(4, np.int64),
        draw_wh=np.zeros(4, np.int64),
        efficiency_in=np.ones(4),
        efficiency_out=np.ones(4),
        kept=np.ones(4),
    )
    battery = np.array([True, False, False, False])
    charge, discharge = alone(battery, np.array([0, 100, 5000, 100]), physics)
    assert charge.tolist() == [0, 1000, 0, 0]
    assert not discharge.any()


def test_drift_is_relative_and_never_negative():
    found = drifted(np.array([1000, 1000, 0, 10]), np.array([0.05, -0.3, 0.5, -2.0]))
    assert found.tolist() == [1050, 700, 0, 0]


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_curtailment_takes_what_is_there_from_the_members_own_plants(data):
    members, plants = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 6))
    owner = data.draw(arrays(np.int64, plants, elements=st.integers(0, members - 1)))
    made = data.draw(arrays(np.int64, plants, elements=WH))
    cut = data.draw(arrays(np.int64, members, elements=WH))
    before = (made.copy(), cut.copy())
    left = curtailed(made, owner, cut)
    assert ((left >= 0) & (left <= made)).all()
    for member in range(members):
        own = owner == member
        assert made[own].sum() - left[own].sum() == min(int(cut[member]), int(made[own].sum()))
        touched = [plant for plant in np.flatnonzero(own) if left[plant] < made[plant]]
        for plant in touched[:-1]:  # first plants first: all but the last are down to nothing
            assert left[plant] == 0
    np.testing.assert_array_equal(made, before[0])
    np.testing.assert_array_equal(cut, before[1])
