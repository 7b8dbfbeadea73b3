"""What is wrong with zones: their places below one another, limits and loads."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.fleet.columns import Zones
from gridpact.scheduling.fleet.findings import Findings

INFINITY = float("inf")
LARGEST = 1e15
"""Loads [Wh] beyond this lose whole units in float64."""


def zone_findings(found: Findings, zones: Zones, slots: int) -> None:
    """Look through the zones of a fleet."""
    count = len(zones.parent)
    if not count:
        found.add("zones", "there is none", "give at least one")
    parent = found.whole("zones[{}].parent", zones.parent, count, (-1, count - 1))
    if parent is not None:
        known = np.asarray(zones.parent) == parent  # others are named already
        found.rows(
            circular(np.where(known, parent, -1)),
            "zones[{}].parent",
            "lies below itself, through zone {parent}",
            "let every chain of parents end at -1",
            parent=parent,
        )
    for name, limit in (("import", zones.import_limit_w), ("export", zones.export_limit_w)):
        found.number(f"zones[{{}}].{name}_limit_w", limit, (count, slots), (0, INFINITY))
    found.number("zones[{}].load_wh", zones.load_wh, (count, slots), (-LARGEST, LARGEST))


def circular(parent: Ints) -> Bools:
    """Mark zones from which the chain of parents never ends [zones]."""
    above = parent.copy()
    for _ in range(max(len(parent), 1).bit_length()):
        above = np.where(above >= 0, above[np.maximum(above, 0)], -1)  # doubles the climb
    return np.asarray(above >= 0)
