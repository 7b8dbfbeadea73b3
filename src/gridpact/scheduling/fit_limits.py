"""Move single Wh so that whole numbers keep the shared limits that real numbers keep."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case, Draft, homes_in, net_energy, subtree, zone_sums
from gridpact.scheduling.problem import StorageColumns

NOISE = 1e-3
"""Wh by which a draft may miss a limit numerically."""


class Allowed(msgspec.Struct, frozen=True):
    """``zones`` with any limit, deepest first; highest net and highest injection [zones, slots].

    That is the limit, or what the draft exceeds it to; 2⁶² where there is none. ``inside``
    [len(zones), homes] marks the homes below each.
    """

    zones: Ints
    highest: Ints
    lowest: Ints
    inside: Bools


class Moves(msgspec.Struct, frozen=True):
    """Whole Wh of one slot: charge, discharge [assets], curtailment [homes]; changed in place.

    ``up`` and ``down`` mark assets that charge and that discharge in the draft, ``most_in`` and
    ``most_out`` are their bounds, ``ahead`` is the state minus the planned one.
    """

    storage: StorageColumns
    charge: Ints
    discharge: Ints
    curtail: Ints
    up: Bools
    down: Bools
    most_in: Ints
    most_out: Ints
    ahead: Floats

    def change(self) -> Floats:
        """What the moves add to the state [assets]."""
        gained = self.storage.efficiency_in * self.charge
        return np.asarray(gained - self.discharge / self.storage.efficiency_out)


def allowed(case: Case, draft: Draft) -> Allowed:
    """Work out what a rounded draft may not exceed."""
    zones = case.problem.zones
    sums = zone_sums(case, net_energy(case, draft))
    none = np.int64(2**62)

    def bound(limit: Ints, planned: Floats) -> Ints:
        most = np.maximum(limit, np.ceil(planned - NOISE).astype(np.int64))
        return np.where(limit >= 0, most, none)

    limited = np.any((zones.import_limit_wh >= 0) | (zones.export_limit_wh >= 0), axis=1)
    order = np.argsort(-case.zone_depth, kind="stable")
    rows = order[limited[order]]
    inside = np.zeros((len(rows), len(zones.zone)), np.bool_)
    for place, zone in enumerate(rows):
        inside[place] = homes_in(case, subtree(case, int(zone)))
    return Allowed(
        rows, bound(zones.import_limit_wh, sums), bound(zones.export_limit_wh, -sums), inside
    )


def fit(moves: Moves, fixed: Ints, pv: Ints, limits: Allowed, slot: int) -> None:
    """Move Wh inside broken zones; ``fixed`` [homes] is the net energy without the moves."""
    for _ in range(2):  # mending an export limit may touch an import limit above, and back
        net = _net(moves, fixed)
        broken = False
        for place, zone in enumerate(limits.zones):
            inside = limits.inside[place]
            if not -limits.lowest[zone, slot] <= net[inside].sum() <= limits.highest[zone, slot]:
                _mend(moves, fixed, pv, inside, 1, int(limits.highest[zone, slot]))
                _mend(moves, fixed, pv, inside, -1, int(limits.lowest[zone, slot]))
                net, broken = _net(moves, fixed), True
        if not broken:
            return


def _net(moves: Moves, fixed: Ints) -> Ints:
    net = fixed + moves.curtail
    np.add.at(net, moves.storage.home, moves.charge - moves.discharge)
    return net


def _mend(moves: Moves, fixed: Ints, pv: Ints, inside: Bools, sign: int, most: int) -> None:
    """Bring ``sign`` × net energy of the marked homes down to ``most``, or as near as it goes."""
    while (excess := sign * int(_net(moves, fixed)[inside].sum()) - most) > 0:
        if _push_storage(moves, inside, -sign, excess):
            continue
        if not _push_curtailment(moves, pv, inside, -sign, excess):
            return


def _push_storage(moves: Moves, inside: Bools, step: int, count: int) -> bool:
    """Change the net energy by ``step`` Wh in up to ``count`` assets; tell whether any could."""
    charge, discharge = moves.charge + step, moves.discharge - step
    can = moves.up & (charge >= 0) & (charge <= moves.most_in)
    can |= moves.down & (discharge >= 0) & (discharge <= moves.most_out)
    rows = np.flatnonzero(can & inside[moves.storage.home])
    rows = rows[np.argsort(step * moves.ahead[rows], kind="stable")][:count]
    moves.charge[rows] += step * moves.up[rows]
    moves.discharge[rows] -= step * moves.down[rows]
    storage = moves.storage
    gain = np.where(moves.up, storage.efficiency_in, 1 / storage.efficiency_out)
    moves.ahead[rows] += step * gain[rows]
    return bool(rows.size)


def _push_curtailment(moves: Moves, pv: Ints, inside: Bools, step: int, count: int) -> bool:
    """Do the same with curtailment, in up to ``count`` homes."""
    after = moves.curtail + step
    rows = np.flatnonzero(inside & (after >= 0) & (after <= pv))[:count]
    moves.curtail[rows] += step
    return bool(rows.size)
