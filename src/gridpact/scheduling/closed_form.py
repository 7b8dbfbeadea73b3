"""Homes without storage and with at most one run: their best plan is a comparison, not a programme.

Without storage the slots of a home depend on each other only through its runs. In a slot the cost
is linear between three curtailments (none, all, and as much as makes the home buy and sell
nothing), so the best is one of these; and a single run goes where it adds least.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints, checked_multiply, checked_sum
from gridpact.scheduling.case import Case, Draft, run_energy


def comparable(case: Case) -> Bools:
    """Mark the homes [homes] that this file can plan."""
    return np.asarray((case.storages.count() == 0) & (case.runs.count() <= 1))


def settle(case: Case, homes: Ints, draft: Draft) -> None:
    """Write the best plan of these homes into a draft."""
    runs = case.runs.of(homes)
    draft.run_start[runs] = _best_starts(case, runs)
    residual = _residual(case, homes) + run_energy(case, draft.run_start)[homes]
    draft.curtail[homes] = _best_curtailment(case, homes, residual)[0]


def _residual(case: Case, homes: Ints) -> Ints:
    problem = case.problem
    load, pv = problem.load_wh[homes], problem.pv_wh[homes]
    return np.asarray(load - pv - problem.position_wh[homes])


def _best_curtailment(case: Case, homes: Ints, residual: Ints) -> tuple[Ints, Ints]:
    """Cheapest curtailment Wh and the cost nano-¤ with it, both [homes, slots]; ties: least."""
    pv = case.problem.pv_wh[homes]
    choices = np.stack([np.zeros_like(pv), np.clip(-residual, 0, pv), pv])
    after = residual + choices
    prices = np.where(after > 0, case.problem.import_price[homes], case.problem.export_price[homes])
    costs = checked_multiply(prices, after)
    best = np.argmin(costs, axis=0)[None]
    return np.take_along_axis(choices, best, 0)[0], np.take_along_axis(costs, best, 0)[0]


def _best_starts(case: Case, runs: Ints) -> Ints:
    """First start [runs] among the cheapest, by sliding sums of what a slot of the run adds."""
    table, slots = case.problem.runs, case.shape[1]
    homes, length = table.home[runs], table.length[runs]
    residual = _residual(case, homes)
    without = _best_curtailment(case, homes, residual)[1]
    added = _best_curtailment(case, homes, residual + table.energy_wh[runs][:, None])[1] - without
    checked_sum(np.abs(added), axis=1)
    total = np.zeros((len(runs), slots + 1), np.int64)
    np.cumsum(added, axis=1, out=total[:, 1:])
    start = np.arange(slots + 1)
    end = np.minimum(start + length[:, None], slots)
    cost = np.take_along_axis(total, end, 1) - total
    allowed = (start >= case.first_start[runs][:, None]) & (start <= case.last_start[runs][:, None])
    return np.asarray(np.argmin(np.where(allowed, cost, INT64_MAX), axis=1), dtype=np.int64)
