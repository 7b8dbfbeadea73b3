"""Balances of energy: prices that prove at once that a limit must be missed, and never too much."""

import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve

SLOTS, KWH = 24, 1e9
PENALTY = 1e6
"""Of a kWh missed [µ¤]: one ¤, so that a bound of :data:`KWH` nano-¤ is a kWh."""


def street(draw, *, stores=0, homes=1):
    """Cars due more than their street's limit lets through, of which some are there all day."""
    cars = 20
    zone = np.arange(cars) % homes + (homes > 1)
    arrive = draw.integers(0, 8, cars)
    leave = np.where(draw.random(cars) < 0.7, 16, SLOTS)
    parent = np.array([-1] + [0] * homes) if homes > 1 else np.array([-1])
    limit = np.full((len(parent), SLOTS), np.inf)
    limit[0, 2:] = 16_000.0
    storage = Storage(
        zone=np.arange(stores) % homes + (homes > 1),
        lo_wh=np.zeros(stores), hi_wh=np.full(stores, 5e3), charge_w=np.full(stores, 2e3),
        discharge_w=np.full(stores, 2e3), initial_wh=np.full(stores, 1e3),
        efficiency_in=np.full(stores, 0.9),
    )  # fmt: skip
    return Fleet(
        slots=SLOTS,
        step_s=1800,
        zones=Zones(parent=parent, import_limit_w=limit),
        one_way=OneWay(zone, arrive, leave, draw.integers(9, 15, cars) * 1e3, np.full(cars, 11e3)),
        storage=storage if stores else None,
    )


def missed(fleet, **how):
    """What is missed of limits at least and at most [kWh], where nothing else costs anything."""
    options = Options(penalty=PENALTY, raises=0, **how)
    found = solve(fleet, Prices(np.zeros(SLOTS)), options)
    return found.lower_nano / KWH, found.upper_nano / KWH


@pytest.mark.parametrize("homes", [1, 4])
def test_one_round_proves_what_rounds_of_prices_take_long_to_find(homes):
    fleet = street(stream(1, "balances"), homes=homes)
    least = missed(fleet, method="reference")[1]
    assert least > 1
    assert missed(fleet, method="engine", rounds=1)[0] < 0.5 * least
    assert missed(fleet, method="engine", rounds=1, balances=True)[0] == pytest.approx(least)


@pytest.mark.parametrize("seed", range(12))
def test_never_is_more_proven_than_is_missed(seed):
    draw = stream(seed, "balances")
    fleet = street(draw, stores=int(draw.integers(0, 30)), homes=int(draw.choice([1, 3])))
    least = missed(fleet, method="reference")[1]
    for rounds in (1, 200):
        lower, upper = missed(fleet, method="engine", rounds=rounds, balances=True)
        assert lower <= least * (1 + 1e-6) + 1e-6
        assert upper >= least * (1 - 1e-6) - 1e-6
    assert lower >= least * (1 - 2e-3) - 1e-3


def test_where_all_fits_nothing_changes():
    fleet = street(stream(1, "balances"), stores=400)
    assert missed(fleet, method="engine", balances=True) == pytest.approx((0, 0), abs=1e-3)


@pytest.mark.parametrize("told", [2, 4])
def test_begun_from_its_own_answer_cut_short_a_solve_proves_all_that_is_missed(told):
    """No part of the fleet has changed: what is known of it holds at the prices it was asked at."""
    fleet = street(stream(1, "balances"), stores=4)
    free, rounds = Prices(np.zeros(SLOTS)), []
    short = Options(
        method="engine", penalty=PENALTY, progress=rounds.append,
        cancelled=lambda: len(rounds) >= told,
    )  # fmt: skip
    whole = Options(method="engine", penalty=PENALTY)
    again = solve(fleet, free, whole, solve(fleet, free, short))
    least = missed(fleet, method="reference")[1]
    assert least > 1
    assert again.lower_nano / KWH * PENALTY / again.penalty == pytest.approx(least, rel=2e-3)
