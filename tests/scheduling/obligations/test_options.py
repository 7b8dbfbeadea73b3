"""Options: rights that the schedule takes, against every way to take them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.evaluate import Known
from gridpact.contracts.formulas import nominated
from gridpact.contracts.observables import Const
from gridpact.contracts.products.option import call_option, put_option
from gridpact.contracts.terms import sale
from gridpact.scheduling.obligations.bind import bind_contracts
from gridpact.scheduling.obligations.model import Backing

SPOT = st.lists(st.integers(-50_000, 300_000), min_size=3, max_size=4)
LOAD, ENERGY, POWER, QUANTITY, PREMIUM = 500, 2_000, 1_500, 1_000, 2_000


def option(tools, kind, strike, notice=0, **more):
    make = {"call": call_option, "put": put_option}[kind]
    terms = (tools.wh(QUANTITY), tools.price(strike), Const(PREMIUM, "nano"), notice, "EUR")
    contract = make("bakery", "writer", *terms)
    return tools.Agreed(id=kind, contract=contract, party="bakery", currency="EUR", **more)


def site(tools, spot):
    return tools.site(spot, load=LOAD, car=(ENERGY, POWER))


@settings(deadline=None, max_examples=20)
@given(SPOT, st.integers(20_000, 200_000), st.sampled_from(["call", "put"]))
def test_without_a_backing_it_is_taken_where_the_market_pays(tools, spot, strike, kind):
    agreed = option(tools, kind, strike)
    plan = tools.planned(spot, *site(tools, spot), agreed)
    taken = plan.made[kind]["choice:exercise"]
    gain = np.asarray(spot) - strike if kind == "call" else strike - np.asarray(spot)
    np.testing.assert_array_equal(taken[gain != 0], (gain > 0)[gain != 0])
    moved = (-1 if kind == "call" else 1) * QUANTITY * taken
    assert tools.read_cost(plan, agreed, spot, moved) == pytest.approx(plan.cost, rel=1e-9, abs=10)


def cheapest(tools, spot, strike):
    """Every way to exercise; energy bought must be used by the car and the load."""
    slots, found = len(spot), np.inf
    for taken in itertools.product([0, 1], repeat=slots):
        rows = [(np.eye(slots)[t], QUANTITY * x - LOAD, np.inf) for t, x in enumerate(taken)]
        rows.append((np.ones(slots), ENERGY, ENERGY))
        car = tools.least(spot, rows, [(0, POWER)] * slots)
        money = sum(x * QUANTITY * (strike - p) for x, p in zip(taken, spot, strict=True))
        found = min(found, car + LOAD * sum(spot) + money + PREMIUM * slots)
    return found


@settings(deadline=None, max_examples=10)
@given(SPOT, st.integers(20_000, 200_000))
def test_what_is_bought_for_own_use_equals_the_best_of_all_ways(tools, spot, strike):
    served = {"energy": Backing(name="site", zones=np.array([0]))}
    agreed = option(tools, "call", strike, served=served)
    plan = tools.planned(spot, *site(tools, spot), agreed)
    taken = plan.made["call"]["choice:exercise"]
    assert np.all(plan.net + 1e-3 >= QUANTITY * taken)
    best = cheapest(tools, spot, strike)
    assert plan.least - 10 <= best <= plan.cost + 10
    assert plan.cost == pytest.approx(best, abs=1e-6 * abs(plan.answer.cost_upper_nano) + 1e3)
    read = tools.read_cost(plan, agreed, spot, -QUANTITY * taken)
    assert read == pytest.approx(plan.cost, rel=1e-9, abs=10)


def test_an_amount_is_named_within_its_bounds(tools):
    spot = [100_000, 10_000, 300_000]
    amount = nominated("take", "bakery", tools.wh(900), 0, tools.wh(200))
    contract = sale(amount, tools.price(90_000), "writer", "bakery", "energy", "EUR")
    agreed = tools.Agreed(id="swing", contract=contract, party="bakery", currency="EUR")
    plan = tools.planned(spot, *site(tools, spot), agreed)
    taken = plan.made["swing"]["choice:take"]
    np.testing.assert_array_equal(taken, [900, 200, 900])
    assert tools.read_cost(plan, agreed, spot, -taken) == pytest.approx(plan.cost, abs=10)


def test_a_choice_whose_notice_is_over_is_no_longer_made(tools):
    spot = [200_000] * 4
    agreed = option(tools, "call", 50_000, notice=tools.HOUR, now=tools.HOUR)
    plan = tools.planned(spot, *site(tools, spot), agreed)
    np.testing.assert_array_equal(plan.made["call"]["choice:exercise"], [0, 0, 1, 1])


def test_a_choice_that_is_made_for_some_slots_stands_there(tools):
    spot = [200_000, 200_000, 10_000]
    made = Known(np.array([0, 0, 1]), np.array([True, False, True]))
    agreed = option(tools, "call", 50_000, world={"choice:exercise": made})
    plan = tools.planned(spot, *site(tools, spot), agreed)
    np.testing.assert_array_equal(plan.made["call"]["choice:exercise"], [0, 1, 1])


def test_a_choice_made_for_all_slots_is_a_fixed_delivery(tools):
    spot = [100_000, 10_000, 300_000]
    made = np.array([0, 0, 1])
    agreed = option(tools, "call", 50_000, world={"choice:exercise": made})
    plan = tools.planned(spot, *site(tools, spot), agreed)
    assert plan.made == {}
    read = tools.read_cost(plan, agreed, spot, -QUANTITY * made)
    assert read == pytest.approx(plan.cost, abs=10)


def test_the_writer_plans_for_no_call_or_for_every_call(tools):
    spot = [100_000, 20_000, 50_000]
    served = {"energy": Backing(name="battery", zones=np.array([0]))}
    for others, given_wh in (("least", 0), ("most", QUANTITY)):
        written = option(tools, "call", 60_000, served=served, others=others)
        agreed = tools.Agreed(
            id="written",
            contract=written.contract,
            party="writer",
            currency="EUR",
            served=served,
            others=others,
        )
        fleet, prices = tools.site(spot, battery=(4_000, 3_000, 5_000))
        bound = bind_contracts(fleet, prices, [agreed], tools.market(spot))
        plan = tools.planned(spot, fleet, prices, agreed)
        assert bound.columns == ()
        if given_wh:
            assert np.all(plan.net <= -given_wh + 1e-3)
            assert set(bound.row_of) == {("written",)}
        else:
            assert bound.row_of == ()


def test_slots_that_are_not_the_fleets_are_refused(tools):
    spot = [100_000] * 3
    fleet, prices = site(tools, spot)
    wrong = tools.market(spot)
    wrong = type(wrong)(Slots(0, 900, 3), wrong.spot)
    with pytest.raises(ValueError, match="not the fleet's"):
        bind_contracts(fleet, prices, [], wrong)
