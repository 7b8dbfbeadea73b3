"""Nested zones: depth, what lies below, and sums up the tree."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints


def depths(parent: Ints) -> Ints:
    """Zones above each zone [zones]; the parents must not form a circle."""
    depth, above = np.zeros(len(parent), np.int64), np.asarray(parent)
    while np.any(above >= 0):
        depth += above >= 0
        above = np.where(above >= 0, parent[above], -1)
    return depth


def below(parent: Ints, zone: int) -> Bools:
    """Mark a zone and all zones below it [zones]."""
    inside = np.arange(len(parent)) == zone
    while True:
        wider = inside | ((parent >= 0) & inside[parent])
        if np.array_equal(wider, inside):
            return np.asarray(inside)
        inside = wider


def sums_up(parent: Ints, own: Floats) -> Floats:
    """Add to each zone's own values those of all zones below it [zones, ...]."""
    total, depth = own.copy(), depths(parent)
    for level in range(int(depth.max(initial=0)), 0, -1):
        zones = np.flatnonzero(depth == level)
        np.add.at(total, parent[zones], total[zones])
    return total
