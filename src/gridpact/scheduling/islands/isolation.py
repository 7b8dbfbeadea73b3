"""Cut off from the grid: a connection that carries nothing in some slots."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools
from gridpact.scheduling.fleet.columns import Fleet, per_slot
from gridpact.scheduling.fleet.tree import below


def isolated(fleet: Fleet, zone: int, first: int, end: int) -> Fleet:
    """The fleet with no exchange between a zone and what is above it in ``first ≤ slot < end``.

    Raises ValueError where there is no such zone.
    """
    count = len(fleet.zones.parent)
    if not 0 <= zone < count:
        raise ValueError(f"there is no zone {zone}")
    limits = {}
    for name in ("import_limit_w", "export_limit_w"):
        limit = np.array(per_slot(getattr(fleet.zones, name), count, fleet.slots))
        limit[zone, first:end] = 0.0
        limits[name] = limit
    return msgspec.structs.replace(fleet, zones=msgspec.structs.replace(fleet.zones, **limits))


def within(fleet: Fleet, zone: int) -> Bools:
    """Mark a zone and all zones below it [zones]."""
    return below(np.asarray(fleet.zones.parent), zone)
