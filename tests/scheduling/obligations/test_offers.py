"""Offers: whatever part of them is taken, a new schedule costs no more than they earn."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridpact.base.errors import BadInput
from gridpact.base.slots import Slots
from gridpact.market.flexibility import exact
from gridpact.market.flexibility.contracts import Parties, to_contract
from gridpact.market.flexibility.offers import Offers, Requests, Tender
from gridpact.scheduling.fleet.assets import Appliance, GridConnection, build
from gridpact.scheduling.fleet.columns import Prices
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.obligations.model import Backing
from gridpact.scheduling.obligations.offers import MICRO, Range, offers_of, planned_wh

FINE = Options(gap=1e-7, method="reference")
CAR = (4_000, 3_000)
ZONES = np.array([0])
SPOTS = st.lists(st.integers(10_000, 300_000), min_size=4, max_size=4)


def put_up(**more):
    given = {"first_slot": 1, "duration_slots": 1, "direction": 1, "step_w": 500, "steps": 4}
    return Range(zones=ZONES, **{**given, **more})


def cheapest(tools, spot, moved, slots, direction):
    """Least cost of charging the car with its energy in some slots on the far side of a bound."""
    rows = [(np.ones(4), CAR[0], CAR[0])]
    for slot, bound in zip(slots, moved, strict=True):
        sides = (-np.inf, bound) if direction > 0 else (bound, np.inf)
        rows.append((np.eye(4)[slot], *sides))
    return tools.least(spot, rows, [(0, CAR[1])] * 4)


@settings(deadline=None, max_examples=10)
@given(SPOTS, st.sampled_from([1, -1]), st.integers(0, 2_000))
def test_any_part_that_is_taken_pays_for_itself(tools, spot, direction, taken_w):
    fleet, prices = tools.site(spot, car=CAR)
    plan = solve(fleet, prices, FINE)
    offers = offers_of(fleet, prices, plan, put_up(direction=direction), FINE)
    net = planned_wh(fleet, plan, ZONES)
    room = net[1] if direction > 0 else CAR[1] - net[1]
    assert offers.count == min(4, int((room + 1e-6) // 500))
    assert np.all(np.diff(offers.activation_micro_per_kwh) >= 0)
    assert not offers.least_w.any()
    taken_w = min(taken_w, 500 * offers.count)
    left, earned = taken_w, 0
    for price in offers.activation_micro_per_kwh.tolist():
        earned += price * min(left, 500)
        left -= min(left, 500)
    cost = cheapest(tools, spot, [net[1] - direction * taken_w], [1], direction)
    assert earned >= cost - plan.upper_nano - 1e3


@settings(deadline=None, max_examples=10)
@given(SPOTS)
@example([10_000, 10_001, 10_002, 10_002])
def test_prices_lie_between_those_of_the_limit_before_and_after(tools, spot):
    fleet, prices = tools.site(spot, car=CAR)
    plan = solve(fleet, prices, FINE)
    offers = offers_of(fleet, prices, plan, put_up(step_w=300, steps=6), FINE)
    marginal = offers.marginal_micro_per_kwh
    price = offers.activation_micro_per_kwh
    touch = 2 + MICRO / 300  # costs of steps are rounded, a step is 300 Wh
    assert np.all(price <= marginal + touch)
    assert np.all(price[1:] >= marginal[:-1] - touch)


def test_a_step_costs_what_moving_it_costs(tools):
    """1 kWh is moved from 10 to 20, a second kWh to 50 as the car charges at 3 kW at most."""
    spot = [90_000, 10_000, 20_000, 50_000]
    fleet, prices = tools.site(spot, car=(5_000, 3_000))
    plan = solve(fleet, prices, FINE)
    offers = offers_of(fleet, prices, plan, put_up(step_w=1_000, steps=5), FINE)
    np.testing.assert_array_equal(offers.activation_micro_per_kwh, [10_000, 40_000, 40_000])
    np.testing.assert_array_equal(offers.cost_nano, [10_000_000, 50_000_000, 90_000_000])


def appliances(powers, spot):
    """Appliances that run once each, for two slots."""
    assets = [Appliance("home", 0, 4, [power, power]) for power in powers]
    return build(4, 3600, [GridConnection("home")], assets), Prices(np.asarray(spot, float))


def least_by_starts(powers, spot, most):
    """Every start of every appliance, for a bound on the second slot."""
    found = np.inf
    for starts in itertools.product(range(3), repeat=len(powers)):
        net = np.zeros(4)
        for start, power in zip(starts, powers, strict=True):
            net[start : start + 2] += power
        if net[1] <= most:
            found = min(found, float(net @ np.asarray(spot)))
    return found


def test_steps_of_assets_that_run_whole_are_taken_whole():
    powers, spot = [900, 1_100, 2_000], [50_000, 10_000, 20_000, 80_000]
    fleet, prices = appliances(powers, spot)
    plan = solve(fleet, prices, FINE)
    offers = offers_of(fleet, prices, plan, put_up(step_w=1_000), FINE)
    np.testing.assert_array_equal(offers.least_w, offers.power_w)
    assert offers.count == 4
    planned = planned_wh(fleet, plan, ZONES)[1]
    for taken in itertools.chain.from_iterable(
        itertools.combinations(range(4), many) for many in range(1, 5)
    ):
        earned = int(offers.activation_micro_per_kwh[list(taken)].sum()) * 1_000
        cost = least_by_starts(powers, spot, planned - 1_000 * len(taken))
        assert earned >= cost - plan.upper_nano - 1e3


def as_offers(steps):
    """The columns of a market's offers."""
    count = steps.count
    own = {name: getattr(steps, name) for name in Offers.__struct_fields__ if hasattr(steps, name)}
    none = np.zeros(count, np.int64)
    return Offers(sequence=np.arange(count), provider=none, location=none, **own)


def test_an_accepted_offer_comes_back_as_an_obligation_and_pays(tools):
    spot = [90_000, 10_000, 20_000, 50_000]
    fleet, prices = tools.site(spot, car=(5_000, 3_000))
    plan = solve(fleet, prices, FINE)
    offers = as_offers(offers_of(fleet, prices, plan, put_up(step_w=1_000), FINE))
    need = Requests(*(np.array([v]) for v in (0, 0, 0, 1, 1_400, 100_000)), np.array([False]))
    window = Slots(0, tools.HOUR, 4)
    million = np.full((1, 1), 1_000_000)
    tender = Tender(window, -3_600, million, np.full(4, 1_000_000))
    selection = exact.select(offers, need, tender)
    assert selection.power_w.sum() == 1_400
    net = planned_wh(fleet, plan, ZONES)
    feeder = Backing(name="feeder", zones=ZONES, baseline_wh=net, beside_meter=False)
    agreed = []
    for row in range(offers.count):
        contract = to_contract(offers, selection, tender, row, Parties("bakery", "dso", "EUR"))
        called = selection.power_w[row]
        agreed.append(
            tools.Agreed(
                id=f"offer-{row}",
                contract=contract,
                party="bakery",
                currency="EUR",
                world={"choice:activate-up": called, "choice:activate-down": called * 0},
                served={"energy": feeder},
                waived=("capacity:afrr-up",),
            )
        )
    after = tools.planned(spot, fleet, prices, *agreed)
    assert after.net[1] == pytest.approx(net[1] - 1_400, abs=1e-3)
    assert after.cost <= plan.upper_nano + 10
    paid = 1_000 * 10_000 + 400 * 40_000
    assert after.bound.fixed_nano == pytest.approx(-paid)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"first_slot": 4}, "first_slot"),
        ({"direction": 0}, "direction"),
        ({"step_w": 0}, "step_w"),
        ({"zones": np.array([7])}, "zones"),
    ],
)
def test_what_cannot_be_offered_is_named(tools, wrong, where):
    fleet, prices = tools.site([1.0] * 4, car=CAR)
    plan = solve(fleet, prices, FINE)
    given_range = Range(
        **{
            "zones": ZONES,
            "first_slot": 0,
            "duration_slots": 1,
            "direction": 1,
            "step_w": 500,
            **wrong,
        }
    )
    with pytest.raises(BadInput) as refused:
        offers_of(fleet, prices, plan, given_range)
    assert [fault.where for fault in refused.value.faults] == [where]
