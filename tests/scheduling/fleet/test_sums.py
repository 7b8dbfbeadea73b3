"""Limits on sums over slots: throughput of batteries, budgets; held to programmes written here."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.base.errors import BadInput
from gridpact.base.randomness import stream
from gridpact.scheduling.audit import audit
from gridpact.scheduling.fleet.assets import Battery, GridConnection, build
from gridpact.scheduling.fleet.columns import Fleet, OneWay, Prices, Storage, Zones
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Status
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.fleet.sums import affordable_wh, by_slot, sums_of

EXACT = Options(method="reference", gap=1e-8)
ENGINE = Options(method="engine", gap=1e-3)
LIMITS = st.one_of(st.just(np.inf), st.floats(0, 9_000))


def days(draw, count, slots, most):
    """A limit for each half of the horizon, or one for all of it; some rows have none."""
    if draw.random() < 0.4:
        return draw.uniform(0, most, count)
    wide = np.full((count, slots), np.inf)
    wide[:, slots // 2 - 1], wide[:, -1] = draw.uniform(0, most, (2, count))
    wide[draw.random(count) < 0.3] = np.inf
    return wide


def batteries(draw, count, slots, zones=1):
    return Storage(
        zone=draw.integers(0, zones, count),
        initial_wh=draw.uniform(2_000, 8_000, count),
        charge_w=draw.uniform(3_000, 6_000, count),
        discharge_w=draw.uniform(3_000, 6_000, count),
        hi_wh=10_000.0,
        efficiency_in=draw.uniform(0.85, 1.0, count),
        efficiency_out=draw.uniform(0.85, 1.0, count),
        wear=draw.choice([0.0, 20_000.0]),
        throughput_wh=days(draw, count, slots, 6_000),
        budget=draw.choice([np.inf, 600_000.0, 1_500_000.0], count),
        budget_price=draw.uniform(50_000, 300_000, (count, slots)),
    )


def cars(draw, count, slots, zones=1):
    """Cars whose budget pays for what is due, with little to spare."""
    table = OneWay(
        zone=draw.integers(0, zones, count),
        arrive=draw.integers(0, 3, count),
        leave=slots - draw.integers(0, 3, count),
        energy_wh=0.0,
        power_w=3_700.0,
        budget=days(draw, count, slots, 900_000),
        budget_price=draw.uniform(50_000, 300_000, (count, slots)) * (draw.random(slots) < 0.8),
    )
    due = affordable_wh(table, slots, 1.0) * draw.uniform(0.5, 0.95, count)
    return msgspec.structs.replace(table, energy_wh=due)


def fleet_of(number):
    """Cars and batteries: in one zone below a limit or none, or in homes behind kinked meters."""
    draw = stream(3, "sums", number)
    slots, zones = int(draw.integers(6, 11)), 1 + 2 * (number % 3 == 2)
    most = draw.uniform(6_000, 12_000) if number % 3 == 1 else np.inf
    fleet = Fleet(
        slots=slots,
        step_s=3600,
        zones=Zones(np.full(zones, -1), most, load_wh=draw.uniform(0, 900, (zones, slots))),
        storage=batteries(draw, 4, slots, zones),
        one_way=cars(draw, 3, slots, zones),
    )
    price = draw.uniform(-60_000, 400_000, slots)
    return fleet, Prices(price, price - 50_000 if zones > 1 else None)


def without_limits(fleet):
    free = {"budget": np.inf}
    return msgspec.structs.replace(
        fleet,
        storage=msgspec.structs.replace(fleet.storage, throughput_wh=np.inf, **free),
        one_way=msgspec.structs.replace(fleet.one_way, **free),
    )


@pytest.mark.parametrize("first", [0, 30, 60])
def test_engine_and_reference_agree_and_the_audit_finds_all_limits_kept(first):
    bound = 0
    for number in range(first, first + 30):
        fleet, prices = fleet_of(number)
        found = solve(fleet, prices, ENGINE)
        least = solve(fleet, prices, Options(method="reference", gap=1e-8, penalty=found.penalty))
        touch = 1e3 + 1e-6 * abs(least.upper_nano)
        assert found.lower_nano <= least.upper_nano + touch, number
        assert found.upper_nano >= least.lower_nano - touch, number
        if found.status is Status.OPTIMAL:
            apart = found.upper_nano - least.upper_nano
            assert apart <= 1.01e-3 * abs(found.upper_nano) + touch, number
        assert audit(fleet, found, prices).clean, number
        assert audit(fleet, least, prices).clean, number
        free = solve(without_limits(fleet), prices, EXACT)
        told = {one.what for one in audit(fleet, free, prices, sample=0).breaches}
        bound += "discharges beyond its throughput" in told
        bound += "pays beyond its budget" in told
    assert bound >= 40  # of 60: a free schedule mostly breaks both


def test_the_least_cost_is_that_of_a_programme_written_by_hand():
    for number in range(40):
        draw = stream(4, "sums", "by hand", number)
        slots = int(draw.integers(4, 12))
        fleet = Fleet(
            slots=slots,
            step_s=3600,
            zones=Zones(np.array([-1])),
            storage=batteries(draw, 1, slots),
        )
        price = draw.uniform(10_000, 400_000, slots)
        found = solve(fleet, Prices(price), EXACT)
        assert found.upper_nano == pytest.approx(by_hand(fleet, price), rel=1e-6, abs=1e3)


def by_hand(fleet, price):
    """Least cost [nano-¤] of one battery: charge, then discharge; sums slot by slot."""
    table, slots = fleet.storage, fleet.slots
    into, out, full = table.efficiency_in[0], table.efficiency_out[0], np.tri(slots)
    state = np.hstack([into * full, -full / out])
    initial = table.initial_wh[0]
    rows, most = [state, -state], [np.full(slots, 10_000 - initial), np.full(slots, initial)]
    for limits, part in ((table.throughput_wh, "out"), (table.budget, "in")):
        begin, given = 0, limits[0].tolist()
        ends = given if np.ndim(limits) == 2 else [np.inf] * (slots - 1) + [given]
        for slot, end in enumerate(ends):
            if np.isfinite(end):
                row = np.zeros(2 * slots)
                own = slice(begin, slot + 1)
                if part == "out":
                    row[slots:][own] = 1.0
                else:
                    row[:slots][own] = table.budget_price[0, own] / 1000
                rows.append(row[None])
                most.append([end])
                begin = slot + 1
    powers = [(0, table.charge_w[0])] * slots + [(0, table.discharge_w[0])] * slots
    cost = np.concatenate([price, table.wear - price])
    return linprog(cost, np.vstack(rows), np.concatenate(most), bounds=powers).fun


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_sums_end_where_limits_are_given_and_begin_after_the_one_before(data):
    count, slots = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 6))
    limits = np.array([[data.draw(LIMITS) for _ in range(slots)] for _ in range(count)])
    amounts = np.arange(count * slots, dtype=float).reshape(count, slots) + 1
    expected = []
    for row in range(count):
        total, first = 0.0, 0
        for slot in range(slots):
            total += amounts[row, slot]
            if np.isfinite(limits[row, slot]):
                expected.append((row, first, slot + 1, limits[row, slot], total))
                total, first = 0.0, slot + 1
    sums = sums_of(limits, count, slots)
    found = np.transpose([sums.row, sums.first, sums.end, sums.most, sums.of(amounts)])
    assert found.ravel() == pytest.approx(np.ravel(expected))
    number = sums.numbers(count, slots)
    for at, (row, first, end, *_) in enumerate(expected):
        assert np.flatnonzero(number[row] == at).tolist() == list(range(first, end))


def test_one_limit_is_one_over_all_slots():
    assert by_slot(5.0, 1, 3).tolist() == [[np.inf, np.inf, 5.0]]
    assert sums_of(np.array([np.inf, 5.0]), 2, 3).row.tolist() == [1]
    assert sums_of(np.inf, 2, 3).row.size == 0


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_what_a_budget_buys_is_what_a_programme_buys(seed):
    draw = stream(seed, "sums", "affordable")
    slots = int(draw.integers(2, 9))
    table = cars(draw, 1, slots)
    there = np.arange(slots)
    energy = 3_700.0 * ((there >= table.arrive[0]) & (there < table.leave[0]))
    limits = by_slot(table.budget, 1, slots)[0]
    rows, most, begin = [np.zeros(slots)], [1.0], 0
    for slot in np.flatnonzero(np.isfinite(limits)).tolist():
        row = np.zeros(slots)
        row[begin : slot + 1] = table.budget_price[0, begin : slot + 1] / 1000
        rows.append(row)
        most.append(limits[slot])
        begin = slot + 1
    bought = linprog(-np.ones(slots), rows, most, bounds=[(0, e) for e in energy])
    assert affordable_wh(table, slots, 1.0)[0] == pytest.approx(-bought.fun, rel=1e-6, abs=1e-3)


@settings(deadline=None, max_examples=25)
@given(number=st.integers(0, 10**6))
def test_a_higher_limit_never_costs_more_and_one_that_is_kept_anyway_costs_nothing(number):
    fleet, prices = fleet_of(3 * number)
    least = solve(fleet, prices, EXACT).upper_nano
    looser = msgspec.structs.replace(
        fleet.storage,
        throughput_wh=1.3 * np.asarray(fleet.storage.throughput_wh),
        budget=1.3 * np.asarray(fleet.storage.budget),
    )
    touch = 1e3 + 1e-6 * abs(least)
    wide = solve(msgspec.structs.replace(fleet, storage=looser), prices, EXACT)
    assert wide.upper_nano <= least + touch
    free = without_limits(fleet)
    cheapest = solve(free, prices, EXACT)
    kept = cheapest.schedules().discharge_wh.sum(axis=1) + 1.0
    same = msgspec.structs.replace(free.storage, throughput_wh=kept)
    again = solve(msgspec.structs.replace(free, storage=same), prices, EXACT)
    assert again.upper_nano == pytest.approx(cheapest.upper_nano, rel=1e-6, abs=1e3)


def test_permuting_assets_changes_nothing():
    fleet, prices = fleet_of(1)
    order = np.array([2, 0, 3, 1])
    table = fleet.storage
    moved = {
        name: np.asarray(getattr(table, name))[order]
        for name in table.__struct_fields__
        if np.ndim(getattr(table, name))
    }
    other = msgspec.structs.replace(fleet, storage=msgspec.structs.replace(table, **moved))
    one, two = solve(fleet, prices, ENGINE), solve(other, prices, ENGINE)
    assert one.upper_nano == two.upper_nano
    assert one.lower_nano == two.lower_nano
    assert np.array_equal(one.schedules().discharge_wh[order], two.schedules().discharge_wh)


def test_plans_that_go_both_ways_are_parted_within_the_throughput_of_each_day():
    """At prices below zero burning energy pays; what is parted must not move to the next day."""
    for number in range(20):
        draw = stream(5, "sums", "below zero", number)
        slots = 10
        table = batteries(draw, 3, slots)
        fleet = Fleet(
            slots=slots,
            step_s=3600,
            zones=Zones(np.array([-1]), draw.uniform(7_000, 12_000), draw.uniform(2_000, 9_000)),
            storage=table,
        )
        prices = Prices(draw.uniform(-300_000, 200_000, slots))
        found = solve(fleet, prices, ENGINE)
        assert audit(fleet, found, prices, sample=0).breaches == (), number


def test_least_powers_and_throughput_are_kept_together():
    for number in range(8):
        draw = stream(6, "sums", "stepped", number)
        slots = 8
        table = msgspec.structs.replace(
            batteries(draw, 2, slots), discharge_min_w=1_500.0, charge_min_w=1_200.0, budget=np.inf
        )
        fleet = Fleet(slots=slots, step_s=3600, zones=Zones(np.array([-1]), 9e3), storage=table)
        prices = Prices(draw.uniform(20_000, 400_000, slots))
        found, least = solve(fleet, prices, ENGINE), solve(fleet, prices, EXACT)
        assert audit(fleet, found, prices, sample=0).breaches == ()
        touch = 1e3 + 1e-6 * abs(least.upper_nano)
        assert found.lower_nano <= least.upper_nano + touch
        assert found.upper_nano >= least.lower_nano - touch


def test_what_is_wrong_is_named_together():
    zone = np.zeros(2, np.int64)
    fleet = Fleet(
        slots=4,
        step_s=3600,
        zones=Zones(np.array([-1])),
        storage=Storage(zone, 5e3, 4e3, 4e3, 1e4, throughput_wh=np.array([-1.0, np.nan])),
        one_way=OneWay(
            zone, zone, zone + 4, 8_000.0, 4_000.0, budget=1.0, budget_price=np.array([-5.0, 0.0])
        ),
    )
    with pytest.raises(BadInput) as refused:
        solve(fleet, Prices(np.ones(4)))
    told = [fault.where for fault in refused.value.faults]
    assert set(told) == {"one_way[0].budget_price"} | {
        f"storage[{row}].throughput_wh" for row in (0, 1)
    }


def test_needs_that_a_limit_leaves_no_way_for_are_named():
    zone = np.zeros(1, np.int64)
    emptied = np.array([[1e4, 1e4, 1e4, 2e3]])
    store = Storage(zone, 8e3, 4e3, 4e3, emptied, throughput_wh=5_999.0)
    car = OneWay(zone, zone, zone + 4, 8e3, 4e3, budget=800.0, budget_price=200.0)
    fleet = Fleet(slots=4, step_s=3600, zones=Zones(np.array([-1])), storage=store, one_way=car)
    for method in ("engine", "reference"):
        with pytest.raises(BadInput) as refused:
            solve(fleet, Prices(np.ones(4)), Options(method=method))
        told = [(fault.where, fault.problem) for fault in refused.value.faults]
        assert told == [
            ("one_way[0].budget", "8000 Wh are due, 4000 Wh can be paid for"),
            ("storage[0].lo_wh", "its bounds cannot be kept after slot 3, whatever it does"),
        ]
    enough = msgspec.structs.replace(
        fleet,
        storage=msgspec.structs.replace(store, throughput_wh=6_000.0),
        one_way=msgspec.structs.replace(car, budget=1_600.0),
    )
    for method in ("engine", "reference"):
        found = solve(enough, Prices(np.ones(4)), Options(method=method))
        assert found.schedules().discharge_wh.sum() == pytest.approx(6_000, abs=0.01)


def test_a_battery_as_an_object_may_have_a_throughput():
    prices = Prices(np.array([1.0, 4.0, 1.0, 4.0]) * 1e5)
    batteries = [Battery("A", 9e3, 4e3, 6e3), Battery("A", 9e3, 4e3, 6e3, throughput_wh=2_500.0)]
    fleet = build(4, 3600, [GridConnection("A")], batteries)
    given = solve(fleet, prices, EXACT).schedules().discharge_wh.sum(axis=1)
    assert given[0] > 4_000
    assert given[1] == pytest.approx(2_500, abs=0.01)
    wrong = build(4, 3600, [GridConnection("A")], [Battery("A", 9e3, 4e3, 6e3, throughput_wh=-1)])
    with pytest.raises(BadInput) as refused:
        solve(wrong, prices)
    (fault,) = refused.value.faults
    assert "throughput_wh" in fault.where
