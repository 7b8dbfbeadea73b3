"""Kernels of storage behind a meter; see :mod:`.metered_storage` for what they compute."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.net_metering import Meter
from gridpact.scheduling.fleet.storage import Stores

LANES = 8
"""Critical prices handled together; work space is rounded up to whole blocks of them."""
GAIN, LOSS, LO, HI, DRAW, TAKEN, SURPLUS, SPREAD = range(8)
"""Rows of ``Work.by_slot``: energies and bounds [kWh stored], what a kWh stored takes, the rest of
the meter [kWh and ¤/kWh]."""
STEPS = 4
FEED, SPARE, TAKE, BUY = range(STEPS)
"""Steps of a slot by rising change of state. Without surplus: feed in, before that spare what the
load buys, take from the grid. With surplus: feed in (as SPARE), take of it, buy beyond it."""
INFINITY = np.inf


class Work(NamedTuple):
    """Work space.

    ``by_slot`` [8, slots] is what an asset is. By step [4, slots]: ``length`` is how far a step
    goes [kWh stored], ``water`` the water price at which it is taken, ``target`` the state at which
    it ends. ``lanes`` [slots]: where the lanes of a slot begin. By lane: critical price, state.
    """

    by_slot: Floats
    length: Floats
    water: Floats
    target: Floats
    lanes: Ints
    critical: Floats
    state: Floats


@machine_code
def write_out(values: Floats, asset: int, into: Floats) -> None:
    """Write one asset's values for every slot."""
    width = values.shape[1]
    for slot in range(into.shape[0]):
        into[slot] = values[asset, slot if width > 1 else 0]


@machine_code
def load_asset(stores: Stores, meter: Meter, asset: int, by_slot: Floats) -> None:
    """Fill one asset's numbers."""
    write_out(stores.gain, asset, by_slot[GAIN])
    write_out(stores.loss, asset, by_slot[LOSS])
    write_out(stores.lo, asset, by_slot[LO])
    write_out(stores.hi, asset, by_slot[HI])
    write_out(stores.draw, asset, by_slot[DRAW])
    write_out(stores.inward, asset, by_slot[TAKEN])
    write_out(meter.spread, asset, by_slot[SPREAD])
    last = by_slot.shape[1] - 1
    by_slot[LO, last] = max(by_slot[LO, last], stores.terminal[asset])
    for slot in range(by_slot.shape[1]):
        by_slot[TAKEN, slot] = 1.0 / by_slot[TAKEN, slot]
        by_slot[SURPLUS, slot] = -meter.load[asset, slot]


@machine_code
def make_steps(outward: float, wear: float, prices: Floats, work: Work) -> bool:
    """Fill the steps of every slot; whether some had to be pooled."""
    pooled, lost = False, 1.0 / outward
    for slot in range(prices.shape[0]):
        gain, loss = work.by_slot[GAIN, slot], work.by_slot[LOSS, slot]
        taken, price = work.by_slot[TAKEN, slot], prices[slot]
        surplus, spread = work.by_slot[SURPLUS, slot], work.by_slot[SPREAD, slot]
        spare, take, sell = loss, gain, price - spread
        if spread > 0.0:
            spare = min(loss, -surplus * lost) if surplus < 0.0 else loss
            take = min(gain, surplus / taken) if surplus > 0.0 else gain
        work.length[FEED, slot], work.length[SPARE, slot] = loss - spare, spare
        work.length[TAKE, slot], work.length[BUY, slot] = take, gain - take
        work.water[FEED, slot] = -(sell - wear) * outward
        work.water[SPARE, slot] = -((price if surplus < 0.0 else sell) - wear) * outward
        work.water[TAKE, slot] = -(sell if surplus > 0.0 else price) * taken
        work.water[BUY, slot] = -price * taken
        if work.water[TAKE, slot] > work.water[SPARE, slot] and spare > 0.0 and take > 0.0:
            pool(work.length[:, slot], work.water[:, slot])
            pooled = True
    return pooled


@machine_code
def pool(length: Floats, water: Floats) -> None:
    """Replace steps on both sides of idling by their convex hull, and the next if need be.

    A slot has at most one step beyond these two.
    """
    whole = length[SPARE] + length[TAKE]
    level = (water[TAKE] * length[TAKE] + water[SPARE] * length[SPARE]) / whole
    first, last = SPARE, TAKE
    if length[FEED] > 0.0 and water[FEED] < level:
        first = FEED
    elif length[BUY] > 0.0 and water[BUY] > level:
        last = BUY
    if last - first > 1:
        beyond = FEED if first == FEED else BUY
        level = (level * whole + water[beyond] * length[beyond]) / (whole + length[beyond])
    water[first : last + 1] = level


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
def read_targets(work: Work, slot: int) -> None:
    """Keep the states at which the steps of a slot end; a step of no length is never taken."""
    lane = work.lanes[slot]
    for step in range(STEPS):
        never = INFINITY if step <= SPARE else -INFINITY
        taken = work.length[step, slot] > 0.0
        work.target[step, slot] = work.state[lane] if taken else never
        lane += 1 if taken else 0


@machine_code
def water_states(work: Work, kept: float) -> None:
    """Fill the targets of all slots, backwards in time."""
    critical, state, length, water = work.critical, work.state, work.length, work.water
    back, slots = 1.0 / kept, work.lanes.shape[0]
    begin_lanes(work, kept)
    for slot in range(slots - 1, -1, -1):
        read_targets(work, slot)
        lo, hi = work.by_slot[LO, slot - 1], work.by_slot[HI, slot - 1]
        draw, lanes = work.by_slot[DRAW, slot], -(-work.lanes[slot] // LANES) * LANES
        spare, take = length[SPARE, slot], length[TAKE, slot]
        out, into = water[SPARE, slot], water[TAKE, slot]
        feed, buy = length[FEED, slot], length[BUY, slot]
        if feed == 0.0 and buy == 0.0:
            for lane in range(lanes):
                price, after = critical[lane], state[lane] + draw
                fuller = after + spare if price > out else after
                before = fuller - take if price < into else fuller
                state[lane] = min(max(before * back, lo), hi)
                critical[lane] = price * kept
            continue
        side, third = (1.0, feed) if feed > 0.0 else (-1.0, -buy)
        edge = side * (water[FEED, slot] if feed > 0.0 else water[BUY, slot])
        for lane in range(lanes):
            price, after = critical[lane], state[lane] + draw
            fuller = after + spare if price > out else after
            fuller = fuller - take if price < into else fuller
            before = fuller + third if side * price > edge else fuller
            state[lane] = min(max(before * back, lo), hi)
            critical[lane] = price * kept


@machine_code
def follow(stores: Stores, asset: int, work: Work, stored: Floats) -> None:
    """Go through the slots by the targets; stored energy gained (or lost) into ``stored``."""
    state, length, target = stores.initial[asset], work.length, work.target
    for slot in range(stored.shape[0]):
        idle = stores.kept[asset] * state - work.by_slot[DRAW, slot]
        after = idle
        if idle < target[TAKE, slot]:
            after = min(idle + length[TAKE, slot], target[TAKE, slot])
            if after < target[BUY, slot]:
                after = min(after + length[BUY, slot], target[BUY, slot])
        elif idle > target[SPARE, slot]:
            after = max(idle - length[SPARE, slot], target[SPARE, slot])
            if after > target[FEED, slot]:
                after = max(after - length[FEED, slot], target[FEED, slot])
        stored[slot] = after - idle
        state = after


@machine_code
def plan(
    stores: Stores, meter: Meter, asset: int, prices: Floats, work: Work, stored: Floats
) -> bool:
    """Make one asset's plan into ``stored`` [slots]; whether steps were pooled."""
    load_asset(stores, meter, asset, work.by_slot)
    pooled = make_steps(stores.outward[asset], stores.wear[asset], prices, work)
    water_states(work, stores.kept[asset])
    follow(stores, asset, work, stored)
    return pooled


@machine_code
def slot_cost(
    outward: float, wear: float, gained: float, slot: int, work: Work
) -> tuple[float, float]:
    """Net energy of a slot's change of state, and what it costs beside its price."""
    if gained > 0.0:
        net, cost = gained * work.by_slot[TAKEN, slot], 0.0
    else:
        net = gained * outward
        cost = -net * wear
    surplus = work.by_slot[SURPLUS, slot]
    return net, cost + work.by_slot[SPREAD, slot] * (min(surplus, 0.0) - min(surplus, net))


@machine_code
def hull_cost(gained: float, slot: int, work: Work) -> float:
    """What a slot's change of state costs by its pooled steps, counted from full discharge."""
    at, cost = -work.by_slot[LOSS, slot], 0.0
    for step in range(STEPS):
        length = work.length[step, slot]
        cost -= work.water[step, slot] * min(max(gained - at, 0.0), length)
        at += length
    return cost


@machine_code
def above_hull(outward: float, wear: float, prices: Floats, work: Work, stored: Floats) -> float:
    """What a plan costs above the hulls of its slots [¤]."""
    total = 0.0
    for slot in range(prices.shape[0]):
        net, own = slot_cost(outward, wear, stored[slot], slot, work)
        most, least = slot_cost(outward, wear, -work.by_slot[LOSS, slot], slot, work)
        cost = prices[slot] * (net - most) + own - least
        total += cost - hull_cost(stored[slot], slot, work)
    return total


@machine_code
def answer_groups(
    stores: Stores,
    meter: Meter,
    first: Ints,
    prices: Floats,
    energy: Floats,
    own: Floats,
    work: Work,
) -> None:
    """Sum plans into ``energy`` [groups, slots], own cost and slack into ``own`` [2, groups]."""
    slots = prices.shape[1]
    stored = np.empty(slots)
    for group in range(first.shape[0] - 1):
        for asset in range(first[group], first[group + 1]):
            pooled = plan(stores, meter, asset, prices[group], work, stored)
            outward, wear = stores.outward[asset], stores.wear[asset]
            for slot in range(slots):
                net, cost = slot_cost(outward, wear, stored[slot], slot, work)
                energy[group, slot] += net
                own[0, group] += cost
            if pooled:
                own[1, group] += above_hull(outward, wear, prices[group], work, stored)


@machine_code
def answer_rows(
    stores: Stores, meter: Meter, rows: Ints, prices: Floats, stored: Floats, work: Work
) -> None:
    """Write the plans of single assets, stored energy gained, into ``stored`` [rows, slots]."""
    for place in range(rows.shape[0]):
        plan(stores, meter, rows[place], prices, work, stored[place])


def make_work(slots: int) -> Work:
    """Work space for so many slots, of at most three steps each."""
    lanes = -(-(3 * slots + STEPS) // LANES) * LANES  # one may be written and read past the last

    def steps() -> Floats:
        return np.zeros((STEPS, slots))

    return Work(
        by_slot=np.zeros((8, slots)),
        length=steps(),
        water=steps(),
        target=steps(),
        lanes=np.zeros(slots, np.int64),
        critical=np.zeros(lanes),
        state=np.zeros(lanes),
    )
