"""What budgets, limits of cycles and costs of runs guarantee, and what they leave."""

from datetime import date, datetime
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.optimize import linprog

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.assets import Battery, GridConnection, V2gCar, build
from gridpact.scheduling.fleet.columns import Fleet, Prices, Zones, rows_of
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.directory import Asset, Directory

PRICES = st.lists(st.integers(-100_000, 500_000), min_size=48, max_size=48)


def cents(nano):
    return f"{nano / 1e9:.9f}".rstrip("0").rstrip(".")


@settings(deadline=None, max_examples=60)
@given(data=st.data(), prices=PRICES)
def test_no_way_to_run_costs_more_than_it_may(case, data, prices):
    site = replace(case.site(0, date(2026, 5, 4)), prices=Prices(np.array(prices, float)))
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


@settings(deadline=None, max_examples=40)
@given(data=st.data(), prices=PRICES)
def test_a_budget_is_kept_and_leaves_every_way_to_charge_that_keeps_it(case, data, prices):
    """Whatever charging is worth in each slot, the best way within the budget is found."""
    site = replace(case.site(0, date(2026, 5, 4)), prices=Prices(np.array(prices, float)))
    most = data.draw(st.integers(0, 8_000_000_000))
    asked = case.said(site, "home-1", "c1 >= 80% by 12:00", name="n0")
    budget = case.said(site, "home-1", f"c1 cost <= {cents(most)} 02:00-00:00", name="n1")
    bound = bind(site, [asked, budget])
    due = (32_000 - case.held["c1"]) / 0.9
    counted = np.maximum(prices[:24], 0) * (np.arange(24) >= 4)
    cheapest = filled(np.sort(counted), due)
    if bound.refused:
        assert [fault.where for fault in bound.refused] == ["n1"]
        assert cheapest > most
        return
    worth = np.array(data.draw(PRICES), float)
    alone = Fleet(
        slots=48,
        step_s=case.step,
        zones=Zones(np.array([-1])),
        one_way=rows_of(bound.fleet.one_way, np.array([0])),
    )
    alone = replace(alone, one_way=replace(alone.one_way, zone=np.array([0])))
    found = solve(alone, Prices(worth), Options(method="reference", gap=1e-9))
    taken = found.schedules().one_way_wh[0, :24]
    assert taken @ counted <= most * (1 + 1e-6) + 1
    best = linprog(
        worth[:24],
        [counted / 1e6],
        [most / 1e6],
        [np.ones(24)],
        [due],
        bounds=(0, 3_500),
    )
    assert found.upper_nano == pytest.approx(best.fun, rel=1e-6, abs=1e4)


def filled(prices, due):
    """Cost of 3.5 kWh a slot in this order until what is due is reached."""
    total = 0.0
    for price in prices:
        taken = min(due, 3_500.0)
        total += taken * price
        due -= taken
    assert due < 1e-6
    return total


def two_days(case, **known):
    """A battery and a car that feeds back, hour by hour from noon to noon after the next day."""
    start = int(datetime(2026, 5, 4, 12, tzinfo=ZoneInfo(case.zone)).timestamp())
    draw = stream(9, "two days")
    fleet = build(
        48,
        3600,
        [GridConnection("home")],
        [
            Battery("home", 10_000, 5_000, 5_000, efficiency=0.95),
            V2gCar("home", 0, 48, 20_000, 20_000, 40_000, 7_000),
        ],
    )
    assets = tuple(
        Asset(id=name, owner="home-1", kind=kind, zone="home", capacity_wh=size)
        for name, kind, size in (("b", "battery", 10_000), ("v", "car", 40_000))
    )
    return Site(
        fleet=fleet,
        prices=Prices(draw.uniform(50_000, 400_000, 48)),
        start=start,
        timezone=case.zone,
        directory=Directory(assets, {"home": ""}),
        places={"b": ("storage", 0), "v": ("storage", 1)},
        zones={"home": 0},
        **known,
    )


def test_cycles_count_by_the_local_day(case):
    site = two_days(case, discharged_wh={"b": 2_000, "v": 0})
    needs = [
        case.said(site, "home-1", "b cycles <= 0.8 per day", name="n0"),
        case.said(site, "home-1", "v throughput <= 3 MWh per year", name="n1"),
    ]
    bound = bind(site, needs)
    assert bound.refused == ()
    assert bound.later == ("n0", "n1")
    limits = bound.fleet.storage.throughput_wh
    day = 3_000_000 / 366
    assert limits[0, [11, 35, 47]].tolist() == pytest.approx([6_000, 8_000, 8_000])
    assert limits[1, [11, 35, 47]].tolist() == pytest.approx([day] * 3)
    assert np.isinf(np.delete(limits, [11, 35, 47], axis=1)).all()
    free = solve(site.fleet, site.prices).schedules().discharge_wh
    kept = solve(bound.fleet, site.prices).schedules().discharge_wh
    for name, row, first in (("n0", 0, 6_000), ("n1", 1, day)):
        later = 8_000 if name == "n0" else day
        for part, most in ((slice(0, 12), first), (slice(12, 36), later), (slice(36, 48), later)):
            assert kept[row, part].sum() <= most + 0.01
        assert free[row].sum() > kept[row].sum() + 1_000
    told = {(one.need, one.column, one.first, one.end) for one in bound.origins}
    assert {one for one in told if one[0] == "n0"} == {
        ("n0", "throughput_wh", first, end) for first, end in ((0, 12), (12, 36), (36, 48))
    }


def test_what_is_not_known_of_a_day_or_window_that_has_begun_is_asked_for(case):
    site = two_days(case)
    needs = [
        case.said(site, "home-1", "b cycles <= 0.8 per day", name="n0"),
        case.said(site, "home-1", "v cost <= 2 all day", name="n1"),
    ]
    told = {fault.where: (fault.problem, fault.fix) for fault in bind(site, needs).refused}
    assert told == {
        "n0": ("a day has begun, and what b discharged so far is not known", "give discharged_wh"),
        "n1": (
            "a window has begun, and what was spent so far is not known",
            "give spent_nano",
        ),
    }
    known = two_days(case, discharged_wh={"b": 0}, spent_nano={"n1": 1_500_000_000})
    bound = bind(known, needs)
    assert bound.refused == ()
    assert bound.fleet.storage.budget[1, [11, 35]].tolist() == [500_000, 2_000_000]
    plan = solve(bound.fleet, known.prices).schedules()
    price = known.prices.buy
    for part, most in ((slice(0, 12), 5e8), (slice(12, 36), 2e9), (slice(36, 48), 2e9)):
        assert plan.charge_wh[1, part] @ price[part] <= most * (1 + 1e-6)


def test_budgets_with_windows_of_their_own_lie_apart(case):
    site = two_days(case)
    first = case.said(site, "home-1", "v cost <= 2 18:00-08:00", name="n0")
    same = case.said(site, "home-1", "v cost <= 1 18:00-08:00", name="n1")
    across = case.said(site, "home-1", "v cost <= 1 06:00-10:00", name="n2")
    apart = case.said(site, "home-1", "v cost <= 1 08:00-18:00", name="n3")
    known = two_days(case, spent_nano={"n3": 0})
    bound = bind(known, [first, same, across, apart])
    assert {fault.where for fault in bound.refused} == {"n2"}
    assert "already" in bound.refused[0].problem
    limits = bound.fleet.storage.budget[1]
    ends = np.flatnonzero(np.isfinite(limits)).tolist()
    assert ends == [5, 19, 29, 43, 47]
    assert limits[ends].tolist() == [1e6] * 5


def test_one_limit_of_throughput_is_enough(case):
    site = two_days(case, discharged_wh={"b": 0})
    table = replace(site.fleet.storage, throughput_wh=np.array([5_000.0, np.inf]))
    site = replace(site, fleet=replace(site.fleet, storage=table))
    bound = bind(site, [case.said(site, "home-1", "b cycles <= 0.3 per day", name="n0")])
    assert "limited already" in bound.refused[0].problem
    other = replace(site, discharged_wh={"v": 0})
    needs = [case.said(other, "home-1", "v cycles <= 0.1 per day", name="n0")]
    limits = bind(other, needs).fleet.storage.throughput_wh
    assert limits[0, 47] == 5_000
    assert limits[1, [11, 35, 47]].tolist() == [4_000] * 3
