"""Move single Wh so that whole numbers keep the shared limits that real numbers keep."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case, Draft, homes_in, net_energy, subtree, zone_sums
from gridpact.scheduling.problem import StorageColumns
from gridpact.scheduling.sums import homes_below, of_homes

NOISE = 1e-3
"""Wh by which a draft may miss a limit numerically."""


class Allowed(NamedTuple):
    """Zones with any limit, deepest first, then zones that a slot's sums bound together.

    Of each the highest net and the highest injection [limited, slots]: the limit, or what the draft
    exceeds it to; 2⁶² where there is none. ``inside`` [limited, homes] marks the homes below.
    """

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
    highest = bound(zones.import_limit_wh, sums)[rows]
    lowest = bound(zones.export_limit_wh, -sums)[rows]
    inside = np.zeros((len(rows), len(zones.zone)), np.bool_)
    for place, zone in enumerate(rows):
        inside[place] = homes_in(case, subtree(case, int(zone)))
    together = _together(case, draft)
    return Allowed(
        *(np.concatenate(pair) for pair in zip((highest, lowest, inside), together, strict=True))
    )


def _together(case: Case, draft: Draft) -> Allowed:
    """The same of sums that bound what homes take in one slot."""
    found = [one for one in case.problem.sums if of_homes(one)]
    groups = {one.zones: at for at, one in enumerate({each.zones: each for each in found}.values())}
    shape = len(groups), case.shape[1]
    highest, lowest = np.full((2, *shape), np.int64(2**62))
    inside = [homes_below(case.problem.zones, zones) for zones in groups]
    net = net_energy(case, draft)
    for one in found:
        row, slot = groups[one.zones], one.first
        planned = float(net[inside[row], slot].sum())
        for side, most, sign in ((highest, one.upper, 1), (lowest, one.lower, -1)):
            if most is not None:
                kept = max(sign * most, int(np.ceil(sign * planned - NOISE)))
                side[row, slot] = min(side[row, slot], kept)
    return Allowed(highest, lowest, np.array(inside, np.bool_).reshape(len(groups), case.shape[0]))


def fit(moves: Moves, fixed: Ints, pv: Ints, limits: Allowed, slot: int) -> None:
    """Move Wh inside broken zones; ``fixed`` [homes] is the net energy without the moves."""
    for _ in range(2):  # mending an export limit may touch an import limit above, and back
        net = _net(moves, fixed)
        broken = False
        for inside, most, least in zip(
            limits.inside, limits.highest[:, slot], -limits.lowest[:, slot], strict=True
        ):
            if not least <= net[inside].sum() <= most:
                _mend(moves, fixed, pv, inside, 1, int(most))
                _mend(moves, fixed, pv, inside, -1, -int(least))
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
