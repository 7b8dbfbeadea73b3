"""The programme of one home or of many: energy balance, storage, runs, curtailment.

Per slot ``import − export = load + charge − discharge + runs − (pv − curtail) − position``. Import
costs its price, export earns its own; where export earns more, a home may do only one of the two.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case, Draft
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.storage_model import StorageBlock, add_modes, add_storage


class HomeBlock(msgspec.Struct, frozen=True):
    """Column numbers of ``homes``; ``curtail`` is -1 where the plant always produces.

    The start columns are flat: ``start[i]`` begins run ``start_run[i]`` at ``start_slot[i]``.
    """

    homes: Ints
    bought: Ints
    sold: Ints
    curtail: Ints
    storage: StorageBlock
    start: Ints
    start_run: Ints
    start_slot: Ints


def add_homes(
    programme: Programme, case: Case, homes: Ints, curtailable: Bools, modes: Bools
) -> HomeBlock:
    """Add homes with everything in them.

    ``curtailable`` [slots] marks slots in which curtailing may pay whatever the prices;
    ``modes`` [assets of these homes, slots] marks where charging and discharging must exclude
    each other.
    """
    problem = case.problem
    rows = case.storages.of(homes)
    storage = add_storage(programme, problem.storage, rows, case.least_shortfall[rows])
    add_modes(programme, problem.storage, storage, modes)
    runs = case.runs.of(homes)
    cheapest = np.minimum(problem.import_price[homes], problem.export_price[homes])
    may_curtail = (problem.pv_wh[homes] > 0) & ((cheapest < 0) | curtailable)
    low, high = _range(case, homes, rows, runs, may_curtail)
    bought, sold = _add_grid(programme, case, homes, low, high)
    curtail = np.full(bought.shape, -1, np.int64)
    if may_curtail.any():
        curtail[may_curtail] = programme.columns(0, problem.pv_wh[homes][may_curtail], 0)
    balance = _add_balance(programme, case, homes, bought, sold)
    programme.entries(balance[may_curtail], curtail[may_curtail], -1)
    place = np.searchsorted(homes, problem.storage.home[rows])
    programme.entries(balance[place], storage.charge, -1)
    programme.entries(balance[place], storage.discharge, 1)
    start, start_run, start_slot = _add_starts(programme, case, runs, homes, balance)
    return HomeBlock(homes, bought, sold, curtail, storage, start, start_run, start_slot)


def read(case: Case, block: HomeBlock, values: Floats, draft: Draft) -> None:
    """Write the block's part of a solution into a draft."""
    problem, rows = case.problem, block.storage.rows
    most_in, most_out = problem.storage.charge_max_wh[rows], problem.storage.discharge_max_wh[rows]
    draft.charge[rows] = np.clip(values[block.storage.charge], 0, most_in)
    draft.discharge[rows] = np.clip(values[block.storage.discharge], 0, most_out)
    pv = problem.pv_wh[block.homes]
    curtail = np.where(block.curtail >= 0, values[block.curtail], 0)
    draft.curtail[block.homes] = np.clip(curtail, 0, pv)
    chosen = values[block.start] > 0.5
    draft.run_start[block.start_run[chosen]] = block.start_slot[chosen]


def _range(
    case: Case, homes: Ints, rows: Ints, runs: Ints, may_curtail: Bools
) -> tuple[Floats, Floats]:
    """Lowest and highest energy a home can need beside its position, Wh [homes, slots]."""
    problem, slots = case.problem, case.shape[1]
    low = problem.load_wh[homes] - problem.pv_wh[homes] - problem.position_wh[homes]
    high = low + np.where(may_curtail, problem.pv_wh[homes], 0)
    place = np.searchsorted(homes, problem.storage.home[rows])
    np.subtract.at(low, place, problem.storage.discharge_max_wh[rows])
    np.add.at(high, place, problem.storage.charge_max_wh[rows])
    slot = np.arange(slots)
    first, last = case.first_start[runs], case.last_start[runs] + problem.runs.length[runs]
    on = (slot >= first[:, None]) & (slot < last[:, None])
    np.add.at(
        high,
        np.searchsorted(homes, problem.runs.home[runs]),
        on * problem.runs.energy_wh[runs][:, None],
    )
    return low.astype(float), high.astype(float)


def _add_grid(
    programme: Programme, case: Case, homes: Ints, low: Floats, high: Floats
) -> tuple[Ints, Ints]:
    """Import and export columns; a choice between them where export earns more."""
    problem = case.problem
    most_bought, most_sold = np.maximum(high, 0), np.maximum(-low, 0)
    bought = programme.columns(0, most_bought, problem.import_price[homes])
    sold = programme.columns(0, most_sold, -problem.export_price[homes])
    either = problem.export_price[homes] > problem.import_price[homes]
    either &= (most_bought > 0) & (most_sold > 0)
    if either.any():
        buying = programme.binaries(np.full(int(either.sum()), -1, np.int64))
        buy = programme.rows(-np.inf, np.zeros(buying.shape))
        programme.entries(buy, bought[either], 1)
        programme.entries(buy, buying, -most_bought[either])
        sell = programme.rows(-np.inf, most_sold[either])
        programme.entries(sell, sold[either], 1)
        programme.entries(sell, buying, most_sold[either])
    return bought, sold


def _add_balance(programme: Programme, case: Case, homes: Ints, bought: Ints, sold: Ints) -> Ints:
    problem = case.problem
    needed = problem.load_wh[homes] - problem.pv_wh[homes] - problem.position_wh[homes]
    balance = programme.rows(needed, needed)
    programme.entries(balance, bought, 1)
    programme.entries(balance, sold, -1)
    return balance


def _add_starts(
    programme: Programme, case: Case, runs: Ints, homes: Ints, balance: Ints
) -> tuple[Ints, Ints, Ints]:
    """One whole column for each allowed start of each run; exactly one of a run's is taken."""
    table = case.problem.runs
    count = case.last_start[runs] - case.first_start[runs] + 1
    run = np.repeat(np.arange(len(runs)), count)
    slot = np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)
    slot += case.first_start[runs][run]
    start = programme.binaries(run)
    once = programme.rows(1, np.ones(len(runs)))
    programme.entries(once[run], start, 1)
    length = table.length[runs][run]
    column = np.repeat(np.arange(len(run)), length)
    on = np.arange(len(column)) - np.repeat(np.cumsum(length) - length, length) + slot[column]
    place = np.searchsorted(homes, table.home[runs])[run][column]
    energy = table.energy_wh[runs][run][column]
    programme.entries(balance[place, on], start[column], -energy)
    return start, runs[run], slot
