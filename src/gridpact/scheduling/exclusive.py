"""Charging and discharging at once: undone where that costs nothing, otherwise pointed out.

Both at once burns energy, which pays only at negative prices. Taking the smaller part out leaves
the state as it was and the home's demand lower; curtailing as much solar energy makes up for it.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case, Draft

BOTH = 1e-6
"""Wh from which charging and discharging in one slot counts as both."""
COST = 1.0
"""Nano-¤ per slot that undoing may cost: less than a Wh at the smallest price step."""


def both_ways(case: Case, draft: Draft, homes: Ints, pinned: Bools) -> Bools:
    """Undo simultaneous charge and discharge in a draft, in place, where that is free.

    ``pinned`` [slots] marks slots in which a home's demand must not fall, because an export limit
    holds there. Returns [active assets of the homes, slots], true where both remain.
    """
    rows = case.storages.of(homes)
    at_once: Bools = np.asarray(np.minimum(draft.charge[rows], draft.discharge[rows]) > 0)
    left = np.zeros(at_once.shape, np.bool_)
    for place in np.flatnonzero(at_once.any(axis=1)):
        left[place] = _undo(case, draft, int(rows[place]), pinned)
    return left


def widen(case: Case, homes: Ints, modes: Bools, left: Bools) -> Bools:
    """Slots to forbid both ways in next: what is left, and with it all at negative prices.

    ``modes`` and ``left`` are as :func:`both_ways` returns them. Only storage that does both is
    restricted; each call adds at least one slot, so repeating ends.
    """
    problem = case.problem
    home = problem.storage.home[case.storages.of(homes)]
    negative = np.minimum(problem.import_price, problem.export_price)[home] < 0
    return np.asarray(modes | left | (negative & left.any(axis=1, keepdims=True)))


def _undo(case: Case, draft: Draft, row: int, pinned: Bools) -> Bools:
    """Take out the smaller part wherever allowed; return the slots [slots] where it is not."""
    problem, storage = case.problem, case.problem.storage
    home = int(storage.home[row])
    through = storage.efficiency_in[row] * storage.efficiency_out[row]
    charge, discharge = draft.charge[row], draft.discharge[row]
    gone = np.minimum(charge, discharge / through)  # of charge; the state keeps its value
    saved = gone * (1 - through)
    residual = _net(case, draft, home) - problem.position_wh[home]
    spare = np.minimum(problem.pv_wh[home] - draft.curtail[home], saved)
    cost = _cost(case, home, residual)
    plain, replaced = (_cost(case, home, residual - saved + more) for more in (0, spare))
    swap = pinned | (replaced < plain)
    extra = np.where(swap, spare, 0)
    refused = np.where(swap, replaced, plain) > cost + COST
    refused |= pinned & (saved - extra > BOTH)
    stays: Bools = (gone > BOTH) & refused
    draft.charge[row] = np.where(stays, charge, charge - gone)
    draft.discharge[row] = np.where(stays, discharge, np.maximum(discharge - gone * through, 0))
    draft.curtail[home] += np.where(stays, 0, extra)
    return stays


def _net(case: Case, draft: Draft, home: int) -> Floats:
    """Net energy of one home, Wh [slots]."""
    problem, table, slots = case.problem, case.problem.runs, np.arange(case.shape[1])
    rows, runs = case.storages.of(np.array([home])), case.runs.of(np.array([home]))
    net = problem.load_wh[home] - problem.pv_wh[home] + draft.curtail[home]
    net = net + np.sum(draft.charge[rows] - draft.discharge[rows], axis=0)
    begin = draft.run_start[runs][:, None]
    on = (begin >= 0) & (slots >= begin) & (slots < begin + table.length[runs][:, None])
    return np.asarray(net + np.sum(on * table.energy_wh[runs][:, None], axis=0))


def _cost(case: Case, home: int, residual: Floats) -> Floats:
    """Cost of buying ``residual`` Wh, or of selling it if negative, nano-¤ [slots]."""
    problem = case.problem
    prices = np.where(residual > 0, problem.import_price[home], problem.export_price[home])
    return np.asarray(prices * residual)
