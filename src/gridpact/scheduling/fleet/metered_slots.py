"""Kernels of what a slot costs a home: storage and fixed load behind one meter."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.net_metering import Meter
from gridpact.scheduling.fleet.storage import Stores, spread

ROWS = 8
GAIN, LOSS, LO, HI, DRAW, TAKEN, LOAD, SPREAD = range(ROWS)
"""Rows of a home's numbers by slot: energies and bounds [kWh stored], what a kWh stored takes, the
meter's load [kWh] and spread [¤/kWh]."""
INFINITY = np.inf
Device = tuple[float, float]
"""Efficiency of discharging and wear [¤/kWh] of one home's storage."""


@machine_code
def load_home(stores: Stores, meter: Meter, asset: int, by_slot: Floats) -> None:
    """Fill one home's numbers."""
    spread(stores.gain, asset, by_slot[GAIN])
    spread(stores.loss, asset, by_slot[LOSS])
    spread(stores.lo, asset, by_slot[LO])
    spread(stores.hi, asset, by_slot[HI])
    spread(stores.draw, asset, by_slot[DRAW])
    spread(stores.inward, asset, by_slot[TAKEN])
    spread(meter.load, asset, by_slot[LOAD])
    spread(meter.spread, asset, by_slot[SPREAD])
    last = by_slot.shape[1] - 1
    by_slot[LO, last] = max(by_slot[LO, last], stores.terminal[asset])
    for slot in range(by_slot.shape[1]):
        by_slot[TAKEN, slot] = 1.0 / by_slot[TAKEN, slot]


@machine_code
def surplus(slot: int, by_slot: Floats) -> float:
    """Energy the storage may take before the home buys [kWh].

    Negative where there is none to take: then discharging that much stops buying.
    """
    return float(-by_slot[LOAD, slot]) if by_slot[SPREAD, slot] != 0.0 else INFINITY


@machine_code
def slot_cost(device: Device, gained: float, slot: int, by_slot: Floats) -> tuple[float, float]:
    """Net energy of storage for a change of state, and what it costs beside its price."""
    outward, wear = device
    net = gained * (by_slot[TAKEN, slot] if gained > 0.0 else outward)
    idle = -by_slot[LOAD, slot]
    fed = by_slot[SPREAD, slot] * (min(idle, 0.0) - min(idle, net))
    return net, fed - wear * min(net, 0.0)
