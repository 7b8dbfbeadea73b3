"""What a meter that sells for less than it buys adds to the cost of one asset behind it.

A home with fixed net load ``l`` and one asset that takes ``x`` settles ``l + x`` as one: at the
buying price where that is positive, and at ``spread`` less where it is fed in. Counted from the
idle asset, the meter adds ``spread · (max(−l − x, 0) − max(−l, 0))`` to ``price · x``, which is
``spread · (min(−l, 0) − min(−l, x))``: convex, with one kink at ``x = −l``. Oracles that know the
kink answer for the home exactly, and it needs no limit of its own in any slot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints


class Meter(NamedTuple):
    """Meters of single assets [assets, slots], one for each.

    ``load`` is the fixed net load beside the asset [kWh], negative where solar leaves a surplus;
    ``spread`` what selling earns less than buying costs [¤/kWh], never negative.
    """

    load: Floats
    spread: Floats


def rows_of(meter: Meter, rows: Ints | slice) -> Meter:
    """Meters of these rows alone, each array in one piece."""
    load, spread = (np.asarray(column, np.float64)[rows] for column in meter)
    return Meter(np.ascontiguousarray(load), np.ascontiguousarray(spread))


def feed_in_cost(meter: Meter, net: Floats) -> Floats:
    """What meters add to the cost of net energy of the assets, [assets, slots] kWh to ¤."""
    surplus = -meter.load
    return np.asarray(meter.spread * (np.minimum(surplus, 0.0) - np.minimum(surplus, net)))
