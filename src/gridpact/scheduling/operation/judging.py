"""What set-points come to under a problem: what they miss of needs, runs and limits.

The schedule in force and a new one are judged alike, by following the set-points slot by slot as
far as the storage lets them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.messages import Misses
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Plan, Problem, RunColumns, StorageColumns
from gridpact.scheduling.standing.missed import zone_net
from gridpact.scheduling.state import InForce
from gridpact.scheduling.sums import Flows, missed
from gridpact.scheduling.wishes import off_powers, off_starts, off_states


class Told(NamedTuple):
    """Set-points in the first slots of a problem; ``run_start`` [runs of the problem] as there."""

    charge_wh: Ints
    discharge_wh: Ints
    curtail_wh: Ints
    run_start: Ints


def told_by(plan: Plan, count: int) -> Told:
    """Return what a plan of the problem does in its first ``count`` slots."""
    first = slice(count)
    charge, discharge = plan.charge_wh[:, first], plan.discharge_wh[:, first]
    return Told(charge, discharge, plan.curtail_wh[:, first], plan.run_start)


def told_before(item: InForce, window: Slots, problem: Problem, wanted: Ints) -> Told:
    """Return what a schedule in force does in a window; nothing in slots that it does not cover.

    ``wanted`` are the rows of the appliances that are still to run.
    """
    skipped = (window.start - item.window.start) // window.step
    plan, count = item.plan, window.count
    curtail = _below(plan.curtail_wh, len(problem.load_wh))
    start = plan.run_start[wanted]
    return Told(
        _over(plan.charge_wh[:, skipped:], count),
        _over(plan.discharge_wh[:, skipped:], count),
        _over(curtail[:, skipped:], count),
        np.where(start < 0, -1, start - skipped),
    )


def _below(values: Ints, rows: int) -> Ints:
    """Add rows of zeros, for homes that storage was set apart into."""
    return np.pad(values, ((0, rows - len(values)), (0, 0)))


def _over(values: Ints, count: int) -> Ints:
    return np.pad(values[:, :count], ((0, 0), (0, max(count - values.shape[1], 0))))


def misses(problem: Problem, told: Told, capacity_wh: Ints) -> Misses:
    """Return what set-points miss; ``capacity_wh`` [assets] is what storage holds at most.

    An appliance that is told to start when it may not will not run.
    """
    storage, count = problem.storage, told.charge_wh.shape[1]
    start = _allowed(problem.runs, told.run_start)
    state, moved = _followed(storage, told, capacity_wh)
    beyond = np.maximum(storage.lo_wh[:, :count] - state, state - storage.hi_wh[:, :count])
    beyond = np.where(beyond > state_tolerance(storage)[:, None], beyond, 0)
    net = problem.load_wh[:, :count] - problem.pv_wh[:, :count] + told.curtail_wh
    np.add.at(net, storage.home, moved)
    net += _runs(problem, start, count)
    flow = zone_net(problem.zones, net)
    over = sum(
        int(np.maximum(signed - limit[:, :count], 0)[limit[:, :count] >= 0].sum())
        for signed, limit in zip((flow, -flow), problem.zones.borne(), strict=True)
    )
    unrun = (problem.runs.energy_wh * problem.runs.length)[start < 0]
    sums = _of_sums(problem, moved, net)
    return Misses(
        needs_wh=int(beyond.max(axis=1, initial=0).sum()) + sums[Level.NEEDS],
        runs_wh=int(unrun.sum()),
        limits_wh=over + sums[Level.GRID],
        contracts_wh=sums[Level.CONTRACTS],
        wishes_wh=_of_wishes(problem, state, moved, start) + sums[Level.WISHES],
    )


def _of_wishes(problem: Problem, state: Ints, moved: Ints, start: Ints) -> int:
    """What is missed of states, powers and starts that are wished [Wh]."""
    off = off_states(problem, state)
    off = np.where(off > state_tolerance(problem.storage)[:, None], off, 0)
    power = off_powers(problem, np.maximum(moved, 0), np.maximum(-moved, 0))
    late = off_starts(problem, start)
    return int(off.max(axis=1, initial=0).sum() + power.sum() + late.sum())


def _of_sums(problem: Problem, moved: Ints, net: Ints) -> dict[Level, int]:
    """What is missed of sums, by level; of one that ends later, of its upper bound."""
    count, found = moved.shape[1], dict.fromkeys(Level, 0)
    flows = Flows(np.maximum(moved, 0), np.maximum(-moved, 0), net)
    for one in problem.sums:
        if one.first < count:
            lower = one.lower if one.end <= count else None
            within = replace(one, lower=lower, end=min(one.end, count))
            found[one.level] += missed(problem, within, flows)
    return found


def _followed(storage: StorageColumns, told: Told, capacity_wh: Ints) -> tuple[Ints, Ints]:
    """Stored energy after each slot and what is taken in net [assets, slots], by physics."""
    states, moved = np.zeros((2, *told.charge_wh.shape), np.int64)
    state = storage.initial_wh.astype(float)
    for slot in range(states.shape[1]):
        held = storage.kept * state - storage.draw_wh[:, slot]
        room = np.maximum(capacity_wh - held, 0) / storage.efficiency_in
        charge = np.minimum(told.charge_wh[:, slot], storage.charge_max_wh[:, slot])
        charge = np.minimum(charge, room)
        there = np.maximum(held, 0) * storage.efficiency_out
        discharge = np.minimum(told.discharge_wh[:, slot], storage.discharge_max_wh[:, slot])
        discharge = np.minimum(discharge, there)
        state = held + storage.efficiency_in * charge - discharge / storage.efficiency_out
        states[:, slot], moved[:, slot] = np.rint(state), np.rint(charge - discharge)
    return states, moved


def _allowed(runs: RunColumns, start: Ints) -> Ints:
    """Starts of runs [runs], -1 for those that may not begin then."""
    return np.where((runs.earliest <= start) & (start <= runs.latest), start, -1)


def _runs(problem: Problem, run_start: Ints, count: int) -> Ints:
    """Energy of appliances that are started [homes, slots]."""
    runs, slots = problem.runs, np.arange(count)
    begin = run_start[:, None]
    on = (begin >= 0) & (begin <= slots) & (slots < begin + runs.length[:, None])
    taken = np.zeros((len(problem.load_wh), count), np.int64)
    np.add.at(taken, runs.home, on * runs.energy_wh[:, None])
    return taken


def worse(new: Misses, old: Misses, rounding_wh: int = 0) -> bool:
    """Whether one misses more: limits before contracts, these before needs, and wishes last.

    What differs by no more than ``rounding_wh`` is missed alike. Appliances that do not run count
    as needs; where all of these are missed alike, whether one more does not run decides, and then
    wishes do.
    """
    for one, other in zip(_by_level(new), _by_level(old), strict=True):
        if abs(one - other) > rounding_wh:
            return one > other
    if new.runs_wh != old.runs_wh:
        return new.runs_wh > old.runs_wh
    return new.wishes_wh > old.wishes_wh + rounding_wh


def _by_level(misses: Misses) -> tuple[int, int, int]:
    return misses.limits_wh, misses.contracts_wh, misses.needs_wh + misses.runs_wh
