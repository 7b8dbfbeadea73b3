"""Kernel of storage with least powers or steps of power: a dynamic programme over its state.

The least cost from a slot on is a function of the state before it, ``H``, and follows from that
after it, ``G``: with u the energy stored (negative: taken) and y the state less losses and draws,

    H(y) = min(G(y), min over a ≤ |u| ≤ b of price · u + G(y + u), …),

one term for each range of energies that may be stored or taken (a point for a step of power). The
minimum over a range lies at one of its ends or at a corner of G, so it is the envelope of two
shifts of G and of lines through its corners: exact without a grid of states. A function of more
than :data:`~.piecewise.LIMIT` pieces is rounded up, which leaves a plan that can be followed; a
second pass rounded down then bounds how much too dear that plan may be.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.piecewise import (
    DOWN,
    FROM,
    INFINITY,
    LIMIT,
    ROOM,
    SLOPE,
    TO,
    TOUCH,
    UP,
    VALUE,
    Span,
    envelope,
    fans,
    rounded,
    shifted,
)
from gridpact.scheduling.fleet.stepped_rows import Stores

Actions: TypeAlias = tuple[float, float, float]
"""Least, most and step of the energy stored in a slot, all negative where it is taken."""
NEAR = 1e-9
"""A plan may miss a piece by so much [kWh], its rounding over all slots."""


class Space(NamedTuple):
    """Scratch of the dynamic programme.

    Functions after each slot [slots, LIMIT, 4], their lengths [slots], and the states within reach
    then [slots, 2]; functions under way [3, ROOM, 4]: the envelope so far, the next term, room for
    their envelope; the span they are wanted on [2]; corners [2, ROOM] and their queue [ROOM];
    ``roundings`` [1] counts.
    """

    after: Floats
    lengths: Ints
    reach: Floats
    work: Floats
    span: Floats
    corner: Floats
    queue: Ints
    roundings: Ints


def make_space(slots: int) -> Space:
    """Scratch for so many slots."""
    return Space(
        after=np.zeros((slots, LIMIT, 4)),
        lengths=np.zeros(slots, np.int64),
        reach=np.zeros((slots, 2)),
        work=np.zeros((3, ROOM, 4)),
        span=np.zeros(2),
        corner=np.zeros((2, max(ROOM, slots + 1))),
        queue=np.zeros(ROOM, np.int64),
        roundings=np.zeros(1, np.int64),
    )


@machine_code
def within_reach(stores: Stores, asset: int, space: Space) -> None:
    """Write the least and the highest state the strongest actions lead to after each slot."""
    low = high = stores.initial[asset]
    for slot in range(stores.lo.shape[1]):
        draw, kept = stores.draw[asset, slot], stores.kept[asset]
        low = kept * low - draw - stores.discharge[asset, slot, 1]
        high = kept * high - draw + stores.charge[asset, slot, 1]
        low = max(low, stores.lo[asset, slot])
        high = min(high, stores.hi[asset, slot])
        space.reach[slot, 0], space.reach[slot, 1] = low - NEAR, high + NEAR


@machine_code
def add_term(space: Space, total: int, count: int, direction: float) -> int:
    """Lower the envelope so far by the term under way; return its new length."""
    work = space.work
    total = envelope(work[0], total, work[1], count, work[2])
    if total > LIMIT:
        total = rounded(work[2], total, direction)
        space.roundings[0] += 1
    for piece in range(total):
        for part in range(4):
            work[0, piece, part] = work[2, piece, part]
    return total


@machine_code
def act(
    space: Space, slot: int, total: int, actions: Actions, price: float, direction: float
) -> int:
    """Lower the envelope so far by all actions of one direction in a slot; return its length."""
    source, many, work = space.after[slot], space.lengths[slot], space.work
    span = (space.span[0], space.span[1])
    least, most, step = actions
    if most == 0.0:
        return total
    if step != 0.0:
        energy, last = least if least != 0.0 else step, abs(most) + TOUCH
        while abs(energy) <= last:
            count = shifted(source, many, -energy, price * energy, span, work[1])
            total = add_term(space, total, count, direction)
            energy += step
        return total
    count = shifted(source, many, -most, price * most, span, work[1])
    total = add_term(space, total, count, direction)
    if least == most:
        return total
    if least != 0.0:
        count = shifted(source, many, -least, price * least, span, work[1])
        total = add_term(space, total, count, direction)
    room = (space.corner, space.queue)
    count = fans(source, many, price, (min(-least, -most), max(-least, -most)), room, work[2])
    count = shifted(work[2], count, 0.0, 0.0, span, work[1])
    return add_term(space, total, count, direction)


@machine_code
def backward(stores: Stores, asset: int, prices: Floats, space: Space, direction: float) -> float:
    """Fill the least costs after every slot; return the least cost of all [¤], infinite if none."""
    kept, slots = stores.kept[asset], len(prices)
    within_reach(stores, asset, space)
    work, total = space.work, 1
    work[0, 0] = 0.0
    work[0, 0, FROM] = stores.lo[asset, slots - 1] - 1.0
    work[0, 0, TO] = stores.hi[asset, slots - 1] + 1.0
    for slot in range(slots - 1, -1, -1):
        low = max(stores.lo[asset, slot] - NEAR, space.reach[slot, 0])
        high = min(stores.hi[asset, slot] + NEAR, space.reach[slot, 1])
        after = space.after[slot]
        space.lengths[slot] = shifted(work[0], total, 0.0, 0.0, (low, high), after)
        draw, begin = stores.draw[asset, slot], stores.initial[asset]
        earliest = space.reach[slot - 1, 0] if slot > 0 else begin - NEAR
        latest = space.reach[slot - 1, 1] if slot > 0 else begin + NEAR
        space.span[0], space.span[1] = kept * earliest - draw, kept * latest - draw
        total = shifted(
            after, space.lengths[slot], 0.0, 0.0, (space.span[0], space.span[1]), work[0]
        )
        charge, discharge = water_prices(stores, asset, slot, prices[slot])
        total = act(space, slot, total, charges(stores, asset, slot), charge, direction)
        total = act(space, slot, total, discharges(stores, asset, slot), discharge, direction)
        for piece in range(total):
            work[0, piece, FROM] = (work[0, piece, FROM] + draw) / kept
            work[0, piece, TO] = (work[0, piece, TO] + draw) / kept
            work[0, piece, SLOPE] *= kept
    least = INFINITY
    for piece in range(total):
        least = min(least, work[0, piece, VALUE])
    return least


@machine_code
def charges(stores: Stores, asset: int, slot: int) -> Actions:
    """Energies a slot may add to the state."""
    least, most, step = 0, 1, 2
    own = stores.charge
    return own[asset, slot, least], own[asset, slot, most], own[asset, slot, step]


@machine_code
def discharges(stores: Stores, asset: int, slot: int) -> Actions:
    """Energies a slot may take from the state, negative."""
    least, most, step = 0, 1, 2
    own = stores.discharge
    return -own[asset, slot, least], -own[asset, slot, most], -own[asset, slot, step]


@machine_code
def water_prices(stores: Stores, asset: int, slot: int, price: float) -> tuple[float, float]:
    """Cost of storing and earnings of taking one stored kWh in a slot [¤/kWh]."""
    sold = (price - stores.wear[asset]) * stores.outward[asset]
    return price / stores.inward[asset, slot], sold


@machine_code
def cheapest(
    space: Space, slot: int, state: float, span: Span, price: float
) -> tuple[float, float]:
    """Least of cost and price over changes of state within a span: that sum, and the state after.

    ``state`` is before the change; the sum is infinite where no piece can be reached.
    """
    best, chosen = INFINITY, state
    source, low, high = space.after[slot], state + span[0], state + span[1]
    for piece in range(space.lengths[slot]):
        begin, end = max(source[piece, FROM], low), min(source[piece, TO], high)
        if begin > end + NEAR:
            continue
        if begin > end:  # beside the piece by rounding
            begin = end = source[piece, TO] if source[piece, TO] < low else source[piece, FROM]
        value = source[piece, VALUE] + source[piece, SLOPE] * (begin - source[piece, FROM])
        value += price * (begin - state)
        rise = (source[piece, SLOPE] + price) * (end - begin)
        if min(value, value + rise) < best:
            best, chosen = min(value, value + rise), end if rise < 0.0 else begin
    return best, chosen


@machine_code
def move(
    space: Space, slot: int, state: float, actions: Actions, price: float
) -> tuple[float, float]:
    """Best action of one direction in a slot, as :func:`cheapest`."""
    least, most, step = actions
    if most == 0.0:
        return INFINITY, state
    if step == 0.0:
        return cheapest(space, slot, state, (min(least, most), max(least, most)), price)
    best, chosen = INFINITY, state
    energy, last = least if least != 0.0 else step, abs(most) + TOUCH
    while abs(energy) <= last:
        cost, after = cheapest(space, slot, state, (energy, energy), price)
        if cost < best:
            best, chosen = cost, after
        energy += step
    return best, chosen


@machine_code
def forward(stores: Stores, asset: int, prices: Floats, space: Space, stored: Floats) -> bool:
    """Write the energy stored in each slot (negative: taken) [slots]; False where none is left."""
    state = stores.initial[asset]
    for slot in range(len(prices)):
        charge, discharge = water_prices(stores, asset, slot, prices[slot])
        state = stores.kept[asset] * state - stores.draw[asset, slot]
        best, chosen = cheapest(space, slot, state, (0.0, 0.0), 0.0)
        cost, after = move(space, slot, state, charges(stores, asset, slot), charge)
        if cost < best:
            best, chosen = cost, after
        cost, after = move(space, slot, state, discharges(stores, asset, slot), discharge)
        if cost < best:
            best, chosen = cost, after
        if best == INFINITY:
            return False
        stored[slot] = chosen - state
        state = chosen
    return True


@machine_code
def keeps_rules(stores: Stores, asset: int, stored: Floats) -> bool:
    """Tell whether a plan [slots] keeps bounds, least powers and steps; clear traces of energy."""
    state = stores.initial[asset]
    for slot in range(len(stored)):
        charging = stored[slot] > 0.0
        actions = charges(stores, asset, slot) if charging else discharges(stores, asset, slot)
        if abs(stored[slot]) <= NEAR:
            stored[slot] = 0.0
        elif not allowed(abs(stored[slot]), actions):
            return False
        state = stores.kept[asset] * state - stores.draw[asset, slot] + stored[slot]
        if state < stores.lo[asset, slot] - NEAR or state > stores.hi[asset, slot] + NEAR:
            return False
    return True


@machine_code
def allowed(energy: float, actions: Actions) -> bool:
    """Tell whether an energy above 0 is one of the actions of a direction."""
    least, most, step = abs(actions[0]), abs(actions[1]), abs(actions[2])
    if energy < least or energy > most + NEAR:
        return False
    steps = (energy - least) / step if step > 0.0 else 0.0
    return bool(abs(steps - np.rint(steps)) <= NEAR)


@machine_code
def plan_state(stores: Stores, asset: int, prices: Floats, space: Space, stored: Floats) -> float:
    """Write the energy stored in each slot (negative: taken) [slots]; return the slack [¤].

    The slack is 0 unless functions had to be rounded, and infinite where no plan was found.
    """
    space.roundings[0] = 0
    backward(stores, asset, prices, space, UP)
    if not forward(stores, asset, prices, space, stored):
        return INFINITY
    if space.roundings[0] == 0:
        return 0.0
    cost = 0.0
    for slot in range(len(prices)):
        bought, sold = water_prices(stores, asset, slot, prices[slot])
        cost += stored[slot] * (bought if stored[slot] > 0.0 else sold)
    return max(cost - backward(stores, asset, prices, space, DOWN), 0.0)
