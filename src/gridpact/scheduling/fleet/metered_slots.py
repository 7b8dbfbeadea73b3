"""Kernels of what a slot costs a home: storage, fixed load and solar behind one meter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.storage import Stores

ROWS = 10
GAIN, LOSS, LO, HI, DRAW, TAKEN, LOAD, SPREAD, MOST, LEAST = range(ROWS)
"""Rows of a home's numbers by slot: energies and bounds [kWh stored], what a kWh stored takes, the
meter's load [kWh] and spread [¤/kWh], the most and least a solar plant gives [kWh]."""
INFINITY = np.inf
Device = tuple[float, float, float]
"""Efficiency of discharging, wear and the cost of cutting solar [¤/kWh] of one home."""


class Home(NamedTuple):
    """What else is behind each meter: load, spread and solar plant [assets, slots], or 1 slot.

    ``cut`` [assets] is the cost of giving less than ``most`` [¤/kWh].
    """

    load: Floats
    spread: Floats
    most: Floats
    least: Floats
    cut: Floats


@machine_code
def write_out(values: Floats, asset: int, into: Floats) -> None:
    """Write one asset's values for every slot."""
    width = values.shape[1]
    for slot in range(into.shape[0]):
        into[slot] = values[asset, slot if width > 1 else 0]


@machine_code
def load_home(stores: Stores, home: Home, asset: int, by_slot: Floats) -> None:
    """Fill one home's numbers."""
    write_out(stores.gain, asset, by_slot[GAIN])
    write_out(stores.loss, asset, by_slot[LOSS])
    write_out(stores.lo, asset, by_slot[LO])
    write_out(stores.hi, asset, by_slot[HI])
    write_out(stores.draw, asset, by_slot[DRAW])
    write_out(stores.inward, asset, by_slot[TAKEN])
    write_out(home.load, asset, by_slot[LOAD])
    write_out(home.spread, asset, by_slot[SPREAD])
    write_out(home.most, asset, by_slot[MOST])
    write_out(home.least, asset, by_slot[LEAST])
    last = by_slot.shape[1] - 1
    by_slot[LO, last] = max(by_slot[LO, last], stores.terminal[asset])
    for slot in range(by_slot.shape[1]):
        by_slot[TAKEN, slot] = 1.0 / by_slot[TAKEN, slot]


@machine_code
def surpluses(price: float, cut: float, slot: int, by_slot: Floats) -> tuple[float, float]:
    """Energy the storage may take before solar is no longer cut, and before it buys [kWh].

    Both are negative where there is none to take: then discharging that much stops buying, and
    cuts solar.
    """
    load, spread = by_slot[LOAD, slot], by_slot[SPREAD, slot]
    most, least = by_slot[MOST, slot], by_slot[LEAST, slot]
    if spread == 0.0:
        return INFINITY, INFINITY
    if price - spread + cut > 0.0:
        return most - load, most - load
    if price + cut <= 0.0:
        return least - load, least - load
    return least - load, most - load


@machine_code
def output_of(price: float, cut: float, net: float, slot: int, by_slot: Floats) -> float:
    """What the solar plant gives beside the storage's net energy."""
    most, least = float(by_slot[MOST, slot]), float(by_slot[LEAST, slot])
    if price - by_slot[SPREAD, slot] + cut > 0.0:
        return most
    if price + cut <= 0.0:
        return least
    return min(max(float(by_slot[LOAD, slot]) + net, least), most)


@machine_code
def slot_cost(
    device: Device, price: float, gained: float, slot: int, by_slot: Floats
) -> tuple[float, float]:
    """Net energy of a home for a change of state, and what it costs beside its price."""
    outward, wear, cut = device
    net = gained * (by_slot[TAKEN, slot] if gained > 0.0 else outward)
    cost = -wear * min(net, 0.0)
    output, idle = output_of(price, cut, net, slot, by_slot), -by_slot[LOAD, slot]
    cost += cut * (by_slot[MOST, slot] - output)
    net -= output
    return net, cost + by_slot[SPREAD, slot] * (min(idle, 0.0) - min(idle, net))
