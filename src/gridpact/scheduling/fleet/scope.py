"""What the engine does not know, and leaves to the reference solver."""

from __future__ import annotations

import numpy as np

from gridpact.base.errors import Fault
from gridpact.scheduling.fleet.columns import TABLES, Fleet, narrow
from gridpact.scheduling.fleet.meters import FEW as MOST
from gridpact.scheduling.fleet.meters import Meters
from gridpact.scheduling.fleet.storage import stepwise

TINY = 300
"""Assets × slots up to which one linear programme is sooner solved than rounds are begun."""
FEW = 50_000
"""Assets × slots in which they have a choice, up to which few rounds are tried before one linear
programme: in 30 shapes of 2 to 200 cars and storage, 96 to 672 slots and limits that bind, one to
four zones, rounds took 0.5 to 95 times as long up to there, 0.3 to 2.5 times beyond."""
CAR = 1 / 6
"""What a slot of a car's stay counts beside one of storage."""
SMALL = 5_000
"""Assets × slots up to which a fleet is solved again as a whole where the gap stays open."""


FIX = "let method be auto or reference"
_ODD = {
    "one_way": "its budget",
    "storage": "its ramp, throughput or budget",
    "generators": "its ramp",
}
"""What marks assets of a table as odd."""


def beyond(fleet: Fleet, meters: Meters) -> tuple[Fault, ...]:
    """Name what the engine has no oracle for, and where; empty where it knows all of the fleet."""
    found = []
    priced = meters.priced
    dearer = priced & np.any(meters.tariff.spread < 0, axis=1)
    why = f"selling pays more than buying, and it is no home of up to {MOST} assets in equal sets"
    found += [_fault(f"zones[{zone}]", why) for zone in np.flatnonzero(dearer).tolist()]
    for name, what in _ODD.items():
        table = getattr(fleet, name)
        if table is not None:
            odd = np.flatnonzero(meters.odd[name] & priced[table.zone])
            found += [_fault(f"{name}[{row}]", f"{what} may bind") for row in odd.tolist()]
    return tuple(found)


def _fault(where: str, problem: str) -> Fault:
    return Fault("fleet", 0, where, f"{problem}, which the engine does not know", FIX)


def tiny(fleet: Fleet) -> bool:
    """Whether one linear programme is the quickest way: few assets, nothing in whole numbers."""
    return not _whole(fleet) and _assets(fleet) * fleet.slots <= TINY


def few(fleet: Fleet) -> bool:
    """Whether one linear programme is quicker than many rounds, though not than a few.

    What rounds take grows with the slots in which limits bind, for few assets as for many: a few
    in a long horizon are sooner solved as a whole.
    """
    return not _whole(fleet) and _choices(fleet) * _assets(fleet) <= FEW


def _whole(fleet: Fleet) -> bool:
    """Whether anything is decided in whole numbers."""
    whole = fleet.runs is not None or fleet.generators is not None
    return whole or (fleet.storage is not None and bool(stepwise(fleet.storage).any()))


def _choices(fleet: Fleet) -> float:
    """Slots in which assets have a choice, by what they count."""
    choices = 0.0
    if fleet.one_way is not None:
        stay = np.asarray(fleet.one_way.leave) - np.asarray(fleet.one_way.arrive)
        choices += CAR * float(stay.sum())
    if fleet.storage is not None:
        ways = (fleet.storage.charge_w, fleet.storage.discharge_w)
        count = len(fleet.storage.zone)
        able = np.logical_or(*(narrow(way, count, fleet.slots) > 0 for way in ways))
        choices += float(np.broadcast_to(able, (count, fleet.slots)).sum())
    return choices


def small(fleet: Fleet) -> bool:
    """Whether a fleet can be solved as a whole in little time."""
    return _assets(fleet) * fleet.slots <= SMALL or few(fleet)


def fixed(fleet: Fleet) -> bool:
    """Whether a fleet is fixed load alone: the engine has no answers to mix."""
    return not _assets(fleet)


def _assets(fleet: Fleet) -> int:
    tables = [getattr(fleet, name) for name in TABLES]
    return sum(len(one.zone) for one in tables if one is not None)
