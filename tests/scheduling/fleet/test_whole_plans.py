"""Fleets of appliances, generators, storage with least powers: every asset has one plan, whole.

In so small a fleet a plan more or less matters much, so the gap reported may be wide.
"""

import pytest

PRICES = ("any", "flat", "two", "spiky", "negative")


@pytest.mark.parametrize("kind", ["runs", "generators"])
@pytest.mark.parametrize("prices", PRICES)
def test_bounds_hold(kind, prices, fleets, held_to_optimum):
    for seed in range(8):
        held_to_optimum(*fleets.random_fleet(seed, (kind,), prices=prices, slots=(8, 14)))


@pytest.mark.parametrize("prices", PRICES)
def test_least_powers_and_steps(prices, fleets, held_to_optimum):
    for seed in range(4):
        kinds = ("one_way", "stepped")
        drawn = fleets.random_fleet(seed, kinds, prices=prices, slots=(8, 10), assets=(2, 6))
        held_to_optimum(*drawn)
