"""Every class in one fleet: by the engine alone, and to the gap asked for with HiGHS behind it."""

import msgspec
import numpy as np
import pytest

from gridpact.scheduling.fleet.columns import Generators

PRICES = ("any", "flat", "two", "spiky", "negative")


@pytest.mark.parametrize("prices", PRICES)
def test_the_engine_s_bounds_hold(prices, fleets, held_to_optimum):
    for seed in range(6):
        kinds = (*fleets.CONTINUOUS, "runs", "generators")
        held_to_optimum(*fleets.random_fleet(seed, kinds, prices=prices, slots=(8, 14)))


@pytest.mark.parametrize("prices", PRICES)
def test_small_fleets_are_solved_to_the_gap(prices, fleets, held_to_optimum):
    for seed in range(5):
        kinds = (*fleets.CONTINUOUS, "runs", "generators")
        drawn = fleets.random_fleet(seed, kinds, prices=prices, slots=(8, 12))
        _, apart = held_to_optimum(*drawn, method="auto", gap=1e-3)
        assert apart <= 1e-3


def test_shapes_that_the_engine_does_not_know_fall_through(fleets, held_to_optimum):
    fleet, prices = fleets.random_fleet(1, prices="any", slots=(8, 8), assets=(6, 6))
    steep = Generators(np.zeros(1, int), max_w=4_000.0, min_w=500.0, fuel=150_000.0, ramp_w=900.0)
    fleet = msgspec.structs.replace(fleet, generators=steep, portfolio=None)
    answer, apart = held_to_optimum(fleet, prices, method="auto")
    assert apart <= 1e-6
    assert answer.gap <= 1e-6
