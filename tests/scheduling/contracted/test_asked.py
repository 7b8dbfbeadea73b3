"""What agreements ask of a plan: slot by slot what all of them ask together, each by its name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gridpact.base.slots import Slots
from gridpact.scheduling.contracted.asked import contracted
from gridpact.scheduling.contracted.model import BySlot, agreement_of
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.clock import stretches
from gridpact.scheduling.needs.model import Headroom
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.standing.binding import bind
from gridpact.scheduling.standing.places import Places


def stated(community, slots):
    """What owners state who leave all power and all storage to plans."""
    storage, shape = community.storage, (len(community.storage.ids), slots.count)

    def wide(watts):
        return np.broadcast_to((watts * slots.step // 3600)[:, None], shape)

    none = np.zeros(shape, np.int64)
    return NeedsStated(
        session="s",
        window=slots,
        charge_max_wh=wide(storage.charge_w),
        discharge_max_wh=wide(storage.discharge_w),
        lo_wh=none,
        hi_wh=np.broadcast_to(storage.capacity_wh[:, None], shape),
        draw_wh=none,
        run_earliest=np.full(0, -1),
        run_latest=np.full(0, -1),
    )


def limits(community, contracts, slots, rest=0):
    """Tightest bounds on net energy of each home [members, slots], and the names in each slot."""
    places = Places(community)
    rest = np.broadcast_to(np.int64(rest), (3, slots.count))
    asked = contracted(places, contracts, slots, rest)
    bound = bind(places, stated(community, slots), asked.needs)
    assert bound.refused == ()
    least, most = np.full((3, slots.count), -np.inf), np.full((3, slots.count), np.inf)
    for one in bound.sums:
        assert (one.end - one.first, one.storage) == (1, ())
        (home,) = (zone - len(community.zones.ids) for zone in one.zones)
        if one.lower is not None:
            least[home, one.first] = max(least[home, one.first], one.lower)
        if one.upper is not None:
            most[home, one.first] = min(most[home, one.first], one.upper)
    return least, most, asked


AMOUNTS = st.lists(st.integers(-900, 900), min_size=6, max_size=6)


@settings(deadline=None, max_examples=25)
@given(st.lists(AMOUNTS, min_size=1, max_size=4))
def test_sales_and_purchases_of_one_home_are_served_together(street, tools, rows):
    """A negative quantity flows from the buyer: the sum over agreements is to be given."""
    day = Slots(tools.day.start, tools.STEP, 6)
    offers = [
        tools.offer(f"a{place}", tools.sells("m000", "supplier", row), ("m000", "supplier"), day)
        for place, row in enumerate(rows)
    ]
    least, most, asked = limits(street, tools.bound(*offers), day)
    total = np.sum(rows, axis=0)
    assert np.array_equal(most[0], np.where(total > 0, -total, np.inf))
    assert np.array_equal(least[0], np.where(total < 0, -total, -np.inf))
    assert np.isinf(least[1:]).all()
    assert np.isinf(most[1:]).all()
    assert {need.level for need in asked.needs} <= {Level.CONTRACTS}
    assert asked.unsaid == ()


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.lists(st.integers(0, 900), min_size=6, max_size=6), min_size=1, max_size=3),
    st.lists(st.integers(-3_000, 3_000), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_flexibility_counts_from_what_was_planned_or_from_rest(street, tools, rows, plan, noted):
    day = Slots(tools.day.start, tools.STEP, 6)
    offers = [
        tools.offer(f"a{place}", tools.goes_down("m000"), ("m000", "aggregator"), day)
        for place in range(len(rows))
    ]
    chosen = {(f"a{place}", "call"): (day, row) for place, row in enumerate(rows)}
    starts, rest = day.starts()[noted], 777
    contracts = replace(
        tools.bound(*offers, chosen=chosen),
        baseline={"m000": BySlot(starts, np.array(plan)[noted])},
    )
    least, most, _ = limits(street, contracts, day, rest)
    total, base = np.sum(rows, axis=0), np.where(noted, plan, rest)
    assert np.array_equal(most[0], np.where(total > 0, base - total, np.inf))
    assert np.isinf(least).all()
    unplanned = contracted(Places(street), contracts, day, None)
    spans = [
        one
        for need in unplanned.needs
        for one in stretches(need.window, day.start, day.end, tools.ZONE)
    ]
    told = {start for one in spans for start in range(one.begin, one.end, tools.STEP)}
    assert told == set(day.starts()[(total > 0) & np.array(noted)].tolist())


def test_each_agreement_is_bound_in_its_own_name(street, tools):
    day = Slots(tools.day.start, tools.STEP, 4)
    offers = [
        tools.offer(
            "b", tools.sells("m000", "supplier", [100, 100, 0, -50]), ("m000", "supplier"), day
        ),
        tools.offer(
            "a", tools.sells("m000", "supplier", [0, 300, 300, 80]), ("m000", "supplier"), day
        ),
    ]
    asked = contracted(Places(street), tools.bound(*reversed(offers)), day, None).needs
    hours = {"a": {"00:15": 1_200, "00:45": 120}, "b": {"00:00": 400, "00:15": 1_600}}
    found = {}
    for need in asked:
        found.setdefault(agreement_of(need.id), {})[need.id[-5:]] = need.least_w
    assert found == hours


def test_reserve_is_shared_out_over_batteries_in_whole_watts(street, tools):
    held = tools.offer("afrr", tools.holds("m002", 1_001, 500), ("m002", "tso"), tools.day)
    asked = contracted(Places(street), tools.bound(held), tools.day, None).needs
    assert all(isinstance(need, Headroom) for need in asked)
    assert [need.up_w for need in asked] == [250, 751]
    assert [need.down_w for need in asked] == [250, 250]
    assert {need.sustained_s for need in asked} == {tools.STEP}
    bound = bind(Places(street), stated(street, tools.day), asked).stated
    assert set(bound.discharge_max_wh[2]) == {(1_000 - 250) // 4}
    assert bound.lo_wh[3, 0] == 188  # 751 W for a quarter of an hour, rounded up


def test_reserve_of_a_home_without_a_battery_is_said_to_be_unkept(street, tools):
    held = tools.offer("afrr", tools.holds("m001", 1_000, 0), ("m001", "tso"), tools.day)
    asked = contracted(Places(street), tools.bound(held), tools.day, None)
    assert asked.needs == ()
    assert asked.unsaid == ("agreement/afrr",)


@pytest.mark.parametrize("day", [(29, 3), (25, 10)])
def test_on_days_on_which_clocks_change_all_but_the_hour_shown_twice_is_said(street, tools, day):
    date, month = day
    start, end = tools.at(0, 0, date, month), tools.at(0, 0, date + 1, month)
    slots = Slots(start, tools.STEP, (end - start) // tools.STEP)
    varied = [100 + slot for slot in range(slots.count)]
    whole = tools.offer("whole", tools.sells("m000", "supplier", 100), ("m000", "supplier"), slots)
    _, most, asked = limits(street, tools.bound(whole), slots)
    assert set(most[0]) == {-100.0}
    assert len(asked.needs) == 1
    parts = tools.sells("m000", "supplier", varied, start=start)
    parts = tools.offer("parts", parts, ("m000", "supplier"), slots)
    _, most, asked = limits(street, tools.bound(parts), slots)
    missing = slots.starts()[np.isinf(most[0])]
    twice = [tools.at(2, minute, 25, 10, fold) for fold in (0, 1) for minute in (0, 15, 30, 45)]
    assert missing.tolist() == ([tools.at(1, 45, 25, 10), *twice] if month == 10 else [])
    assert asked.unsaid == (("agreement/parts",) if month == 10 else ())
    said = np.isfinite(most[0])
    assert np.array_equal(-most[0][said], np.array(varied)[said])
