"""What plans make of sums over slots: what they come to, what is missed, what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Bools, Ints
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Conflict, Problem, Soft, Sum, ZoneColumns

MARGIN_WH = 2
"""Wh by which what one storage does up to a slot may be off when it is rounded."""


class Flows(NamedTuple):
    """What storage takes and gives [assets, slots], and homes take net [homes, slots]; Wh."""

    charge_wh: Ints
    discharge_wh: Ints
    net_wh: Ints


def prices_of(problem: Problem, one: Sum) -> Ints:
    """What charging its storage costs in the slots of a sum [slots] µ¤/kWh, never below 0."""
    home = problem.storage.home[one.storage[0]]
    return np.maximum(problem.import_price[home, one.first : one.end], 0)


def homes_below(zones: ZoneColumns, chosen: tuple[int, ...]) -> Bools:
    """Mark homes [homes] in these zones and all below them.

    Home ``h`` may be chosen alone, as zone ``zones + h``.
    """
    inside = np.isin(np.arange(len(zones.parent)), chosen)
    for _ in range(len(zones.parent)):
        inside |= (zones.parent >= 0) & inside[zones.parent]
    alone = np.isin(len(zones.parent) + np.arange(len(zones.zone)), chosen)
    return np.asarray(alone | ((zones.zone >= 0) & inside[zones.zone]) if inside.size else alone)


def comes_to(problem: Problem, one: Sum, flows: Flows) -> int:
    """What a sum comes to: Wh, or nano-¤."""
    span, rows = slice(one.first, one.end), list(one.storage)
    if one.kind == "discharge":
        return int(flows.discharge_wh[rows, span].sum())
    if one.kind == "cost":
        taken = flows.charge_wh[rows[0], span]
        return int(taken @ prices_of(problem, one)[: len(taken)])
    total = int((flows.charge_wh[rows, span] - flows.discharge_wh[rows, span]).sum())
    return total + int(flows.net_wh[homes_below(problem.zones, one.zones), span].sum())


def missed(problem: Problem, one: Sum, flows: Flows) -> int:
    """Energy by which a sum is beyond its bounds, as :class:`Conflict` counts it [Wh].

    What whole Wh cannot follow is not counted: one for each storage that counts in net energy.
    """
    total = comes_to(problem, one, flows)
    over = 0 if one.upper is None else total - one.upper
    under = 0 if one.lower is None else one.lower - total
    if one.kind == "cost":
        dearest = max(int(prices_of(problem, one).max(initial=0)), 1)
        return max(-(-over // dearest), 0)
    found = max(over, under, 0)
    return found if one.kind == "discharge" or found > rounding_wh(problem, one) else 0


def tight(problem: Problem, one: Sum, flows: Flows) -> bool:
    """Whether a sum is missed, or met with no more room than rounding and its margin take."""
    room = 2 * rounding_wh(problem, one) + MARGIN_WH
    if one.kind == "cost":
        price = prices_of(problem, one)
        room = MARGIN_WH * int(np.abs(np.diff(price)).sum() + 2 * price.max(initial=0))
    total = comes_to(problem, one, flows)
    low = one.lower is not None and total <= one.lower + room
    return low or (one.upper is not None and total >= one.upper - room)


def of_homes(one: Sum) -> bool:
    """Whether a sum is of what homes take in one slot, so that rounding can keep it as a limit."""
    return one.kind == "net" and one.end - one.first == 1 and bool(one.zones) and not one.storage


def rounding_wh(problem: Problem, one: Sum) -> int:
    """Wh by which net energy in whole numbers may be off that of real numbers."""
    inside = homes_below(problem.zones, one.zones)
    return len({*one.storage, *np.flatnonzero(inside[problem.storage.home]).tolist()})


def conflicts(problem: Problem, flows: Flows) -> Iterator[Conflict]:
    """Yield the sums that are missed."""
    for row, one in enumerate(problem.sums):
        missing = missed(problem, one, flows)
        if missing:
            cost = one.kind == "cost" and one.upper is not None
            over = comes_to(problem, one, flows) - (one.upper or 0) if cost else 0
            kind = "wished-sum" if one.level is Level.WISHES else "sum"
            yield Conflict(kind, row, one.first, missing, missing_nano=over)


def without(problem: Problem, charge_wh: Ints, discharge_wh: Ints) -> tuple[Sum, ...]:
    """Sums of a problem when so much [assets, slots] of what storage does is no choice any more.

    Zones count it as their load.
    """
    return tuple(_without(problem, one, charge_wh, discharge_wh) for one in problem.sums)


def soft_without(problem: Problem, charge_wh: Ints, discharge_wh: Ints) -> tuple[Soft, ...]:
    """Soft bounds of a problem when so much [assets, slots] of what storage does is no choice."""
    return tuple(
        replace(one, total=one.total and _without(problem, one.total, charge_wh, discharge_wh))
        for one in problem.soft
    )


def _without(problem: Problem, one: Sum, charge_wh: Ints, discharge_wh: Ints) -> Sum:
    nothing = np.zeros_like(problem.load_wh)
    done = comes_to(problem, one, Flows(charge_wh, discharge_wh, nothing))
    lower = None if one.lower is None else one.lower - done
    upper = None if one.upper is None else one.upper - done
    if one.kind != "net" and upper is not None:
        upper = max(upper, 0)
    return replace(one, lower=lower, upper=upper)
