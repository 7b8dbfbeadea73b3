"""Kernels of the steps of a slot: how far and at which water price the state of storage changes."""

from __future__ import annotations

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.machine_code import machine_code
from gridpact.scheduling.fleet.metered_slots import (
    GAIN,
    LOSS,
    SPREAD,
    TAKEN,
    Device,
    surplus,
)

STEPS = 4
OUT, INTO = 1, 2
"""Steps of a slot by rising change of state: discharge in ``OUT``, beyond it in the row before;
charge in ``INTO``, beyond it in the row after. At most three of the four have a length."""
Two = tuple[float, float]


@machine_code
def make_steps(
    device: Device, prices: Floats, by_slot: Floats, length: Floats, water: Floats
) -> bool:
    """Fill the steps [STEPS, slots] of every slot; whether some had to be pooled."""
    outward, wear = device
    pooled, lost = False, 1.0 / outward
    for slot in range(prices.shape[0]):
        price, taken = prices[slot], by_slot[TAKEN, slot]
        sell, loss, gain = price - by_slot[SPREAD, slot], by_slot[LOSS, slot], by_slot[GAIN, slot]
        spare = surplus(slot, by_slot)
        ends = (min(max(-spare, 0.0) * lost, loss), loss)
        level = ((wear - price) * outward, (wear - sell) * outward)
        lay_out(ends, level, -1, slot, length, water)
        ends = (min(max(spare, 0.0) / taken, gain), gain)
        level = (-sell * taken, -price * taken)
        lay_out(ends, level, 1, slot, length, water)
        both = length[OUT, slot] > 0.0 and length[INTO, slot] > 0.0
        if both and water[INTO, slot] > water[OUT, slot]:
            pool(length[:, slot], water[:, slot])
            pooled = True
    return pooled


@machine_code
def lay_out(ends: Two, level: Two, onward: int, slot: int, length: Floats, water: Floats) -> None:
    """Write steps by where they end, nearest to idling first, those that have a length alone."""
    row, done = OUT if onward < 0 else INTO, 0.0
    for part in range(2):
        length[row + part * onward, slot] = 0.0
    for part in range(2):
        if ends[part] > done:
            length[row, slot], water[row, slot] = ends[part] - done, level[part]
            row, done = row + onward, ends[part]


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
def hull_cost(above: float, slot: int, length: Floats, water: Floats) -> float:
    """What a change of state costs by pooled steps, both counted from full discharge."""
    cost = 0.0
    for step in range(STEPS):
        cost -= water[step, slot] * min(max(above, 0.0), length[step, slot])
        above -= length[step, slot]
    return cost
