"""Kernel of storage with least powers or steps of power: a dynamic programme over its state.

The least cost from a slot on is a function of the state before it, ``H``, and follows from that
after it, ``G``: with u the energy stored (negative: taken) and y the state less losses and draws,

    H(y) = min(G(y), min over a ≤ |u| ≤ b of price · u + G(y + u), …),

one term for each range of energies that may be stored or taken (a point for a step of power). The
minimum over a range lies at one of its ends or at a corner of G, so it is the envelope of two
shifts of G and of lines through its corners: exact without a grid of states. A function of more
than :data:`~.piecewise.LIMIT` pieces is rounded, up where a plan is to be followed.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.piecewise import (
    FROM,
    INFINITY,
    LIMIT,
    ROOM,
    SLOPE,
    TO,
    TOUCH,
    VALUE,
    Span,
    envelope,
    fans,
    rounded,
    shifted,
)
from gridpact.scheduling.fleet.shadow_prices import (
    below,
    least_of_slot,
    least_of_state,
    water_prices,
    within_budget,
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
    ``shadow`` [slots + 1], ``ranges`` [2, slots + 1] and ``budget`` [1]: what the best plan cannot
    do, see :mod:`.shadow_prices`; ``roundings`` [1] counts.
    """

    after: Floats
    lengths: Ints
    reach: Floats
    work: Floats
    span: Floats
    corner: Floats
    queue: Ints
    shadow: Floats
    ranges: Floats
    budget: Floats
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
        shadow=np.zeros(slots + 1),
        ranges=np.zeros((2, slots + 1)),
        budget=np.full(1, INFINITY),
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
    space: Space, slot: int, total: int, actions: Actions, terms: tuple[float, float, float, float]
) -> int:
    """Lower the envelope so far by all actions of one direction in a slot; return its length.

    ``terms`` are their price, the least and the most energy worth a look, and the direction of
    rounding.
    """
    source, many, work = space.after[slot], space.lengths[slot], space.work
    span = (space.span[0], space.span[1])
    least, most, step = actions
    price, low, high, direction = terms
    if step != 0.0:
        energy = least if least != 0.0 else step
        while abs(energy) <= high + TOUCH:
            if abs(energy) >= low - TOUCH:
                count = shifted(source, many, -energy, price * energy, span, work[1])
                total = add_term(space, total, count, direction)
            energy += step
        return total
    if high >= abs(most) - TOUCH:
        count = shifted(source, many, -most, price * most, span, work[1])
        total = add_term(space, total, count, direction)
    if least == most:
        return total
    if least != 0.0 and low <= abs(least) + TOUCH:
        count = shifted(source, many, -least, price * least, span, work[1])
        total = add_term(space, total, count, direction)
    window = (-high, -low) if most > 0.0 else (low, high)
    room = (space.corner, space.queue)
    count = fans(source, many, price, window, room, work[2])
    count = shifted(work[2], count, 0.0, 0.0, span, work[1])
    return add_term(space, total, count, direction)


@machine_code
def decide(
    stores: Stores, asset: int, slot: int, price: float, space: Space, direction: float
) -> int:
    """Make the least costs before a slot's actions from those after them; return their length."""
    span, shadow = (space.span[0], space.span[1]), space.shadow[slot]
    spare = space.budget[0] + least_of_slot(stores, asset, slot, price, shadow)
    bought, sold = water_prices(stores, asset, slot, price)
    total = 0
    if spare >= 0.0:
        total = shifted(space.after[slot], space.lengths[slot], 0.0, 0.0, span, space.work[0])
    actions = charges(stores, asset, slot)
    low, high = within_budget(bought - shadow, spare, actions)
    if low <= high:
        total = act(space, slot, total, actions, (bought, low, high, direction))
    actions = discharges(stores, asset, slot)
    low, high = within_budget(shadow - sold, spare, actions)
    if low <= high:
        total = act(space, slot, total, actions, (sold, low, high, direction))
    return total


@machine_code
def within_bounds(stores: Stores, asset: int, slot: int, space: Space, total: int) -> None:
    """Take the function under way, where states after a slot can be, as the least costs then."""
    low = max(stores.lo[asset, slot] - NEAR, space.reach[slot, 0])
    high = min(stores.hi[asset, slot] + NEAR, space.reach[slot, 1])
    after = space.after[slot]
    space.lengths[slot] = shifted(space.work[0], total, 0.0, 0.0, (low, high), after)


@machine_code
def before_losses(stores: Stores, asset: int, slot: int, space: Space, total: int) -> None:
    """Turn the function under way into one of the state before a slot's losses and draw."""
    kept, draw, work = stores.kept[asset], stores.draw[asset, slot], space.work
    for piece in range(total):
        work[0, piece, FROM] = (work[0, piece, FROM] + draw) / kept
        work[0, piece, TO] = (work[0, piece, TO] + draw) / kept
        work[0, piece, SLOPE] *= kept


@machine_code
def backward(stores: Stores, asset: int, prices: Floats, space: Space, direction: float) -> float:
    """Fill the least costs after every slot; return the least cost of all [¤], infinite if none.

    Plans whose excess over the bound of the shadow prices is beyond the budget are left out. Where
    no plan is left, earlier slots are not filled.
    """
    kept, slots, shadow = stores.kept[asset], len(prices), space.shadow
    within_reach(stores, asset, space)
    total, most = 1, space.budget[0]
    space.work[0, 0] = 0.0
    space.work[0, 0, FROM] = stores.lo[asset, slots - 1] - 1.0
    space.work[0, 0, TO] = stores.hi[asset, slots - 1] + 1.0
    for slot in range(slots - 1, -1, -1):
        within_bounds(stores, asset, slot, space, total)
        most += least_of_state(stores, asset, slot, shadow)
        if most < INFINITY:
            space.lengths[slot] = below(space.after[slot], space.lengths[slot], shadow[slot], most)
        draw = stores.draw[asset, slot]
        most += shadow[slot] * draw
        most += least_of_slot(stores, asset, slot, prices[slot], shadow[slot])
        begin = stores.initial[asset]
        earliest = space.reach[slot - 1, 0] if slot > 0 else begin - NEAR
        latest = space.reach[slot - 1, 1] if slot > 0 else begin + NEAR
        space.span[0], space.span[1] = kept * earliest - draw, kept * latest - draw
        total = decide(stores, asset, slot, prices[slot], space, direction)
        if total == 0:
            return INFINITY
        before_losses(stores, asset, slot, space, total)
    least = INFINITY
    for piece in range(total):
        least = min(least, space.work[0, piece, VALUE])
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
