"""Network charges against the peak of each local month and a stock kept slot by slot."""

from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.rounding import round_half_even
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import PeriodCut
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.network import (
    NetworkFees,
    capacity_tariff,
    energy_tariff,
    local_network_tariff,
    network_tariff,
    storage_exempt_tariff,
)

QUARTER = 900
PRICE = "micro/kWh"
SEEDS = st.integers(0, 2**32 - 1)
# Clocks change by an hour in Brussels (March, October), by half in Lord Howe (April, October).
ZONES = ["Europe/Brussels", "Australia/Lord_Howe", "UTC"]
quick = settings(deadline=None, max_examples=25)


def months(zone, first, last):
    """Quarter-hours of the local months ``first`` to ``last`` of 2026."""
    begin, end = (
        int(datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).timestamp())
        for month in (first, last + 1)
    )
    return Slots(begin, QUARTER, (end - begin) // QUARTER)


def by_period(slots, zone, key):
    """Positions of the slots of each local period, in order."""
    ats = [datetime.fromtimestamp(start, ZoneInfo(zone)) for start in slots.starts().tolist()]
    return [list(group) for _, group in groupby(range(slots.count), key=lambda at: key(ats[at]))]


@quick
@given(
    zone=st.sampled_from(ZONES),
    first=st.sampled_from([3, 4, 9, 10]),
    seed=SEEDS,
    least=st.integers(0, 9000),
)
def test_each_month_pays_for_its_own_peak(zone, first, seed, least):
    slots = months(zone, first, first + 1)
    demand = np.random.default_rng(seed).integers(0, 8000, slots.count)
    contract = capacity_tariff(
        "home",
        "dso",
        Series("demand", "W"),
        Const(least, "W"),
        Const(3_481_917, "micro/kW"),
        f"month@{zone}",
        "EUR",
    )
    expected = [0] * slots.count
    for month in by_period(slots, zone, lambda at: at.month):
        expected[month[-1]] = 3_481_917 * max(least, *(int(demand[slot]) for slot in month))
    flows = cashflows(contract, {"demand": demand}, slots)
    assert {key: paid.tolist() for key, paid in flows.items()} == {
        ("home", "dso", "EUR", "capacity"): expected
    }


def test_the_mean_power_of_a_quarter_hour_is_four_times_its_energy():
    slots = Slots(0, QUARTER, 96)
    energy = np.arange(96, dtype=np.int64)
    contract = capacity_tariff(
        "home",
        "dso",
        Series("withdrawal", "Wh") * Const(4, "W/Wh"),
        Const(0, "W"),
        Const(1_000_000, "micro/kW"),
        "day@UTC",
        "EUR",
    )
    (paid,) = cashflows(contract, {"withdrawal": energy}, slots).values()
    assert paid.tolist() == [0] * 95 + [95 * 4 * 1_000_000]


def test_a_part_of_a_month_has_no_peak_yet():
    slots = Slots(0, QUARTER, 96)
    contract = capacity_tariff(
        "home", "dso", Const(1, "W"), Const(0, "W"), Const(1, "micro/kW"), "month@UTC", "EUR"
    )
    with pytest.raises(PeriodCut):
        cashflows(contract, {}, slots)
    (paid,) = cashflows(contract, {}, slots, cut_periods=True).values()
    assert paid.tolist() == [0] * 95 + [1]


CHARGED = ("home", "dso", "EUR", "network")
RETURNED = ("dso", "home", "EUR", "storage-exemption")


def stocks(stored, returned, efficiency, days):
    """Exempt energy by slot: what comes back, as far as the day's stock reaches."""
    exempt = []
    for day in days:
        stock = 0
        for slot in day:
            stock += round_half_even(stored[slot] * efficiency, 1_000_000)
            part = min(returned[slot], stock)
            stock -= part
            exempt.append(part)
    return exempt


@quick
@given(
    zone=st.sampled_from(ZONES),
    seed=SEEDS,
    efficiency=st.integers(0, 1_000_000),
    often=st.integers(1, 4),
)
def test_what_storage_gives_back_is_charged_once(zone, seed, efficiency, often):
    slots = months(zone, 4, 4)
    random = np.random.default_rng(seed)
    stored = random.integers(0, 2000, slots.count) * (random.integers(0, often, slots.count) == 0)
    returned = random.integers(0, 1500, slots.count) * (random.integers(0, 2, slots.count))
    withdrawal = stored + random.integers(0, 500, slots.count)
    price = random.integers(-10_000, 90_000, slots.count)
    contract = storage_exempt_tariff(
        "home",
        "dso",
        Series("withdrawal", "Wh"),
        Series("stored", "Wh"),
        Series("returned", "Wh"),
        Const(efficiency, "ppm"),
        Series("price", PRICE),
        f"day@{zone}",
        "EUR",
    )
    world = {"withdrawal": withdrawal, "stored": stored, "returned": returned, "price": price}
    flows = cashflows(contract, world, slots)
    days = by_period(slots, zone, lambda at: at.date())
    exempt = stocks(stored.tolist(), returned.tolist(), efficiency, days)
    assert flows[CHARGED].tolist() == (withdrawal * price).tolist()
    assert flows[RETURNED].tolist() == [a * b for a, b in zip(exempt, price.tolist(), strict=True)]
    for day in days:
        assert sum(exempt[slot] for slot in day) <= sum(stored[slot] for slot in day)


def test_without_storage_the_exemption_changes_nothing():
    slots = Slots(0, QUARTER, 96)
    none, rate = Const(0, "Wh"), Const(80_000, PRICE)
    used = Series("withdrawal", "Wh")
    world = {"withdrawal": np.arange(96, dtype=np.int64)}
    plain = cashflows(energy_tariff("home", "dso", used, rate, "EUR"), world, slots)
    exempt = storage_exempt_tariff(
        "home", "dso", used, none, none, Const(900_000, "ppm"), rate, "day@UTC", "EUR"
    )
    found = cashflows(exempt, world, slots)
    assert found[CHARGED].tolist() == plain[CHARGED].tolist() == (np.arange(96) * 80_000).tolist()
    assert not found[RETURNED].any()


def test_energy_from_elsewhere_is_not_exempt():
    """Sunshine fed in before anything was stored neither counts nor makes a debt."""
    contract = storage_exempt_tariff(
        "home",
        "dso",
        Series("stored", "Wh"),
        Series("stored", "Wh"),
        Series("returned", "Wh"),
        Const(1_000_000, "ppm"),
        Const(1, PRICE),
        "all",
        "EUR",
    )
    world = {"stored": np.array([0, 100, 0, 0]), "returned": np.array([900, 0, 60, 60])}
    assert cashflows(contract, world, Slots(0, QUARTER, 4))[RETURNED].tolist() == [0, 0, 60, 40]


def test_the_local_tariff_by_name_is_the_one_that_communities_settle():
    fees = [Const(value, PRICE) for value in (80_000, 32_000, 20_500)]
    assert local_network_tariff("m", "dso", "state", *fees, "EUR") == network_tariff(
        "m", "dso", "state", NetworkFees(*fees), "EUR"
    )
