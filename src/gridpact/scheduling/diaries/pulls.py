"""How much prices move assets: of energy, and of limits on the way to the grid.

A *pull* is the fall of a price from the slot before [µ¤/kWh]: positive moves an asset to more net
power. The first slot is compared with the mean of the horizon.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints

NEGLIGIBLE = 1e-3
"""Prices of limits are found to some precision; a smaller move [µ¤/kWh] is none."""


class Pull(NamedTuple):
    """The strongest pull of each entry [entries], and the zone it comes from, −1: none."""

    pull: Floats
    which: Ints


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """Prices that a schedule answers, and where each asset is.

    ``bought`` and ``sold`` [zones, slots] are prices of energy, ``limits`` [zones, slots] what each
    zone's own limits add to them, ``parent`` [zones] the tree of zones, ``zone`` [assets] where
    assets are.
    """

    bought: Floats
    sold: Floats
    limits: Floats
    parent: Ints
    zone: Ints

    def energy_pull(self, row: Ints, slot: Ints, supplies: Bools) -> Floats:
        """Pull of the price of energy, sold or bought, on assets in slots [entries]."""
        zone = self.zone[row]
        bought, sold = fall(self.bought)[zone, slot], fall(self.sold)[zone, slot]
        return np.where(supplies, sold, bought)


def fall(price: Floats) -> Floats:
    """How far a price [..., slots] has fallen since the slot before, or below the mean at first."""
    before = np.concatenate([price.mean(axis=-1, keepdims=True), price[..., :-1]], axis=-1)
    return np.asarray(before - price)


def zone_pull(signals: Signals, row: Ints, slot: Ints, way: Ints) -> Pull:
    """Return the strongest pull, the way of each entry, of a limit between it and the grid."""
    fallen = fall(signals.limits)
    at = signals.zone[row]
    pull, which = np.full(len(row), NEGLIGIBLE), np.full(len(row), -1)
    while np.any(at >= 0):
        here = np.where(at >= 0, way * fallen[at, slot], 0.0)
        stronger = here > pull
        pull, which = np.where(stronger, here, pull), np.where(stronger, at, which)
        at = np.where(at >= 0, signals.parent[at], -1)
    return Pull(np.where(which >= 0, pull, 0.0), which)


def steady_limit(signals: Signals, row: Ints, slot: Ints) -> Ints:
    """Return the zone [entries] whose limit binds at the price of the slot before, −1: none.

    Then the room that the limit leaves sets the power. Of several zones between an asset and the
    grid the one with the highest price counts; the first slot has none before it.
    """
    binds = np.where(np.abs(fall(signals.limits)) <= NEGLIGIBLE, np.abs(signals.limits), 0.0)
    binds[:, 0] = 0.0
    at = signals.zone[row]
    highest, which = np.full(len(row), NEGLIGIBLE), np.full(len(row), -1)
    while np.any(at >= 0):
        here = np.where(at >= 0, binds[at, slot], 0.0)
        higher = here > highest
        highest, which = np.where(higher, here, highest), np.where(higher, at, which)
        at = np.where(at >= 0, signals.parent[at], -1)
    return which
