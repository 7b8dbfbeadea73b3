"""A take-or-pay agreement: load that the schedule decides, and a total that is paid anyway."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.ppa import physical_ppa, take_or_pay
from gridpact.contracts.products.swing import swing_with_minimum_take
from gridpact.scheduling.obligations.bind import bind_contracts
from gridpact.scheduling.obligations.model import Backing, Decided

CAR = (6_000, 3_000)
EXACT = Backing(name="site", zones=np.array([0]), exactly=True)


def agreement(tools, generation, price, due, *, party="bakery", period="all", high=None):
    """The site takes all it uses from the plant, which gives as much in every slot."""
    terms = (tools.wh(due), tools.wh(0), tools.price(0), period, "EUR")
    contract = take_or_pay(
        "plant",
        "bakery",
        Series("generation", "Wh"),
        Series("load", "Wh"),
        tools.price(price),
        *terms,
    )
    bounds = Decided(np.zeros_like(generation), generation if high is None else high)
    return tools.Agreed(
        id="ppa",
        contract=contract,
        party=party,
        currency="EUR",
        world={"generation": generation},
        served={"energy": EXACT},
        decided={"load": bounds},
    )


def cheapest(tools, spot, generation, price, due):
    """Columns: what is used in each slot, and what is short of the least take."""
    slots = len(spot)
    rows = [(np.append(np.ones(slots), 0), CAR[0], CAR[0])]
    rows.append((np.ones(slots + 1), due, np.inf))
    bounds = [(0, min(CAR[1], g)) for g in generation.tolist()] + [(0, None)]
    return tools.least([price] * (slots + 1), rows, bounds)


@settings(deadline=None, max_examples=10)
@given(
    st.lists(st.integers(0, 300_000), min_size=4, max_size=4),
    st.lists(st.integers(1_500, 4_000), min_size=4, max_size=4),
    st.integers(0, 9_000),
)
def test_it_costs_what_a_programme_written_from_the_terms_costs(tools, spot, generation, due):
    generation = np.array(generation)
    due = min(due, int(generation.sum()))
    agreed = agreement(tools, generation, 80_000, due)
    plan = tools.planned(spot, *tools.site(spot, car=CAR), agreed)
    best = cheapest(tools, spot, generation, 80_000, due)
    assert plan.cost == pytest.approx(best, rel=1e-5, abs=1e5)
    taken = plan.made["ppa"]["load"]
    np.testing.assert_allclose(taken, plan.net, atol=1)
    read = tools.read_cost(plan, agreed, spot, -taken)
    assert read == pytest.approx(plan.cost, rel=1e-4, abs=1e6)


def test_short_of_the_least_take_more_costs_nothing_more(tools):
    """With the market beside it (no exact use), energy that is paid anyway is taken and sold."""
    spot, generation = [60_000] * 4, np.full(4, 3_000)
    agreed = agreement(tools, generation, 80_000, 10_000)
    free = {"energy": Backing(name="site", zones=np.array([0]), baseline_wh=-50_000)}
    agreed = tools.Agreed(
        id="ppa",
        contract=agreed.contract,
        party="bakery",
        currency="EUR",
        world=agreed.world,
        served=free,
        decided=agreed.decided,
    )
    plan = tools.planned(spot, *tools.site(spot, car=CAR), agreed)
    # dearer than the market, but 10 kWh are paid: exactly these are taken
    assert int(plan.made["ppa"]["load"].sum()) == pytest.approx(10_000, abs=2)
    market = 6_000 * 60_000 - 10_000 * 60_000
    assert plan.cost == pytest.approx(10_000 * 80_000 + market, rel=1e-6)


def test_payments_that_bend_within_the_bounds_are_refused(tools):
    generation = np.full(4, 2_000)
    agreed = agreement(tools, generation, 80_000, 5_000, high=np.full(4, 3_000))
    fleet, prices = tools.site([1.0] * 4, car=CAR)
    bound = bind_contracts(fleet, prices, [agreed], tools.market([1.0] * 4))
    assert "bend within the bounds of 'load'" in bound.refused[0].problem
    assert (bound.row_of, bound.columns, bound.fixed_nano) == ((), (), 0.0)
    assert len(bound.fleet.zones.parent) == 1


def test_a_payment_for_falling_short_is_refused(tools):
    """Who is paid for what is missing would miss on purpose: no bound can say that."""
    generation = np.full(4, 2_000)
    contract = physical_ppa(
        "plant",
        "bakery",
        Series("generation", "Wh"),
        tools.price(80_000),
        tools.wh(5_000),
        tools.price(30_000),
        "all",
        "EUR",
    )
    agreed = tools.Agreed(
        id="ppa",
        contract=contract,
        party="bakery",
        currency="EUR",
        served={"energy": EXACT},
        decided={"generation": Decided(np.zeros(4, np.int64), generation)},
    )
    fleet, prices = tools.site([1.0] * 4, car=CAR)
    bound = bind_contracts(fleet, prices, [agreed], tools.market([1.0] * 4))
    assert "paid for falling short" in bound.refused[0].problem


@pytest.mark.parametrize(("spot", "delivered"), [(20_000, 4_000), (90_000, 0)])
def test_a_seller_delivers_its_guarantee_unless_the_market_pays_more(tools, spot, delivered):
    """Sold at 50, damages of 30: spot below 80 is worth less than the guarantee."""
    contract = physical_ppa(
        "plant",
        "bakery",
        Series("generation", "Wh"),
        tools.price(50_000),
        tools.wh(4_000),
        tools.price(30_000),
        "all",
        "EUR",
    )
    agreed = tools.Agreed(
        id="ppa",
        contract=contract,
        party="plant",
        currency="EUR",
        decided={"generation": Decided(np.zeros(4, np.int64), np.full(4, 1_000))},
    )
    prices = [spot] * 4
    plan = tools.planned(prices, *tools.site(prices, load=100), agreed)
    made = plan.made["ppa"]["generation"]
    assert int(made.sum()) == delivered
    assert tools.read_cost(plan, agreed, prices, made) == pytest.approx(plan.cost, abs=10)


def test_rights_counted_over_a_period_are_refused_with_the_reason(tools):
    contract = swing_with_minimum_take(
        "bakery",
        "writer",
        tools.wh(1_000),
        tools.price(50_000),
        Const(0, "nano"),
        2,
        tools.wh(1_000),
        tools.price(30_000),
        "all",
        0,
        "EUR",
    )
    agreed = tools.Agreed(id="swing", contract=contract, party="bakery", currency="EUR")
    fleet, prices = tools.site([1.0] * 4, car=CAR)
    bound = bind_contracts(fleet, prices, [agreed], tools.market([1.0] * 4))
    assert "looks at 'exercise' over several slots" in bound.refused[0].problem
