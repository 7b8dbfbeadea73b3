"""Best plans of storage with least powers or steps: the dynamic programme where plans can be best.

The plan without least powers gives shadow prices of stored energy (:mod:`.shadow_prices`). The
dynamic programme of :mod:`.state_kernels` first looks only at plans that these prices do not rule
out for being a guessed budget dearer than their bound, which leaves it few pieces. A plan found
within its budget is the best of all; one beyond it gives the budget that is enough. Where that
leads nowhere the programme runs over everything. Functions that then have to be rounded up leave a
plan that can be followed, and a second pass, rounded down, bounds how much too dear it may be.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.piecewise import DOWN, INFINITY, UP
from gridpact.scheduling.fleet.shadow_prices import (
    MOST,
    excess,
    fill_shadow_prices,
    water_prices,
)
from gridpact.scheduling.fleet.state_kernels import (
    NEAR,
    Actions,
    Space,
    backward,
    charges,
    discharges,
    forward,
)
from gridpact.scheduling.fleet.stepped_rows import Stores

FIRST, WIDER, TRIES = 0.02, 2.5, 8
"""Budget to begin with, as a part of what the dearest slot may cost; times what where that is too
little to find a plan; and how often to try.
"""


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
def plan_within(
    stores: Stores, asset: int, prices: Floats, space: Space, stored: Floats, budget: float
) -> bool:
    """Write the best plan within a budget; False where there is none, or functions were rounded."""
    space.budget[0], space.roundings[0] = budget, 0
    if backward(stores, asset, prices, space, UP) == INFINITY:
        return False
    return forward(stores, asset, prices, space, stored) and space.roundings[0] == 0


@machine_code
def plan_narrowly(stores: Stores, asset: int, prices: Floats, space: Space, stored: Floats) -> bool:
    """Write the best plan [slots] by looking only where it can be; False where that fails.

    ``stored`` is the best plan without least powers at first.
    """
    shadow = space.shadow
    fill_shadow_prices(stores, asset, prices, stored, shadow, space.ranges)
    budget = first_budget(stores, asset, prices)
    for _ in range(TRIES):
        if not plan_within(stores, asset, prices, space, stored, budget):
            budget *= WIDER
            continue
        beyond = excess(stores, asset, prices, shadow, stored)
        if beyond <= budget:
            return True
        budget = beyond * (1.0 + NEAR) + NEAR
    return False


@machine_code
def first_budget(stores: Stores, asset: int, prices: Floats) -> float:
    """An excess that a best plan often stays below: a small part of what a slot may cost [¤]."""
    most = 0.0
    for slot in range(len(prices)):
        bought, sold = water_prices(stores, asset, slot, prices[slot])
        most = max(most, abs(bought) * stores.charge[asset, slot, MOST])
        most = max(most, abs(sold) * stores.discharge[asset, slot, MOST])
    return FIRST * most


@machine_code
def plan_state(stores: Stores, asset: int, prices: Floats, space: Space, stored: Floats) -> float:
    """Write the energy stored in each slot (negative: taken) [slots]; return the slack [¤].

    ``stored`` is the best plan without least powers at first. The slack is 0 unless functions had
    to be rounded, and infinite where no plan was found.
    """
    if plan_narrowly(stores, asset, prices, space, stored):
        return 0.0
    space.budget[0], space.roundings[0] = INFINITY, 0
    if backward(stores, asset, prices, space, UP) == INFINITY:
        return INFINITY
    if not forward(stores, asset, prices, space, stored):
        return INFINITY
    if space.roundings[0] == 0:
        return 0.0
    cost = 0.0
    for slot in range(len(prices)):
        bought, sold = water_prices(stores, asset, slot, prices[slot])
        cost += stored[slot] * (bought if stored[slot] > 0.0 else sold)
    return max(cost - backward(stores, asset, prices, space, DOWN), 0.0)
