"""From real numbers to whole Wh, slot by slot, so that rounding never adds up.

Each slot's charge is rounded to the whole number that brings the simulated state closest to the
planned one. With charge and discharge inside whole bounds, the state then stays within half a
step of the plan: ``max(efficiency_in, 1 / efficiency_out) / 2`` Wh. Where rounded homes together
would break a limit that the draft keeps, single Wh are moved, first where the state is ahead.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints, checked_add, checked_multiply, checked_sum
from gridpact.scheduling import sums, wishes
from gridpact.scheduling.case import Case, Draft, run_energy, zone_sums
from gridpact.scheduling.conflicts import conflicts
from gridpact.scheduling.fit_limits import Moves, allowed, fit
from gridpact.scheduling.problem import Plan

IDLE = 1e-6
"""Wh up to which storage counts as idle."""


def whole_plan(case: Case, draft: Draft) -> Plan:
    """Round a draft to a plan in which every bound, limit and balance holds in whole numbers."""
    charge, discharge, curtail, state = _rounded(case, draft)
    problem = case.problem
    net: Ints = problem.load_wh - problem.pv_wh + curtail + run_energy(case, draft.run_start)
    np.add.at(net, problem.storage.home, charge - discharge)
    flows = sums.Flows(charge, discharge, net)
    return Plan(
        net_wh=net,
        curtail_wh=curtail,
        charge_wh=charge,
        discharge_wh=discharge,
        state_wh=state,
        run_start=draft.run_start,
        cost_nano=_cost(case, net),
        zone_price=np.rint(draft.zone_price).astype(np.int64),
        conflicts=(
            *conflicts(case, state, zone_sums(case, net), draft.run_start),
            *sums.conflicts(problem, flows),
            *wishes.conflicts(problem, flows, state, draft.run_start),
        ),
    )


def _cost(case: Case, net: Ints) -> Ints:
    """Exact cost [homes] in nano-¤ of what differs from the position."""
    problem = case.problem
    open_wh = checked_add(net, -problem.position_wh)
    price = np.where(open_wh > 0, problem.import_price, problem.export_price)
    return checked_sum(checked_multiply(open_wh, price), axis=1)


def _rounded(case: Case, draft: Draft) -> tuple[Ints, Ints, Ints, Ints]:
    """Charge, discharge, curtailment and state in whole Wh, slot last."""
    problem, storage = case.problem, case.problem.storage
    charge, discharge, states = np.zeros((3, *storage.lo_wh.shape), np.int64)
    curtail = np.rint(draft.curtail).astype(np.int64)
    limits = allowed(case, draft)
    fixed = problem.load_wh - problem.pv_wh + run_energy(case, draft.run_start)
    state = target = storage.initial_wh.astype(float)
    for slot in range(problem.load_wh.shape[1]):
        before = storage.kept * state - storage.draw_wh[:, slot]
        target = storage.kept * target - storage.draw_wh[:, slot]
        target += storage.efficiency_in * draft.charge[:, slot]
        target -= draft.discharge[:, slot] / storage.efficiency_out
        moves = _nearest(case, draft, slot, target - before)
        if limits.inside.size:
            moves.curtail[:] = curtail[:, slot]
            fit(moves, fixed[:, slot], problem.pv_wh[:, slot], limits, slot)
            curtail[:, slot] = moves.curtail
        state = before + moves.change()
        charge[:, slot], discharge[:, slot] = moves.charge, moves.discharge
        states[:, slot] = np.rint(state)
    return charge, discharge, curtail, states


def _most(case: Case, draft: Draft, slot: int) -> tuple[Ints, Ints]:
    """Most that may be charged and discharged [assets]: what is wished where the draft keeps it."""
    storage, wished = case.problem.storage, case.problem.wished
    found = storage.charge_max_wh[:, slot], storage.discharge_max_wh[:, slot]
    if wished is None:
        return found
    asked = wished.charge_max_wh[:, slot], wished.discharge_max_wh[:, slot]
    drawn = draft.charge[:, slot], draft.discharge[:, slot]
    most_in, most_out = (
        np.minimum(most, np.maximum(own, np.ceil(planned - IDLE).astype(np.int64)))
        for most, own, planned in zip(found, asked, drawn, strict=True)
    )
    return most_in, most_out


def _nearest(case: Case, draft: Draft, slot: int, wanted: Floats) -> Moves:
    """Whole charge or discharge that changes the state by most nearly ``wanted`` [assets]."""
    storage = case.problem.storage
    up = (draft.charge[:, slot] > IDLE) & (draft.charge[:, slot] >= draft.discharge[:, slot])
    down = (draft.discharge[:, slot] > IDLE) & ~up
    most_in, most_out = _most(case, draft, slot)
    charge = np.clip(np.rint(wanted / storage.efficiency_in), 0, most_in) * up
    discharge = np.clip(np.rint(-wanted * storage.efficiency_out), 0, most_out) * down
    moves = Moves(
        storage=storage,
        charge=charge.astype(np.int64),
        discharge=discharge.astype(np.int64),
        curtail=np.zeros(case.shape[0], np.int64),
        up=up,
        down=down,
        most_in=most_in,
        most_out=most_out,
        ahead=-wanted,
    )
    moves.ahead[:] += moves.change()
    return moves
