"""Load that may be shed, by what it is worth to whom it is for.

A block of load is fixed load beside a unit that gives as much as is shed, at the value of lost
load: any part of it, or all of it or nothing where it hangs on one breaker. That is exact in both
cases: the unit's energy is the energy not served, and its start is a disconnection.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.additions import joined
from gridpact.scheduling.fleet.columns import Fleet, Generators, per_slot
from gridpact.scheduling.fleet.solution import Solution


class LoadBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Load behind one switch: ``energy_wh`` [slots] in a zone.

    - ``value``: of lost load [µ¤/kWh]; what is worth least is shed first.
    - ``critical``: survival counts while it is served.
    - ``whole``: shed all of it or nothing; then for at least ``least_slots`` slots, and each
      disconnection costs ``switching`` [µ¤].
    """

    name: str
    zone: int
    energy_wh: Floats | Ints
    value: float
    critical: bool = False
    whole: bool = False
    least_slots: int = 1
    switching: float = 0.0


def with_blocks(fleet: Fleet, blocks: Sequence[LoadBlock]) -> Fleet:
    """Add blocks of load that may be shed to a fleet; own generators keep their rows.

    Raises BadInput where a block's energy does not fit the slots or its zone is none.
    """
    refuse_blocks(fleet, blocks)
    if not blocks:
        return fleet
    energy = np.stack([np.asarray(block.energy_wh, np.float64) for block in blocks])
    whole = np.array([block.whole for block in blocks])
    power = energy / fleet.hours
    units = Generators(
        zone=np.array([block.zone for block in blocks]),
        max_w=power,
        min_w=np.where(whole[:, None], power, 0.0),
        fuel=np.array([block.value for block in blocks], np.float64),
        start_cost=np.array([block.switching * block.whole for block in blocks], np.float64),
        min_up=np.array([block.least_slots if block.whole else 1 for block in blocks]),
    )
    return msgspec.structs.replace(
        with_load(fleet, blocks), generators=joined(fleet.generators, units, fleet.slots)
    )


def with_load(fleet: Fleet, blocks: Sequence[LoadBlock]) -> Fleet:
    """Add blocks as load that must be served."""
    load = np.array(per_slot(fleet.zones.load_wh, len(fleet.zones.parent), fleet.slots))
    for block in blocks:
        load[block.zone] += block.energy_wh
    zones = msgspec.structs.replace(fleet.zones, load_wh=load)
    return msgspec.structs.replace(fleet, zones=zones)


def shed_wh(fleet: Fleet, blocks: Sequence[LoadBlock], solution: Solution) -> Floats:
    """Energy of each block that is not served [blocks, slots], of a fleet without them."""
    own = 0 if fleet.generators is None else len(fleet.generators.zone)
    found = solution.schedules().generators_wh[own:]
    if len(found) != len(blocks):
        raise ValueError("the solution is not of this fleet and these blocks")
    return found


def refuse_blocks(fleet: Fleet, blocks: Sequence[LoadBlock]) -> None:
    """Raise BadInput with everything that is wrong with blocks."""
    faults = []
    zones = len(fleet.zones.parent)
    for block in blocks:
        energy = np.asarray(block.energy_wh, np.float64)
        if energy.shape != (fleet.slots,) or not np.all(energy >= 0) or not energy.any():
            fix = f"give {fleet.slots} energies of 0 Wh or more, one above 0"
            faults.append(Fault("blocks", 0, f"{block.name}.energy_wh", "is no load by slot", fix))
        if not 0 <= block.zone < zones:
            problem = f"there is no zone {block.zone}"
            faults.append(
                Fault("blocks", 0, f"{block.name}.zone", problem, f"give 0 to {zones - 1}")
            )
        if not block.value > 0 or block.least_slots < 1 or block.switching < 0:
            problem = "is worth nothing, or has no time or a negative cost"
            fix = "give a value above 0, 1 slot or more, 0 or more"
            faults.append(Fault("blocks", 0, block.name, problem, fix))
    if faults:
        raise BadInput(faults)
