"""What gives way: the order of levels and the least peak, by hand and by a dense programme."""

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.scheduling.case import net_energy, zone_sums
from gridpact.scheduling.check import violations
from gridpact.scheduling.community import giving_way, least_peak, successive
from gridpact.scheduling.community.bounds import unreachable
from gridpact.scheduling.community.solve import draft_of, plan_of, scheduled, solve
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Conflict, Firm, Sum

ROUGH = 2.0
"""Wh: what is given to real numbers, of which there are a few in each case."""
LEVELS = [Level.GRID, Level.CONTRACTS, Level.NEEDS]


def soft(problem, floor=0, above=None, **changes):
    """A problem in which nothing is firm but a state of so much, and no more than so much above."""
    states = np.full(problem.storage.lo_wh.shape, floor)
    most = None if above is None else problem.storage.hi_wh + above
    firm = Firm(states, np.zeros(len(problem.runs.home), np.bool_), most)
    return msgspec.structs.replace(problem, firm=firm, **changes)


def over(problem, net):
    """What zones carry above their limits [2 zones, slots], real numbers."""
    zones = problem.zones
    return np.concatenate(
        [
            np.where(limit >= 0, np.maximum(flow - limit, 0), 0)
            for limit, flow in ((zones.import_limit_wh, net), (zones.export_limit_wh, -net))
        ]
    )


def states(problem, draft):
    table, found = problem.storage, np.zeros(problem.storage.lo_wh.shape)
    state = table.initial_wh.astype(float)
    for slot in range(found.shape[1]):
        state = table.kept * state - table.draw_wh[:, slot]
        state = state + table.efficiency_in * draft.charge[:, slot]
        state = state - draft.discharge[:, slot] / table.efficiency_out
        found[:, slot] = state
    return found


def beyond(problem, found, level):
    """What a solution misses of sums at a level, per slot of theirs [sums]."""
    draft, case = draft_of(found), found.case
    net, lacking = net_energy(case, draft), []
    for one in (each for each in problem.sums if each.level == level):
        span, homes = slice(one.first, one.end), [0] * 0
        homes = [h for h in range(len(net)) if any(lies_in(problem, h, z) for z in one.zones)]
        total = net[homes, span].sum()
        for asset in one.storage:
            total += (draft.charge - draft.discharge)[asset, span].sum()
        low = 0 if one.lower is None else one.lower - total
        high = 0 if one.upper is None else total - one.upper
        lacking.append(max(low, high, 0))
    return np.array(lacking)


def lies_in(problem, home, zone):
    at = int(problem.zones.zone[home])
    while at not in (-1, zone):
        at = int(problem.zones.parent[at])
    return at == zone


def test_a_limit_is_kept_and_what_two_cars_lack_is_shared(problem_of):
    """6 kWh are let through for two cars that want 5 each."""
    cars = [{"home": home, "charge": 2000, "lo": [0, 0, 0, 5000]} for home in (0, 1)]
    zone = {"homes": [0, 1], "buy": 1500}
    problem = problem_of(np.zeros((2, 4)), storage=cars, zones=[zone])
    plan = solve(soft(problem))
    assert (plan.net_wh.sum(axis=0) <= 1500).all()
    assert plan.state_wh[:, -1] == pytest.approx([3000, 3000], abs=1)
    assert {(one.kind, one.row) for one in plan.conflicts} == {("need", 0), ("need", 1)}
    firm = solve(problem)
    assert {one.kind for one in firm.conflicts} == {"zone-import"}


def test_what_is_firm_exceeds_a_limit_and_is_spread_over_the_time_there_is(problem_of):
    """Of 5 kWh that a trip takes 4 are let through; the rest is no more than 250 Wh at once."""
    car = {"charge": 4000, "lo": [0, 0, 0, 5000], "hi": 9000}
    problem = problem_of(
        [[0] * 4],
        buy=[1000, 400_000, 400_000, 400_000],
        storage=[car],
        zones=[{"homes": [0], "buy": 1000}],
    )
    plan = solve(problem)
    assert plan.charge_wh.tolist() == [[1250] * 4]
    assert plan.conflicts == (Conflict("zone-import", 0, 0, 1000),)
    assert (plan.zone_price > 400_000).all()
    low = solve(soft(problem, floor=0))
    assert low.conflicts == (Conflict("need", 0, 3, 1000),)


def test_a_spike_does_not_keep_the_rest_from_being_spread(problem_of):
    """Load alone is 900 Wh above the limit once; the car's 600 Wh above it lie evenly elsewhere."""
    car = {"charge": 2000, "lo": [0, 0, 0, 0, 2600]}
    problem = problem_of(
        [[0, 1400, 0, 0, 0]], buy=[9, 9, 9, 9, 1], storage=[car], zones=[{"homes": [0], "buy": 500}]
    )
    plan = solve(problem)
    assert plan.net_wh.tolist() == [[650, 1400, 650, 650, 650]]


def test_two_zones_at_once_and_one_within_another(problem_of):
    """Both streets lack energy of their own, the town none beyond theirs; each is spread."""
    cars = [{"home": home, "charge": 5000, "lo": [0, 0, 3000 + 1200 * home]} for home in (0, 1)]
    zones = [
        {"homes": [], "buy": 2200},
        {"homes": [0], "parent": 0, "buy": 900},
        {"homes": [1], "parent": 0, "buy": 1300},
    ]
    plan = solve(problem_of(np.zeros((2, 3)), buy=[[5, 9, 1]] * 2, storage=cars, zones=zones))
    assert plan.net_wh.tolist() == [[1000] * 3, [1400] * 3]
    said = [(one.row, one.missing_wh) for one in plan.conflicts]
    assert said == [(0, 600), (1, 300), (2, 300)]


def test_a_cap_on_a_group_is_missed_evenly_and_before_a_zone(problem_of):
    """A cap by the grid counts as a zone does; one by contract gives way to the zone."""
    cars = [{"home": home, "charge": 4000, "lo": [0, 0, 0, 3000]} for home in (0, 1)]
    problem = problem_of(np.zeros((2, 4)), buy=[1, 9, 9, 9], storage=cars)
    for level in (Level.GRID, Level.CONTRACTS):
        caps = tuple(
            Sum("net", slot, slot + 1, (0, 1), upper=1202, level=level) for slot in range(4)
        )
        plan = solve(msgspec.structs.replace(problem, sums=caps))
        assert plan.net_wh.sum(axis=0) == pytest.approx([1500] * 4, abs=1)
        kept = solve(soft(problem, sums=caps))
        assert (kept.net_wh.sum(axis=0) <= 1202).all()
        assert {one.kind for one in kept.conflicts} == {"need"}


def test_a_battery_holds_more_than_asked_where_a_limit_lets_no_more_out(problem_of):
    """It is to give 4 kWh in two slots, of which 500 Wh each may leave the street."""
    battery = {"start": 5000, "discharge": 3000, "hi": [9000, 1000, 9000]}
    zone = {"homes": [0], "sell": 500}
    problem = problem_of([[0] * 3], storage=[battery], zones=[zone])
    firm = solve(problem)
    assert {one.kind for one in firm.conflicts} == {"zone-export"}
    plan = solve(soft(problem, above=8000))
    assert (plan.net_wh >= -500).all()
    assert plan.conflicts == (Conflict("need", 0, 1, 3000),)
    assert violations(soft(problem, above=8000), plan) == []


def test_a_battery_holds_no_more_than_what_is_firm(problem_of):
    """Of 3 kWh too much a third is physical; that third goes out whatever the limit says."""
    battery = {"start": 5000, "discharge": 3000, "hi": [9000, 1000, 9000]}
    problem = problem_of([[0] * 3], storage=[battery], zones=[{"homes": [0], "sell": 500}])
    plan = solve(soft(problem, above=2000))
    said = [(one.kind, one.missing_wh) for one in plan.conflicts]
    assert said == [("need", 2000), ("zone-export", 1000)]


def test_an_appliance_is_left_out_where_a_limit_asks_for_it(problem_of):
    runs, zone = [(0, 800, 2, 0, 2)], {"homes": [0], "buy": 500}
    problem = problem_of([[100] * 4], runs=runs, zones=[zone])
    assert solve(problem).run_start.tolist() != [-1]
    plan = solve(soft(problem))
    assert plan.conflicts == (Conflict("run", 0, 0, 1600),)
    assert violations(soft(problem), plan) == []
    wide = problem_of([[100] * 4], runs=runs, zones=[{"homes": [0], "buy": [500, 900, 900, 500]}])
    assert solve(soft(wide)).run_start.tolist() == [1]


def test_a_budget_is_overspent_for_a_need_but_no_limit_for_a_budget(problem_of):
    """The cheap hour is capped, and the dear one costs more than the budget."""
    car = {"charge": 3000, "lo": [0, 2000]}
    problem = problem_of(
        [[0, 0]], buy=[100_000, 300_000], storage=[car], zones=[{"homes": [0], "buy": [500, 3000]}]
    )
    budget = Sum("cost", 0, 2, (0,), upper=300_000_000)
    plan = solve(soft(problem, sums=(budget,)))
    assert plan.charge_wh.tolist() == [[500, 1500]]
    assert [one.kind for one in plan.conflicts] == ["sum"]


def test_a_large_programme_lowers_the_peak_alone(problem_of, monkeypatch):
    """Three slots take 300 Wh too much at least; the peak is 100, or 900 were it not lowered."""
    car, zone = {"charge": 2000, "lo": [0, 0, 0, 2100]}, {"homes": [0], "buy": [500, 500, 500, 9]}
    problem = problem_of([[0, 0, 0, 0]], buy=[9, 9, 1, 9], storage=[car], zones=[zone])
    even = solve(problem).net_wh[0] - [500, 500, 500, 9]
    monkeypatch.setattr(least_peak, "LARGE", 0)
    over = solve(problem).net_wh[0] - [500, 500, 500, 9]
    assert over.sum() == even.sum() == 591
    assert over.max() == pytest.approx(even.max(), abs=1)


def test_what_takes_too_long_is_not_spread(problem_of, monkeypatch):
    """The least is found and the peak is not: no more is missed, wherever it is."""
    car, zone = {"charge": 4000, "lo": [0] * 3 + [5000]}, {"homes": [0], "buy": 1000}
    problem = problem_of([[0] * 4], buy=[1, 9, 9, 9], storage=[car], zones=[zone])
    least, sizes = successive.Successive.least, []

    def first_only(programme, columns, cost):
        sizes.append(len(columns))
        if sizes == [4, 1]:  # the four slots, then their peak
            raise successive.StoppedError
        return least(programme, columns, cost)

    monkeypatch.setattr(successive.Successive, "least", first_only)
    plan = solve(problem)
    assert sizes[:2] == [4, 1]
    assert [(one.kind, one.missing_wh) for one in plan.conflicts] == [("zone-import", 1000)]
    assert violations(problem, plan) == []


def test_a_solve_is_bounded_and_stops_when_cancelled(problem_of, monkeypatch):
    """Then nothing is settled; limits are exceeded at a penalty, and states are kept."""
    problem = crowded(stream(3, "giving way"), problem_of)
    found, given = [], giving_way.given_way

    def watched(case, curtailing, missed, options):
        found.append(given(case, curtailing, missed, options))
        stopped = msgspec.structs.replace(options, cancelled=lambda: True)
        found.append(given(case, curtailing, missed, stopped))
        return found[0]

    monkeypatch.setattr("gridpact.scheduling.community.solve.given_way", watched)
    assert solve(problem).conflicts
    assert found[0] is not None
    assert found[1] is None
    found.clear()
    monkeypatch.setattr(successive, "ITERATIONS", 1)
    plan = solve(problem)
    assert found == [None, None]
    assert violations(problem, plan) == []


def test_there_are_as_many_solves_whatever_there_is_to_spread(problem_of, monkeypatch):
    least, solves = successive.Successive.least, []

    def counted(*args):
        solves.append(1)
        return least(*args)

    monkeypatch.setattr(successive.Successive, "least", counted)
    random = stream(1, "many levels")
    for slots in (6, 48):
        cars = [{"home": home, "charge": 900, "lo": [0] * (slots - 1) + [3000]} for home in (0, 1)]
        load = random.integers(0, 900, (2, slots))
        solve(problem_of(load, storage=cars, zones=[{"homes": [0, 1], "buy": 200}]))
        assert 0 < len(solves) <= 6
        solves.clear()


@pytest.mark.parametrize("seed", range(4))
def test_solves_made_afresh_give_way_alike(seed, problem_of, dense, monkeypatch):
    monkeypatch.setattr(successive, "WARM", 0)
    compare(crowded(stream(seed, "giving way"), problem_of), dense)


@pytest.mark.parametrize("seed", range(6))
def test_large_programmes_give_way_alike(seed, problem_of, dense, monkeypatch):
    """They are solved by interior points, to no corner."""
    monkeypatch.setattr(successive, "INSIDE", 0)
    compare(crowded(stream(seed, "giving way"), problem_of), dense)


def test_nothing_is_solved_for_what_cannot_be_missed(problem_of, monkeypatch):
    """A car that must have its energy: the limit's sum, its peak, and nothing else."""
    least, sizes = successive.Successive.least, []

    def counted(programme, columns, cost):
        sizes.append(columns.size)
        return least(programme, columns, cost)

    monkeypatch.setattr(successive.Successive, "least", counted)
    car, zone = {"charge": 4000, "lo": [0] * 3 + [5000]}, {"homes": [0], "buy": 1000}
    plan = solve(problem_of([[0] * 4], storage=[car], zones=[zone]))
    assert plan.charge_wh.tolist() == [[1250] * 4]
    assert sizes[:2] == [4, 1]
    assert set(sizes[2:]) == {4 * least_peak.BANDS}


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_levels_give_way_as_in_a_dense_programme(problems, dense, data):
    above = data.draw(st.sampled_from([None, 0, 700, 5000]))
    problem = soft(data.draw(problems(homes=3, slots=4, lossless=True)), above=above)
    problem = msgspec.structs.replace(problem, sums=data.draw(sums_on(problem)))
    table = problem.storage
    firm = msgspec.structs.replace(table, lo_wh=problem.firm.state_wh)
    assume((table.lo_wh <= table.hi_wh).all())
    assume(not unreachable(table).any() and not unreachable(firm).any())
    event(f"grid {'gives' if compare(problem, dense).totals_wh[0] > 1 else 'kept'}")


@st.composite
def sums_on(draw, problem):
    found, assets, slots = [], len(problem.storage.home), problem.slots.count
    for _ in range(draw(st.integers(0, 2))):
        first = draw(st.integers(0, slots - 1))
        end, level = draw(st.integers(first + 1, slots)), draw(st.sampled_from(LEVELS))
        zones = len(problem.zones.parent)
        if zones and draw(st.booleans()):
            zone, upper = draw(st.integers(0, zones - 1)), draw(st.integers(0, 2000))
            found.append(Sum("net", first, end, (), (zone,), upper=upper, level=level))
        elif assets:
            members = tuple(sorted(draw(st.sets(st.integers(0, assets - 1), min_size=1))))
            lower = draw(st.integers(-500, 3000))
            found.append(Sum("net", first, end, members, lower=lower, level=level))
    return tuple(found)


@pytest.mark.parametrize("seed", range(12))
def test_crowded_streets_give_way_as_in_a_dense_programme(seed, problem_of, dense):
    compare(crowded(stream(seed, "giving way"), problem_of), dense)


@pytest.mark.parametrize("seed", range(12))
def test_full_streets_give_way_as_in_a_dense_programme(seed, problem_of, dense):
    """Batteries are to be emptied into streets that let little out, and cars filled later."""
    random, slots = stream(seed, "full streets"), 6
    storage = [
        {
            "home": home,
            "start": int(random.integers(2000, 5000)),
            "charge": int(random.integers(1000, 1500)),
            "discharge": int(random.integers(1800, 2500)),
            "lo": [0] * 5 + [int(random.integers(0, 2000))],
            "hi": [6000, 6000, *[int(random.integers(0, 1500))] * 2, 6000, 6000],
        }
        for home in (0, 1, 1)
    ]
    zones = [
        {"homes": [], "sell": int(random.integers(300, 1500)), "buy": int(random.integers(0, 900))},
        {"homes": [0], "parent": 0, "sell": int(random.integers(100, 600))},
        {"homes": [1], "parent": 0, "sell": int(random.integers(100, 600))},
    ]
    load = random.integers(0, 300, (2, slots))
    problem = problem_of(load, storage=storage, zones=zones)
    cap = Sum("net", 1, 4, (0, 1), lower=int(random.integers(-900, 0)), level=Level.CONTRACTS)
    assert compare(soft(problem, above=9000, sums=(cap,)), dense).totals_wh[2] > 1


def crowded(random, problem_of):
    """Three homes below two streets of a town that lets too little through."""
    slots = 6
    storage = [
        {
            "home": home,
            "start": int(random.integers(0, 1500)),
            "charge": int(random.integers(1000, 2500)),
            "discharge": int(random.integers(0, 800)) * int(random.random() < 0.5),
            "lo": [0] * 3 + [int(random.integers(0, 1500))] * 2 + [int(random.integers(500, 5000))],
            "draw": [0] * 4 + [int(random.integers(0, 400)), 0],
        }
        for home in (0, 1, 2, 2)
    ]
    zones = [
        {"homes": [0], "buy": int(random.integers(500, 1500))},
        {"homes": [1], "parent": 0, "buy": int(random.integers(100, 600)), "sell": 100},
        {"homes": [2], "parent": 0, "buy": int(random.integers(100, 900))},
    ]
    problem = problem_of(
        random.integers(0, 500, (3, slots)),
        buy=random.integers(50, 400, slots) * 1000,
        storage=storage,
        zones=zones,
        runs=[(1, int(random.integers(200, 900)), 2, 0, 4)] * int(random.random() < 0.4),
    )
    cap = Sum("net", 2, 4, (0, 2), upper=int(random.integers(0, 1500)), level=Level.CONTRACTS)
    return soft(problem, sums=(cap,), floor=0)


def compare(problem, dense):
    table = problem.storage
    found, wanted = scheduled(problem, Options(gap=1e-5, nodes=10_000)), dense.by_level(problem)
    draft = draft_of(found)
    excess = over(problem, zone_sums(found.case, net_energy(found.case, draft))).ravel()
    held = states(problem, draft)
    off = np.maximum(table.lo_wh - held, held - table.hi_wh)
    short = np.maximum(off, 0).max(axis=1, initial=0)
    runs = problem.runs
    out = (runs.energy_wh * runs.length)[(draft.run_start < 0) & found.case.startable].sum()
    grid, contracts, needs = (beyond(problem, found, level) for level in LEVELS)
    totals = (excess.sum() + grid.sum(), contracts.sum(), short.sum() + needs.sum() + out)
    rough = ROUGH * (1 + len(problem.sums) + len(table.home))
    assert totals == pytest.approx(wanted.totals_wh, abs=rough)
    if not len(runs.home):
        lengths = [one.end - one.first for one in problem.sums if one.level == Level.GRID]
        every = sorted([*excess, *(grid / np.array(lengths or [1])[: len(grid)])])
        highest = sorted(wanted.grid_wh, reverse=True)
        assert every[::-1][: len(highest)] == pytest.approx(highest, abs=rough)
    assert violations(problem, plan_of(found)) == []
    return wanted
