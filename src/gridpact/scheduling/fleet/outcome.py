"""What a mix comes to: energy of every cell, its cost, and the limits it misses.

Where storage of a mix would charge and discharge at once, the schedules differ from the mix. That
saves money and keeps limits, except in tight slots: where a price is below zero, or feeding in is
limited. Cells with such slots are worked out again from their schedules; so are all cells of fleets
of :data:`FEW` storage, of which energy and cost are then exactly those of the schedules.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import Fleet, per_asset
from gridpact.scheduling.fleet.limits import EXPORT, SIGN
from gridpact.scheduling.fleet.mixture import Mixture
from gridpact.scheduling.fleet.portfolio_master import row_energy
from gridpact.scheduling.fleet.prepare import Case, Duals
from gridpact.scheduling.fleet.solution import Missed

MISSED = 1e-6
"""What is missed of a limit counts from this part of 1 kWh + the limit."""

FEW = 2_000
"""Storage up to which making all schedules takes a small part of a solve (some 10 µs each)."""


class Outcome(msgspec.Struct, frozen=True):
    """``energy`` [cells, signatures, slots] kWh and ``cost`` [¤] without what missed limits cost.

    ``cells`` [cells, kinds, slots], ``rows`` [portfolio limits] and ``zones`` [upper zones, kinds,
    slots] say by how much limits are exceeded [kWh]; the price spread of a meter is no limit.
    """

    energy: Floats
    cost: Floats
    cells: Floats
    rows: Floats
    zones: Floats


def tight_slots(fleet: Fleet, case: Case, duals: Duals) -> Bools:
    """Slots of cells in which drawing less may cost money or break a limit [cells, slots]."""
    tariff, zone, rows = case.tariff, case.groups.zone, case.coupling.rows
    tight = (tariff.buy[zone] < 0) | (tariff.buy[zone] - tariff.spread[zone] < 0)
    if duals.cells.shape[1] > EXPORT:
        tight |= duals.cells[:, EXPORT] > 0
    upper = (duals.coupling.zones[:, EXPORT] > 0).astype(np.int64)
    tight |= case.coupling.inside.T.astype(np.int64) @ upper > 0
    for at in np.flatnonzero((rows.sign < 0) & (duals.coupling.rows > 0)).tolist():
        tight[:, rows.first[at] : rows.end[at]] = True
    return np.asarray(tight)


def mixed_outcome(case: Case, energy: Floats, cost: Floats) -> Outcome:
    """What the mix itself comes to; ``cost`` [cells] leaves out what missed limits cost."""
    coupling, total = case.coupling, energy.sum(axis=1)
    rows = coupling.rows
    within = coupling.inside.astype(np.float64) @ total
    kinds = case.most.shape[1]
    hard = ~np.isfinite(case.penalty)
    over = np.maximum(SIGN[:kinds, None] * total[:, None] - case.most, 0.0)
    return Outcome(
        energy=energy,
        cost=cost + (np.where(hard, 0.0, case.penalty) * over).sum(axis=(1, 2)),
        cells=np.where(hard, over, 0.0),
        rows=np.maximum(rows.sign * row_energy(rows, energy.sum(axis=0)) - rows.most, 0.0),
        zones=np.maximum(SIGN[:, None] * within[:, None] - coupling.most, 0.0),
    )


def scheduled_energy(mixture: Mixture, case: Case, energy: Floats) -> tuple[Floats, Floats]:
    """Energy of cells by their storage's schedules, and the cost saved against the mix [cells].

    ``energy`` [cells, signatures, slots] is that of the mix.
    """
    fleet, groups = mixture.fleet, case.groups
    saved, changed = np.zeros(len(groups.zone)), energy.copy()
    table = fleet.storage
    if table is None:
        return changed, saved
    few = len(table.zone) <= FEW
    cells = np.flatnonzero(few | mixture.tight.any(axis=1))
    if not cells.size:
        return changed, saved
    wear = per_asset(table.wear, len(table.zone)) * 1e-9
    rows, before, after = mixture.storage_plans(groups.zone[cells])
    group = mixture.storage_group()[rows]
    cell = groups.cell[group]
    less = ((before[0] - before[1]) - (after[0] - after[1])) / 1000
    np.subtract.at(changed, (cell, groups.signature[group]), less)
    paid = np.einsum("st,st->s", case.buy[groups.tariff[group]], less)
    np.add.at(saved, cell, paid + wear[rows] * (before[1] - after[1]).sum(axis=1))
    return changed, saved


def missed_limits(case: Case, outcome: Outcome) -> tuple[Missed, ...]:
    """Limits that are not kept, in order of kind, row and slot."""
    names, found = ("import", "export", "spread"), []
    rows = case.coupling.rows
    for at in np.flatnonzero(outcome.rows > MISSED * (1 + np.abs(rows.most))).tolist():
        kind = "upper" if rows.sign[at] > 0 else "lower"
        over = float(outcome.rows[at]) * 1000
        found.append(Missed(kind, int(rows.row[at]), int(rows.first[at]), over))
    for missing, most, zone in (
        (outcome.cells, case.most, case.groups.zone),
        (outcome.zones, case.coupling.most, np.array(case.upper, np.int64)),
    ):
        bound = MISSED * (1 + np.abs(np.where(missing > 0, most, 0.0)))
        for row, kind_at, slot in np.argwhere(missing > bound).tolist():
            amount = float(missing[row, kind_at, slot]) * 1000
            found.append(Missed(names[kind_at], int(zone[row]), slot, amount))
    return tuple(sorted(found))
