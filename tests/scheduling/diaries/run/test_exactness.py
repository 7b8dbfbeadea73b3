"""What a plan keeps, its diary keeps: bounds just met, read back from the power that is told."""

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.diaries.derivation import power
from gridpact.scheduling.diaries.exactness import exact_until
from gridpact.scheduling.diaries.following import Solved, first
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.posing import Posed
from gridpact.scheduling.problem import Problem, RunColumns, StorageColumns, Sum, ZoneColumns
from gridpact.scheduling.sums import Flows, missed

COUNT, LOAD_WH = 12, 300
PRICE = np.arange(100, 100 + 10 * COUNT, 10) * 1000
slot_wh = st.integers(-300, 300)
slacks = st.one_of(st.integers(0, 4), st.integers(0, 60), st.just(10**6))


def problem_of(hand, net, bounds):
    """A problem whose bounds a plan of net energy meets with so many Wh of room."""
    battery, car = net
    state = np.array([5000, 10_000])[:, None] + np.cumsum(net, axis=1)
    lo, hi = np.zeros((2, COUNT), np.int64), np.full((2, COUNT), 60_000)
    slot = bounds["slot"]
    lo[0, slot] = max(state[0, slot] - bounds["low"], 0)
    hi[0, slot] = state[0, slot] + bounds["high"]
    lo[1, -1] = max(state[1, -1] - bounds["car"], 0)
    cap = np.full((2, COUNT), 2000)
    cap[0, 4:8] = np.minimum(np.maximum(battery[4:8], 0) + bounds["cap"], 2000)
    carried = 2 * LOAD_WH + net.sum(axis=0)
    spent = int(np.maximum(car[2:9], 0) @ PRICE[2:9])
    one, none = np.ones(2), np.full((1, COUNT), -1)
    return Problem(
        slots=Slots(hand.midnight, hand.step, COUNT),
        load_wh=np.full((2, COUNT), LOAD_WH),
        pv_wh=np.zeros((2, COUNT), np.int64),
        position_wh=np.zeros((2, COUNT), np.int64),
        import_price=np.broadcast_to(PRICE, (2, COUNT)),
        export_price=np.zeros((2, COUNT), np.int64),
        storage=StorageColumns(
            np.array([0, 1]), np.array([5000, 10_000]), cap, np.full((2, COUNT), 2000), lo, hi,
            np.zeros((2, COUNT), np.int64), one, one, one,
        ),
        runs=RunColumns(*np.zeros((5, 0), np.int64)),
        zones=ZoneColumns(np.array([0, 0]), np.array([-1]),
                          np.where(np.arange(COUNT) == slot, carried + bounds["zone"], none), none),
        sums=(
            Sum("net", 1, 6, (0,), lower=int(battery[1:6].sum()) - bounds["sum"]),
            Sum("discharge", 0, COUNT, (0,), upper=int(-battery[battery < 0].sum())
                + bounds["cycles"]),
            Sum("cost", 2, 9, (1,), upper=spent + 100_000 * bounds["budget"]),
        ),
    )  # fmt: skip


@settings(deadline=None, max_examples=120)
@given(
    st.lists(slot_wh, min_size=COUNT, max_size=COUNT),
    st.lists(st.integers(0, 300), min_size=COUNT, max_size=COUNT),
    st.fixed_dictionaries(
        dict.fromkeys(("low", "high", "car", "cap", "zone", "sum", "cycles", "budget"), slacks)
        | {"slot": st.integers(0, COUNT - 1)}
    ),
)
def test_the_diary_keeps_what_the_plan_just_keeps(community, hand, battery, car, bounds):
    net = np.array([battery, car])
    problem = problem_of(hand, net, bounds)
    plan = hand.plan(net)
    plan = msgspec.structs.replace(
        plan,
        net_wh=LOAD_WH + net,
        state_wh=np.array([5000, 10_000])[:, None] + np.cumsum(net, axis=1),
    )
    nothing = np.zeros((2, COUNT), np.int64)
    stated = NeedsStated(
        session="s", window=problem.slots, charge_max_wh=nothing, discharge_max_wh=nothing,
        lo_wh=nothing, hi_wh=nothing, draw_wh=nothing, run_earliest=np.full(2, -1),
        run_latest=np.full(2, -1),
    )  # fmt: skip
    until = exact_until(community, Posed(problem, stated), plan)
    diaries = first(community, Solved(problem.slots, plan, hand.midnight, until))
    told = power(diaries.instructions, problem.slots, diaries.standing)[:2] * hand.step / 3600
    state = np.array([5000, 10_000])[:, None] + np.cumsum(told, axis=1)
    room = state_tolerance(problem.storage)[:, None]
    assert np.all(state >= problem.storage.lo_wh - room)
    assert np.all(state <= problem.storage.hi_wh + room)
    assert np.all(told <= problem.storage.charge_max_wh + 1)
    limit = problem.zones.import_limit_wh[0]
    assert np.all((2 * LOAD_WH + told.sum(axis=0) <= limit + 1) | (limit < 0))
    whole = np.rint(told).astype(np.int64)
    flows = Flows(np.maximum(whole, 0), np.maximum(-whole, 0), LOAD_WH + whole)
    assert all(missed(problem, one, flows) <= 1 for one in problem.sums)


def test_where_there_is_room_small_changes_are_not_told(community, hand):
    net = np.array([[100, 110, 105, 95, 100, 110, 0, 0, 0, 0, 0, 0], [0] * COUNT])
    wide = dict.fromkeys(("low", "high", "car", "cap", "zone", "sum", "cycles", "budget"), 10**6)
    problem = problem_of(hand, net, {**wide, "slot": 3})
    plan = msgspec.structs.replace(
        hand.plan(net),
        net_wh=LOAD_WH + net,
        state_wh=np.array([5000, 10_000])[:, None] + np.cumsum(net, axis=1),
    )
    until = exact_until(community, Posed(problem, None), plan)
    assert until.tolist() == [0, 0]
    diaries = first(community, Solved(problem.slots, plan, hand.midnight, until))
    assert len(diaries.instructions) == 2
    just = problem_of(hand, net, {**wide, "slot": 3, "low": 0})
    until = exact_until(community, Posed(just, None), plan)
    assert until.tolist() == [4, 0]
    diaries = first(community, Solved(problem.slots, plan, hand.midnight, until))
    assert diaries.instructions.target_w.tolist() == [400, 440, 420, 380, 0]
