"""What the engine does not know, and leaves to the reference solver."""

from __future__ import annotations

import numpy as np

from gridpact.scheduling.fleet import generator_oracle, stepped_storage
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Prices

SMALL = 5_000
"""Assets × slots up to which a fleet is solved again as a whole where the gap stays open."""


def beyond(fleet: Fleet, prices: Prices) -> tuple[str, ...]:
    """Name what the engine has no oracle for; empty where it knows all of the fleet."""
    found = []
    if prices.sell is not None and np.any(np.asarray(prices.sell) > np.asarray(prices.buy)):
        found.append("selling pays more than buying")
    storage, generators = fleet.storage, fleet.generators
    if storage is not None and not stepped_storage.covers(storage, fleet.slots).all():
        found.append("the ramp of storage binds")
    if generators is not None and not generator_oracle.covers(generators, fleet.slots).all():
        found.append("the ramp of a generator binds")
    return tuple(found)


def small(fleet: Fleet) -> bool:
    """Whether a fleet can be solved as a whole in little time."""
    return _assets(fleet) * fleet.slots <= SMALL


def fixed(fleet: Fleet) -> bool:
    """Whether a fleet is fixed load alone: the engine has no answers to mix."""
    return not _assets(fleet)


def _assets(fleet: Fleet) -> int:
    tables = [getattr(fleet, name) for name in TABLES]
    return sum(len(one.zone) for one in tables if one is not None)
