"""Demand response: what is called is given, and the meter and the contract agree on it."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridpact.contracts.observables import Series
from gridpact.contracts.products.demand_response import ASSET, demand_response
from gridpact.scheduling.obligations.bind import bind_contracts
from gridpact.scheduling.obligations.model import Backing
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.solve import solve_by_levels

BASELINE = np.array([2_500, 2_500, 2_500, 2_500])
LOAD, CAR, OFFERED = 500, (4_000, 2_000), 1_500
SPOT = [50_000, 60_000, 70_000, 80_000]


def terms(tools):
    return demand_response(
        "bakery",
        "aggregator",
        tools.wh(OFFERED),
        Series("load", "Wh"),
        "mean.v1",
        tools.price(5_000),
        tools.price(200_000),
        tools.price(300_000),
        0,
        "EUR",
    )


def agreed(tools, world, **more):
    served = {ASSET: Backing(name="site", zones=np.array([0]), baseline_wh=BASELINE)}
    return tools.Agreed(
        id="dr",
        contract=terms(tools),
        party="bakery",
        currency="EUR",
        world={"baseline@mean.v1": BASELINE, **world},
        served=served,
        **more,
    )


@settings(deadline=None, max_examples=10)
@given(
    st.lists(st.integers(0, OFFERED), min_size=4, max_size=4),
    st.lists(st.integers(0, 300_000), min_size=4, max_size=4),
)
@example([0, 1001, 1500, 1500], [0, 0, 0, 0])
@example([1500, 1500, 1500, 1500], [300, 0, 0, 100])
def test_a_call_is_given_at_least_cost_and_earns_what_was_assumed(tools, called, spot):
    """The contract comes before the car, which takes what room is left and is named if short."""
    called = np.array(called)
    delivered_in_full = BASELINE - called
    contract = agreed(tools, {"choice:call": called, "load": delivered_in_full})
    plan = tools.planned(spot, *tools.site(spot, load=LOAD, car=CAR), contract)
    assert np.all(plan.net <= BASELINE - called + 1e-3)
    room = BASELINE - called - LOAD
    charged = min(CAR[0], int(np.minimum(room, CAR[1]).sum()))
    assert plan.answer.losses[Level.CONTRACTS].missing_wh == pytest.approx(0, abs=1e-3)
    missed = sum(one.missing_wh for one in plan.answer.shortfalls() if one.level == Level.NEEDS)
    assert missed == pytest.approx(CAR[0] - charged, abs=1e-2)
    rows = [(np.eye(4)[t], -np.inf, room[t]) for t in range(4)]
    rows.append((np.ones(4), charged, charged))
    car = tools.least(spot, rows, [(0, CAR[1])] * 4)
    earned = 4 * OFFERED * 5_000 + int(called.sum()) * 200_000
    assert plan.cost == pytest.approx(car + LOAD * sum(spot) - earned, rel=1e-6, abs=1e3)
    metered = {**contract.world, "load": np.floor(plan.net + 1e-6).astype(np.int64)}
    agreed_then = tools.Agreed(
        id="dr", contract=contract.contract, party="bakery", currency="EUR", world=metered
    )
    read = tools.read_cost(plan, agreed_then, spot, np.zeros(4))
    assert read == pytest.approx(plan.cost, rel=1e-9, abs=10)


def test_planning_for_the_most_keeps_every_call_possible(tools):
    fleet, prices = tools.site(SPOT, load=LOAD, car=CAR)
    world = {"load": BASELINE - OFFERED}
    for others, kept in (("least", False), ("most", True)):
        plan = tools.planned(SPOT, fleet, prices, agreed(tools, world, others=others))
        assert np.all(plan.net <= BASELINE - OFFERED + 1e-3) == kept


def test_more_than_can_be_given_is_missed_by_as_little_as_possible_and_named(tools):
    """Under the baseline less the call 1 kWh a slot is left, and 1.8 kWh are used whatever else."""
    called = np.full(4, OFFERED)
    contract = agreed(tools, {"choice:call": called, "load": BASELINE - called})
    fleet, prices = tools.site(SPOT, load=1_800, battery=(500, 400, 500))
    bound = bind_contracts(fleet, prices, [contract], tools.market(SPOT))
    answer = solve_by_levels(bound.fleet, bound.prices, bound.needs)
    missed = answer.losses[Level.CONTRACTS]
    assert missed.missing_wh == pytest.approx(4 * 800 - 500, abs=2)
    assert missed.least_wh == pytest.approx(missed.missing_wh, rel=1e-2)
    short = [one for one in answer.shortfalls() if one.level == Level.CONTRACTS]
    assert {bound.row_of[one.row - bound.first_row] for one in short} == {("dr",)}


def test_two_contracts_on_one_site_are_served_together(tools):
    one = agreed(tools, {"choice:call": np.array([700, 0, 0, 0]), "load": BASELINE})
    other = tools.Agreed(
        id="second",
        contract=one.contract,
        party="bakery",
        currency="EUR",
        world={**one.world, "choice:call": np.array([600, 0, 900, 0])},
        served=one.served,
    )
    plan = tools.planned(SPOT, *tools.site(SPOT, load=LOAD, car=CAR), one, other)
    assert np.all(plan.net <= BASELINE - [1_300, 0, 900, 0] + 1e-3)
    assert plan.bound.row_of == (("dr", "second"), ("dr", "second"))


def test_what_nothing_serves_is_refused_and_the_rest_is_bound(tools):
    world = {"choice:call": np.array([700, 0, 0, 0]), "load": BASELINE}
    bare = agreed(tools, world)
    bare = tools.Agreed(
        id="bare", contract=bare.contract, party="bakery", currency="EUR", world=bare.world
    )
    fleet, prices = tools.site(SPOT, load=LOAD, car=CAR)
    bound = bind_contracts(fleet, prices, [bare, agreed(tools, world)], tools.market(SPOT))
    assert [(one.where, "serves flexibility" in one.problem) for one in bound.refused] == [
        ("bare", True)
    ]
    assert bound.row_of == (("dr",),)


def test_a_series_without_values_is_named(tools):
    contract = agreed(tools, {"choice:call": np.array([700, 0, 0, 0])})
    fleet, prices = tools.site(SPOT, load=LOAD, car=CAR)
    bound = bind_contracts(fleet, prices, [contract], tools.market(SPOT))
    assert "'load' has no value" in bound.refused[0].problem


def test_another_currency_is_refused(tools):
    contract = tools.Agreed(id="dr", contract=terms(tools), party="bakery", currency="CHF")
    fleet, prices = tools.site(SPOT, load=LOAD, car=CAR)
    bound = bind_contracts(fleet, prices, [contract], tools.market(SPOT))
    assert "pays in EUR" in bound.refused[0].problem
