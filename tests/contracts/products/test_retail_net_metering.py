"""Net metering against the bank of credits kept period by period, in plain Python."""

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
from gridpact.contracts.obligations import obligations
from gridpact.contracts.observables import Const, Series
from gridpact.contracts.products.net_metering import (
    expiring_net_metering,
    market_rate_net_metering,
    net_billing,
    net_metering,
)

HOUR = 3600
PRICE = "micro/kWh"
IN, OUT = Series("in", "Wh"), Series("out", "Wh")
RATE, CREDIT = Series("rate", PRICE), Series("credit", PRICE)
PAID, EARNED = ("home", "supplier", "EUR", "energy"), ("supplier", "home", "EUR", "credit")
REGISTERS = {
    "prosumer": "home",
    "supplier": "supplier",
    "imported": IN,
    "exported": OUT,
    "currency": "EUR",
}
SEEDS = st.integers(0, 2**32 - 1)


def hours(begin, end, zone):
    start, stop = (
        int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp())
        for day in (begin, end)
    )
    return Slots(start, HOUR, (stop - start) // HOUR)


def keys(slots, zone, length):
    """The local period of each slot."""
    ats = [datetime.fromtimestamp(start, ZoneInfo(zone)) for start in slots.starts().tolist()]
    of = {
        "day": lambda at: at.date(),
        "week": lambda at: at.isocalendar()[:2],
        "month": lambda at: (at.year, at.month),
        "year": lambda at: at.year,
    }[length]
    return [of(at) for at in ats]


def bank(net, periods, true_ups):
    """What is due and what is left, by slot: the recursion that the product must reproduce."""
    due, left, credit = [0] * len(net), [0] * len(net), 0
    for _, group in groupby(range(len(net)), key=lambda slot: periods[slot]):
        slots = list(group)
        owed = sum(net[slot] for slot in slots)
        last = slots[-1]
        due[last] = max(0, owed - credit)
        credit = max(0, credit - owed)
        if last + 1 == len(net) or true_ups[last + 1] != true_ups[last]:
            left[last], credit = credit, 0
    return due, left


def world(seed, slots, tilt):
    """Registers in whole Wh and prices by slot; the tilt makes imports or exports larger."""
    random = np.random.default_rng(seed)
    day = random.integers(0, 3000, slots.count)
    sun = random.integers(0, 3000, slots.count) * tilt // 10
    # weeks with and without sun, so that banks fill and empty
    sun *= random.integers(0, 2, slots.count // 60 + 1).repeat(60)[: slots.count]
    prices = {name: random.integers(-20_000, 400_000, slots.count) for name in ("rate", "credit")}
    return {"in": day, "out": sun} | prices


def lists(bound):
    return [bound[name].tolist() for name in ("in", "out", "rate", "credit")]


WEEKS = hours("2026-03-23", "2026-04-13", "Europe/Berlin")
YEARS = hours("2025-01-01", "2027-01-01", "Europe/Berlin")
NESTED = [(WEEKS, "day", "week"), (YEARS, "month", "year")]


@pytest.mark.parametrize(("slots", "period", "true_up"), NESTED)
def test_energy_credits_roll_over_as_the_recursive_bank(slots, period, true_up):
    zone = "Europe/Berlin"
    contract = net_metering(
        **REGISTERS,
        price=RATE,
        credit_price=CREDIT,
        period=f"{period}@{zone}",
        true_up=f"{true_up}@{zone}",
    )
    periods, ends = keys(slots, zone, period), keys(slots, zone, true_up)

    @settings(deadline=None, max_examples=12)
    @given(seed=SEEDS, tilt=st.integers(0, 40))
    def check(seed, tilt):
        bound = world(seed, slots, tilt)
        imported, exported, rate, credit = lists(bound)
        net = [a - b for a, b in zip(imported, exported, strict=True)]
        due, left = bank(net, periods, ends)
        flows = cashflows(contract, bound, slots)
        assert flows[PAID].tolist() == [a * b for a, b in zip(due, rate, strict=True)]
        assert flows[EARNED].tolist() == [a * b for a, b in zip(left, credit, strict=True)]
        assert sum(due) - sum(left) == sum(net)  # no energy is lost or counted twice

    check()


@pytest.mark.parametrize(("slots", "period", "true_up"), NESTED)
def test_money_credits_roll_over_as_the_recursive_bank(slots, period, true_up):
    zone = "Europe/Berlin"
    contract = net_billing(
        **REGISTERS,
        price=RATE,
        credit_price=CREDIT,
        payout=Const(333_333, "ppm"),
        period=f"{period}@{zone}",
        true_up=f"{true_up}@{zone}",
    )
    periods, ends = keys(slots, zone, period), keys(slots, zone, true_up)

    @settings(deadline=None, max_examples=12)
    @given(seed=SEEDS, tilt=st.integers(0, 40))
    def check(seed, tilt):
        bound = world(seed, slots, tilt)
        net = [a * p - b * c for a, b, p, c in zip(*lists(bound), strict=True)]
        due, left = bank(net, periods, ends)
        flows = cashflows(contract, bound, slots)
        assert flows[PAID].tolist() == due
        assert flows[EARNED].tolist() == [round(Fraction(x * 333_333, 10**6)) for x in left]

    check()


def test_the_worlds_reach_both_full_and_empty_banks():
    """Guards the two tests above: some true-up leaves credits, some period after it owes."""
    found = [
        bank(
            (bound["in"] - bound["out"]).tolist(),
            keys(YEARS, "Europe/Berlin", "month"),
            keys(YEARS, "Europe/Berlin", "year"),
        )
        for bound in (world(seed, YEARS, 20) for seed in range(8))
    ]
    assert any(any(left) for _, left in found)
    assert any(sum(map(bool, due)) not in (0, 24) for due, _ in found)


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS, tilt=st.integers(0, 40))
def test_what_expires_is_bought_by_period(seed, tilt):
    bound = world(seed, WEEKS, tilt)
    contract = expiring_net_metering(
        **REGISTERS, price=RATE, credit_price=CREDIT, period="day@Europe/Berlin"
    )
    imported, exported, rate, credit = lists(bound)
    paid, earned = [0] * WEEKS.count, [0] * WEEKS.count
    days = keys(WEEKS, "Europe/Berlin", "day")
    for _, group in groupby(range(WEEKS.count), key=lambda slot: days[slot]):
        slots = list(group)
        net = sum(imported[slot] - exported[slot] for slot in slots)
        if net > 0:
            paid[slots[-1]] = net * rate[slots[-1]]
        else:
            earned[slots[-1]] = -net * credit[slots[-1]]
    flows = cashflows(contract, bound, WEEKS)
    assert flows[PAID].tolist() == paid
    assert flows[EARNED].tolist() == earned


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS, tilt=st.integers(0, 40))
def test_at_the_market_rate_each_slot_nets_on_its_own(seed, tilt):
    bound = world(seed, WEEKS, tilt)
    contract = market_rate_net_metering(**REGISTERS, price=RATE, market_price=CREDIT)
    flows = cashflows(contract, bound, WEEKS)
    rows = list(zip(*lists(bound), strict=True))
    assert flows[PAID].tolist() == [max(a - b, 0) * p for a, b, p, _ in rows]
    assert flows[EARNED].tolist() == [max(b - a, 0) * c for a, b, _, c in rows]
    bought, sold = obligations(contract, bound, WEEKS)
    assert (bought.low - sold.low).tolist() == [a - b for a, b, _, _ in rows]
    assert not (bought.low * sold.low).any()


def test_a_single_price_bills_the_same_energy_however_short_the_periods():
    """With one price both ways and no true-up in between, rolling over only moves payments."""
    slots = hours("2026-05-04", "2026-05-11", "UTC")
    bound = world(3, slots, 12)
    bound |= {name: np.full(slots.count, 250_000) for name in ("rate", "credit")}
    sums = set()
    for period in ("day@UTC", "week@UTC"):
        flows = cashflows(
            net_metering(
                **REGISTERS, price=RATE, credit_price=CREDIT, period=period, true_up="week@UTC"
            ),
            bound,
            slots,
        )
        sums.add(int(flows[PAID].sum() - flows[EARNED].sum()))
    assert sums == {250_000 * int((bound["in"] - bound["out"]).sum())}
