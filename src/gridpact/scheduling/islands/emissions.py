"""Emissions beside cost: the schedules that a price of carbon brings about, and their frontier.

Emissions are priced into energy and fuel, so any solver of fleets weighs them. Between two points
of the frontier the price at which both cost the same is tried; a point below their chord is new,
otherwise the chord is an edge (Y. P. Aneja and K. P. K. Nair, Management Science 25, 1979). Found
are all corners of the convex hull. Where schedules can be mixed, that is the whole frontier; where
units start or run whole, schedules off the hull, which no price brings about, may lie above it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Prices, per_asset
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.scenarios.money import own_energy

Solving: TypeAlias = Callable[[Fleet, Prices], Solution]
"""Schedules a fleet; raises ValueError where it cannot be as is asked."""
TOUCH = 1e-6
"""Relative distance below a chord from which a point is new."""


class Rates(msgspec.Struct, frozen=True):
    """What energy emits [g/kWh]: ``energy`` [slots] or [zones, slots] of the grid's energy.

    What is fed in saves as much. ``fuel``: of generators, one number or [generators].
    """

    energy: Floats | Ints
    fuel: Floats | Ints | float = 0.0


class Point(msgspec.Struct, frozen=True):
    """A schedule of the frontier, found at a price of carbon [µ¤/kg].

    ``cost_nano`` leaves the price of carbon out.
    """

    price: float
    cost_nano: float
    emissions_g: float
    solution: Solution


def frontier(
    fleet: Fleet, prices: Prices, rates: Rates, dearest: float, solving: Solving | None = None
) -> tuple[Point, ...]:
    """Return the corners of the frontier for prices of carbon from 0 to ``dearest`` [µ¤/kg].

    Cheapest first, and the dearer the cleaner. Corners are told apart as finely as ``solving``
    does; by default the whole programme is solved to 1e-7 (:func:`to_gap`).

    Raises ValueError where limits are missed, or the dearest price is none, or as ``solving`` does.
    """
    if not dearest > 0:
        raise ValueError(f"the dearest price is above 0, not {dearest}")
    solving = solving or to_gap(1e-7)

    def at(price: float) -> Point:
        return _point(fleet, prices, rates, price, solving)

    found = [at(0.0), at(dearest)]
    pending = [(found[0], found[1])]
    while pending:
        one, other = pending.pop()
        saved = one.emissions_g - other.emissions_g
        if saved <= TOUCH * max(abs(one.emissions_g), 1.0):
            continue
        middle = at((other.cost_nano - one.cost_nano) / saved)
        chord = one.cost_nano + middle.price * one.emissions_g
        worth = middle.cost_nano + middle.price * middle.emissions_g
        if worth < chord - TOUCH * max(abs(chord), 1.0):
            found.append(middle)
            pending += [(one, middle), (middle, other)]
    return _undominated(found)


def to_gap(gap: float) -> Solving:
    """Return what schedules fleets as one programme, to a relative gap."""
    options = Options(method="reference", gap=gap)
    return lambda fleet, prices: solve(fleet, prices, options)


def emissions_g(fleet: Fleet, rates: Rates, solution: Solution) -> float:
    """What a schedule emits [g]."""
    own = own_energy(np.asarray(fleet.zones.parent), solution.net_wh)
    total = float(np.sum(np.asarray(rates.energy, np.float64) * own))
    if fleet.generators is not None:
        fuel = per_asset(rates.fuel, len(fleet.generators.zone))
        total += float(fuel @ solution.schedules().generators_wh.sum(axis=1))
    return total / 1000


def with_carbon(fleet: Fleet, prices: Prices, rates: Rates, price: float) -> tuple[Fleet, Prices]:
    """Put a price of carbon [µ¤/kg] on energy and fuel."""
    shape = np.broadcast_shapes(np.shape(prices.buy), np.shape(rates.energy))
    more = price / 1000 * np.broadcast_to(np.asarray(rates.energy, np.float64), shape)
    sell = None if prices.sell is None else np.asarray(prices.sell, np.float64) + more
    dearer = Prices(np.asarray(prices.buy, np.float64) + more, sell)
    if fleet.generators is None:
        return fleet, dearer
    count = len(fleet.generators.zone)
    fuel = per_asset(fleet.generators.fuel, count) + price / 1000 * per_asset(rates.fuel, count)
    units = msgspec.structs.replace(fleet.generators, fuel=fuel)
    return msgspec.structs.replace(fleet, generators=units), dearer


def _point(fleet: Fleet, prices: Prices, rates: Rates, price: float, solving: Solving) -> Point:
    solution = solving(*with_carbon(fleet, prices, rates, price))
    if solution.missed:
        raise ValueError("no schedule keeps all limits: there is no frontier to draw")
    emitted = emissions_g(fleet, rates, solution)
    return Point(
        price, solution.upper_nano - price * emitted, emitted, solution
    )  # nothing is missed


def _undominated(found: list[Point]) -> tuple[Point, ...]:
    """Leave out points that another one beats in emissions at no more cost."""
    kept: list[Point] = []
    for point in sorted(found, key=lambda one: (one.cost_nano, one.emissions_g)):
        touch = TOUCH * max(abs(point.emissions_g), 1.0)
        if not kept or point.emissions_g < kept[-1].emissions_g - touch:
            same = kept and point.cost_nano - kept[-1].cost_nano <= TOUCH * abs(point.cost_nano)
            kept[len(kept) - bool(same) :] = [point]
    return tuple(kept)
