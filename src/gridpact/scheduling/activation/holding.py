"""Set-points that stay while an activation lasts: the next plan is made around them.

Storage of the zones asked keeps its set-points until the activation is over, and no appliance
there moves into it or out of it: what was given is not taken back by what is planned next. Before
and after, everything is free, so the next plan also makes up what was moved.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.activation.model import Active
from gridpact.scheduling.problem import Plan, Problem, StorageColumns
from gridpact.scheduling.sums import soft_without, without

SPARE_WH = 1
"""Left of a bound for the rounding of states to whole Wh."""


class Held(msgspec.Struct, frozen=True):
    """Set-points over a horizon that a plan must keep, Wh [.., slots].

    ``storage`` [assets, slots] marks where; ``charge_wh`` and ``discharge_wh`` are 0 elsewhere.
    ``curtail_wh`` [members, slots] is curtailed in any case.
    """

    storage: Bools
    charge_wh: Ints
    discharge_wh: Ints
    curtail_wh: Ints


class Around(msgspec.Struct, frozen=True):
    """What was taken out of a problem, and the problem as it was."""

    problem: Problem
    held: Held


def hold(problem: Problem, held: Held) -> tuple[Problem, Around]:
    """Take what is held out of a problem's choices: its energy becomes load, its effect a draw.

    No more is held than owners allow and the stored energy bears.
    """
    held = _bearable(problem, held)
    storage, on = problem.storage, held.storage
    load, pv = problem.load_wh.copy(), problem.pv_wh - held.curtail_wh
    np.add.at(load, storage.home, held.charge_wh - held.discharge_wh)
    changed = msgspec.structs.replace(
        storage,
        charge_max_wh=np.where(on, 0, storage.charge_max_wh),
        discharge_max_wh=np.where(on, 0, storage.discharge_max_wh),
        draw_wh=storage.draw_wh - _gained(storage, held.charge_wh, held.discharge_wh),
    )
    reduced = msgspec.structs.replace(
        problem,
        load_wh=load,
        pv_wh=pv,
        storage=changed,
        sums=without(problem, held.charge_wh, held.discharge_wh),
        soft=soft_without(problem, held.charge_wh, held.discharge_wh),
    )
    return reduced, Around(problem, held)


def release(plan: Plan, around: Around) -> Plan:
    """Put set-points that were held back into the plan made around them."""
    held = around.held
    charge, discharge = plan.charge_wh + held.charge_wh, plan.discharge_wh + held.discharge_wh
    return msgspec.structs.replace(
        plan,
        charge_wh=charge,
        discharge_wh=discharge,
        curtail_wh=plan.curtail_wh + held.curtail_wh,
        state_wh=states_after(around.problem.storage, charge, discharge),
    )


def states_after(storage: StorageColumns, charge_wh: Ints, discharge_wh: Ints) -> Ints:
    """States [assets, slots] that set-points lead to, to the nearest Wh."""
    change = storage.efficiency_in[:, None] * charge_wh - storage.draw_wh
    change = change - discharge_wh / storage.efficiency_out[:, None]
    states, state = np.empty(change.shape), storage.initial_wh.astype(np.float64)
    for slot in range(change.shape[1]):
        state = storage.kept * state + change[:, slot]
        states[:, slot] = state
    return np.rint(states).astype(np.int64)


def hold_runs(
    windows: tuple[Ints, Ints], planned: Ints, within: Bools, end: int
) -> tuple[Ints, Ints]:
    """First and last starts [runs] that leave the slots before ``end`` as they are planned.

    ``windows`` are the starts that are allowed, ``planned`` [runs] those in force, -1 for none.
    Appliances ``within`` [runs] that are planned to begin before ``end`` begin then, others not
    before it. Those whose planned start is not allowed any more are left as they are.
    """
    earliest, latest = windows
    allowed = within & (planned >= np.maximum(earliest, 0)) & (planned <= latest)
    early, late = allowed & (planned < end), allowed & (planned >= end)
    first = np.where(late, np.maximum(earliest, end), earliest)
    return np.where(early, planned, first), np.where(early, planned, latest)


def no_longer(active: Sequence[Active], now: int) -> tuple[Active, ...]:
    """Activations that are not over at an instant [s since the epoch]."""
    return tuple(one for one in active if one.window.end > now)


def _bearable(problem: Problem, held: Held) -> Held:
    """Cut set-points to what owners allow, and from the first slot on to what is stored."""
    storage = problem.storage
    curtail = np.zeros_like(problem.pv_wh)  # a problem may have homes beside the community's
    curtail[: len(held.curtail_wh)] = held.curtail_wh
    charge = np.minimum(held.charge_wh, storage.charge_max_wh)
    discharge = np.minimum(held.discharge_wh, storage.discharge_max_wh)
    state = storage.initial_wh.astype(np.float64)
    known = np.ones(len(state), np.bool_)
    for slot in range(held.storage.shape[1]):
        known &= held.storage[:, slot]
        if not known.any():
            break
        state = storage.kept * state - storage.draw_wh[:, slot]
        room = (storage.hi_wh[:, slot] - state) / storage.efficiency_in
        left = (state - storage.lo_wh[:, slot] - SPARE_WH) * storage.efficiency_out
        for most, points in ((room, charge), (left, discharge)):
            cut = np.minimum(points[:, slot], np.maximum(np.floor(most), 0).astype(np.int64))
            points[:, slot] = np.where(known, cut, points[:, slot])
        one = [slot]
        state = state + _gained(storage, charge[:, one], discharge[:, one])[:, 0]
    return msgspec.structs.replace(
        held,
        charge_wh=charge,
        discharge_wh=discharge,
        curtail_wh=np.minimum(curtail, problem.pv_wh),
    )


def _gained(storage: StorageColumns, charge_wh: Ints, discharge_wh: Ints) -> Ints:
    """What set-points add to states [assets, slots], rounded down to whole Wh."""
    inward = storage.efficiency_in[:, None] * charge_wh
    outward = discharge_wh / storage.efficiency_out[:, None]
    return np.floor(inward - outward + 1e-9).astype(np.int64)
