"""Hundreds of random fleets: the engine and HiGHS find the same cost, within the gap reported."""

import pytest

from gridpact.scheduling.fleet.solution import Status


@pytest.mark.parametrize("prices", ["any", "flat", "two", "spiky"])
@pytest.mark.parametrize("first", range(0, 45, 15))
def test_assets_that_may_be_mixed(prices, first, fleets, held_to_optimum):
    stopped = 0
    for seed in range(first, first + 15):
        answer, _ = held_to_optimum(*fleets.random_fleet(seed, prices=prices))
        stopped += answer.status is Status.STOPPED
    assert stopped <= 1


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_prices_below_zero(first, fleets, held_to_optimum):
    """Charging and discharging at once could pay; bounds and limits hold, the gap may stay."""
    for seed in range(first, first + 20):
        held_to_optimum(*fleets.random_fleet(seed, prices="negative"))
