"""Kernels of storage behind a meter; see :mod:`.metered_storage` for what they compute."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.storage import Stores

LANES = 8
"""Critical prices handled together; work space is rounded up to whole blocks of them."""
ROWS = 10
GAIN, LOSS, LO, HI, DRAW, TAKEN, LOAD, SPREAD, MOST, LEAST = range(ROWS)
"""Rows of ``Work.by_slot``: energies and bounds [kWh stored], what a kWh stored takes, the meter's
load [kWh] and spread [¤/kWh], the most and least a solar plant gives [kWh]."""
STEPS, MOST_STEPS = 6, 4
OUT, INTO = 2, 3
"""Steps of a slot by rising change of state: discharge in ``OUT``, beyond it in the rows before;
charge in ``INTO``, beyond it in the rows after. At most ``MOST_STEPS`` have a length."""
INFINITY = np.inf


class Home(NamedTuple):
    """What else is behind each meter: load, spread and solar plant [assets, slots], or 1 slot.

    ``cut`` [assets] is the cost of giving less than ``most`` [¤/kWh].
    """

    load: Floats
    spread: Floats
    most: Floats
    least: Floats
    cut: Floats


Device = tuple[float, float, float]
"""Efficiency of discharging, wear and the cost of cutting solar [¤/kWh] of one home."""


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
def make_steps(device: Device, prices: Floats, work: Work) -> bool:
    """Fill the steps of every slot; whether some had to be pooled."""
    outward, wear, cut = device
    pooled, lost, by_slot, length, water = (
        False,
        1.0 / outward,
        work.by_slot,
        work.length,
        work.water,
    )
    for slot in range(prices.shape[0]):
        price, taken = prices[slot], by_slot[TAKEN, slot]
        sell, loss, gain = price - by_slot[SPREAD, slot], by_slot[LOSS, slot], by_slot[GAIN, slot]
        spilt, fed = surpluses(price, cut, slot, by_slot)
        reach = (min(max(-fed, 0.0) * lost, loss), min(max(-spilt, 0.0) * lost, loss), loss)
        level = ((wear - price) * outward, (wear + cut) * outward, (wear - sell) * outward)
        lay_out(reach, level, OUT, -1, slot, length, water)
        stored = 1.0 / taken
        reach = (min(max(spilt, 0.0) * stored, gain), min(max(fed, 0.0) * stored, gain), gain)
        level = (-sell * taken, cut * taken, -price * taken)
        lay_out(reach, level, INTO, 1, slot, length, water)
        both = length[OUT, slot] > 0.0 and length[INTO, slot] > 0.0
        if both and water[INTO, slot] > water[OUT, slot]:
            pool(length[:, slot], water[:, slot])
            pooled = True
    return pooled


@machine_code
def lay_out(
    reach: tuple[float, float, float],
    level: tuple[float, float, float],
    row: int,
    onward: int,
    slot: int,
    length: Floats,
    water: Floats,
) -> None:
    """Write steps that end at ``reach``, nearest to idling first, those of a length alone."""
    done, at = 0.0, row
    for part in range(3):
        length[row + part * onward, slot] = 0.0
    for part in range(3):
        if reach[part] > done:
            length[at, slot], water[at, slot] = reach[part] - done, level[part]
            done, at = reach[part], at + onward


@machine_code
def pool(length: Floats, water: Floats) -> None:
    """Replace steps on both sides of idling by their convex hull, and further ones if need be."""
    first, last, whole, level = OUT, OUT, length[OUT], water[OUT]
    while True:
        if last < STEPS - 1 and length[last + 1] > 0.0 and water[last + 1] > level:
            last, other = last + 1, last + 1
        elif first > 0 and length[first - 1] > 0.0 and water[first - 1] < level:
            first, other = first - 1, first - 1
        else:
            break
        level = (water[other] * length[other] + level * whole) / (whole + length[other])
        whole += length[other]
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
def read_targets(slot: int, lane: int, length: Floats, target: Floats, state: Floats) -> None:
    """Keep the states at which the steps of a slot end; a step of no length is never taken."""
    for step in range(STEPS):
        taken, never = length[step, slot] > 0.0, INFINITY if step <= OUT else -INFINITY
        target[step, slot] = state[lane] if taken else never
        lane += 1 if taken else 0


@machine_code
def steps_beyond(slot: int, length: Floats) -> tuple[int, int]:
    """Up to two steps of a slot beyond the first ones; ``OUT`` stands for none."""
    third, fourth = OUT, OUT
    for step in range(STEPS):
        if length[step, slot] > 0.0 and (step < OUT or step > INTO):
            third, fourth = step, third
    return third, fourth


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
        lanes, (third, fourth) = -(-work.lanes[slot] // LANES) * LANES, steps_beyond(slot, length)
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
        if fourth != OUT:
            side = 1.0 if fourth < OUT else -1.0
            beyond, edge = side * length[fourth, slot], side * water[fourth, slot]
            for lane in range(lanes):
                state[lane] += beyond if side * critical[lane] > edge else 0.0
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
    stores: Stores, home: Home, asset: int, prices: Floats, work: Work, stored: Floats
) -> bool:
    """Make one asset's plan into ``stored`` [slots]; whether steps were pooled."""
    load_home(stores, home, asset, work.by_slot)
    outward, wear = stores.outward[asset], stores.wear[asset]
    pooled = make_steps((outward, wear, home.cut[asset]), prices, work)
    water_states(work, stores.kept[asset])
    follow(stores, asset, work, stored)
    return pooled


@machine_code
def output_of(price: float, cut: float, net: float, slot: int, by_slot: Floats) -> float:
    """What the solar plant gives beside the storage's net energy."""
    most, least = by_slot[MOST, slot], by_slot[LEAST, slot]
    if price - by_slot[SPREAD, slot] + cut > 0.0:
        return most
    if price + cut <= 0.0:
        return least
    return min(max(by_slot[LOAD, slot] + net, least), most)


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


@machine_code
def hull_cost(above: float, slot: int, length: Floats, water: Floats) -> float:
    """What a change of state costs by pooled steps, both counted from full discharge."""
    cost = 0.0
    for step in range(STEPS):
        cost -= water[step, slot] * min(max(above, 0.0), length[step, slot])
        above -= length[step, slot]
    return cost


@machine_code
def above_hull(device: Device, prices: Floats, work: Work, stored: Floats) -> float:
    """What a plan costs above the hulls of its slots [¤]."""
    total, by_slot = 0.0, work.by_slot
    for slot in range(prices.shape[0]):
        price, gained, lost = prices[slot], stored[slot], -by_slot[LOSS, slot]
        net, own = slot_cost(device, price, gained, slot, by_slot)
        most, least = slot_cost(device, price, lost, slot, by_slot)
        total += price * (net - most) + own - least
        total -= hull_cost(gained - lost, slot, work.length, work.water)
    return total


@machine_code
def answer_groups(
    stores: Stores,
    home: Home,
    first: Ints,
    prices: Floats,
    energy: Floats,
    own: Floats,
    work: Work,
) -> None:
    """Sum plans into ``energy`` [groups, slots], own cost and slack into ``own`` [2, groups]."""
    slots, by_slot = prices.shape[1], work.by_slot
    stored = np.empty(slots)
    for group in range(first.shape[0] - 1):
        asked = prices[group]
        for asset in range(first[group], first[group + 1]):
            pooled = plan(stores, home, asset, asked, work, stored)
            device = (stores.outward[asset], stores.wear[asset], home.cut[asset])
            for slot in range(slots):
                net, cost = slot_cost(device, asked[slot], stored[slot], slot, by_slot)
                energy[group, slot] += net
                own[0, group] += cost
            if pooled:
                own[1, group] += above_hull(device, asked, work, stored)


@machine_code
def answer_rows(
    stores: Stores, home: Home, rows: Ints, prices: Floats, plans: Floats, work: Work
) -> None:
    """Write plans of single homes into ``plans`` [rows, 3, slots]: charge, discharge, −output."""
    stored = np.empty(prices.shape[0])
    for place in range(rows.shape[0]):
        asset = rows[place]
        plan(stores, home, asset, prices, work, stored)
        for slot in range(prices.shape[0]):
            charge = max(stored[slot], 0.0) * work.by_slot[TAKEN, slot]
            discharge = max(-stored[slot], 0.0) * stores.outward[asset]
            net, cut = charge - discharge, home.cut[asset]
            plans[place, 0, slot], plans[place, 1, slot] = charge, discharge
            plans[place, 2, slot] = -output_of(prices[slot], cut, net, slot, work.by_slot)


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
