"""Bad input to paths and margins is named, all of it, before anything is solved."""

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.scenarios.here_and_now import plan_over_paths
from gridpact.scheduling.scenarios.margins import (
    CarSamples,
    held,
    with_limit_margins,
    with_need_margins,
)
from gridpact.scheduling.scenarios.paths import Path

CARS = OneWay(np.zeros(2, np.int64), np.arange(2), np.full(2, 4), 500.0, 3_000.0)
FLEET = Fleet(slots=4, step_s=900, zones=Zones(np.array([-1]), 4_000.0, 4_000.0), one_way=CARS)
KNOWN = Path(prices=Prices(np.ones(4)))
SAMPLES = CarSamples(np.zeros((9, 2), np.int64), np.full((9, 2), 4), np.full((9, 2), 400.0))


def refused(call):
    """Places named."""
    with pytest.raises(BadInput) as caught:
        call()
    return {fault.where for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("path", "places"),
    [
        (Path(prices=Prices(np.array([1, 1, np.nan, 1]))), {"paths[1]: prices.buy[2]"}),
        (Path(prices=Prices(np.ones(3))), {"paths[1]: prices.buy"}),
        (
            Path(prices=Prices(np.full(4, np.inf))),
            {f"paths[1]: prices.buy[{n}]" for n in range(4)} | {"paths[1].prices.buy"},
        ),
        (
            Path(prices=Prices(np.ones(4)), forecast_wh=np.ones((1, 4))),
            {"paths[1].forecast_wh"},
        ),
        (
            Path(prices=Prices(np.ones(4)), load_wh=np.full((1, 4), np.inf)),
            {"paths[1]: zones[0].load_wh, slot 0"},
        ),
        (Path(prices=Prices(np.array([1, 2.0, 3.0, 1]))), {"paths[1].prices.buy"}),
    ],
)
def test_paths_are_named_by_number(path, places):
    assert refused(lambda: plan_over_paths(FLEET, [KNOWN, path], [0.5, 0.5], 2)) == places


def test_limits_on_sums_over_slots_are_named():
    limited = msgspec.structs.replace(
        FLEET,
        one_way=msgspec.structs.replace(CARS, budget=np.array([np.inf, 900.0])),
        storage=Storage(np.zeros(1, np.int64), 1e3, 1e3, 1e3, 2e3, throughput_wh=500.0),
    )
    found = refused(lambda: plan_over_paths(limited, [KNOWN], [1.0], 2))
    assert found == {"one_way[1].budget", "storage[0].throughput_wh"}


def test_weights_and_first_slots_are_named_together():
    found = refused(lambda: plan_over_paths(FLEET, [KNOWN], np.array([0.7]), 4))
    assert found == {"first", "weight"}


@pytest.mark.parametrize("share", [0.0, 1.0, -3.0, float("nan")])
def test_a_share_that_is_none_is_named(share):
    assert refused(lambda: with_limit_margins(FLEET, np.zeros((3, 1, 4)), share)) == {"share"}
    assert refused(lambda: with_need_margins(CARS, SAMPLES, share)) == {"share"}


def test_samples_that_are_no_numbers_or_not_of_this_fleet_are_named():
    wrong = CarSamples(SAMPLES.arrive[:, :1], SAMPLES.leave, np.full((9, 2), np.nan))
    assert refused(lambda: with_need_margins(CARS, wrong, 0.9)) == {"arrive", "energy_wh"}
    for errors in (np.zeros((0, 1, 4)), np.zeros((3, 4)), np.full((3, 1, 4), np.nan)):
        assert refused(lambda: with_limit_margins(FLEET, errors, 0.9)) == {"error_wh"}  # noqa: B023
    assert refused(lambda: held(FLEET, np.zeros((1, 4)), np.zeros((3, 2, 4)))) == {"error_wh"}
    plan = np.zeros((2, 4)), wrong
    found = refused(lambda: held(FLEET, np.zeros((1, 4)), np.zeros((3, 1, 4)), plan))
    assert found == {"arrive", "energy_wh"}
