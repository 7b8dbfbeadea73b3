"""Wishes in a community's plan: kept where nothing else loses by it, and before any cost."""

import msgspec
import numpy as np
import pytest

from gridpact.base.randomness import stream
from gridpact.scheduling.case import net_energy, prepare
from gridpact.scheduling.check import violations
from gridpact.scheduling.community import successive
from gridpact.scheduling.community.model import community_fleet
from gridpact.scheduling.community.solve import draft_of, plan_of, scheduled, solve
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import NOTHING, Needs, StorageNeed
from gridpact.scheduling.priorities.solve import solve_by_levels
from gridpact.scheduling.problem import Conflict, Firm, Sum, Wished


def wishing(problem, sums=(), **changes):
    """A problem in which nothing is firm, with these bounds wished; others are those needed."""
    table, runs = problem.storage, problem.runs
    names = ("charge_max_wh", "discharge_max_wh", "lo_wh", "hi_wh")
    columns = {name: getattr(table, name).copy() for name in names}
    columns |= {"earliest": runs.earliest.copy(), "latest": runs.latest.copy()}
    for name, values in changes.items():
        columns[name] = np.broadcast_to(values, columns[name].shape).astype(np.int64)
    firm = Firm(np.zeros_like(table.lo_wh), np.zeros(len(runs.home), np.bool_))
    wished = Wished(**columns)
    return msgspec.structs.replace(problem, firm=firm, wished=wished, sums=tuple(sums))


def test_a_wish_is_kept_whatever_it_costs(problem_of):
    """A car that needs 1 kWh by the end and would like 3 by noon buys them dear."""
    car = {"charge": 4000, "lo": [0, 0, 0, 1000], "hi": 9000}
    problem = problem_of([[0] * 4], buy=[9_000_000, 9_000_000, 1, 1], storage=[car])
    plan = solve(wishing(problem, lo_wh=[0, 3000, 0, 1000]))
    assert plan.state_wh[0, 1] == 3000
    assert plan.conflicts == ()
    assert solve(problem).charge_wh[0, :2].sum() == 0


def test_a_wish_gives_before_a_need(problem_of):
    """2 kWh are let through by noon, and one car needs what the other would like."""
    cars = [{"home": home, "charge": 2000, "lo": 0, "hi": 9000} for home in (0, 1)]
    cars[1]["lo"] = [0, 1500, 0, 0]
    problem = problem_of(np.zeros((2, 4)), storage=cars, zones=[{"homes": [0, 1], "buy": 1000}])
    wish = np.zeros((2, 4))
    wish[0, 1], wish[1] = 1500, [0, 1500, 0, 0]
    asked = wishing(problem, lo_wh=wish)
    plan = solve(asked)
    assert plan.state_wh[:, 1].tolist() == [500, 1500]
    assert plan.conflicts == (Conflict("wished-state", 0, 1, 1000),)
    assert violations(asked, plan) == []


def test_a_wish_of_a_limit_gives_before_a_need(problem_of):
    """1 kWh an hour is wished for; the car needs 5 in four, and it is spread over them."""
    car = {"charge": 4000, "lo": [0, 0, 0, 5000], "hi": 9000}
    caps = [Sum("net", at, at + 1, (), (1,), upper=1000, level=Level.WISHES) for at in range(4)]
    zoned = problem_of([[0] * 4], buy=[1, 9, 9, 9], storage=[car], zones=[{"homes": [0]}])
    plan = solve(wishing(zoned, sums=caps))
    assert plan.charge_wh.tolist() == [[1250] * 4]
    assert {(one.kind, one.missing_wh) for one in plan.conflicts} == {("wished-sum", 250)}


def test_quiet_is_broken_for_a_need_and_for_nothing_else(problem_of):
    """Two cheap hours are wished to be quiet; a need of 3 kWh leaves only one other hour."""
    car = {"charge": 2000, "lo": [0, 0, 3000, 0], "hi": 9000}
    problem = problem_of([[0] * 4], buy=[1, 1, 500_000, 1], storage=[car])
    plan = solve(wishing(problem, charge_max_wh=[[0, 0, 2000, 2000]]))
    assert plan.charge_wh.tolist() == [[500, 500, 2000, 0]]
    assert plan.conflicts == (Conflict("wished-power", 0, 0, 1000),)


def test_a_run_is_at_another_time_where_a_limit_asks_for_it(problem_of):
    runs = [(0, 800, 2, 0, 2)]
    zone = {"homes": [0], "buy": [900, 900, 900, 500]}
    problem = problem_of([[100] * 4], buy=[9, 9, 1, 1], runs=runs, zones=[zone])
    assert solve(wishing(problem, earliest=[1], latest=[1])).run_start.tolist() == [1]
    late = wishing(problem, earliest=[2], latest=[2])
    plan = solve(late)
    assert plan.run_start.tolist() in ([0], [1])
    assert plan.conflicts == (Conflict("wished-run", 0, int(plan.run_start[0]), 1600),)
    assert violations(late, plan) == []


def test_what_a_battery_gives_and_costs_is_wished(problem_of):
    """Of 2 kWh that a need has it give, it would like to give one; a budget it cannot keep."""
    battery = {"start": 3000, "discharge": 2000, "charge": 2000, "hi": [3000, 3000, 1000, 3000]}
    problem = problem_of([[900] * 4], buy=[1, 9, 9, 9], storage=[battery])
    few = Sum("discharge", 0, 4, (0,), upper=1000, level=Level.WISHES)
    plan = solve(wishing(problem, sums=[few]))
    assert 2000 <= plan.discharge_wh.sum() <= 2002
    assert [one.kind for one in plan.conflicts] == ["wished-sum"]
    car = {"charge": 3000, "lo": [0, 2000], "hi": 9000}
    dear = problem_of([[0, 0]], buy=[100_000, 300_000], storage=[car])
    budget = Sum("cost", 0, 2, (0,), upper=100_000_000, level=Level.WISHES)
    plan = solve(wishing(dear, sums=[budget]))
    assert plan.charge_wh.tolist() == [[2000, 0]]
    assert [one.kind for one in plan.conflicts] == ["wished-sum"]


def test_a_wish_that_nothing_can_keep_is_kept_as_far_as_can_be(problem_of):
    """Alone the car holds 2 kWh by then; the need of less is not touched by it."""
    car = {"charge": 1000, "lo": [0, 500, 0, 0], "hi": [9000, 9000, 9000, 9000]}
    problem = problem_of([[0] * 4], buy=[9, 9, 1, 1], storage=[car])
    plan = solve(wishing(problem, lo_wh=[[0, 5000, 0, 0]]))
    assert plan.charge_wh[0, :2].tolist() == [1000, 1000]
    assert plan.conflicts == (Conflict("wished-state", 0, 1, 3000),)


def test_where_nothing_is_settled_in_time_wishes_are_let_go_and_limits_kept(
    problem_of, monkeypatch
):
    car = {"charge": 4000, "lo": [0, 0, 0, 0], "hi": 9000}
    zone = {"homes": [0], "buy": 500}
    problem = problem_of([[0] * 4], storage=[car], zones=[zone])
    monkeypatch.setattr(successive, "ITERATIONS", 0)
    plan = solve(wishing(problem, lo_wh=[[0, 0, 0, 5000]]))
    assert (plan.net_wh <= 500).all()
    assert {one.kind for one in plan.conflicts} == {"wished-state"}


@pytest.mark.parametrize("seed", range(10))
def test_wishes_in_crowded_streets_give_way_as_in_a_dense_programme(seed, problem_of, dense):
    compare(crowded(stream(seed, "wishes"), problem_of), dense)


@pytest.mark.parametrize("seed", range(4))
def test_the_engine_misses_as_much_of_the_same_fleet(seed, problem_of):
    """Three cars need energy and two would like some: the ladder of prices finds the same."""
    random, slots, liking = stream(seed, "wishes of a fleet"), 6, [0, 2]
    asked = random.integers(1200, 3000, 5)
    storage = [
        {"home": home, "charge": 1500, "lo": [0] * 5 + [int(asked[home])], "hi": 9000}
        for home in range(5)
    ]
    for home in liking:
        storage[home]["lo"] = 0
    zone = {"homes": range(5), "buy": int(random.integers(500, 900))}
    problem = problem_of(random.integers(0, 100, (5, slots)), storage=storage, zones=[zone])
    needed = problem.storage.lo_wh.astype(float)
    wish = problem.storage.lo_wh.copy()
    wish[liking, -1] = asked[liking]
    table = msgspec.structs.replace(problem.storage, lo_wh=np.zeros_like(wish))
    bare = prepare(msgspec.structs.replace(problem, storage=table))
    rows = community_fleet(bare, np.zeros(5, np.bool_))
    owners = (
        StorageNeed(np.array([1, 3, 4]), np.where(needed > 0, needed, NOTHING)[[1, 3, 4]]),
        StorageNeed(np.array(liking), np.where(wish > 0, wish, NOTHING)[liking], Level.WISHES),
    )
    answer = solve_by_levels(rows.fleet, rows.prices, Needs(storage=owners))
    wanted = [answer.losses[level].missing_wh for level in Level]
    asking = wishing(problem, lo_wh=wish)
    assert misses(asking, scheduled(asking)) == pytest.approx(wanted, abs=20)
    assert wanted[Level.WISHES] > 0


def crowded(random, problem_of):
    """Three homes below two streets of a town that lets too little through for all wishes."""
    slots = 6
    storage = [
        {
            "home": home,
            "start": int(random.integers(0, 1500)),
            "charge": int(random.integers(1000, 2500)),
            "discharge": int(random.integers(0, 800)) * int(random.random() < 0.5),
            "lo": [0] * 5 + [int(random.integers(0, 2500))],
        }
        for home in (0, 1, 2, 2)
    ]
    zones = [
        {"homes": [0], "buy": int(random.integers(600, 1500))},
        {"homes": [1], "parent": 0, "buy": int(random.integers(200, 600)), "sell": 100},
        {"homes": [2], "parent": 0, "buy": int(random.integers(200, 900))},
    ]
    problem = problem_of(
        random.integers(0, 200, (3, slots)),
        buy=random.integers(50, 400, slots) * 1000,
        storage=storage,
        zones=zones,
        runs=[(1, int(random.integers(200, 900)), 2, 0, 4)] * int(random.random() < 0.4),
    )
    wish = problem.storage.lo_wh.copy()
    wish[:, 3] = random.integers(0, 4000, 4)
    charge = problem.storage.charge_max_wh.copy()
    charge[:, 1] //= 3
    hold = Sum("net", 0, 3, (0, 2), upper=int(random.integers(0, 1500)), level=Level.WISHES)
    late = {"earliest": 3, "latest": 4} if len(problem.runs.home) else {}
    changes = {"lo_wh": wish, "charge_max_wh": charge, **late}
    return wishing(problem, sums=[hold], **changes)


def compare(problem, dense):
    """Each level misses no more and no less than a dense programme of scipy's does."""
    found, wanted = scheduled(problem, Options(gap=1e-5, nodes=10_000)), dense.by_level(problem)
    plan = plan_of(found)
    rough = 3.0 * (2 + len(problem.storage.home) + len(problem.sums))
    assert misses(problem, found) == pytest.approx(wanted.totals_wh, abs=rough)
    assert violations(problem, plan) == []


def misses(problem, found):
    """What an answer in real numbers misses at each level [4] Wh."""
    draft, table, wished, runs = draft_of(found), problem.storage, problem.wished, problem.runs
    net = net_energy(found.case, draft)
    grid = 0.0
    for zone in range(len(problem.zones.parent)):
        homes = [home for home in range(len(net)) if lies_in(problem, home, zone)]
        flow = net[homes].sum(axis=0)
        for limit, way in ((problem.zones.import_limit_wh, 1), (problem.zones.export_limit_wh, -1)):
            over = np.where(limit[zone] >= 0, way * flow - limit[zone], 0)
            grid += np.maximum(over, 0).sum()
    held = states(table, draft)
    needs = worst(table.lo_wh - held, held - table.hi_wh)
    low = np.where(wished.lo_wh > table.lo_wh, wished.lo_wh - held, 0)
    high = np.where(wished.hi_wh < table.hi_wh, held - wished.hi_wh, 0)
    wishes = worst(low, high) + sum(
        np.maximum(flow - most, 0).sum()
        for flow, most in (
            (draft.charge, wished.charge_max_wh),
            (draft.discharge, wished.discharge_max_wh),
        )
    )
    for one in problem.sums:
        rows, span = list(one.storage), slice(one.first, one.end)
        total = (draft.charge - draft.discharge)[rows, span].sum()
        wishes += max(total - (one.upper - len(rows)), 0)
    taken = runs.energy_wh * runs.length
    start, can = draft.run_start, found.case.startable
    needs += taken[(start < 0) & can].sum()
    off = (start >= 0) & ((start < wished.earliest) | (start > wished.latest)) & can
    return [grid, 0.0, needs, wishes + taken[off].sum()]


def worst(*off):
    return float(np.maximum.reduce([*off, np.zeros_like(off[0])]).max(axis=1, initial=0).sum())


def states(table, draft):
    found, state = np.zeros(table.lo_wh.shape), table.initial_wh.astype(float)
    for slot in range(found.shape[1]):
        state = table.kept * state - table.draw_wh[:, slot]
        state = state + table.efficiency_in * draft.charge[:, slot]
        state = state - draft.discharge[:, slot] / table.efficiency_out
        found[:, slot] = state
    return found


def lies_in(problem, home, zone):
    at = int(problem.zones.zone[home])
    while at not in (-1, zone):
        at = int(problem.zones.parent[at])
    return at == zone
