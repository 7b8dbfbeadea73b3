"""An independent check of a plan: everything a plan promises, worked out again from the problem.

Shares no code with the solver. Sums are exact whole numbers; only the state of storage is a real
number, simulated from the plan's whole charge and discharge. Its bounds may be missed by
:func:`allowance` Wh, because whole Wh cannot follow every real state.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.check_wished import soft, wished
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Conflict, Plan, Problem, Sum

SIMULATED = 0.501
"""Wh by which a reported state may differ from the simulated one: rounding, and float noise."""


def violations(problem: Problem, plan: Plan) -> list[str]:
    """List everything in which a plan breaks its problem or misreports itself; empty if nothing."""
    shape = [*_shapes(problem, plan)]
    if shape:
        return shape
    return [
        *_storage(problem, plan),
        *_runs(problem, plan),
        *_balance(problem, plan),
        *_zones(problem, plan),
        *_sums(problem, plan),
        *wished(problem, plan, [allowance(problem, row) for row in range(len(plan.charge_wh))]),
        *soft(problem, plan, lambda one: _beyond(problem, one, _total(problem, plan, one))),
        *_unknown(problem, plan),
    ]


def allowance(problem: Problem, asset: int) -> int:
    """Wh by which the state may miss a bound: a step of charge or discharge and one, rounded up."""
    inward = float(problem.storage.efficiency_in[asset])
    outward = float(problem.storage.efficiency_out[asset])
    return math.ceil(max(inward, 1 / outward)) + 1


def _shapes(problem: Problem, plan: Plan) -> Iterator[str]:
    homes, slots = problem.load_wh.shape
    storage = (len(problem.storage.home), slots)
    wanted = {
        "net_wh": (homes, slots),
        "curtail_wh": (homes, slots),
        "charge_wh": storage,
        "discharge_wh": storage,
        "state_wh": storage,
        "run_start": (len(problem.runs.home),),
        "cost_nano": (homes,),
        "zone_price": (len(problem.zones.parent), slots),
    }
    for name, shape in wanted.items():
        array: Ints = getattr(plan, name)
        if array.shape != shape or array.dtype != np.int64:
            yield f"{name} is {array.dtype} {array.shape}, not int64 {shape}"


def _storage(problem: Problem, plan: Plan) -> Iterator[str]:
    storage = problem.storage
    for name, value, most in (
        ("charge", plan.charge_wh, storage.charge_max_wh),
        ("discharge", plan.discharge_wh, storage.discharge_max_wh),
    ):
        for asset, slot in np.argwhere((value < 0) | (value > most)):
            yield f"asset {asset} slot {slot}: {name} {value[asset, slot]} outside its bounds"
    for asset, slot in np.argwhere((plan.charge_wh > 0) & (plan.discharge_wh > 0)):
        yield f"asset {asset} slot {slot}: charges and discharges at once"
    for asset in range(len(storage.home)):
        yield from _states(problem, plan, asset)


def _states(problem: Problem, plan: Plan, asset: int) -> Iterator[str]:
    """Simulate one asset, and compare what it misses with the conflict reported for it."""
    storage = problem.storage
    state, missed = float(storage.initial_wh[asset]), []
    for slot, reported in enumerate(plan.state_wh[asset].tolist()):
        gained = storage.efficiency_in[asset] * plan.charge_wh[asset, slot]
        lost = plan.discharge_wh[asset, slot] / storage.efficiency_out[asset]
        state = storage.kept[asset] * state + gained - lost - storage.draw_wh[asset, slot]
        if abs(state - reported) > SIMULATED:
            yield f"asset {asset} slot {slot}: state {reported} reported, {state:.3f} simulated"
        below, above = storage.lo_wh[asset, slot] - reported, reported - storage.hi_wh[asset, slot]
        missed.append(max(int(below), int(above), 0))
    worst = [short if short > allowance(problem, asset) else 0 for short in missed]
    yield from _reported(plan, "need", asset, worst, max(worst, default=0))


def _reported(plan: Plan, kind: str, row: int, missing: list[int], amount: int) -> Iterator[str]:
    """Compare what is missing slot by slot with the one conflict that should say so."""
    found = [item for item in plan.conflicts if (item.kind, item.row) == (kind, row)]
    first = next((slot for slot, short in enumerate(missing) if short > 0), None)
    expected = [] if first is None else [Conflict(kind, row, first, amount)]
    if found != expected:
        yield f"{kind} {row}: conflicts {found} reported, {expected} found"


def _runs(problem: Problem, plan: Plan) -> Iterator[str]:
    runs, slots = problem.runs, problem.load_wh.shape[1]
    for run, start in enumerate(plan.run_start.tolist()):
        first = max(int(runs.earliest[run]), 0)
        last = min(int(runs.latest[run]), slots - int(runs.length[run]))
        whole = int(runs.energy_wh[run] * runs.length[run])
        given_up = start == -1 and problem.firm is not None and not problem.firm.runs[run]
        unmet = [Conflict("run", run, first, whole)] if first > last or given_up else []
        found = [item for item in plan.conflicts if (item.kind, item.row) == ("run", run)]
        if found != unmet:
            yield f"run {run}: conflicts {found} reported, {unmet} found"
        if first <= last and not first <= start <= last and not given_up:
            yield f"run {run} starts at {start}, outside {first}…{last}"
        if first > last and start != -1:
            yield f"run {run} starts at {start}, although it cannot end inside the horizon"


def _balance(problem: Problem, plan: Plan) -> Iterator[str]:
    curtail, storage, runs = plan.curtail_wh, problem.storage, problem.runs
    for home, slot in np.argwhere((curtail < 0) | (curtail > problem.pv_wh)):
        yield f"home {home} slot {slot}: curtails {curtail[home, slot]} outside its bounds"
    for home in range(len(problem.load_wh)):
        own = storage.home == home
        net = problem.load_wh[home] - problem.pv_wh[home] + curtail[home]
        net = net + plan.charge_wh[own].sum(axis=0) - plan.discharge_wh[own].sum(axis=0)
        for run in np.flatnonzero((runs.home == home) & (plan.run_start >= 0)):
            begin = plan.run_start[run]
            net[begin : begin + runs.length[run]] += runs.energy_wh[run]
        if np.any(net != plan.net_wh[home]):
            yield f"home {home}: net energy does not balance in slots {_where(net, plan, home)}"
        cost = sum(
            (bought - position) * (buy if bought > position else sell)
            for bought, position, buy, sell in zip(
                plan.net_wh[home].tolist(),
                problem.position_wh[home].tolist(),
                problem.import_price[home].tolist(),
                problem.export_price[home].tolist(),
                strict=True,
            )
        )
        if cost != plan.cost_nano[home]:
            yield f"home {home}: cost {plan.cost_nano[home]} reported, {cost} found"


def _where(net: Ints, plan: Plan, home: int) -> list[int]:
    slots: list[int] = np.flatnonzero(net != plan.net_wh[home]).tolist()
    return slots


def _zones(problem: Problem, plan: Plan) -> Iterator[str]:
    zones, slots = problem.zones, problem.load_wh.shape[1]
    net = np.zeros((len(zones.parent), slots), np.int64)
    for home, own in enumerate(zones.zone.tolist()):
        above = own
        while above >= 0:
            net[above] += plan.net_wh[home]
            above = int(zones.parent[above])
    imports, exports = zones.borne()
    for kind, limit, flow, sign in (
        ("zone-import", imports, net, 1),
        ("zone-export", exports, -net, -1),
    ):
        for zone in range(len(zones.parent)):
            over = np.where(limit[zone] >= 0, np.maximum(flow[zone] - limit[zone], 0), 0)
            yield from _reported(plan, kind, zone, over.tolist(), int(over.sum()))
        for zone, slot in np.argwhere((sign * plan.zone_price > 0) & (limit < 0)):
            yield f"zone {zone} slot {slot}: {kind} has a price and no limit"


def _sums(problem: Problem, plan: Plan) -> Iterator[str]:
    """Every sum added up slot by slot."""
    for row, one in enumerate(problem.sums):
        total = _total(problem, plan, one)
        over = _beyond(problem, one, total)
        money = 0 if one.kind != "cost" or one.upper is None else total - one.upper
        kind = "wished-sum" if one.level is Level.WISHES else "sum"
        unmet = [Conflict(kind, row, one.first, over, missing_nano=money)] if over else []
        found = [item for item in plan.conflicts if (item.kind, item.row) == (kind, row)]
        if found != unmet:
            yield f"sum {row}: conflicts {found} reported, {unmet} found"


def _total(problem: Problem, plan: Plan, one: Sum) -> int:
    total = 0
    for slot in range(one.first, one.end):
        for asset in one.storage:
            charge = int(plan.charge_wh[asset, slot])
            discharge = int(plan.discharge_wh[asset, slot])
            price = max(int(problem.import_price[problem.storage.home[asset], slot]), 0)
            counts = {"net": charge - discharge, "discharge": discharge, "cost": charge * price}
            total += counts[one.kind]
        for home in range(len(problem.load_wh)):
            total += int(plan.net_wh[home, slot]) if _lies_in(problem, home, one.zones) else 0
    return total


def _beyond(problem: Problem, one: Sum, total: int) -> int:
    """Energy beyond the bounds; of net energy a Wh for each storage is rounding."""
    over = max(0 if one.upper is None else total - one.upper, 0)
    over = max(over, 0 if one.lower is None else one.lower - total)
    if one.kind == "cost":
        home = int(problem.storage.home[one.storage[0]])
        dearest = int(problem.import_price[home, one.first : one.end].max())
        return math.ceil(over / max(dearest, 1))
    counted = sum(
        row in one.storage or _lies_in(problem, home, one.zones)
        for row, home in enumerate(problem.storage.home.tolist())
    )
    return over if one.kind == "discharge" or over > counted else 0


def _lies_in(problem: Problem, home: int, zones: tuple[int, ...]) -> bool:
    if len(problem.zones.parent) + home in zones:
        return True
    above = int(problem.zones.zone[home])
    while above >= 0 and above not in zones:
        above = int(problem.zones.parent[above])
    return above >= 0


def _unknown(problem: Problem, plan: Plan) -> Iterator[str]:
    rows = {
        "need": len(problem.storage.home),
        "zone-import": len(problem.zones.parent),
        "zone-export": len(problem.zones.parent),
        "run": len(problem.runs.home),
        "sum": len(problem.sums),
        "wished-state": len(problem.storage.home),
        "wished-power": len(problem.storage.home),
        "wished-run": len(problem.runs.home),
        "wished-sum": len(problem.sums),
        "soft": len(problem.soft),
    }
    for item in plan.conflicts:
        if not 0 <= item.row < rows.get(item.kind, 0):
            yield f"a conflict about nothing in the problem: {item}"
