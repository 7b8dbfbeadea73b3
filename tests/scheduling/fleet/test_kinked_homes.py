"""Homes that sell dearer than they buy: searches as fine as the gap asks, cut short in time."""

from functools import cache
from time import process_time

import msgspec
import numpy as np
import pytest

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet import home_programme
from gridpact.scheduling.fleet.assets import Battery, Car, GridConnection, build
from gridpact.scheduling.fleet.columns import Portfolio, Prices
from gridpact.scheduling.fleet.home_programme import NEAR
from gridpact.scheduling.fleet.meters import meters_of
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.prepare import prepare
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.reference.highs import Search, minimise

BONUS = 30_000  # µ¤/kWh by which selling earns more than buying costs


def village(homes=5, slots=96, import_w=np.inf, seed=1):
    """Homes of a car and a battery, some with solar, below a feeder."""
    draw = stream(seed, "kinked", homes)
    step_s = 86_400 // slots
    hours, clock = step_s / 3600, np.arange(slots) * 24 / slots
    sun = np.maximum(np.sin((clock - 6) / 12 * np.pi), 0)
    points, assets = [GridConnection("feeder", import_w=import_w)], []
    for home in (f"home {number}" for number in range(homes)):
        load = draw.uniform(100, 600, slots) - draw.choice([0, 3_000]) * sun
        points.append(GridConnection(home, parent="feeder", load_wh=load * hours))
        arrive = int(draw.integers(0, slots // 2))
        leave = int(draw.integers(arrive + slots // 6, slots + 1))
        most = 11_000 * (leave - arrive) * hours
        assets.append(Car(home, arrive, leave, float(draw.uniform(2_000, 0.6 * most)), 11_000))
        size = float(draw.uniform(5_000, 14_000))
        assets.append(Battery(home, size, 5_000, size * 0.4, size * 0.3, wear=10_000.0))
    buy = 200_000 + 90_000 * np.cos((clock - 19) / 12 * np.pi) + draw.normal(0, 10_000, slots)
    sell = np.tile(buy, (homes + 1, 1))
    sell[1:] += BONUS
    return build(slots, step_s, points, assets), Prices(buy, sell)


@cache
def optimum(*asked):
    return solve(*village(*asked), Options(method="reference", gap=1e-7))


def programmes(gap, slots=24):
    fleet, prices = village(3, slots)
    return prepare(fleet, meters_of(fleet, prices), 4, gap).groups.homes.programmes


def holds(fleet, prices, solution):
    found = audit(fleet, solution, prices)
    assert found.breaches == ()
    assert found.proven_nano is not None


def bounds_agree(answer, best):
    touch = 1e-6 * abs(best.upper_nano)
    assert answer.lower_nano <= best.upper_nano + touch
    if not answer.missed:  # else at another penalty
        assert answer.upper_nano >= best.lower_nano - touch


@pytest.mark.parametrize("method", ["auto", "engine"])
def test_five_homes_are_planned_within_seconds(method):
    fleet, prices = village()
    begun = process_time()
    answer = solve(fleet, prices, Options(method=method, gap=1e-3))
    assert process_time() - begun < 20
    assert answer.status is Status.OPTIMAL
    assert answer.gap <= 1e-3
    bounds_agree(answer, optimum())


@pytest.mark.parametrize("looks", [0, 3, 25])
@pytest.mark.parametrize("method", ["auto", "engine", "reference"])
def test_a_cancelled_search_leaves_valid_bounds_and_plans(method, looks):
    asked = (3, 24, 8_000.0)
    fleet, prices = village(*asked)
    calls = []
    options = Options(
        method=method, gap=1e-6, cancelled=lambda: bool(calls.append(0)) or len(calls) > looks
    )
    answer, best = solve(fleet, prices, options), optimum(*asked)
    assert not best.missed
    holds(fleet, prices, answer)
    bounds_agree(answer, best)


def test_a_limit_that_binds_is_handed_to_the_reference_after_few_rounds():
    asked = (3, 24, 8_000.0)
    heard = []
    answer = solve(*village(*asked), Options(gap=1e-3, progress=heard.append))
    assert answer.status is Status.OPTIMAL
    assert len(heard) <= 5
    assert abs(answer.upper_nano / optimum(*asked).upper_nano - 1) <= 1.01e-3


def test_a_solve_begun_from_a_hasty_one_proves_its_gap():
    fleet, prices = village(3, 24)
    hasty = solve(fleet, prices, Options(method="engine", cancelled=lambda: True))
    assert hasty.status is Status.STOPPED
    warm = solve(fleet, prices, Options(method="engine", gap=1e-4), warm=hasty)
    assert warm.gap <= 1e-4
    holds(fleet, prices, warm)


@pytest.mark.parametrize("gap", [0.3, 1e-2, 1e-6, 0.0])
def test_answers_are_within_what_their_bounds_say(gap):
    draw = stream(2, "kinked", "answers")
    for home in programmes(gap):
        assert home.within >= NEAR
        for _ in range(3):
            prices = home.buy + draw.normal(0, 0.05, len(home.buy))
            answer = home.answer(prices)
            cost = answer.own_cost + float(prices @ answer.energy)
            arrays = msgspec.structs.replace(home.arrays, cost=home._cost(prices))
            least = minimise(arrays, Search(gap=1e-9)).objective + home._constant
            assert cost - answer.slack <= least + 1e-7
            assert least <= cost + 1e-7
            assert answer.slack <= home.within + 1e-7


def test_a_wider_gap_lets_homes_search_less_finely():
    fine, coarse = (np.array([one.within for one in programmes(gap)]) for gap in (1e-4, 1e-2))
    assert np.all(coarse == pytest.approx(100 * fine))


def test_what_was_answered_is_answered_alike_once_cancelled(monkeypatch):
    monkeypatch.setattr(home_programme, "KEPT", 2)
    draw = stream(3, "kinked", "again")
    over = []
    home = programmes(1e-3)[0]
    home.end_when(lambda: bool(over))
    asked = [home.buy + draw.normal(0, 0.05, len(home.buy)) for _ in range(4)]
    before = home.answer(asked[0])
    for prices in asked[1:]:
        home.answer(prices)
    over.append(True)
    again = home.answer(asked[0])  # forgotten, and searched to the end once more
    assert again is not before
    assert np.array_equal(again.plan, before.plan)
    assert not home.hasty
    hasty = home.answer(home.buy * 1.1)
    assert home.hasty
    for prices in asked[1:]:
        home.answer(prices)
    assert home.answer(home.buy * 1.1) is hasty


def test_a_home_whose_assets_are_in_different_sets_is_named_and_left_to_the_reference():
    fleet, prices = village(2, 24)
    one = np.array([0])
    none = one[:0]
    row = Portfolio(one, one, one + 24, one - 1e9, one + 2e4, none, none, one, one, one)
    fleet = msgspec.structs.replace(fleet, portfolio=row)  # the first car alone
    with pytest.raises(BadInput, match=r"zones\[1\]: selling pays more than buying") as caught:
        solve(fleet, prices, Options(method="engine"))
    assert len(caught.value.faults) == 1
    answer = solve(fleet, prices)
    assert answer.status is Status.OPTIMAL
    holds(fleet, prices, answer)
