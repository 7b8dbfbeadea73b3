"""What the engine does not know, and leaves to the reference solver."""

from __future__ import annotations

import numpy as np

from gridpact.scheduling.fleet.columns import TABLES, Fleet
from gridpact.scheduling.fleet.meters import Meters
from gridpact.scheduling.fleet.storage import stepwise

TINY = 300
"""Assets × slots up to which one linear programme is sooner solved than rounds are begun."""
SMALL = 5_000
"""Assets × slots up to which a fleet is solved again as a whole where the gap stays open."""


_ODD = {
    "one_way": "the budget of a car",
    "storage": "a ramp, throughput or budget of storage",
    "generators": "the ramp of a generator",
}
"""What marks assets of a table as odd."""


def beyond(fleet: Fleet, meters: Meters) -> tuple[str, ...]:
    """Name what the engine has no oracle for; empty where it knows all of the fleet."""
    found = []
    priced = meters.priced
    if np.any(meters.tariff.spread[priced] < 0):
        found.append("selling pays more than buying")
    for name, what in _ODD.items():
        table = getattr(fleet, name)
        if table is not None and np.any(meters.odd[name] & priced[table.zone]):
            found.append(f"{what} may bind")
    return tuple(found)


def tiny(fleet: Fleet) -> bool:
    """Whether one linear programme is the quickest way: few assets, nothing in whole numbers."""
    whole = fleet.runs is not None or fleet.generators is not None
    whole |= fleet.storage is not None and bool(stepwise(fleet.storage).any())
    return not whole and _assets(fleet) * fleet.slots <= TINY


def small(fleet: Fleet) -> bool:
    """Whether a fleet can be solved as a whole in little time."""
    return _assets(fleet) * fleet.slots <= SMALL


def fixed(fleet: Fleet) -> bool:
    """Whether a fleet is fixed load alone: the engine has no answers to mix."""
    return not _assets(fleet)


def _assets(fleet: Fleet) -> int:
    tables = [getattr(fleet, name) for name in TABLES]
    return sum(len(one.zone) for one in tables if one is not None)
