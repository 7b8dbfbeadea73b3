"""Retail tariffs against loops over slots in plain Python and the standard library's calendar."""

from datetime import datetime
from fractions import Fraction
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.contracts.cashflows import cashflows
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Sheet
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Profile, Series
from gridpact.contracts.products.retail import (
    bands,
    dynamic_tariff,
    flat_tariff,
    stepped_tariff,
    time_of_use_tariff,
)
from gridpact.contracts.products.supplier import self_consumption_tariff
from gridpact.contracts.terms import within
from gridpact.contracts.times import Between, LocalTime

HOUR = 3600
ZONE = "Europe/Berlin"
MONTHS = [(2026, 2), (2026, 3), (2026, 10), (2027, 12)]  # two of them change their clocks
PRICE = "micro/kWh"
USED = Series("used", "Wh")
ENERGY = ("home", "supplier", "EUR", "energy")
STANDING = ("home", "supplier", "EUR", "standing-charge")
quick = settings(deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**32 - 1)


def months(year, month, count=1):
    """Hours of some whole local months."""
    last = year * 12 + month - 1 + count
    begin, end = (
        int(datetime(y, m, 1, tzinfo=ZoneInfo(ZONE)).timestamp())
        for y, m in ((year, month), (last // 12, last % 12 + 1))
    )
    return Slots(begin, HOUR, (end - begin) // HOUR)


def local(slots):
    zone = ZoneInfo(ZONE)
    return [datetime.fromtimestamp(start, zone) for start in slots.starts().tolist()]


def draw(seed, count, high=3000, low=0):
    return np.random.default_rng(seed).integers(low, high + 1, count)


def price(value):
    return Const(value, PRICE)


def tariff(build, **amounts):
    return build(
        consumer="home",
        supplier="supplier",
        consumption=USED,
        standing_charge=Const(7_000_000_001, "nano"),
        period=f"month@{ZONE}",
        currency="EUR",
        **amounts,
    )


def last_of_months(slots):
    days = [(at.year, at.month) for at in local(slots)]
    return [a != b for a, b in zip(days, [*days[1:], None], strict=True)]


def in_blocks(used, limits):
    """Fill one block after the other, in one month."""
    room = [*np.diff([0, *limits]).tolist(), None]
    for energy in used:
        parts = []
        for place, left in enumerate(room):
            rest = energy - sum(parts)
            parts.append(rest if left is None else min(rest, left))
            room[place] = None if left is None else left - parts[-1]
        yield parts


@quick
@given(
    month=st.sampled_from(MONTHS),
    seed=SEEDS,
    limits=st.tuples(st.integers(0, 600_000), st.integers(0, 600_000)).map(sorted),
    prices=st.tuples(*[st.integers(-100_000, 900_000)] * 3),
)
def test_a_stepped_tariff_fills_its_blocks_month_by_month(month, seed, limits, prices):
    slots = months(*month, count=2)
    used = draw(seed, slots.count)
    first, second = (Const(limit, "Wh") for limit in limits)
    contract = tariff(
        stepped_tariff,
        first_step=first,
        second_step=second,
        first_price=price(prices[0]),
        second_price=price(prices[1]),
        third_price=price(prices[2]),
    )
    expected = []
    by_month = zip(local(slots), used.tolist(), strict=True)
    for _, hours in groupby(by_month, key=lambda hour: hour[0].month):
        for parts in in_blocks([energy for _, energy in hours], limits):
            expected.append(sum(part * cost for part, cost in zip(parts, prices, strict=True)))
    flows = cashflows(contract, {"used": used}, slots)
    assert flows[ENERGY].tolist() == expected
    assert sum(leg.low for leg in obligations(contract, {"used": used}, slots)).tolist() == (
        used.tolist()
    )


@quick
@given(seed=SEEDS, count=st.integers(0, 4), length=st.integers(1, 200))
def test_bands_partition_time(seed, count, length):
    slots = Slots(0, 900, length)
    on = np.random.default_rng(seed).integers(0, 2, (count, length))
    masks = [Profile(0, 900, tuple(row), "1") for row in on.tolist()]
    if not masks:
        assert bands() == ()
        return
    sheet = Sheet({}, slots)
    found = np.array([np.broadcast_to(sheet.needed(band).low, (length,)) for band in bands(*masks)])
    assert (found.sum(axis=0) == 1).all()
    first = [next((k for k in range(count) if on[k][slot]), count) for slot in range(length)]
    assert found.argmax(axis=0).tolist() == first


@pytest.mark.parametrize("month", MONTHS)
def test_a_time_of_use_tariff_follows_the_wall_clock(month):
    slots = months(*month)
    used = draw(5, slots.count)
    every, week = tuple(range(1, 13)), (1, 2, 3, 4, 5)
    contract = tariff(
        time_of_use_tariff,
        peak=LocalTime(ZONE, every, week, 17 * HOUR, 20 * HOUR),
        shoulder=LocalTime(ZONE, every, week, 7 * HOUR, 22 * HOUR),
        peak_price=price(420_000),
        shoulder_price=price(300_000),
        off_peak_price=price(220_000),
    )

    def rate(at):
        if at.weekday() < 5 and 17 <= at.hour < 20:
            return 420_000
        return 300_000 if at.weekday() < 5 and 7 <= at.hour < 22 else 220_000

    flows = cashflows(contract, {"used": used}, slots)
    expected = [e * rate(at) for e, at in zip(used.tolist(), local(slots), strict=True)]
    assert flows[ENERGY].tolist() == expected


def test_without_masks_a_time_of_use_tariff_is_flat():
    slots, used = months(2026, 3), draw(1, 743)
    none, rest = Const(0, "1"), price(220_000)
    varied = tariff(
        time_of_use_tariff,
        peak=none,
        peak_price=price(1),
        shoulder=none,
        shoulder_price=price(2),
        off_peak_price=rest,
    )
    flat = cashflows(tariff(flat_tariff, price=rest), {"used": used}, slots)
    found = cashflows(varied, {"used": used}, slots)
    assert {key: values.tolist() for key, values in found.items()} == {
        key: values.tolist() for key, values in flat.items()
    }


@quick
@given(
    month=st.sampled_from(MONTHS),
    seed=SEEDS,
    margin=st.integers(-50_000, 50_000),
    floor=st.integers(-400_000, 100_000),
    width=st.integers(0, 600_000),
    tax=st.integers(0, 300_000),
)
def test_a_dynamic_tariff_prices_and_taxes_slot_by_slot(month, seed, margin, floor, width, tax):
    slots = months(*month, count=2)
    used, spot = draw(seed, slots.count), draw(seed + 1, slots.count, 900_000, -500_000)
    contract = tariff(
        dynamic_tariff,
        spot=Series("spot", PRICE),
        margin=price(margin),
        floor=price(floor),
        cap=price(floor + width),
        tax=Const(tax, "ppm"),
    )
    flows = cashflows(contract, {"used": used, "spot": spot}, slots)
    energy, taxes = [], []
    for wh, market, last in zip(used.tolist(), spot.tolist(), last_of_months(slots), strict=True):
        energy.append(wh * sorted([floor, market + margin, floor + width])[1])
        due = energy[-1] + (7_000_000_001 if last else 0)
        taxes.append(round(Fraction(due * tax, 1_000_000)))  # rounds half to even
    assert flows[ENERGY].tolist() == energy
    assert flows[("home", "supplier", "EUR", "tax")].tolist() == taxes


def test_the_standing_charge_falls_due_once_a_month():
    slots = months(2026, 1, count=12)
    flows = cashflows(tariff(flat_tariff, price=price(1)), {"used": draw(0, slots.count)}, slots)
    expected = [7_000_000_001 if last else 0 for last in last_of_months(slots)]
    assert flows[STANDING].tolist() == expected
    assert sum(last_of_months(slots)) == 12


@quick
@given(seed=SEEDS, end=st.integers(1, 95))
def test_a_feed_in_tariff_pays_for_own_use_until_its_term_ends(seed, end):
    slots = Slots(0, 900, 96)
    made, sold = draw(seed, 96), draw(seed + 1, 96, 2000)
    contract = self_consumption_tariff(
        "roof",
        "dso",
        Series("made", "Wh"),
        Series("sold", "Wh"),
        price(120_000),
        price(40_000),
        "EUR",
        Between(-900, end * 900),
    )
    pairs = list(zip(made.tolist(), sold.tolist(), [1] * end + [0] * (96 - end), strict=True))
    found = cashflows(contract, {"made": made, "sold": sold}, slots)
    assert {key[3]: paid.tolist() for key, paid in found.items()} == {
        "feed-in": [120_000 * out * on for _, out, on in pairs],
        "self-consumption": [40_000 * max(all_ - out, 0) * on for all_, out, on in pairs],
    }


def test_a_tariff_ends_with_its_term():
    slots = Slots(0, HOUR, 4)
    half = within(
        Between(0, 2 * HOUR),
        flat_tariff("home", "supplier", USED, price(10), Const(0, "nano"), "all", "EUR"),
    )
    flows = cashflows(half, {"used": np.array([1, 2, 3, 4])}, slots)
    assert flows[ENERGY].tolist() == [10, 20, 0, 0]


def test_steps_in_the_wrong_order_are_refused():
    wh, price = (lambda value: Const(value, "Wh")), Const(1, "micro/kWh")
    prices = (price, price, price, Const(0, "nano"))
    with pytest.raises(IllFormed, match="9000 Wh, is above the second, 5000 Wh"):
        stepped_tariff("a", "b", wh(1), wh(9000), wh(5000), *prices, "month@UTC", "EUR")
