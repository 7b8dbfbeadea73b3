"""Activations leave sums over slots what they need: cycles, budgets, energy and power of several.

What is given is worked out again here from the plan alone; what one asset can give beside its own
sums is held against a mixed-integer programme that may do anything afterwards.
"""

from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from gridpact.base.randomness import stream
from gridpact.base.slots import Slots
from gridpact.registry.model import Storage
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.planned import Planned, divide, set_points
from gridpact.scheduling.activation.split import Rule
from gridpact.scheduling.problem import Sum, ZoneColumns

SLOTS = 8
UP, DOWN = Direction.UP, Direction.DOWN


def plan_of(net, stored, most, sums=(), **other):
    """A plan of storage [assets, slots] with one home each, all in the first of two zones."""
    net = np.atleast_2d(np.array(net, np.int64))
    count, slots = net.shape
    into, out = (np.array(other.pop(name, [1.0] * count)) for name in ("into", "out_of"))
    capacity = np.array(other.pop("capacity", [10_000] * count))
    charge, discharge = np.maximum(net, 0), np.maximum(-net, 0)
    change = into[:, None] * charge - discharge / out[:, None]
    none = np.full((2, slots), -1)
    rows = np.arange(count)
    values = {
        "slots": Slots(1_781_470_800, 900, slots),
        "storage": Storage(
            tuple(f"battery-{row}" for row in rows),
            ("battery",) * count,
            rows,
            *(np.full(count, 4 * most), np.full(count, 4 * most)),
            capacity,
            into,
            out,
            np.ones(count),
        ),
        "zones": ZoneColumns(np.zeros(count, np.int64), np.array([-1, -1]), none, none),
        "charge_wh": charge,
        "discharge_wh": discharge,
        "state_wh": np.rint(np.array(stored)[..., None] + np.cumsum(change, 1)).astype(np.int64),
        "charge_max_wh": np.full_like(net, most),
        "discharge_max_wh": np.full_like(net, most),
        "lo_wh": np.zeros_like(net),
        "hi_wh": np.broadcast_to(capacity[:, None], net.shape),
        "net_wh": net.copy(),
        "curtail_wh": np.zeros_like(net),
        "pv_wh": np.zeros_like(net),
        "import_price": np.full(slots, 200_000),
        "export_price": np.full(slots, 80_000),
        "out": np.zeros(count, np.bool_),
    }
    return Planned(**{**values, **other}, sums=tuple(sums))


def most(plan, direction, slots):
    """All that can be given in every slot [assets], Wh."""
    every = np.ones(2, np.bool_)
    return divide(plan, every, direction, 10**7, slots, Rule.MERIT_ORDER).given_wh.tolist()


IDLE = [0] * SLOTS


def test_cycles_leave_what_they_have_not_counted():
    cycles = Sum("discharge", 0, SLOTS, (0,), upper=1000)
    assert most(plan_of([IDLE], [8000], 2000), UP, 4) == [2000]
    assert most(plan_of([IDLE], [8000], 2000, [cycles]), UP, 4) == [250]  # 1000 Wh in 4 slots
    # of the 1000 Wh 600 are planned for the last slot; they may be left out to make up for others
    evening = [0, 0, 0, 0, 0, 0, 0, -600]
    assert most(plan_of([evening], [8000], 2000, [cycles]), UP, 4) == [250]
    asked = Sum("net", 7, 8, (0,), upper=-600)  # but not where they are needed
    assert most(plan_of([evening], [8000], 2000, [cycles, asked]), UP, 4) == [100]
    morning = [500, 500, 500, 500, 0, 0, 0, -600]  # what is put off of charging counts nothing
    assert most(plan_of([morning], [4000], 2000, [cycles, asked]), UP, 4) == [600]
    # a limit that the plan breaks later: the next plan may leave that out, so what is given counts
    broken = msgspec.structs.replace(cycles, upper=400)
    assert most(plan_of([evening], [8000], 2000, [broken]), UP, 4) == [100]
    # what was counted already is beyond the limit: nothing more
    spent = msgspec.structs.replace(cycles, upper=0)
    assert most(plan_of([IDLE], [8000], 2000, [spent]), UP, 1) == [0]
    assert most(plan_of([[*morning[:-1], 0]], [4000], 2000, [spent]), UP, 4) == [500]


def test_what_is_taken_in_has_to_leave_within_the_cycles():
    """The battery is to be full in the last slot; what comes sooner is not bought later."""
    cycles = Sum("discharge", 0, SLOTS, (0,), upper=0)
    later = [0, 0, 0, 0, 1000, 1000, 1000, 1000]
    assert most(plan_of([later], [6000], 2000, [cycles]), DOWN, 2) == [2000]  # 4000 Wh not bought
    # at the third slot no more than 6500 Wh may be stored
    ceiling = np.full((1, SLOTS), 10_000)
    ceiling[0, 2] = 6500
    plan = plan_of([later], [6000], 2000, [cycles], hi_wh=ceiling)
    assert most(msgspec.structs.replace(plan, sums=()), DOWN, 2) == [1250]  # 2000 Wh leave in one
    assert most(plan, DOWN, 2) == [250]


def test_a_budget_leaves_what_it_has_not_spent():
    car = [0, 0, 0, 0, 1000, 1000, 0, 0]
    price = np.array([300, 300, 300, 300, 200, 200, 250, 350]) * 1000
    # planned: 2000 Wh at 0.20, 0.40 of a budget of 0.46
    budget = Sum("cost", 0, SLOTS, (0,), upper=460_000_000)
    plan = plan_of([car], [0], 1000, [budget], import_price=price)
    # 2 x g Wh at 0.30 instead of 0.20: 0.06 pay for 600 Wh, all left out later
    assert most(plan, DOWN, 2) == [300]
    assert most(msgspec.structs.replace(plan, sums=()), DOWN, 2) == [1000]
    # putting off: 1000 Wh each at 0.20 may be bought at 0.25 and 0.35 instead
    after = plan_of([car[4:]], [3000], 1000, import_price=price[4:])
    assert most(after, UP, 2) == [1000]
    left = Sum("cost", 0, 4, (0,), upper=460_000_000)
    # 1000 Wh at 0.25 cost 0.05 more; of the 0.01 left 66 Wh at 0.15 more: 1066 Wh in two slots
    assert most(msgspec.structs.replace(after, sums=(left,)), UP, 2) == [533]
    # a window that ends before: bought later it is not counted
    short = Sum("cost", 0, 2, (0,), upper=400_000_000)
    assert most(msgspec.structs.replace(after, sums=(short,)), UP, 2) == [1000]


def test_energy_within_a_window_is_made_up_within_it():
    car = [1000, 1000, 0, 0, 0, 0, 0, 0]
    within = Sum("net", 0, 4, (0,), lower=2000)
    assert most(plan_of([car], [3000], 1000, [within]), UP, 2) == [1000]
    short = Sum("net", 0, 3, (0,), lower=2000)
    assert most(plan_of([car], [3000], 1000, [short]), UP, 2) == [
        500
    ]  # one slot is left to make up
    none = Sum("net", 0, 2, (0,), lower=2000)
    assert most(plan_of([car], [3000], 1000, [none]), UP, 2) == [0]
    ceiling = Sum("net", 0, 2, (0,), upper=2400)
    low = [500, 500, 0, 0, 0, 0, 0, 0]
    assert most(plan_of([low], [0], 1000, [ceiling]), DOWN, 2) == [500]
    assert most(plan_of([low], [0], 2000, [ceiling]), DOWN, 2) == [700]


def test_a_floor_holds_in_every_slot():
    """An asset that is to give 300 Wh in each slot is not asked to give less."""
    floors = [Sum("net", slot, slot + 1, (0,), upper=-300) for slot in range(4)]
    plan = plan_of([[-800, -500, -500, -500, 0, 0, 0, 0]], [5000], 1000, floors)
    assert most(plan, DOWN, 4) == [200]
    assert most(plan, DOWN, 1) == [500]
    assert most(plan, UP, 4) == [200]  # up to its power


def test_zones_share_what_a_limit_on_both_leaves():
    net = [[200] * SLOTS, [-100] * SLOTS, [0] * SLOTS]
    zones = ZoneColumns(np.array([0, 1, 1]), np.array([-1, -1]), *(np.full((2, SLOTS), -1),) * 2)
    cap = [Sum("net", slot, slot + 1, (), (0, 1), upper=600) for slot in range(SLOTS)]
    plan = plan_of(net, [4000] * 3, 1000, cap, zones=zones)
    assert sum(most(plan, DOWN, 2)) == 500
    assert sum(most(plan, UP, 2)) == 1200 + 900 + 1000  # all their power
    # the cheaper two may take 200 Wh more by their zone's own limit, so the first has 300 left
    assert most(plan, DOWN, 2)[0] == 0
    own = msgspec.structs.replace(zones, import_limit_wh=np.array([[-1] * SLOTS, [100] * SLOTS]))
    found = most(msgspec.structs.replace(plan, zones=own), DOWN, 2)
    assert (found[0], sum(found)) == (300, 500)
    # the last does not follow and may take 1000 Wh: nothing is left
    lost = msgspec.structs.replace(plan, out=np.array([False, False, True]))
    assert sum(most(lost, DOWN, 2)) == 0
    # of energy within a window all slots of the call count
    energy = Sum("net", 1, 5, (), (1,), lower=-1000)  # planned: -400
    plan = plan_of(net, [4000] * 3, 1000, [energy], zones=zones)
    found = most(plan, UP, 3)
    assert found[1] + found[2] == 300  # 600 Wh in the two slots that are in both
    assert found[0] == most(msgspec.structs.replace(plan, sums=()), UP, 3)[0]


def drawn(seed):
    """A plan of one asset, and sums of its own that it keeps, some of them barely."""
    draw = stream(seed, "activation", "sums")
    power, capacity = int(draw.integers(300, 2_000)), int(draw.integers(2_000, 8_000))
    into, out = draw.choice([1.0, 0.95, 0.8]), draw.choice([1.0, 0.95, 0.8])
    state, net = capacity / 2, []
    for want in draw.integers(-power, power + 1, SLOTS) * (draw.random(SLOTS) < 0.7):
        least, highest = -int(state * out), int((capacity - state) / into)
        net.append(int(np.clip(want, least, highest)))
        state += into * max(net[-1], 0) - max(-net[-1], 0) / out
    plan = plan_of(
        [net],
        [capacity / 2],
        power,
        into=[into],
        out_of=[out],
        capacity=[capacity],
        import_price=draw.integers(1, 5, SLOTS) * 100_000,
    )
    sums = []
    for _ in range(int(draw.integers(1, 4))):
        first = int(draw.integers(0, SLOTS))
        one = Sum(str(draw.choice(["net", "discharge", "cost"])), first, SLOTS, (0,))
        one = msgspec.structs.replace(one, end=int(draw.integers(first + 1, SLOTS + 1)))
        room, total = (
            int(draw.integers(0, 200)),
            comes_to(plan, one, net),
        )
        if one.kind == "net" and draw.random() < 0.5:
            sums.append(msgspec.structs.replace(one, lower=total - room))
        else:
            room *= 200_000 if one.kind == "cost" else 1
            sums.append(msgspec.structs.replace(one, upper=total + room))
    return msgspec.structs.replace(plan, sums=tuple(sums))


def comes_to(plan, one, net):
    span = range(one.first, one.end)
    if one.kind == "net":
        return sum(net[slot] for slot in span)
    if one.kind == "discharge":
        return sum(max(-net[slot], 0) for slot in span)
    return sum(max(net[slot], 0) * int(plan.import_price[slot]) for slot in span)


def best(plan, direction, slots, fixed=None):
    """Most Wh that may be given in every slot, whatever is done later; None where not so much.

    Columns: what is given, then charge, discharge and whether it charges, by slot.
    """
    sign, power = int(direction), int(plan.charge_max_wh[0, 0])
    into, out = plan.storage.efficiency_in[0], plan.storage.efficiency_out[0]
    net = (plan.charge_wh - plan.discharge_wh)[0]
    off = np.cumsum(into * plan.charge_wh[0] - plan.discharge_wh[0] / out)
    rows, low, high = [], [], []

    def bounded(lowest, highest, given=0.0, charge=0.0, discharge=0.0, on=0.0):
        columns = [np.broadcast_to(one, SLOTS) for one in (charge, discharge, on)]
        rows.append(np.concatenate([[given], *columns]))
        low.append(lowest)
        high.append(highest)

    for slot in range(SLOTS):
        only, until = np.eye(SLOTS)[slot], (np.arange(SLOTS) <= slot) * 1.0
        bounded(-np.inf, 0, charge=only, on=-power * only)
        bounded(-np.inf, power, discharge=only, on=power * only)
        if slot < slots:
            bounded(net[slot], net[slot], given=sign, charge=only, discharge=-only)
        below = min(plan.lo_wh[0, slot] - plan.state_wh[0, slot], 0)
        above = max(plan.hi_wh[0, slot] - plan.state_wh[0, slot], 0)
        if slot == SLOTS - 1 and direction is UP:
            below = 0
        bounded(
            off[slot] + below, off[slot] + above, charge=into * until, discharge=-1.0 * until / out
        )
    for one in plan.sums:
        span = (np.arange(SLOTS) >= one.first) & (np.arange(SLOTS) < one.end)
        lowest = -np.inf if one.lower is None else one.lower
        highest = np.inf if one.upper is None else one.upper
        scale = 1e-5 if one.kind == "cost" else 1.0
        charge = {"net": span, "cost": span * plan.import_price * scale}.get(one.kind, 0.0)
        discharge = {"net": -1.0 * span, "discharge": span}.get(one.kind, 0.0)
        bounded(lowest * scale, highest * scale, charge=charge, discharge=discharge)
    largest = 2 * power if fixed is None else fixed
    found = optimize.milp(
        -np.eye(1 + 3 * SLOTS)[0],
        integrality=np.repeat([0, 0, 1], [1, 2 * SLOTS, SLOTS]),
        bounds=optimize.Bounds(
            np.concatenate([[0 if fixed is None else fixed], np.zeros(3 * SLOTS)]),
            np.concatenate([[largest], np.full(2 * SLOTS, power), np.ones(SLOTS)]),
        ),
        constraints=optimize.LinearConstraint(
            np.array(rows), np.array(low) - 1e-4, np.array(high) + 1e-4
        ),
    )
    return None if found.x is None else float(found.x[0])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from(Direction), st.integers(1, 4))
def test_what_one_asset_gives_can_be_made_up_beside_its_sums(seed, direction, slots):
    plan = drawn(seed)
    (found,) = most(plan, direction, slots)
    assert best(plan, direction, slots, fixed=found) is not None


def test_nearly_all_is_given_that_sums_leave():
    """Beside an optimum that may do anything later, over plans and sums drawn at random."""
    total = SimpleNamespace(found=0.0, best=0.0, free=0.0)
    for seed in range(60):
        plan, direction = drawn(seed), (UP, DOWN)[seed % 2]
        (free,) = most(msgspec.structs.replace(plan, sums=()), direction, 2)
        total.free += free
        total.found += most(plan, direction, 2)[0]
        total.best += min(best(plan, direction, 2), free)
    assert total.best < 0.9 * total.free  # sums bind
    assert total.found > 0.99 * total.best


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32), st.sampled_from(Direction), st.integers(1, 4), st.sampled_from(Rule))
def test_what_several_share_is_never_overdrawn(seed, direction, slots, rule):
    draw = stream(seed, "activation", "shared")
    count, zone = 5, np.array([0, 0, 1, 1, 2])
    net = draw.integers(-500, 500, (count, SLOTS))
    parent, none = np.array([-1, 0, -1]), np.full((3, SLOTS), -1)
    sums = []
    for _ in range(int(draw.integers(1, 5))):
        first = int(draw.integers(0, SLOTS))
        zones = tuple(np.flatnonzero(draw.random(3) < 0.5).tolist())
        rows = tuple(range(2 + int(draw.integers(0, 3)))) if not zones else ()
        one = Sum("net", first, int(draw.integers(first + 1, SLOTS + 1)), rows, zones)
        low, high = draw.integers(-2_000, 500), draw.integers(-500, 2_000)
        sums.append(msgspec.structs.replace(one, lower=int(low), upper=int(high)))
    plan = plan_of(
        net,
        [5000] * count,
        1000,
        sums,
        out=draw.random(count) < 0.2,
        zones=ZoneColumns(zone, parent, none, none),
        pv_wh=draw.integers(0, 300, (count, SLOTS)),
    )
    found = divide(plan, np.ones(3, np.bool_), direction, int(draw.integers(0, 6_000)), slots, rule)
    charge, discharge, curtail = set_points(plan, found, direction, slots)
    after, home = net.copy(), net.copy()
    after[:, :slots] = charge - discharge
    home[:, :slots] += after[:, :slots] - net[:, :slots] + curtail
    for one in plan.sums:
        inside = {
            home
            for home in range(count)
            if set(one.zones) & {int(zone[home]), int(parent[zone[home]])}
        }
        span = slice(one.first, one.end)
        totals = [
            sum(int(table[row, span].sum()) for row in rows)
            for table, rows in (
                (net, one.storage),
                (after, one.storage),
                (net, inside),
                (home, inside),
            )
        ]
        before, now = totals[0] + totals[2], totals[1] + totals[3]
        assert now >= min(one.lower, before)
        assert now <= max(one.upper, before)


@pytest.mark.parametrize("rule", Rule)
def test_without_sums_nothing_is_changed(rule):
    plan = plan_of([[300] * SLOTS, IDLE], [4000, 4000], 1000)
    loose = [
        Sum("discharge", 0, SLOTS, (0,), upper=10**6),
        Sum("cost", 0, SLOTS, (1,), upper=10**15),
        Sum("net", 0, SLOTS, (0, 1), lower=-(10**6), upper=10**6),
    ]
    every = np.ones(2, np.bool_)
    for direction in Direction:
        found = [
            divide(each, every, direction, 1_500, 3, rule)
            for each in (plan, msgspec.structs.replace(plan, sums=tuple(loose)))
        ]
        assert found[0].given_wh.tolist() == found[1].given_wh.tolist()
        assert (found[0].room_wh == found[1].room_wh).all()
