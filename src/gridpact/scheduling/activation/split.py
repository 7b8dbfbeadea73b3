"""Headroom, and who gives how much of a request: in merit order, or each in proportion.

The sum is the request exactly, or all there is. In merit order assets of a lower priority number
give before others, then cheaper ones before dearer ones; assets equal in both share pro rata where
only part of theirs is needed. Shares are whole W by largest remainder, an earlier row first.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.activation.columns import Assets, Direction, Limits
from gridpact.scheduling.activation.split_kernels import (
    Groups,
    Order,
    cut_to_limits,
    room_of,
    take_by_merit,
    take_shares,
)
from gridpact.scheduling.fleet.tree import depths


class Rule(StrEnum):
    """How a request is divided."""

    MERIT_ORDER = "merit-order"
    PRO_RATA = "pro-rata"


class Split(msgspec.Struct, frozen=True):
    """A request divided: ``given_w`` [assets] ≥ 0, what is missing, and what the last W costs.

    ``marginal_cost`` [µ¤/kWh] is that of the dearest asset that had to give in the highest
    priority number reached, None where nobody had to or all give in proportion.
    """

    given_w: Ints
    missing_w: int
    marginal_cost: int | None


def headroom(assets: Assets, direction: Direction, sustained_s: int) -> Ints:
    """Power that each asset can give in a direction and keep up for so long [assets], W.

    ``min(|power − bound|, ⌊energy · 3600 / sustained_s⌋)``. Raises ValueError where ``sustained_s``
    is not positive.
    """
    if sustained_s <= 0:
        raise ValueError(f"headroom must last: {sustained_s} s")
    bound, energy = assets.bound_w(direction), assets.energy_wh(direction)
    return room_of(assets.power_w, bound, energy, sustained_s, int(direction))


def within_limits(
    room: Ints, assets: Assets, limits: Limits, direction: Direction, rule: Rule
) -> Ints:
    """Headroom that the limits of zones leave [assets], W.

    From the smallest zones up, what is more than a zone may still take is cut: from the last in
    merit order, or from all in proportion. What remains can be given by all assets at once, and in
    merit order nothing cheaper is left out than what a zone's limit forbids.
    """
    kept = room.copy()
    _cut(kept, assets, limits, direction, rule)
    return kept


def split(
    room: Ints, assets: Assets, direction: Direction, amount_w: int, rule: Rule = Rule.MERIT_ORDER
) -> Split:
    """Divide an amount [W] among assets with so much room [assets].

    Raises ValueError of a negative amount.
    """
    return _taken(room.copy(), assets, direction, amount_w, rule)


class Call(msgspec.Struct, frozen=True):
    """What is asked: ``amount_w`` ≥ 0 in a direction, to be kept up for ``sustained_s``."""

    direction: Direction
    amount_w: int
    sustained_s: int


def activate(
    assets: Assets, call: Call, limits: Limits | None = None, rule: Rule = Rule.MERIT_ORDER
) -> Split:
    """Divide what is called for: headroom, limits of zones and split in one go.

    The same as :func:`headroom`, :func:`within_limits` and :func:`split` after each other, with
    less memory to move.
    """
    room = headroom(assets, call.direction, call.sustained_s)
    if limits is not None:
        _cut(room, assets, limits, call.direction, rule)
    return _taken(room, assets, call.direction, call.amount_w, rule)


def _cut(room: Ints, assets: Assets, limits: Limits, direction: Direction, rule: Rule) -> None:
    """Cut room [assets] to the limits of zones, in place."""
    order = Order(assets.priority, assets.cost(direction))
    for level in _levels(limits.parent):
        used = np.unique(level[level >= 0])
        group = np.where(level >= 0, np.searchsorted(used, level), -1)
        zones = Groups(assets.zone, group, limits.of(direction)[used])
        cut_to_limits(room, zones, order, rule is Rule.MERIT_ORDER)


def _taken(room: Ints, assets: Assets, direction: Direction, amount_w: int, rule: Rule) -> Split:
    """Divide an amount; what was room becomes what is given."""
    if amount_w < 0:
        raise ValueError(f"the direction says the sign, not the amount: {amount_w} W")
    if rule is Rule.PRO_RATA:
        return Split(room, int(take_shares(room, amount_w)), None)
    cost = assets.cost(direction)
    missing, last = take_by_merit(room, Order(assets.priority, cost), amount_w)
    return Split(room, int(missing), None if last < 0 else int(cost[last]))


def _levels(parent: Ints) -> list[Ints]:
    """For each depth, the deepest first, the zone of that depth each zone is in [zones], or −1."""
    depth = depths(parent)
    above, found = np.arange(len(parent)), []
    for level in range(int(depth.max(initial=0)), -1, -1):
        found.append(np.where(depth[above] == level, above, -1))
        climbs = (depth[above] == level) & (parent[above] >= 0)
        above = np.where(climbs, parent[above], above)
    return found
