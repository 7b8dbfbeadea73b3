"""What budgets and costs of runs guarantee: every way to use what is left, one by one."""

from datetime import date
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.needs.binding.bind import bind

PRICES = st.lists(st.integers(-100_000, 500_000), min_size=48, max_size=48)


def cents(nano):
    return f"{nano / 1e9:.9f}".rstrip("0").rstrip(".")


@settings(deadline=None, max_examples=60)
@given(data=st.data(), prices=PRICES)
def test_no_way_to_run_costs_more_than_it_may(case, data, prices):
    site = case.site(0, date(2026, 5, 4))
    site = type(site)(
        **{n: getattr(site, n) for n in site.__struct_fields__ if n != "prices"},
        prices=type(site.prices)(np.array(prices, float)),
    )
    apart = data.draw(st.booleans())
    length = data.draw(st.integers(1, 4))
    most = data.draw(st.integers(0, 2_000_000_000))
    how = "interruptible" if apart else "uninterrupted"
    text = f"w1 {length * 30} min 06:00-12:00 {how}, cost <= {cents(most)}"
    bound = bind(site, [case.said(site, "home-1", text)])
    cost = [case.washer_w * case.hours * price for price in prices]
    ways = (
        list(combinations(range(12, 24), length))
        if apart
        else [tuple(range(s, s + length)) for s in range(12, 25 - length)]
    )
    paid = {way: sum(cost[slot] for slot in way) for way in ways}
    if bound.fleet.runs is None:
        (fault,) = bound.refused
        assert "costs at least" in fault.problem
        together = [p for way, p in paid.items() if way[-1] - way[0] == length - 1]
        assert min(together) > most
        return
    first, end = int(bound.fleet.runs.first[0]), int(bound.fleet.runs.end[0])
    left = [p for way, p in paid.items() if first <= way[0] and way[-1] < end]
    assert left
    assert max(left) <= most + 1
    if not apart:
        assert min(left) == min(paid.values())


@settings(deadline=None, max_examples=60)
@given(data=st.data(), prices=PRICES)
def test_no_way_to_charge_costs_more_than_the_budget(case, data, prices):
    site = case.site(0, date(2026, 5, 4))
    site = type(site)(
        **{n: getattr(site, n) for n in site.__struct_fields__ if n != "prices"},
        prices=type(site.prices)(np.array(prices, float)),
    )
    most = data.draw(st.integers(0, 8_000_000_000))
    asked = case.said(site, "home-1", "c1 >= 80% by 12:00", name="n0")
    budget = case.said(site, "home-1", f"c1 cost <= {cents(most)} all day", name="n1")
    bound = bind(site, [asked, budget])
    due = (32_000 - case.held["c1"]) / 0.9
    cheapest = filled(np.sort(prices[:24]), due)
    if bound.refused:
        assert [fault.where for fault in bound.refused] == ["n1"]
        assert cheapest > most
        return
    power = np.asarray(bound.fleet.one_way.power_w)[0, :24]
    assert filled(np.sort(np.array(prices[:24])[power > 0])[::-1], due) <= most * (1 + 1e-6) + 1
    assert filled(np.sort(np.array(prices[:24])[power > 0]), due) == pytest.approx(cheapest)


def filled(prices, due):
    """Cost of 3.5 kWh a slot in this order until what is due is reached."""
    total = 0.0
    for price in prices:
        taken = min(due, 3_500.0)
        total += taken * price
        due -= taken
    assert due < 1e-6
    return total
