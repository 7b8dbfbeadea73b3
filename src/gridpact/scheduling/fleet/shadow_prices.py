"""Shadow prices of stored energy, and what they rule out in plans of storage with least powers.

With ``p_t`` the price of a stored kWh after slot t, whatever it is, a plan costs a constant plus

    Σ_t (cost_t(u_t) − p_t · u_t)  +  Σ_t (p_t − kept · p_{t+1}) · y_t,

u what a slot stores (negative: takes), y the state after it (Lagrange). Each term by itself has a
least value over the powers or the bounds of its slot; what a plan's terms lie above these, summed,
is its *excess*: how much dearer it is than the bound that the prices prove. Where some plan with
an excess of B is known, the best plan has no term above B: most slots are then off or at full
power, and few are left to decide upon.

Good prices come from the best plan without least powers: they are constant, but for leakage, while
the state is between its bounds, and lie between what charging costs and what discharging earns.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.piecewise import FROM, SLOPE, TO, VALUE
from gridpact.scheduling.fleet.stepped_rows import Stores

INFINITY = np.inf
CLOSE = 1e-9
"""Energies and states [kWh] closer than this are one."""
MOST = 1
"""Place of the most energy among the actions of a slot."""
Range: TypeAlias = tuple[float, float]


@machine_code
def water_prices(stores: Stores, asset: int, slot: int, price: float) -> tuple[float, float]:
    """Cost of storing and earnings of taking one stored kWh in a slot [¤/kWh]."""
    sold = (price - stores.wear[asset]) * stores.outward[asset]
    return price / stores.inward[asset, slot], sold


@machine_code
def within_slot(stores: Stores, asset: int, slot: int, price: float, energy: float) -> Range:
    """Prices of stored energy at which a slot stores so much of its own accord."""
    bought, sold = water_prices(stores, asset, slot, price)
    gain, loss = stores.charge[asset, slot, MOST], stores.discharge[asset, slot, MOST]
    if energy > CLOSE:
        return bought, bought if energy < gain - CLOSE else INFINITY
    if energy < -CLOSE:
        return sold if energy > CLOSE - loss else -INFINITY, sold
    return sold if loss > 0.0 else -INFINITY, bought if gain > 0.0 else INFINITY


@machine_code
def fill_shadow_prices(
    stores: Stores, asset: int, prices: Floats, stored: Floats, shadow: Floats, ranges: Floats
) -> None:
    """Fill the prices of a plan that knows no least powers; ``shadow`` [slots + 1] ends with 0.

    ``ranges`` [2, slots + 1] is scratch: the prices after each slot that agree with all later
    slots.
    """
    slots, kept, state = len(prices), stores.kept[asset], stores.initial[asset]
    for slot in range(slots):
        state = kept * state - stores.draw[asset, slot] + stored[slot]
        shadow[slot] = state
    low = high = 0.0
    for slot in range(slots - 1, -1, -1):
        empty = shadow[slot] <= stores.lo[asset, slot] + CLOSE
        full = shadow[slot] >= stores.hi[asset, slot] - CLOSE
        least, most = within_slot(stores, asset, slot, prices[slot], stored[slot])
        low = max(-INFINITY if full else kept * low, least)
        high = min(INFINITY if empty else kept * high, most)
        low, high = min(low, high), max(low, high)  # beside each other by rounding
        ranges[0, slot], ranges[1, slot] = low, high
    price = nearest(0.0, ranges[0, 0], ranges[1, 0])
    if low > -INFINITY and high < INFINITY:
        price = 0.5 * (low + high)
    for slot in range(slots):
        shadow[slot] = price = nearest(price, ranges[0, slot], ranges[1, slot])
        price /= kept
    shadow[slots] = 0.0


@machine_code
def nearest(price: float, low: float, high: float) -> float:
    """The price within a range that is nearest to one."""
    return max(min(price, high), low)


@machine_code
def least_of_slot(stores: Stores, asset: int, slot: int, price: float, shadow: float) -> float:
    """Least value of a slot's own term over its powers, and over none."""
    bought, sold = water_prices(stores, asset, slot, price)
    gain, loss = stores.charge[asset, slot, MOST], stores.discharge[asset, slot, MOST]
    return float(min(0.0, (bought - shadow) * gain, (shadow - sold) * loss))


@machine_code
def within_budget(margin: float, room: float, actions: tuple[float, float, float]) -> Range:
    """Least and most energy of one direction with ``margin · energy ≤ room``; none: 1, 0.

    ``actions`` are least, most and step, negative where energy is taken.
    """
    low, high = abs(actions[0]), abs(actions[1])
    if high == 0.0:
        return 1.0, 0.0
    if margin < 0.0:
        low = max(low, room / margin - CLOSE)
    elif margin * high > room:
        high = min(high, room / margin + CLOSE)
    return (low, high) if low <= high else (1.0, 0.0)


@machine_code
def best_state(stores: Stores, asset: int, slot: int, slope: float) -> float:
    """State after a slot at which slope · state is least."""
    return float(stores.lo[asset, slot] if slope > 0.0 else stores.hi[asset, slot])


@machine_code
def slope_of_state(stores: Stores, asset: int, slot: int, shadow: Floats) -> float:
    """What a stored kWh after a slot adds to the terms of states."""
    return float(shadow[slot] - stores.kept[asset] * shadow[slot + 1])


@machine_code
def least_of_state(stores: Stores, asset: int, slot: int, shadow: Floats) -> float:
    """Least value of the term of the state after a slot."""
    slope = slope_of_state(stores, asset, slot, shadow)
    return slope * best_state(stores, asset, slot, slope)


@machine_code
def below(function: Floats, many: int, tilt: float, most: float) -> int:
    """Keep of a function of the state where value + tilt · state is no more than ``most``."""
    count = 0
    for piece in range(many):
        begin, end, value, slope = function[piece]
        first = value + tilt * begin - most
        rise = slope + tilt
        last = first + rise * (end - begin)
        if first > 0.0 and last > 0.0:
            continue
        if first > 0.0:
            cut = min(-first / rise, end - begin)
            begin, value = begin + cut, value + slope * cut
        elif last > 0.0:
            end = min(begin - first / rise, end)
        function[count, FROM], function[count, TO] = begin, end
        function[count, VALUE], function[count, SLOPE] = value, slope
        count += 1
    return count


@machine_code
def excess(stores: Stores, asset: int, prices: Floats, shadow: Floats, stored: Floats) -> float:
    """How much dearer a plan is than the bound that shadow prices prove [¤]."""
    total, state, kept = 0.0, stores.initial[asset], stores.kept[asset]
    for slot in range(len(prices)):
        bought, sold = water_prices(stores, asset, slot, prices[slot])
        margin = (bought if stored[slot] > 0.0 else sold) - shadow[slot]
        total += margin * stored[slot]
        total -= least_of_slot(stores, asset, slot, prices[slot], shadow[slot])
        state = kept * state - stores.draw[asset, slot] + stored[slot]
        slope = slope_of_state(stores, asset, slot, shadow)
        total += slope * (state - best_state(stores, asset, slot, slope))
    return total
