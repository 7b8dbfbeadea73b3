"""Power purchase agreements against a month-by-month calculation, over both changes of clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import MissingSeries
from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import PeriodCut
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import needs
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.ppa import (
    guaranteed_virtual_ppa,
    off_site_ppa,
    on_site_ppa,
    physical_ppa,
    sleeved_ppa,
    take_and_pay,
    take_or_pay,
)

BERLIN, MONTH = ZoneInfo("Europe/Berlin"), "month@Europe/Berlin"
GENERATION, LOAD = Series("generation", "Wh"), Series("load", "Wh")
PRICE = Series("price", "micro/kWh")
DAMAGES = Const(30_000, "micro/kWh")
SOLD, OWED = ("bakery", "solar-park", "EUR"), ("solar-park", "bakery", "EUR")
seeds = st.integers(0, 10**6)


def window(year, first, last):
    """Hours of the local months ``first`` to ``last``."""
    start, end = (
        int(datetime(year, month, 1, tzinfo=BERLIN).timestamp()) for month in (first, last + 1)
    )
    return Slots(start, 3600, (end - start) // 3600)


# Clocks go forward in March and back in October: 743 and 745 hours.
SPRING, AUTUMN = window(2026, 2, 3), window(2026, 10, 11)
windows = pytest.mark.parametrize("slots", [SPRING, AUTUMN], ids=["spring", "autumn"])


def test_the_windows_hold_a_change_of_clocks():
    assert (SPRING.count, AUTUMN.count) == (28 * 24 + 743, 745 + 30 * 24)


def months(slots):
    """Positions of each local month's slots, in order."""
    found = {}
    for position, start in enumerate(slots.starts().tolist()):
        at = datetime.fromtimestamp(start, UTC).astimezone(BERLIN)
        found.setdefault((at.year, at.month), []).append(position)
    return list(found.values())


def at_ends(slots, amount_of):
    """A list with ``amount_of(positions)`` in each month's last slot, 0 elsewhere."""
    found = [0] * slots.count
    for positions in months(slots):
        found[positions[-1]] = amount_of(positions)
    return found


def random_world(seed, slots):
    random = np.random.Generator(np.random.PCG64(seed))
    return {
        "generation": random.integers(0, 50_000, slots.count),
        "load": random.integers(0, 50_000, slots.count),
        "price": random.integers(-100_000, 300_000, slots.count),
    }


def lists(world):
    return [world[name].tolist() for name in ("generation", "load", "price")]


def settle(contract, world, slots):
    needed = {need.name for need in needs(contract).series}
    bound = {name: row for name, row in world.items() if name in needed}
    return {key: row.tolist() for key, row in cashflows(contract, bound, slots).items()}


def under_delivery(slots, guaranteed, delivered):
    return at_ends(
        slots, lambda month: 30_000 * max(guaranteed - sum(delivered[i] for i in month), 0)
    )


@windows
@settings(deadline=None, max_examples=15)
@given(seed=seeds, least=st.integers(0, 25_000_000), guaranteed=st.integers(0, 25_000_000))
def test_take_or_pay_by_the_month(slots, seed, least, guaranteed):
    world = random_world(seed, slots)
    generation, load, price = lists(world)
    contract = take_or_pay(
        "solar-park",
        "bakery",
        GENERATION,
        LOAD,
        PRICE,
        Const(least, "Wh"),
        Const(guaranteed, "Wh"),
        DAMAGES,
        MONTH,
        "EUR",
    )
    taken = [min(pair) for pair in zip(generation, load, strict=True)]

    def unpaid(month):
        due = min(least, sum(generation[i] for i in month))
        return max(due - sum(taken[i] for i in month), 0) * price[month[-1]]

    assert settle(contract, world, slots) == {
        (*SOLD, "energy"): [wh * p for wh, p in zip(taken, price, strict=True)],
        (*SOLD, "take-or-pay"): at_ends(slots, unpaid),
        (*OWED, "under-delivery"): under_delivery(slots, guaranteed, generation),
    }


@windows
@settings(deadline=None, max_examples=15)
@given(seed=seeds, volume=st.integers(0, 60_000), guaranteed=st.integers(0, 25_000_000))
def test_take_and_pay_by_the_month(slots, seed, volume, guaranteed):
    world = random_world(seed, slots)
    generation, load, price = lists(world)
    contract = take_and_pay(
        "solar-park",
        "bakery",
        GENERATION,
        Const(volume, "Wh"),
        LOAD,
        PRICE,
        Const(25_000, "micro/kWh"),
        Const(guaranteed, "Wh"),
        DAMAGES,
        MONTH,
        "EUR",
    )
    offered = [min(wh, volume) for wh in generation]
    taken = [min(pair) for pair in zip(offered, load, strict=True)]
    assert settle(contract, world, slots) == {
        (*SOLD, "energy"): [wh * p for wh, p in zip(taken, price, strict=True)],
        (*SOLD, "untaken"): [25_000 * (a - b) for a, b in zip(offered, taken, strict=True)],
        (*OWED, "under-delivery"): under_delivery(slots, guaranteed, offered),
    }


@settings(deadline=None, max_examples=15)
@given(seed=seeds, guaranteed=st.integers(0, 25_000_000))
def test_on_site_and_off_site_differ_by_the_network_fee(seed, guaranteed):
    world = random_world(seed, SPRING)
    generation, load, price = lists(world)
    terms = (LOAD, PRICE), (Const(guaranteed, "Wh"), DAMAGES, MONTH, "EUR")
    on_site = on_site_ppa("solar-park", "bakery", GENERATION, *terms[0], *terms[1])
    fee = Const(40_000, "micro/kWh")
    off_site = off_site_ppa("solar-park", "bakery", "dso", GENERATION, *terms[0], fee, *terms[1])
    used = [min(pair) for pair in zip(generation, load, strict=True)]
    flows = settle(on_site, world, SPRING)
    assert flows == {
        (*SOLD, "energy"): [wh * p for wh, p in zip(used, price, strict=True)],
        (*OWED, "under-delivery"): under_delivery(SPRING, guaranteed, generation),
    }
    network = {("bakery", "dso", "EUR", "network"): [40_000 * wh for wh in used]}
    assert settle(off_site, world, SPRING) == flows | network


@settings(deadline=None, max_examples=15)
@given(seed=seeds, guaranteed=st.integers(0, 25_000_000))
def test_a_sleeve_keeps_its_fee_and_nothing_else(seed, guaranteed):
    world = random_world(seed, SPRING)
    end = (Const(guaranteed, "Wh"), DAMAGES, MONTH, "EUR")
    fee = Const(5_000, "micro/kWh")
    sleeved = sleeved_ppa("solar-park", "supplier", "bakery", GENERATION, PRICE, fee, *end)
    direct = physical_ppa("solar-park", "bakery", GENERATION, PRICE, *end)
    flows, plain = settle(sleeved, world, SPRING), settle(direct, world, SPRING)

    def received(flows, party):
        gains = [row for (_, payee, _, _), row in flows.items() if payee == party]
        costs = [row for (payer, _, _, _), row in flows.items() if payer == party]
        return sum(map(np.array, gains)) - sum(map(np.array, costs))

    kept = 5_000 * world["generation"]
    assert received(flows, "supplier").tolist() == kept.tolist()
    assert received(flows, "solar-park").tolist() == received(plain, "solar-park").tolist()
    assert received(flows, "bakery").tolist() == (received(plain, "bakery") - kept).tolist()


@settings(deadline=None, max_examples=15)
@given(seed=seeds, guaranteed=st.integers(0, 25_000_000))
def test_a_virtual_ppa_and_the_market_give_the_strike(seed, guaranteed):
    world = random_world(seed, AUTUMN)
    generation, _, spot = lists(world)
    contract = guaranteed_virtual_ppa(
        "solar-park",
        "bakery",
        GENERATION,
        PRICE,
        Const(70_000, "micro/kWh"),
        Const(guaranteed, "Wh"),
        DAMAGES,
        MONTH,
        "EUR",
    )
    flows = settle(contract, world, AUTUMN)
    market = [wh * p for wh, p in zip(generation, spot, strict=True)]
    paid = flows.pop((*OWED, "difference"))
    income = [sale - cost for sale, cost in zip(market, paid, strict=True)]
    assert income == [70_000 * wh for wh in generation]
    assert flows == {(*OWED, "under-delivery"): under_delivery(AUTUMN, guaranteed, generation)}


def test_a_guarantee_waits_for_its_whole_month_and_for_every_reading_of_it():
    contract = physical_ppa(
        "solar-park", "bakery", GENERATION, PRICE, Const(1, "Wh"), DAMAGES, MONTH, "EUR"
    )
    half = Slots(SPRING.start, 3600, 400)
    world = random_world(1, half)
    with pytest.raises(PeriodCut):
        cashflows(contract, world, half)
    flows = cashflows(contract, world, half, cut_periods=True)
    assert flows[(*OWED, "under-delivery")].tolist() == [0] * 400
    world = random_world(1, SPRING)
    present = np.ones(SPRING.count, dtype=bool)
    present[5] = False
    absent = world | {"generation": Known(world["generation"], present)}
    with pytest.raises(MissingSeries) as caught:
        cashflows(contract, absent, SPRING)
    assert (caught.value.name, caught.value.slots) == ("generation", (SPRING.start + 5 * 3600,))
