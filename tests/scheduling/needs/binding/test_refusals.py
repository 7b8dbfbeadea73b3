"""What cannot be bound exactly is refused by name; all else is bound."""

from datetime import date

import numpy as np
import pytest
from msgspec.structs import replace

from gridpact.scheduling.fleet.assets import Battery, Generator, GridConnection, build
from gridpact.scheduling.fleet.columns import Portfolio, Prices
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Site
from gridpact.scheduling.needs.directory import Asset, Directory
from gridpact.scheduling.needs.model import Assets, Cycles, RunRest
from gridpact.scheduling.priorities.levels import Level, Shortfall
from gridpact.scheduling.priorities.needs import Needs

DAY = date(2026, 5, 4)


@pytest.fixture
def at(case):
    return case.site(1, DAY)


@pytest.mark.parametrize(
    ("owner", "sentence", "problem"),
    [
        ("home-1", "b1 >= 50% at 06:10", "06:10 is within a slot of 1800 s"),
        ("home-1", "b1 <= 2 kW 06:10-07:00", "06:10 is within a slot of 1800 s"),
        ("home-1", "p1 >= 50% at 06:00", "stores nothing"),
        ("home-1", "h1 >= 50% at 06:00", "the capacity of h1 is not known"),
        ("home-1", "b1 >= 50% at 06:00, worth 0.3", "only runs can be weighed"),
        ("home-1", "b1 20..22 C 06:00-08:00", "no model of its heat"),
        ("home-1", "b1 40 l at 40 C at 06:00", "no model of a tank"),
        ("home-1", "c1 <= 50% at 06:00", "only charges to what is due"),
        ("home-1", "c1 keeps up 1 kW for 1 h all day", "cannot hold power back"),
        (
            "home-1",
            "b1 keeps up 6 kW for 1 h all day",
            "can give 5000 W from standstill, not 6000 W",
        ),
        ("home-1", "b1 keeps up 5 kW for 3 h all day", "cannot be kept by b1"),
        ("home-1", "kind battery,car <= 3 kW all day", "2 assets together"),
        ("home-1", "b1 <= 3 kW all day, wish", "cannot give way as one of wishes"),
        ("home-1", "p1 gives >= 1 kW 06:00-07:00", "a floor under power is of storage"),
        ("home-1", "kind battery,car takes >= 3 kWh 06:00-07:00", "due of what only charges"),
        ("home-1", "b1 starts <= 2 all day", "how often b1 starts"),
        ("home-1", "b1 runs >= 1 h", "how often b1 goes on and off"),
        ("home-1", "b1 cycles <= 0.5 per day, wish", "cannot give way as one of wishes"),
        ("home-1", "c1 cycles <= 0.5 per day", "no battery of known capacity"),
        ("home-1", "p1 cost <= 1 all day", "one asset that charges"),
        ("home-1", "kind car,battery cost <= 1 all day", "one asset that charges"),
        ("home-1", "c1 cost <= 0.01 all day", "2000 Wh are due, and "),
        ("home-1", "w1 50 min 06:00-12:00", "no whole number of slots"),
        ("home-1", "w1 1 h 06:00-12:00, grid", "a run is a need or a wish"),
        ("home-1", "w1 1 h 2 times 06:00-12:00 interruptible, cost <= 1", "one by one"),
        ("home-1", "w1 1 h 06:00-12:00, cost <= 0.001", "costs at least 0."),
        ("home-1", "w1 1 h 06:00-12:00 interruptible, cost <= 0.001", "costs at least 0."),
        ("home-1", "w1 charge at 1 kW from 06:00 until 07:00", "w1 is not part of the fleet"),
        ("home-1", "p1 charge at 1 kW from 06:00 until 07:00", "p1 is not told to charge"),
        ("home-1", "b1 charge at 9 kW from 06:00 until 07:00", "has 5000 W, not 9000 W"),
        ("home-1", "b1 charge at 1 kW from 06:10 until 07:00", "within a slot"),
        ("home-2", "v2 >= 90% at 00:30", "cannot be reached by then"),
        ("home-2", "v2 >= 80 kWh at 17:00", "60000 Wh are held at most"),
        ("home-1", "x9 >= 80% at 17:00", "you have no asset 'x9'"),
    ],
)
def test_it_is_refused_by_name(owner, sentence, problem, at, case):
    need = case.said(at, owner, sentence, name="mine")
    other = case.said(at, "home-2", "c2 >= 60% by 12:00", name="other")
    bound = bind(at, [need, other])
    assert {fault.where for fault in bound.refused} == {"mine"}
    assert any(problem in fault.problem for fault in bound.refused)
    assert all(fault.fix for fault in bound.refused)
    assert [one.need for one in bound.origins if not one.firm] == ["other"]
    if owner == "home-1":  # what was bound in part is taken back
        refuse_faults(bound.fleet, at.prices)


@pytest.mark.parametrize(
    ("sentences", "refused", "problem"),
    [
        (["c1 >= 50% by 06:00", "c1 >= 90% by 09:00"], "n1", "asks for more later"),
        (["c1 >= 90% by 06:00", "c1 >= 50% by 09:00"], None, ""),
        (["c1 >= 50% by 06:00", "c1 >= 90% by 06:00, wish"], None, ""),
        (["b1 >= 50% at 06:00, wish", "w1 1 h 06:00-12:00"], "n0", "a wish before the end"),
        (["b1 >= 50% at 06:00", "w1 1 h 06:00-12:00"], None, ""),
        (["w1 2 h 06:00-12:00", "w1 quiet 08:30-09:30"], "n0", "several rooms"),
        (["w1 2 h 06:00-12:00", "w1 quiet 06:00-09:30"], None, ""),
        (["w1 2 h 06:00-12:00", "w1 off from 04:00 until 11:00"], "n0", "no room left"),
        (["w1 2 h 06:00-12:00 interruptible", "w1 away 07:00-07:30"], "n0", "several rooms"),
        (["w1 1 h 06:00-12:00", "w1 1 h 11:00-14:00"], "n1", "for n0 at the same time"),
        (["w1 1 h 06:00-12:00", "w1 1 h 12:00-14:00"], None, ""),
        (["w1 1 h 06:00-12:00", "w1 runs >= 2 h"], "n0", "shorter than the appliance stays on"),
        (["w1 1 h 3 times 06:00-12:00", "w1 starts <= 2 06:00-12:00"], "n0", "2 starts"),
        (["w1 1 h 06:00-12:00", "w1 starts <= 2 all day"], "n1", "in the window of the run"),
        (["w1 3 h 06:00-12:00 interruptible", "w1 starts <= 2 06:00-12:00"], None, ""),
    ],
)
def test_needs_that_do_not_go_together_in_a_fleet(sentences, refused, problem, at, case):
    needs = [case.said(at, "home-1", s, name=f"n{k}") for k, s in enumerate(sentences)]
    bound = bind(at, needs)
    again = bind(at, needs[::-1])
    assert [str(fault) for fault in bound.refused] == [str(fault) for fault in again.refused]
    assert {fault.where for fault in bound.refused} == ({refused} if refused else set())
    assert not refused or problem in bound.refused[0].problem


def test_the_order_of_needs_changes_nothing(case, at):
    for seed in range(10):
        needs = case.drawn(seed, at, 8)
        one, other = bind(at, needs), bind(at, needs[::-1])
        assert one.origins == other.origins
        assert one.refused == other.refused
        for name in ("zones", "one_way", "storage", "curtailable", "portfolio", "runs"):
            ours, theirs = getattr(one.fleet, name), getattr(other.fleet, name)
            for field in ours.__struct_fields__ if ours is not None else ():
                np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))


def test_the_fleet_itself_is_left_as_it_was(case, at):
    before = {
        name: np.array(getattr(at.fleet.storage, name)) for name in ("lo_wh", "hi_wh", "charge_w")
    }
    bind(at, [case.said(at, "home-1", "b1 keeps up 1 kW for 1 h all day")])
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(at.fleet.storage, name), values)


def test_what_reaches_beyond_the_horizon_is_for_later(case, at):
    needs = [
        case.said(at, "home-1", "b1 >= 50% at 06:00 on 9 May 2026", name="n0"),
        case.said(at, "home-1", "w1 1 h 22:00-06:00", name="n1"),
        case.said(at, "dso", "zone A takes >= 1 kWh 20:00-02:00, contract", name="n2"),
        case.said(at, "dso", "zone A <= 9 kW 20:00-02:00, grid", name="n3"),
    ]
    bound = bind(at, needs)
    told = {fault.where: fault.problem for fault in bound.refused}
    assert "n0" in bound.later
    assert "n1" in bound.later
    assert "n2" in bound.later
    assert told == {"n2": "a window has begun, and what flowed so far is not known"}
    rows = [one for one in bound.origins if one.need == "n1"]
    assert [(one.first, one.end) for one in rows] == [(0, 12)]  # what is left of the night before
    spans = [(one.first, one.end) for one in bound.origins if one.need == "n3"]
    assert spans == [(0, 4), (40, 48)]
    known = bind(replace(at, so_far_wh={"n1": 2_000, "n2": 400}), needs)
    assert {fault.where for fault in known.refused} == {"n1"}
    assert known.fleet.portfolio.lower_wh.tolist() == [600.0]


def test_rows_are_added_to_those_of_the_fleet(case, at):
    zone = np.array([1], np.int64)
    none = np.zeros(0, np.int64)
    before = Portfolio(
        set_of_row=np.array([4]), first=np.array([3]), end=np.array([4]),
        lower_wh=np.array([-np.inf]), upper_wh=np.array([5e4]), zone_set=np.array([4]), zone=zone,
        asset_set=none, asset_table=none, asset=none,
    )  # fmt: skip
    site = replace(
        at, fleet=replace(at.fleet, portfolio=before), needs=Needs(row_level=int(Level.GRID))
    )
    need = case.said(at, "dso", "zone A,B <= 8 kW 06:00-07:00, contract", name="n0")
    bound = bind(site, [need])
    rows = bound.fleet.portfolio
    assert rows.set_of_row.tolist() == [4, 5, 5]
    assert rows.first.tolist() == [3, 12, 13]
    assert rows.upper_wh.tolist() == [5e4, 4e3, 4e3]
    assert sorted(zip(rows.zone_set.tolist(), rows.zone.tolist(), strict=True)) == [
        (4, 1), (5, 1), (5, 2),
    ]  # fmt: skip
    assert bound.needs.row_level.tolist() == [Level.GRID, Level.CONTRACTS, Level.CONTRACTS]
    assert bound.behind(Shortfall(Level.CONTRACTS, "upper", 2, 13, 5.0)) == ("n0",)
    assert bound.behind(Shortfall(Level.GRID, "upper", 0, 3, 5.0)) == ()


def test_generators_rest_and_cycles_that_power_cannot_exceed():
    fleet = build(
        4,
        900,
        [GridConnection("top")],
        [Battery("top", 10_000, 100, 5_000), Generator("top", 3_000)],
    )
    directory = Directory(
        (
            Asset(id="b", owner="me", kind="battery", zone="top", capacity_wh=10_000),
            Asset(id="g", owner="me", kind="generator", zone="top"),
        ),
        {"top": ""},
    )
    site = Site(
        fleet=fleet, prices=Prices(np.ones(4)), start=0, timezone="UTC", directory=directory,
        places={"b": ("storage", 0), "g": ("generators", 0)}, zones={"top": 0},
    )  # fmt: skip
    rest = RunRest(
        id="n0", owner="me", subject=Assets(("g",)), least_run_s=1_000, least_rest_s=1_800
    )
    cycles = Cycles(id="n1", owner="me", subject=Assets(("b",)), per_day_ppm=10_000)
    bound = bind(site, [rest, cycles])
    assert bound.refused == ()
    assert np.asarray(bound.fleet.generators.min_up).tolist() == [2]
    assert np.asarray(bound.fleet.generators.min_down).tolist() == [2]
    assert np.isinf(bound.fleet.storage.throughput_wh)
    tighter = bind(site, [replace(cycles, per_day_ppm=9_999)])
    assert tighter.refused == ()
    assert tighter.later == ("n1",)  # the day goes on after the horizon
    limits = np.asarray(tighter.fleet.storage.throughput_wh)
    assert limits.tolist() == [[np.inf, np.inf, np.inf, 99.99]]
