"""Kernels of storage behind a meter; see :mod:`.metered_storage` for what they compute."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.metered_slots import (
    DRAW,
    HI,
    INFINITY,
    LO,
    LOSS,
    ROWS,
    TAKEN,
    Device,
    load_home,
    slot_cost,
)
from gridpact.scheduling.fleet.metered_steps import INTO, OUT, STEPS, hull_cost, make_steps
from gridpact.scheduling.fleet.net_metering import Meter
from gridpact.scheduling.fleet.storage import Stores

LANES = 8
"""Critical prices handled together; work space is rounded up to whole blocks of them."""
MOST_STEPS = 3
"""Most steps of one slot that have a length."""


class Work(NamedTuple):
    """Work space.

    ``by_slot`` [ROWS, slots] is what a home is. By step [STEPS, slots]: ``length`` is how far a
    step goes [kWh stored], ``water`` the water price at which it is taken, ``target`` the state at
    which it ends. ``lanes`` [slots]: where the lanes of a slot begin. By lane: critical price,
    state.
    """

    by_slot: Floats
    length: Floats
    water: Floats
    target: Floats
    lanes: Ints
    critical: Floats
    state: Floats


@machine_code
def begin_lanes(work: Work, kept: float) -> None:
    """Give every step its lane, and every lane its price and state after the last slot.

    A step of no length is overwritten by the next one. Prices shrink by ``kept`` from slot to slot
    on the way back, so they begin larger.
    """
    slots, count = work.length.shape[1], 0
    scale = kept ** (1.0 - slots)
    for slot in range(slots):
        work.lanes[slot] = count
        for step in range(STEPS):
            work.critical[count] = work.water[step, slot] * scale
            count += 1 if work.length[step, slot] > 0.0 else 0
        scale *= kept
    lo, hi = work.by_slot[LO, slots - 1], work.by_slot[HI, slots - 1]
    for lane in range(-(-count // LANES) * LANES):
        work.state[lane] = lo if work.critical[lane] <= 0.0 else hi


@machine_code
def read_targets(slot: int, lane: int, length: Floats, target: Floats, state: Floats) -> None:
    """Keep the states at which the steps of a slot end; a step of no length is never taken."""
    for step in range(STEPS):
        taken, never = length[step, slot] > 0.0, INFINITY if step <= OUT else -INFINITY
        target[step, slot] = state[lane] if taken else never
        lane += 1 if taken else 0


@machine_code
def step_beyond(slot: int, length: Floats) -> int:
    """The step of a slot beyond the first ones; ``OUT`` stands for none."""
    third = OUT
    for step in range(STEPS):
        if length[step, slot] > 0.0 and (step < OUT or step > INTO):
            third = step
    return third


@machine_code
def water_states(work: Work, kept: float) -> None:
    """Fill the targets of all slots, backwards in time.

    The loops over lanes are written out for two and three steps, since a call costs as much.
    """
    critical, state, length, water = work.critical, work.state, work.length, work.water
    by_slot, back = work.by_slot, 1.0 / kept
    begin_lanes(work, kept)
    for slot in range(work.lanes.shape[0] - 1, -1, -1):
        read_targets(slot, work.lanes[slot], length, work.target, state)
        lo, hi, draw = by_slot[LO, slot - 1], by_slot[HI, slot - 1], by_slot[DRAW, slot]
        lanes, third = -(-work.lanes[slot] // LANES) * LANES, step_beyond(slot, length)
        out, into = length[OUT, slot], length[INTO, slot]
        out_above, into_below = water[OUT, slot], water[INTO, slot]
        if third == OUT:
            for lane in range(lanes):
                price, after = critical[lane], state[lane] + draw
                fuller = after + out if price > out_above else after
                before = fuller - into if price < into_below else fuller
                state[lane] = min(max(before * back, lo), hi)
                critical[lane] = price * kept
            continue
        side = 1.0 if third < OUT else -1.0
        beyond, edge = side * length[third, slot], side * water[third, slot]
        for lane in range(lanes):
            price, after = critical[lane], state[lane] + draw
            fuller = after + out if price > out_above else after
            near = fuller - into if price < into_below else fuller
            before = near + beyond if side * price > edge else near
            state[lane] = min(max(before * back, lo), hi)
            critical[lane] = price * kept


@machine_code
def follow(stores: Stores, asset: int, work: Work, stored: Floats) -> None:
    """Go through the slots by the targets; stored energy gained (or lost) into ``stored``."""
    state, length, target = stores.initial[asset], work.length, work.target
    for slot in range(stored.shape[0]):
        idle = stores.kept[asset] * state - work.by_slot[DRAW, slot]
        after = idle
        if idle < target[INTO, slot]:
            for step in range(INTO, STEPS):
                if after < target[step, slot]:
                    after = min(after + length[step, slot], target[step, slot])
        else:
            for step in range(OUT, -1, -1):
                if after > target[step, slot]:
                    after = max(after - length[step, slot], target[step, slot])
        stored[slot] = after - idle
        state = after


@machine_code
def plan(
    stores: Stores, meter: Meter, asset: int, prices: Floats, work: Work, stored: Floats
) -> bool:
    """Make one asset's plan into ``stored`` [slots]; whether steps were pooled."""
    load_home(stores, meter, asset, work.by_slot)
    device = (stores.outward[asset], stores.wear[asset])
    pooled = make_steps(device, prices, work.by_slot, work.length, work.water)
    water_states(work, stores.kept[asset])
    follow(stores, asset, work, stored)
    return pooled


@machine_code
def above_hull(device: Device, prices: Floats, work: Work, stored: Floats) -> float:
    """What a plan costs above the hulls of its slots [¤]."""
    total, by_slot = 0.0, work.by_slot
    for slot in range(prices.shape[0]):
        price, gained, lost = prices[slot], stored[slot], -by_slot[LOSS, slot]
        net, own = slot_cost(device, gained, slot, by_slot)
        most, least = slot_cost(device, lost, slot, by_slot)
        total += price * (net - most) + own - least
        total -= hull_cost(gained - lost, slot, work.length, work.water)
    return total


@machine_code
def answer_groups(
    stores: Stores,
    meter: Meter,
    first: Ints,
    prices: Floats,
    sums: tuple[Floats, Floats],
    work: Work,
) -> None:
    """Sum plans into energy [groups, slots], and own cost and slack [2, groups], of ``sums``."""
    energy, own = sums
    slots, by_slot = prices.shape[1], work.by_slot
    stored = np.empty(slots)
    for group in range(first.shape[0] - 1):
        asked = prices[group]
        for asset in range(first[group], first[group + 1]):
            pooled = plan(stores, meter, asset, asked, work, stored)
            device = (stores.outward[asset], stores.wear[asset])
            for slot in range(slots):
                net, cost = slot_cost(device, stored[slot], slot, by_slot)
                energy[group, slot] += net
                own[0, group] += cost
            if pooled:
                own[1, group] += above_hull(device, asked, work, stored)


@machine_code
def answer_rows(
    stores: Stores, meter: Meter, rows: Ints, prices: Floats, plans: Floats, work: Work
) -> None:
    """Write plans of single homes into ``plans`` [rows, 2, slots]: charge, discharge."""
    stored = np.empty(prices.shape[0])
    for place in range(rows.shape[0]):
        asset = rows[place]
        plan(stores, meter, asset, prices, work, stored)
        for slot in range(prices.shape[0]):
            charge = max(stored[slot], 0.0) * work.by_slot[TAKEN, slot]
            discharge = max(-stored[slot], 0.0) * stores.outward[asset]
            plans[place, 0, slot], plans[place, 1, slot] = charge, discharge


def make_work(slots: int) -> Work:
    """Work space for so many slots."""
    # one lane may be written and read beyond the last
    lanes = -(-(MOST_STEPS * slots + STEPS) // LANES) * LANES

    def steps() -> Floats:
        return np.zeros((STEPS, slots))

    return Work(
        by_slot=np.zeros((ROWS, slots)),
        length=steps(),
        water=steps(),
        target=steps(),
        lanes=np.zeros(slots, np.int64),
        critical=np.zeros(lanes),
        state=np.zeros(lanes),
    )
