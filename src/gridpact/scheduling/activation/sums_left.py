"""What sums over slots leave of headroom: budgets, cycles, energy and power of several together.

Of sums that are one asset's own, what it makes up later counts as well. Sums that several share are
kept in the slots in which something is given, as limits of zones are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.activation.columns import Assets, Direction, Limits
from gridpact.scheduling.activation.making_up import Bounded, Course, most_given
from gridpact.scheduling.activation.split import Rule, within_limits
from gridpact.scheduling.problem import Sum
from gridpact.scheduling.sums import homes_below

if TYPE_CHECKING:
    from gridpact.scheduling.activation.planned import Planned

ENDLESS_WH = 10**15
"""More than anybody gives in a slot."""


class Asked(NamedTuple):
    """Assets that may give, limits of their zones, and which way, how long, and divided how."""

    assets: Assets
    limits: Limits
    direction: Direction
    slots: int
    rule: Rule


def left_by_sums(planned: Planned, room_wh: Ints, asked: Asked) -> Ints:
    """Return what sums leave of room [assets + members] in every slot, Wh."""
    room = room_wh.copy()
    for row, own in _by_asset(planned, asked.slots).items():
        if room[row] > 0:
            most = int(room[row])
            room[row] = most_given(_course(planned, row), own, asked.direction, asked.slots, most)
    for one in planned.sums:
        if _own_row(one) is None:
            room = _shared(planned, one, room, asked)
    return room


def _own_row(one: Sum) -> int | None:
    """Row of the only asset that a sum is of; None where several share it."""
    return one.storage[0] if len(one.storage) == 1 and not one.zones else None


def _by_asset(planned: Planned, slots: int) -> dict[int, list[Bounded]]:
    """Sums that are one asset's own, by its row; ``slots`` is how long a call lasts."""
    found: dict[int, list[Bounded]] = {}
    net = planned.charge_wh - planned.discharge_wh
    for one in planned.sums:
        row = _own_row(one)
        if row is not None:
            own = found.setdefault(row, [])
            own += _bounded(planned, one, net[row].astype(np.float64), slots)
    return found


def _bounded(planned: Planned, one: Sum, net_wh: Floats, slots: int) -> list[Bounded]:
    """Return an own sum with what is left of it; one that is missed already may be no more so.

    What only adds up is then kept by the first ``slots`` alone: the next plan may leave out others.
    """
    inside = np.zeros(len(net_wh))
    inside[one.first : one.end] = 1.0
    taken, given = {
        "net": (inside, -inside),
        "discharge": (0 * inside, inside),
        "cost": (inside * np.maximum(planned.import_price, 0), 0 * inside),
    }[one.kind]
    bare = Bounded(one.first, one.end, taken, given, np.inf, np.inf)
    total = bare.comes_to(net_wh)
    fall, rise = _left(one, total)
    found = [bare._replace(may_fall=fall, may_rise=rise)]
    if one.kind != "net" and one.upper is not None and total > one.upper:
        begun = bare._replace(end=max(min(one.end, slots), one.first))
        rise = max(one.upper - begun.comes_to(net_wh), 0.0)
        found.append(begun._replace(may_rise=rise))
    return found


def _left(one: Sum, comes_to: float) -> tuple[float, float]:
    """By how much a sum may fall and rise, never below 0."""
    fall = np.inf if one.lower is None else max(comes_to - one.lower, 0.0)
    rise = np.inf if one.upper is None else max(one.upper - comes_to, 0.0)
    return fall, rise


def _course(planned: Planned, row: int) -> Course:
    state = planned.state_wh[row]
    below = np.minimum(planned.lo_wh[row] - state, 0).astype(np.float64)
    above = np.maximum(planned.hi_wh[row] - state, 0).astype(np.float64)
    net = (planned.charge_wh[row] - planned.discharge_wh[row]).astype(np.float64)
    return Course(
        net_wh=net,
        least_wh=np.minimum(net, -planned.discharge_max_wh[row]),
        most_wh=np.maximum(net, planned.charge_max_wh[row]),
        below_wh=below,
        above_wh=above,
        efficiency_in=float(planned.storage.efficiency_in[row]),
        efficiency_out=float(planned.storage.efficiency_out[row]),
    )


def _shared(planned: Planned, one: Sum, room: Ints, asked: Asked) -> Ints:
    """Cut the room of those who share a sum to what it leaves, within the limits of zones."""
    during = slice(one.first, min(one.end, asked.slots))
    fall, rise = _left(one, _shared_total(planned, one))
    left = fall if asked.direction is Direction.UP else rise
    if during.start >= during.stop or not np.isfinite(left):
        return room
    members = _members(planned, one)
    left -= _astray(planned, members, asked.direction, during)
    most = max(int(left), 0) // (during.stop - during.start)
    free = within_limits(room, asked.assets, asked.limits, asked.direction, asked.rule)
    if int(free[members].sum()) <= most:
        return room
    # those who share it, and all others, as zones of their own
    apart = msgspec.structs.replace(asked.assets, zone=np.where(members, 0, 1))
    ends = np.array([most, ENDLESS_WH])
    both = Limits(np.array([-1, -1]), ends, ends)
    cut = within_limits(np.where(members, free, 0), apart, both, asked.direction, asked.rule)
    return np.where(members, cut, room)


def _members(planned: Planned, one: Sum) -> Bools:
    """Who counts in a sum [assets + members]: storage by itself or its home, plants by theirs."""
    homes = homes_below(planned.zones, one.zones)
    storage = homes[planned.storage.member]
    storage[list(one.storage)] = True
    return np.concatenate([storage, homes])


def _shared_total(planned: Planned, one: Sum) -> float:
    """What set-points come to in a sum of net energy."""
    rows, span = list(one.storage), slice(one.first, one.end)
    homes = homes_below(planned.zones, one.zones)
    of_assets = (planned.charge_wh - planned.discharge_wh)[rows, span].sum()
    return float(of_assets + planned.net_wh[homes, span].sum())


def _astray(planned: Planned, members: Bools, direction: Direction, during: slice) -> int:
    """What those who are not counted on may take or give beyond their plan in these slots, Wh."""
    rows = planned.out & members[: len(planned.out)]
    net = planned.charge_wh - planned.discharge_wh
    most = planned.discharge_max_wh if direction is Direction.UP else planned.charge_max_wh
    return int((most + int(direction) * net)[rows, during].sum())
