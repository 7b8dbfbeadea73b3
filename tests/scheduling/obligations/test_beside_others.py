"""Contracts beside what a fleet has already: rows, generators, curtailing, two prices."""

import msgspec
import numpy as np
import pytest

from gridpact.contracts.formulas import nominated
from gridpact.contracts.observables import Const
from gridpact.contracts.products.option import call_option
from gridpact.contracts.terms import sale
from gridpact.scheduling.fleet.columns import Curtailable, Generators, Portfolio, Prices
from gridpact.scheduling.obligations.bind import bind_contracts
from gridpact.scheduling.obligations.model import Backing
from gridpact.scheduling.obligations.plan import decisions
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import Needs
from gridpact.scheduling.priorities.solve import solve_by_levels

SPOT = [100_000, 40_000, 200_000]
AT = np.zeros(1, np.int64)


def full_site(tools):
    """A site with every table that contracts add to, and a row that lets the car draw 1 kWh."""
    fleet, prices = tools.site(SPOT, load=2_000, car=(2_000, 1_500))
    none = np.zeros(0, np.int64)
    row = Portfolio(
        set_of_row=AT,
        first=AT + 1,
        end=AT + 2,
        lower_wh=np.array([-np.inf]),
        upper_wh=np.array([1_000.0]),
        zone_set=none,
        zone=none,
        asset_set=AT,
        asset_table=AT,
        asset=AT,
    )
    fleet = msgspec.structs.replace(
        fleet,
        portfolio=row,
        curtailable=Curtailable(AT, np.array([[300, 400, 500]])),
        generators=Generators(AT, max_w=800, min_w=400, fuel=150_000.0, before=-5),
    )
    return fleet, prices


def contracts(tools):
    named = nominated("take", "bakery", tools.wh(900), 0)
    terms = (tools.wh(700), tools.price(120_000), Const(0, "nano"), 0, "EUR")
    served = {"energy": Backing(name="site", zones=AT)}
    both = {
        "named": sale(named, tools.price(90_000), "writer", "bakery", "energy", "EUR"),
        "option": call_option("bakery", "writer", *terms),
    }
    return [
        tools.Agreed(id=name, contract=one, party="bakery", currency="EUR", served=served)
        for name, one in both.items()
    ]


def test_what_was_there_keeps_its_place_and_its_limits(tools):
    fleet, prices = full_site(tools)
    needs = Needs(row_level=np.array([int(Level.GRID)]))
    bound = bind_contracts(fleet, prices, contracts(tools), tools.market(SPOT), needs)
    assert bound.refused == ()
    assert bound.first_row == 1
    np.testing.assert_array_equal(bound.needs.row_level, [Level.GRID] + 3 * [Level.CONTRACTS])
    answer = solve_by_levels(bound.fleet, bound.prices, bound.needs)
    plan = answer.schedules()
    assert plan.one_way_wh[0, 1] <= 1_000 + 1e-3
    assert plan.one_way_wh.sum() == pytest.approx(2_000, abs=1)
    made = decisions(bound, answer.net_wh)
    taken = made["named"]["choice:take"]
    exercised = made["option"]["choice:exercise"]
    np.testing.assert_array_equal(taken, [900, 0, 900])
    np.testing.assert_array_equal(exercised, [0, 0, 1])
    # a dear third slot: the generator runs, solar is given, and what is bought is used
    assert np.all(answer.net_wh[0] >= taken + 700 * exercised - 1e-3)


def test_choices_settle_at_one_price_where_meters_have_two(tools):
    fleet, prices = tools.site(SPOT, load=500)
    two = Prices(prices.buy, prices.buy - 30_000)
    bound = bind_contracts(fleet, two, contracts(tools)[:1], tools.market(SPOT))
    zone = bound.columns[0].zone
    np.testing.assert_array_equal(bound.prices.buy[zone], bound.prices.sell[zone])
    answer = solve_by_levels(bound.fleet, bound.prices, bound.needs)
    taken = decisions(bound, answer.net_wh)["named"]["choice:take"]
    np.testing.assert_array_equal(taken, [500, 0, 500])
    assert answer.cost_upper_nano + bound.fixed_nano == pytest.approx(
        500 * sum(SPOT) + 500 * (2 * 90_000 - 300_000), rel=1e-6
    )
