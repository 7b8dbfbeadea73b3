"""A call divided over a community's plan: what is given can be kept up, made up, and carried.

Everything is worked out again here, asset by asset and slot by slot, from the plan alone.
"""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.registry.model import Storage
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.planned import Planned, divide, set_points
from gridpact.scheduling.activation.split import Rule
from gridpact.scheduling.problem import ZoneColumns

START, SLOTS, HOMES = 1_781_470_800, 12, 6
ZONES = np.array([-1, 0, 0])


def planned(seed):
    """Storage of six homes in two streets, with a plan that keeps its bounds."""
    draw = stream(seed, "activation", "planned")
    count = int(draw.integers(1, 12))
    capacity = draw.integers(2_000, 12_000, count)
    power = draw.integers(200, 1_500, count)
    feeds = draw.random(count) < 0.5
    shape = (count, SLOTS)
    storage = Storage(
        tuple(f"storage-{row}" for row in range(count)),
        ("battery",) * count,
        draw.integers(0, HOMES, count),
        power * 4,
        power * 4 * feeds,
        capacity,
        draw.choice([1.0, 0.95, 0.9], count),
        draw.choice([1.0, 0.95, 0.9], count),
        draw.choice([1.0, 0.99], count),
    )
    there = draw.random(shape) < 0.8
    charge_max = np.where(there, power[:, None], 0)
    discharge_max = charge_max * feeds[:, None]
    charge, discharge, states = walk(draw, storage, charge_max, discharge_max)
    lo = np.maximum(states - draw.integers(0, 3_000, shape), 0)
    lo = np.where(draw.random(shape) < 0.3, lo, 0)
    pv = draw.integers(0, 2_000, (HOMES, SLOTS))
    curtail = np.where(draw.random((HOMES, SLOTS)) < 0.3, pv // 2, 0)
    net = draw.integers(0, 1_000, (HOMES, SLOTS)) - pv + curtail
    np.add.at(net, storage.member, charge - discharge)
    home_zone = draw.integers(0, 3, HOMES)
    flow = zone_flow(net, home_zone)
    spare = draw.integers(0, 2_000, flow.shape)
    some = draw.random((3, 1)) < 0.5
    return Planned(
        slots=Slots(START, 900, SLOTS),
        storage=storage,
        zones=ZoneColumns(
            home_zone,
            ZONES,
            np.where(some, np.maximum(flow, 0) + spare, -1),
            np.where(some, np.maximum(-flow, 0) + spare, -1),
        ),
        charge_wh=charge,
        discharge_wh=discharge,
        state_wh=states,
        charge_max_wh=charge_max,
        discharge_max_wh=discharge_max,
        lo_wh=lo,
        hi_wh=np.broadcast_to(capacity[:, None], shape),
        net_wh=net,
        curtail_wh=curtail,
        pv_wh=pv,
        import_price=draw.integers(100_000, 400_000, SLOTS),
        export_price=draw.integers(20_000, 90_000, SLOTS),
        out=draw.random(count) < 0.1,
    )


def walk(draw, storage, charge_max, discharge_max):
    """Set-points that leave every state within the capacity; losses of time are left out."""
    charge, discharge = np.zeros_like(charge_max), np.zeros_like(charge_max)
    states, state = np.zeros_like(charge_max), storage.capacity_wh / 2
    for slot in range(SLOTS):
        want = draw.integers(-1_000, 1_000, len(state))
        room = np.floor((storage.capacity_wh - state) / storage.efficiency_in)
        left = np.floor(state * storage.efficiency_out)
        charge[:, slot] = np.clip(want, 0, np.minimum(charge_max[:, slot], room))
        discharge[:, slot] = np.clip(-want, 0, np.minimum(discharge_max[:, slot], left))
        state = state + storage.efficiency_in * charge[:, slot]
        state = state - discharge[:, slot] / storage.efficiency_out
        states[:, slot] = np.floor(state + 1e-9)
    return charge, discharge, states


def zone_flow(net, home_zone):
    """Net energy of each zone with those below it [zones, slots]: zone 0 is above both others."""
    flow = np.array([net[home_zone == zone].sum(axis=0) for zone in range(3)])
    flow[0] += flow[1] + flow[2]
    return flow


def after_all(plan, points, direction, row):
    """States of an asset that does all it can after the activation to be where it was."""
    storage, slots = plan.storage, points[0].shape[1]
    into, out = storage.efficiency_in[row], storage.efficiency_out[row]
    state, off = [], 0.0
    for slot in range(SLOTS):
        before = into * plan.charge_wh[row, slot] - plan.discharge_wh[row, slot] / out
        if slot < slots:
            now = into * points[0][row, slot] - points[1][row, slot] / out
        elif direction is Direction.UP:
            now = max(before, into * plan.charge_max_wh[row, slot])
            now = min(now, before - off)  # no more than was moved
        else:
            now = min(before, -plan.discharge_max_wh[row, slot] / out)
            now = max(now, before - off)
        off += now - before
        state.append(plan.state_wh[row, slot] + off)
    return np.array(state), off


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32),
    st.sampled_from(Direction),
    st.integers(0, 8_000),
    st.integers(1, 4),
    st.sampled_from(Rule),
)
def test_what_is_given_is_kept_up_made_up_and_carried(seed, direction, asked, slots, rule):
    plan, within = planned(seed), np.array([True, True, True])
    found = divide(plan, within, direction, asked, slots, rule)
    given_wh = np.concatenate([found.given_wh, found.solar_wh])
    assert given_wh.min() >= 0
    assert given_wh.sum() + found.missing_wh == asked
    assert (given_wh <= found.room_wh).all()
    assert not found.given_wh[plan.out].any()
    charge, discharge, curtail = points = set_points(plan, found, direction, slots)
    assert ((charge >= 0) & (charge <= plan.charge_max_wh[:, :slots])).all()
    assert ((discharge >= 0) & (discharge <= plan.discharge_max_wh[:, :slots])).all()
    assert ((curtail >= 0) & (curtail <= plan.pv_wh[:, :slots])).all()
    net = plan.net_wh[:, :slots] + curtail - plan.curtail_wh[:, :slots]
    moved = charge - discharge - (plan.charge_wh - plan.discharge_wh)[:, :slots]
    np.add.at(net, plan.storage.member, moved)
    change = net.sum(axis=0) - plan.net_wh[:, :slots].sum(axis=0)
    assert (change == -int(direction) * given_wh.sum()).all()
    before = zone_flow(plan.net_wh[:, :slots], plan.zones.zone)
    for limit, sign, most in (
        (plan.zones.import_limit_wh, 1, plan.charge_max_wh),
        (plan.zones.export_limit_wh, -1, plan.discharge_max_wh),
    ):
        worst = net.copy()  # those who are left out do their worst
        astray = (sign * most - plan.charge_wh + plan.discharge_wh)[:, :slots]
        np.add.at(worst, plan.storage.member[plan.out], astray[plan.out])
        kept, taken = limit[:, :slots], sign * zone_flow(net, plan.zones.zone)
        assert (taken[kept >= 0] <= kept[kept >= 0]).all()
        at_worst = sign * zone_flow(worst, plan.zones.zone)
        raised = taken > sign * before
        assert (at_worst[(kept >= 0) & raised] <= kept[(kept >= 0) & raised]).all()
    for row in np.flatnonzero(found.given_wh):
        states, off = after_all(plan, points, direction, row)
        assert (states >= np.minimum(plan.lo_wh[row], plan.state_wh[row]) - 1e-6).all()
        assert (states <= plan.hi_wh[row] + 1e-6).all()
        assert direction is Direction.DOWN or off >= -1e-6  # ends no lower than it was to


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.sampled_from(Direction))
def test_what_is_missing_is_what_nobody_has(seed, direction):
    """Without limits of zones all headroom of a slot is given: what is more cannot be borne."""
    plan, slots = planned(seed), 1
    none = np.full_like(plan.zones.import_limit_wh, -1)
    free = msgspec.structs.replace(plan.zones, import_limit_wh=none, export_limit_wh=none)
    plan = msgspec.structs.replace(plan, zones=free)
    within = np.array([False, True, False])
    found = divide(plan, within, direction, 10**6, slots, Rule.MERIT_ORDER)
    outside = plan.zones.zone != 1
    assert not found.solar_wh[outside].any()
    assert not found.given_wh[outside[plan.storage.member]].any()
    for row in np.flatnonzero(~outside[plan.storage.member] & ~plan.out):
        most = int(found.given_wh[row])
        assert bearable(plan, row, most, direction, slots)
        # a Wh counts with the worse efficiency, so a little more may be there than is given
        worst = max(plan.storage.efficiency_in[row], 1 / plan.storage.efficiency_out[row])
        best = min(plan.storage.efficiency_in[row], 1 / plan.storage.efficiency_out[row])
        assert not bearable(plan, row, int((most + 1) * worst / best) + 1, direction, slots)


def bearable(plan, row, amount, direction, slots):
    """Whether an asset can give so much in every slot and be where it must be afterwards."""
    given_wh = np.zeros(len(plan.storage.member), np.int64)
    given_wh[row] = amount
    sign = int(direction)
    net = (plan.charge_wh - plan.discharge_wh)[:, :slots] - sign * given_wh[:, None]
    points = np.maximum(net, 0), np.maximum(-net, 0)
    allowed = all(
        (point[row] <= most[row, :slots]).all()
        for point, most in zip(points, (plan.charge_max_wh, plan.discharge_max_wh), strict=True)
    )
    states, off = after_all(plan, points, direction, row)
    low = np.minimum(plan.lo_wh[row], plan.state_wh[row])
    fits = (states >= low - 1e-6).all() and (states <= plan.hi_wh[row] + 1e-6).all()
    return bool(allowed and fits and (direction is Direction.DOWN or off >= -1e-6))


@pytest.mark.parametrize("slots", [0, SLOTS + 1])
def test_no_more_than_is_planned_is_asked(slots):
    with pytest.raises(ValueError, match="planned"):
        divide(planned(1), np.ones(3, np.bool_), Direction.UP, 100, slots, Rule.PRO_RATA)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.sampled_from(Direction), st.sampled_from(Rule))
def test_zones_are_named_whose_limits_alone_keep_something_back(seed, direction, rule):
    """With wider limits of those that are named more is given, with those of others no more."""
    plan, within = planned(seed), np.ones(3, np.bool_)
    found = divide(plan, within, direction, 10**6, 1, rule)

    def widened(rows):
        none = np.where(np.isin(np.arange(3), rows)[:, None], -1, 0)
        wide = [
            np.where(none < 0, -1, limit)
            for limit in (plan.zones.import_limit_wh, plan.zones.export_limit_wh)
        ]
        zones = msgspec.structs.replace(
            plan.zones, import_limit_wh=wide[0], export_limit_wh=wide[1]
        )
        return divide(msgspec.structs.replace(plan, zones=zones), within, direction, 10**6, 1, rule)

    named = np.flatnonzero(found.limited)
    assert (widened(named).missing_wh < found.missing_wh) == bool(len(named))
    assert widened(np.flatnonzero(~found.limited)).missing_wh == found.missing_wh
    assert not divide(plan, within, direction, 0, 1, rule).limited.any()
