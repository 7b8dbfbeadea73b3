"""Demand response, reserves, cars and imbalance against plain Python, slot by slot."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import MissingSeries
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import ChoiceOutOfBounds, IllFormed
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import needs
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.demand_response import demand_response
from gridpact.contracts.products.imbalance import (
    dual_price_imbalance,
    imbalance_incentive,
    single_price_imbalance,
)
from gridpact.contracts.products.mobility import vehicle_to_grid, vehicle_to_vehicle
from gridpact.contracts.products.reserve import (
    primary_reserve,
    secondary_reserve,
    tertiary_reserve,
)

SLOTS = Slots(0, 900, 96)
PRICE = "micro/kWh"
SEEDS = st.integers(0, 2**32 - 1)
quick = settings(deadline=None, max_examples=50)


def draws(seed):
    """A function that draws whole numbers for every slot."""
    random = np.random.default_rng(seed)
    return lambda low, high: random.integers(low, high + 1, SLOTS.count)


def rows(*columns):
    return zip(*(column.tolist() for column in columns), strict=True)


def shown(flows):
    return {key[0] + ">" + key[1] + " " + key[3]: values.tolist() for key, values in flows.items()}


def wh(value):
    return Const(value, "Wh")


def price(value):
    return Const(value, PRICE)


RESPONSE = demand_response(
    "bakery",
    "aggregator",
    Series("offered", "Wh"),
    Series("load", "Wh"),
    "high-5-of-10.v1",
    price(5_000),
    price(200_000),
    price(300_000),
    900,
    "EUR",
)
BASELINE = "baseline@high-5-of-10.v1"


@quick
@given(seed=SEEDS)
def test_demand_response_pays_by_what_was_called_and_delivered(seed):
    draw = draws(seed)
    offered = draw(0, 10_000)
    called = np.minimum(draw(0, 12_000) * draw(0, 1), offered)
    base, load = draw(5_000, 15_000), draw(0, 20_000)
    measured = called > 0  # meters are read only where something is called
    world = {
        "offered": offered,
        "choice:call": called,
        "load": Known(load, measured),
        BASELINE: Known(base, measured),
    }
    ready, used, short = [], [], []
    for offer, call, reference, actual in rows(offered, called, base, load):
        delivered = max(0, min(reference - actual, call))
        ready.append(offer * 5_000)
        used.append(delivered * 200_000)
        short.append((call - delivered) * 300_000)
    assert shown(cashflows(RESPONSE, world, SLOTS)) == {
        "aggregator>bakery availability": ready,
        "aggregator>bakery utilisation": used,
        "bakery>aggregator shortfall": short,
    }
    (owed,) = obligations(RESPONSE, world, SLOTS)
    assert owed.low.tolist() == called.tolist()


def test_an_open_call_may_be_all_that_is_offered_and_no_more():
    offered = np.full(96, 10_000)
    (owed,) = obligations(RESPONSE, {"offered": offered}, SLOTS)
    assert (set(owed.low.tolist()), set(owed.high.tolist())) == ({0}, {10_000})
    with pytest.raises(ChoiceOutOfBounds):
        obligations(RESPONSE, {"offered": offered, "choice:call": offered + 1}, SLOTS)


def test_a_called_slot_needs_its_baseline():
    one = np.ones(96, dtype=np.int64)
    world = {"offered": one, "choice:call": one, "load": one}
    gap = Known(one, np.arange(96) != 7)
    with pytest.raises(MissingSeries) as caught:
        cashflows(RESPONSE, world | {BASELINE: gap}, SLOTS)
    assert (caught.value.name, caught.value.slots) == (BASELINE, (7 * 900,))


@pytest.mark.parametrize("name", ["", "high-5-of-10", "high.v0", "High.v1", "x.v1 ", "x.v01"])
def test_a_baseline_names_its_method_and_version(name):
    with pytest.raises(IllFormed, match="method and its version"):
        demand_response(
            "a", "b", wh(1), wh(1), name, price(1), price(1), price(1), 0, "EUR", "call"
        )


@quick
@given(seed=SEEDS, capacity=st.integers(0, 10**8))
def test_primary_reserve_pays_what_was_available(seed, capacity):
    availability = draws(seed)(0, 1_000_000)
    contract = primary_reserve(
        "park",
        "tso",
        Const(capacity, "W"),
        Series("availability", "ppm"),
        Const(60_000, "micro/kW"),
        Const(180_000, "micro/kW"),
        "EUR",
    )
    had = [round(Fraction(capacity * part, 1_000_000)) for part in availability.tolist()]
    assert shown(cashflows(contract, {"availability": availability}, SLOTS)) == {
        "tso>park capacity": [60_000 * part for part in had],
        "park>tso unavailability": [180_000 * (capacity - part) for part in had],
    }
    (owed,) = obligations(contract, {}, SLOTS)
    assert (owed.asset, set(owed.low.tolist())) == ("capacity:fcr", {capacity})


SECONDARY = secondary_reserve(
    "park",
    "tso",
    Const(2_000_000, "W"),
    Const(1_000_001, "W"),
    Const(3_000, "micro/kW"),
    Const(2_000, "micro/kW"),
    Series("up", PRICE),
    Series("down", PRICE),
    4,
    300,
    "EUR",
)


@quick
@given(seed=SEEDS)
def test_secondary_reserve_pays_capacity_and_energy_both_ways(seed):
    draw = draws(seed)
    up, down = draw(0, 500_000), draw(0, 250_000)
    high, low = draw(-100_000, 500_000), draw(-200_000, 100_000)
    world = {"choice:activate-up": up, "choice:activate-down": down, "up": high, "down": low}
    assert shown(cashflows(SECONDARY, world, SLOTS)) == {
        "tso>park capacity": [2_000_000 * 3_000 + 1_000_001 * 2_000] * 96,
        "tso>park energy-up": [a * b for a, b in rows(up, high)],
        "park>tso energy-down": [a * b for a, b in rows(down, low)],
    }


def test_the_tso_draws_no_more_than_the_capacity_gives():
    found = {(leg.asset, leg.giver): leg for leg in obligations(SECONDARY, {}, SLOTS)}
    assert found[("energy", "park")].high.tolist() == [500_000] * 96
    assert found[("energy", "tso")].high.tolist() == [250_000] * 96  # 1,000,001 W ÷ 4, to even
    assert {need.by for need in needs(SECONDARY).choices} == {"tso"}
    with pytest.raises(ChoiceOutOfBounds):
        obligations(SECONDARY, {"choice:activate-up": np.full(96, 500_001)}, SLOTS)


TERTIARY = tertiary_reserve(
    "park",
    "tso",
    Const(1_000_000, "W"),
    Const(400_000, "W"),
    Series("delivered", "Wh"),
    Const(12_000, "micro/kW"),
    price(180_000),
    price(250_000),
    4,
    900,
    "EUR",
)


@quick
@given(seed=SEEDS)
def test_tertiary_reserve_pays_what_was_ordered_and_delivered(seed):
    draw = draws(seed)
    active = draw(0, 1)
    order, delivered = active * draw(100_000, 250_000), draw(0, 300_000)
    world = {
        "choice:activate": active,
        "choice:order": order,
        "delivered": Known(delivered, active == 1),
    }
    met = [min(a, b) for a, b in rows(order, delivered)]
    assert shown(cashflows(TERTIARY, world, SLOTS)) == {
        "tso>park capacity": [12_000_000_000] * 96,
        "tso>park energy-up": [180_000 * energy for energy in met],
        "park>tso shortfall": [250_000 * (a - b) for a, b in zip(order.tolist(), met, strict=True)],
    }


@pytest.mark.parametrize(("active", "order"), [(1, 99_999), (1, 250_001), (0, 1), (1, 0)])
def test_an_order_is_for_nothing_or_at_least_the_smallest(active, order):
    world = {"choice:activate": np.full(96, active), "choice:order": np.full(96, order)}
    with pytest.raises(ChoiceOutOfBounds, match="order"):
        obligations(TERTIARY, world, SLOTS)


def test_the_tso_alone_orders_tertiary_reserve_and_with_notice():
    found = needs(TERTIARY).choices
    assert [(need.label, need.by, need.notice_s) for need in found] == [
        ("activate", "tso", 900),
        ("order", "tso", 900),
    ]


@quick
@given(seed=SEEDS, floor=st.integers(0, 1_000_000))
def test_a_car_sells_while_plugged_in_charged_and_willing(seed, floor):
    draw = draws(seed)
    plugged, out, soc, energy = draw(0, 1), draw(0, 1), draw(0, 1_000_000), draw(0, 3000)
    contract = vehicle_to_grid(
        "owner",
        "aggregator",
        Series("discharge", "Wh"),
        price(280_000),
        price(50_000),
        Series("soc", "ppm"),
        Const(floor, "ppm"),
        Series("plugged", "1"),
        3600,
        "EUR",
    )
    world = {
        "discharge": Known(energy, plugged == 1),
        "soc": Known(soc, plugged == 1),
        "plugged": plugged,
        "choice:opt-out": out,
    }
    taken = [
        part if on and not no and charge >= floor else 0
        for on, no, charge, part in rows(plugged, out, soc, energy)
    ]
    assert shown(cashflows(contract, world, SLOTS)) == {
        "aggregator>owner energy": [280_000 * part for part in taken],
        "aggregator>owner wear": [50_000 * part for part in taken],
    }
    (owed,) = obligations(contract, world, SLOTS)
    assert owed.low.tolist() == taken
    assert [(need.by, need.notice_s) for need in needs(contract).choices] == [("owner", 3600)]


@quick
@given(seed=SEEDS, floor=st.integers(0, 1_000_000))
def test_a_car_sells_to_a_car_and_the_site_has_its_fee(seed, floor):
    draw = draws(seed)
    soc, energy = draw(0, 1_000_000), draw(0, 3000)
    contract = vehicle_to_vehicle(
        "owner",
        "taxi",
        "site",
        Series("energy", "Wh"),
        price(280_000),
        price(30_000),
        Series("soc", "ppm"),
        Const(floor, "ppm"),
        "EUR",
    )
    taken = [part if charge >= floor else 0 for charge, part in rows(soc, energy)]
    assert shown(cashflows(contract, {"soc": soc, "energy": energy}, SLOTS)) == {
        "taxi>owner energy": [280_000 * part for part in taken],
        "taxi>site site-fee": [30_000 * part for part in taken],
    }


PLANNED = {
    "member": "park",
    "operator": "tso",
    "measured": Series("measured", "Wh"),
    "planned": Series("planned", "Wh"),
    "currency": "EUR",
}


@quick
@given(seed=SEEDS)
def test_with_equal_prices_two_prices_are_one(seed):
    draw = draws(seed)
    world = {
        "measured": draw(-5000, 5000),
        "planned": draw(-5000, 5000),
        "high": draw(-300_000, 300_000),
        "low": draw(-300_000, 300_000),
    }
    high, low = Series("high", PRICE), Series("low", PRICE)
    dual = shown(
        cashflows(
            dual_price_imbalance(**PLANNED, surplus_price=low, shortage_price=high), world, SLOTS
        )
    )
    deviation = (world["measured"] - world["planned"]).tolist()
    pairs = list(zip(deviation, *(world[name].tolist() for name in ("low", "high")), strict=True))
    assert dual == {
        "tso>park surplus": [off * cheap if off > 0 else 0 for off, cheap, _ in pairs],
        "park>tso shortage": [-off * dear if off < 0 else 0 for off, _, dear in pairs],
    }
    single = cashflows(single_price_imbalance(**PLANNED, price=high), world, SLOTS)
    equal = cashflows(
        dual_price_imbalance(**PLANNED, surplus_price=high, shortage_price=high), world, SLOTS
    )
    surplus, shortage = equal.values()
    assert single[("tso", "park", "EUR", "imbalance")].tolist() == (surplus - shortage).tolist()


@quick
@given(seed=SEEDS, band=st.integers(0, 60))
def test_an_incentive_rewards_help_and_penalises_harm(seed, band):
    draw = draws(seed)
    # small numbers, so that deviations often lie on the very edge of the band
    measured, planned, system = draw(-50, 50), draw(-10, 10), draw(-1, 1)
    contract = imbalance_incentive(
        **PLANNED,
        system=Series("system", "Wh"),
        band=wh(band),
        bonus=Const(7, "nano"),
        reward=price(30_000),
        penalty=price(90_000),
    )
    bonus, reward, penalty = [], [], []
    for actual, plan, state in rows(measured, planned, system):
        off = actual - plan
        beyond = max(0, abs(off) - band)
        helps = off * state < 0
        bonus.append(0 if beyond else 7)
        reward.append(30_000 * beyond if helps else 0)
        penalty.append(0 if helps else 90_000 * beyond)
    world = {"measured": measured, "planned": planned, "system": system}
    assert shown(cashflows(contract, world, SLOTS)) == {
        "tso>park bonus": bonus,
        "tso>park reward": reward,
        "park>tso penalty": penalty,
    }
