"""Kernels of activation: headroom, merit order without sorting, shares, and limits of zones.

Where a running sum reaches an amount is found by histograms: one over all assets, then ever finer
ones over the assets of the bucket in which the sum is reached. That is exact, whatever the costs.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.fleet.machine_code import machine_code

Buckets: TypeAlias = NDArray[np.int16]

BUCKETS = 4096
FINER = 256
SAMPLED = 512
LARGEST = 2**63 - 1


class Order(NamedTuple):
    """What merit order goes by [assets]: lower priorities first, then lower costs."""

    priority: Ints
    cost: Ints


class Groups(NamedTuple):
    """Groups of assets: their ``zone`` [assets], its ``group`` [zones], −1 in none, and limits."""

    zone: Ints
    group: Ints
    limit: Ints


@machine_code
def room_of(power: Ints, bound: Ints, energy: Ints, seconds: int, sign: int) -> Ints:
    """Power that can be given for so long [assets], W: by power and by energy.

    The quotient of floats is exact when floored: energy times 3600 is below 2⁵³.
    """
    room = np.empty(len(power), np.int64)
    for row in range(len(power)):
        lasting = np.int64(energy[row] * 3600.0 / seconds)
        room[row] = max(min(sign * (power[row] - bound[row]), lasting), 0)
    return room


@machine_code
def take_by_merit(room: Ints, order: Order, amount: int) -> tuple[int, int]:
    """Give the amount, or all there is, in merit order; ``room`` becomes what each gives.

    Returns what is missing, and the last asset that had to give, −1 if none had to. Assets of the
    same priority and cost as the last one share pro rata.
    """
    missing, edge, before = amount, 0, 0
    if amount > 0 and len(room) > 0:
        bucket, sums = _bucketed(room, order)
        missing = max(amount - sums.sum(), 0)
    if missing == amount:
        room[:] = 0
        return amount, -1
    while before + sums[edge] < amount - missing:
        before += sums[edge]
        edge += 1
    for row in range(len(room)):
        room[row] = room[row] if bucket[row] <= edge else 0
    rows = np.flatnonzero(bucket == edge)
    return missing, _give(rows, room, order, amount - missing - before, room)


@machine_code
def take_shares(room: Ints, amount: int) -> int:
    """Give the amount, or all there is, pro rata to the room, by largest remainder.

    ``room`` [assets] becomes what each gives. Returns what is missing.
    """
    missing = max(amount - room.sum(), 0)
    _share(np.arange(len(room)), room, amount - missing, room)
    return int(missing)


@machine_code
def share_some(rows: Ints, room: Ints, amount: int, given: Ints) -> None:
    """Give the amount pro rata to the room of some assets, into ``given``."""
    _share(rows, room, amount, given)


@machine_code
def cut_to_limits(room: Ints, zones: Groups, order: Order, by_merit: bool) -> None:
    """Cut the room of every group [assets] to its limit.

    The first in merit order keep theirs, or all lose alike.
    """
    total = np.zeros(len(zones.limit), np.int64)
    for row in range(len(room)):
        group = zones.group[zones.zone[row]]
        if group >= 0:
            total[group] += room[row]
    over = total > zones.limit
    if not over.any():
        return
    first, rows = _members(zones, over)
    for group in np.flatnonzero(over):
        own = rows[first[group] : first[group + 1]]
        if zones.limit[group] == 0:
            room[own] = 0
        elif by_merit:
            _give(own, room, order, zones.limit[group], room)
        else:
            _share(own, room, zones.limit[group], room)


@machine_code
def _members(zones: Groups, over: Bools) -> tuple[Ints, Ints]:
    """Assets of the groups that are over their limits: where each begins, and their rows."""
    size = np.zeros(len(over) + 1, np.int64)
    for row in range(len(zones.zone)):
        group = zones.group[zones.zone[row]]
        if group >= 0 and over[group]:
            size[group + 1] += 1
    first = np.cumsum(size)
    rows, place = np.empty(first[-1], np.int64), first.copy()
    for row in range(len(zones.zone)):
        group = zones.group[zones.zone[row]]
        if group >= 0 and over[group]:
            rows[place[group]] = row
            place[group] += 1
    return first, rows


@machine_code
def _bucketed(room: Ints, order: Order) -> tuple[Buckets, Ints]:
    """Buckets of assets in merit order, and the room in each bucket.

    Their width is guessed from every 512th asset; what lies outside goes to the ends.
    """
    lowest, dearest = _bounds(order.cost[::SAMPLED])
    first, last = _bounds(order.priority[::SAMPLED])
    span, shift = dearest - lowest + 1, 0
    while ((last - first + 1) * span - 1) >> shift >= BUCKETS:
        shift += 1
    bucket, sums = np.empty(len(room), np.int16), np.zeros(BUCKETS, np.int64)
    top = (last - first + 1) * span - 1
    for row in range(len(room)):
        cost = min(max(order.cost[row] - lowest, 0), span - 1)
        key = min(max((order.priority[row] - first) * span + cost, 0), top)
        bucket[row] = key >> shift
    for row in range(len(room)):
        sums[bucket[row]] += room[row]
    return bucket, sums


@machine_code
def _bounds(values: Ints) -> tuple[int, int]:
    lowest, highest = values[0], values[0]
    for value in values:
        lowest, highest = min(lowest, value), max(highest, value)
    return lowest, highest


@machine_code
def _give(rows: Ints, room: Ints, order: Order, amount: int, given: Ints) -> int:
    """Give the amount among rows in merit order, the last pro rata; return the last to give.

    ``given`` may be ``room`` itself.
    """
    lowest, dearest = _bounds(order.cost[rows])
    keys = (order.priority[rows] * (dearest - lowest + 1)) + order.cost[rows] - lowest
    last, before = _margin(keys, room[rows], amount)
    tied, ends = np.empty(len(rows), np.int64), 0
    for place in range(len(rows)):
        row = rows[place]
        if keys[place] < last:
            given[row] = room[row]
        elif keys[place] == last:
            tied[ends] = row
            ends += 1
        else:
            given[row] = 0
    _share(tied[:ends], room, amount - before, given)
    return int(tied[0])


@machine_code
def _share(rows: Ints, room: Ints, amount: int, given: Ints) -> None:
    """Give the amount among rows pro rata: whole parts, then one more by largest remainder.

    ``given`` may be ``room`` itself.
    """
    total = 0
    for row in rows:
        total += room[row]
    if total == 0:
        return
    behind, left = np.empty(len(rows), np.int64), amount
    for place in range(len(rows)):
        row = rows[place]
        part, rest = _quotient(amount, room[row], total)
        given[row] = part
        left -= part
        behind[place] = total - rest
    if left == 0:
        return
    last, before = _margin(behind, np.ones(len(rows), np.int64), left)
    equal = left - before
    for place in range(len(rows)):
        given[rows[place]] += int(behind[place] < last)
    for place in range(len(rows)):
        if behind[place] == last and equal > 0:
            given[rows[place]] += 1
            equal -= 1


@machine_code
def _quotient(amount: int, room: int, total: int) -> tuple[int, int]:
    """Quotient and rest of ``amount · room / total``, exact for ``amount ≤ total < 2⁶¹``."""
    if room <= LARGEST // max(amount, 1):
        part = int(amount * room / total)  # a quotient of floats is at most one off
        rest = amount * room - part * total
        off = int(rest >= total) - int(rest < 0)
        return part + off, rest - off * total
    part, rest = 0, 0
    for bit in range(61, -1, -1):  # long division, the product never written out
        rest = 2 * rest + (amount if (room >> bit) & 1 else 0)
        part = 2 * part + rest // total
        rest %= total
    return part, rest


@machine_code
def _margin(keys: Ints, weights: Ints, amount: int) -> tuple[int, int]:
    """Key at which the running sum of weights, by key, reaches an amount; the sum before that key.

    The amount is positive and at most all weights.
    """
    sums, passed = np.empty(FINER, np.int64), 0
    while True:
        lowest, highest = _bounds(keys)
        if lowest == highest:
            return lowest, passed
        shift = 0
        while (highest - lowest) >> shift >= FINER:
            shift += 1
        sums[:] = 0
        for place in range(len(keys)):
            sums[(keys[place] - lowest) >> shift] += weights[place]
        edge = 0
        while passed + sums[edge] < amount:
            passed += sums[edge]
            edge += 1
        inside = ((keys - lowest) >> shift) == edge
        keys, weights = keys[inside], weights[inside]
