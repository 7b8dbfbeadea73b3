"""Ways of charging on made-up sessions: limits kept, as much as can be had, nothing foreknown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

POWER_W, SLOT_WH = 4000, 1000
SITES = st.tuples(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(1, 100)),
        min_size=1,
        max_size=9,
    ),
    st.sampled_from([3000, 6000, 9000, 40_000]),
    st.integers(0, 1000),
)


def made(charging, stays):
    """Sessions of (arrival, slots there, share asked for of what could be had [%])."""
    arrive, stay, share = np.array(stays, np.int64).reshape(-1, 3).T
    asked = np.maximum(SLOT_WH * stay * share // 100, 10)
    return charging["sessions"].Sessions(arrive, arrive + stay, asked, POWER_W)


def priced(charging, seed):
    price = np.random.default_rng(seed).uniform(10_000, 90_000, 4 * 96)
    return charging["sessions"].Outlook(price)


def least(sessions, limit_w, price):
    """Most energy [Wh] and the least cost of it [¤], by one linear programme over both."""
    rows, slots = len(sessions.arrive), sessions.slots
    slot = np.arange(slots)
    there = (slot >= sessions.arrive[:, None]) & (slot < sessions.leave[:, None])
    most = np.where(there, SLOT_WH, 0.0).ravel()
    per_car = np.kron(np.eye(rows), np.ones(slots))
    per_slot = np.tile(np.eye(slots), rows)
    above = np.vstack([per_car, per_slot])
    allowed = np.concatenate([sessions.energy_wh, np.full(slots, limit_w / 4)])
    worth = np.tile(price[:slots], rows) * 1e-3 - 1000.0  # so that tolerances are far below prices
    found = linprog(worth, above, allowed, bounds=np.column_stack([0 * most, most]))
    energy = found.x.sum()
    return energy, float(found.fun + 1000 * energy) * 1e-6


@settings(deadline=None, max_examples=40)
@given(SITES)
def test_foresight_has_the_most_energy_at_the_least_cost(charging, site):
    stays, limit_w, seed = site
    sessions, outlook = made(charging, stays), priced(charging, seed)
    answer = charging["plans"].foresighted(sessions, limit_w, outlook)
    figures = charging["sessions"].judged(sessions, limit_w, outlook.price, answer.energy_wh)
    energy, cost = least(sessions, limit_w, outlook.foreseen(sessions.slots))
    at_plan = float(answer.energy_wh.sum(axis=0) @ outlook.foreseen(sessions.slots) * 1e-9)
    assert figures.broken_wh == 0
    assert figures.delivered_wh == pytest.approx(energy, rel=1e-5, abs=0.1)
    assert at_plan == pytest.approx(cost, rel=1e-4, abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(SITES, st.booleans())
def test_rolling_keeps_limits_and_has_no_more_than_foresight(charging, site, soon):
    stays, limit_w, seed = site
    sessions, outlook = made(charging, stays), priced(charging, seed)
    answer = charging["plans"].rolling(sessions, limit_w, outlook, soon=soon)
    figures = charging["sessions"].judged(sessions, limit_w, outlook.price, answer.energy_wh)
    energy, cost = least(sessions, limit_w, outlook.price)
    assert figures.broken_wh == 0
    assert figures.delivered_wh <= energy * (1 + 1e-5) + 0.1
    if limit_w >= POWER_W * len(stays):  # nobody is in anybody's way
        assert figures.short == 0
        assert figures.delivered_wh == pytest.approx(figures.asked_wh)
        assert figures.cost >= cost * (1 - 1e-5)


@settings(deadline=None, max_examples=30)
@given(SITES, st.integers(0, 60), st.booleans())
def test_nothing_is_planned_for_a_car_before_it_comes(charging, site, when, expecting):
    stays, limit_w, seed = site
    outlook = priced(charging, seed)
    expected = made(charging, [(12, 8, 90)]) if expecting else None
    roll = charging["plans"].rolling
    plans = [
        roll(made(charging, cars), limit_w, outlook, expected)
        for cars in (stays, [*stays, (when, 20, 100)])
    ]
    before = [plan.energy_wh[: len(stays), :when] for plan in plans]
    length = min(one.shape[1] for one in before)
    assert np.allclose(before[0][:, :length], before[1][:, :length], atol=1e-6)


def test_a_car_that_has_come_goes_before_one_that_is_expected(charging):
    real, expected = made(charging, [(0, 8, 50)]), made(charging, [(1, 8, 100)])
    outlook = priced(charging, 1)
    answer = charging["plans"].rolling(real, 2000, outlook, expected)
    assert answer.energy_wh.sum() == pytest.approx(4000)


def test_room_is_left_for_a_car_that_is_expected(charging):
    """Both fit only if the first charges before the second comes, dear as that is."""
    sessions = made(charging, [(0, 8, 50), (4, 4, 100)])
    expected = made(charging, [(4, 4, 100)])
    price = np.where(np.arange(4 * 96) < 4, 90_000.0, 10_000.0)
    outlook = charging["sessions"].Outlook(price)
    blind = charging["plans"].rolling(sessions, 4000, outlook).energy_wh
    wary = charging["plans"].rolling(sessions, 4000, outlook, expected).energy_wh
    assert blind[0, :4].sum() == pytest.approx(0, abs=1)
    assert blind.sum() == pytest.approx(4000, abs=1)
    assert wary.sum() == pytest.approx(8000, abs=1)


def test_charging_at_once_takes_full_power_until_all_is_there(charging):
    sessions = made(charging, [(1, 4, 60), (2, 2, 50)])
    expected = [[0, 1000, 1000, 400, 0], [0, 0, 1000, 0, 0]]
    assert charging["plans"].at_once(sessions).energy_wh.tolist() == expected


def test_what_a_car_can_no_longer_have_is_not_asked_for(charging):
    sessions = made(charging, [(0, 8, 100), (5, 4, 50)])
    rows, left = np.array([0, 1]), np.array([7000.0, 2000.0])
    fleet = charging["plans"].fleet_at(sessions, rows, left, 3, 6000)
    cars = fleet.one_way
    assert fleet.slots == 6
    assert (cars.arrive.tolist(), cars.leave.tolist()) == ([0, 2], [5, 6])
    assert cars.energy_wh.tolist() == [5000, 2000]
    assert fleet.zones.import_limit_w == 6000


def test_there_is_something_new_when_cars_come_and_prices_are_published(charging):
    sessions = made(charging, [(7, 120, 10), (60, 5, 10), (7, 3, 10)])
    assert charging["plans"].events(sessions) == [7, 52, 60]
