"""Hundreds of random fleets: the engine and HiGHS find the same cost, within the gap reported."""

import pytest

from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.reference.solve import solve as solve_whole

PENALTY = 5_000_000.0
ROUNDING = 1e-7
GAP = 1e-4


def compare(fleet, prices, gap=GAP):
    """Hold the engine to the optimum and to every limit; return its answer."""
    answer = solve(fleet, prices, Options(gap=gap, penalty=PENALTY))
    least = solve_whole(fleet, prices, answer.penalty)
    touch = 1e3 + ROUNDING * abs(least.upper_nano)
    assert answer.lower_nano <= least.upper_nano + touch
    assert answer.upper_nano >= least.lower_nano - touch
    reported = answer.gap * max(abs(answer.lower_nano), abs(answer.upper_nano))
    assert answer.upper_nano - least.upper_nano <= reported + touch
    report = audit(fleet, answer, prices, sample=0)
    assert report.breaches == ()
    if answer.status is Status.OPTIMAL:
        assert answer.gap <= gap * 1.01
        assert not answer.missed
    return answer


@pytest.mark.parametrize("prices", ["any", "flat", "two", "spiky"])
@pytest.mark.parametrize("first", range(0, 60, 20))
def test_assets_that_may_be_mixed(prices, first, fleets):
    stopped = 0
    for seed in range(first, first + 20):
        fleet, tariff = fleets.random_fleet(seed, prices=prices)
        stopped += compare(fleet, tariff).status is Status.STOPPED
    assert stopped <= 1


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_prices_below_zero(first, fleets):
    """Charging and discharging at once could pay; bounds and limits hold, the gap may stay."""
    for seed in range(first, first + 20):
        compare(*fleets.random_fleet(seed, prices="negative"))
