"""Savings: to the nano-¤ against fractions, and what assets do by themselves, by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gridpact.base.errors import NumberOverflow
from gridpact.scheduling.diaries.derivation import changes, power
from gridpact.scheduling.diaries.plain import plain_energy
from gridpact.scheduling.diaries.savings import Tariffs, cost_of, savings_of
from gridpact.scheduling.fleet.assets import (
    Appliance,
    Battery,
    Car,
    Generator,
    GridConnection,
    HeatPump,
    Pv,
    V2gCar,
    build,
)

STEP, SLOTS = 700, 5
POWER = st.lists(
    st.lists(st.integers(-4, 4).map(lambda w: w * 811), min_size=SLOTS, max_size=SLOTS),
    min_size=3,
    max_size=3,
).map(lambda rows: np.array(rows, np.int64))
PRICE = st.lists(st.integers(-900_001, 900_001), min_size=SLOTS, max_size=SLOTS)


@settings(deadline=None, max_examples=200)
@given(POWER, POWER, PRICE, PRICE, st.integers(0, 50_000))
def test_parts_add_up_to_what_fractions_say(made, planned, plain, buy, sell, wear):
    slots = type(made.slots(1))(STEP * 1000, STEP, SLOTS)
    tariffs = Tariffs(np.array([buy]), np.array([sell]), np.array([[wear]]))
    told = changes(planned, slots, made.rest(3))
    assert np.array_equal(power(told, slots, made.rest(3)), planned)
    found = savings_of(told, slots, planned, plain, tariffs)
    for row in range(3):

        def cost(watts):
            prices = [b if w > 0 else s - wear for w, b, s in zip(watts, buy, sell, strict=True)]
            energy = [Fraction(int(w) * STEP, 3600) for w in watts]
            return round(sum(p * e for p, e in zip(prices, energy, strict=True)))

        saved = cost(plain[row]) - cost(planned[row])
        assert found.assets[row] == saved
        mine = np.flatnonzero(told.row == row)
        if len(mine):
            assert found.entries[mine].sum() == saved
        moved = np.abs(planned[row] - plain[row])
        begins = ((told.at_s[mine] - slots.start) // STEP).tolist()
        begins, ends = [0, *begins[1:]], [*begins[1:], SLOTS]
        for place, begin, end in zip(mine, begins, ends, strict=False):
            exact = Fraction(int(saved) * int(moved[begin:end].sum()), max(int(moved.sum()), 1))
            assert abs(int(found.entries[place]) - exact) <= 1


def test_money_beyond_64_bits_is_refused():
    huge = Tariffs(np.full((1, 2), 2**40), np.zeros((1, 2), np.int64), np.zeros((1, 1), np.int64))
    with pytest.raises(NumberOverflow):
        cost_of(np.full((1, 2), 2**30), 900, huge)


HOME = GridConnection("home")


def plain_of(*assets, slots=6, at_once=None):
    return plain_energy(build(slots, 3600, [HOME], list(assets)), at_once).tolist()


def test_cars_charge_as_they_arrive():
    assert plain_of(Car("home", 1, 6, 5_000, 2_000)) == [[0, 2000, 2000, 1000, 0, 0]]


def test_batteries_rest_and_charge_only_as_they_must():
    assert plain_of(Battery("home", 9_000, 3_000, 4_000)) == [[0] * 6]
    late = Battery("home", 9_000, 2_000, 0, terminal_wh=3_000, efficiency=1.0)
    assert plain_of(late) == [[0, 0, 0, 0, 1000, 2000]]


def test_cars_that_feed_back_charge_at_once_where_so_marked():
    car = V2gCar("home", 1, 4, 1_000, 6_000, 9_000, 2_000, efficiency=1.0)
    assert plain_of(car, at_once=np.array([True])) == [[0, 2000, 2000, 1000, 0, 0]]
    assert plain_of(car) == [[0, 1000, 2000, 2000, 0, 0]]


def test_heat_stays_at_the_lower_edge():
    pump = HeatPump("home", 9_000, 3_000, 2_000, draw_wh=600, least_wh=1_000, kept=1.0)
    found = plain_of(pump)[0]
    # 1,000 Wh above the edge last one slot of 600 Wh and two thirds of the next
    assert found == pytest.approx([0, 200 / 3, 200, 200, 200, 200])


def test_solar_gives_all_appliances_start_and_generators_rest():
    solar = Pv("home", np.array([0.0, 5.0, 9.0, 4.0, 0.0, 0.0]))
    washer = Appliance("home", 1, 5, (2_000, 500))
    assert plain_of(solar, washer, Generator("home", 5_000)) == [
        [0, -5, -9, -4, 0, 0], [0, 2000, 500, 0, 0, 0], [0] * 6,
    ]  # fmt: skip


def test_runs_follow_each_other_until_the_horizon_ends():
    fleet = build(6, 3600, [HOME], [Appliance("home", 1, 6, (2_000, 500))] * 3)
    runs = replace(
        fleet.runs,
        times=np.array([2, 2, 3]),
        pause=np.array([0, 1, 2]),
        interruptible=np.array([False, True, False]),
    )
    assert plain_energy(replace(fleet, runs=runs)).tolist() == [
        [0, 2000, 500, 2000, 500, 0], [0, 2000, 2000, 0, 2000, 2000], [0, 2000, 500, 0, 0, 2000],
    ]  # fmt: skip
