"""How much one asset can give beside sums over slots that are its own: cycles, budgets, energy.

What an activation moves is made up later, and that counts in sums, too: what is put off is bought
at other prices, what is taken in has to be given again. So an amount is tried: given, made up in
one of a few ways, and looked at whole. The largest for which a way is found can be given.
Everything is plain arithmetic, so that a replay finds the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.activation.columns import Direction

WITHIN = 1e-6
"""Wh that are noise, and the share of a sum that is."""


class Course(NamedTuple):
    """What one asset is to do: net energy [slots] Wh, positive when taken, and what bounds it.

    ``least_wh`` ≤ net ≤ ``most_wh`` [slots]. What is stored may be off by ``below_wh`` ≤ 0 to
    ``above_wh`` ≥ 0 [slots] from what was expected after each slot.
    """

    net_wh: Floats
    least_wh: Floats
    most_wh: Floats
    below_wh: Floats
    above_wh: Floats
    efficiency_in: float
    efficiency_out: float

    def stored(self, net_wh: Floats) -> Floats:
        """What net energy adds to what is stored."""
        inward, outward = np.maximum(net_wh, 0), np.maximum(-net_wh, 0)
        return np.asarray(self.efficiency_in * inward - outward / self.efficiency_out)

    def net_of(self, stored_wh: float) -> float:
        """Net energy that adds so much to what is stored."""
        return stored_wh / self.efficiency_in if stored_wh > 0 else stored_wh * self.efficiency_out


class Bounded(NamedTuple):
    """A sum over slots ``first ≤ slot < end``, and by how much it may fall and rise.

    ``taken`` and ``given`` [slots] are what a Wh that is taken or given counts in it: both count
    in net energy, the former with its price in a cost, the latter in what is discharged.
    """

    first: int
    end: int
    taken: Floats
    given: Floats
    may_fall: float
    may_rise: float

    def comes_to(self, net_wh: Floats) -> float:
        """What net energy [slots] comes to in the sum."""
        span = slice(self.first, self.end)
        taken, given = np.maximum(net_wh[span], 0), np.maximum(-net_wh[span], 0)
        return float(taken @ self.taken[span] + given @ self.given[span])

    def counts(self, before_wh: float, after_wh: float, slot: int) -> float:
        """By how much it changes with the net energy of one slot."""
        taken = max(after_wh, 0.0) - max(before_wh, 0.0)
        given = max(-after_wh, 0.0) - max(-before_wh, 0.0)
        return float(taken * self.taken[slot] + given * self.given[slot])


def most_given(
    course: Course, sums: Sequence[Bounded], direction: Direction, slots: int, room_wh: int
) -> int:
    """Wh of each of the first ``slots`` slots that an asset can give, at most ``room_wh``."""
    if _bearable(course, sums, direction, slots, room_wh):
        return room_wh
    least, most = 0, room_wh
    while most - least > 1:
        middle = (least + most) // 2
        if _bearable(course, sums, direction, slots, middle):
            least = middle
        else:
            most = middle
    return least


def _bearable(
    course: Course, sums: Sequence[Bounded], direction: Direction, slots: int, given_wh: int
) -> bool:
    """Whether a way to make up what is given keeps every bound."""
    during = course.net_wh.copy()
    during[:slots] -= int(direction) * given_wh
    for way in _ways(course, sums, direction, slots):
        net = _left_out(course, sums, _made_up(course, sums, during, way), slots)
        if _kept(course, sums, direction, net):
            return True
    return False


def _kept(course: Course, sums: Sequence[Bounded], direction: Direction, net_wh: Floats) -> bool:
    """Whether net energy [slots] keeps what is stored, and all sums, within their bounds."""
    off = np.cumsum(course.stored(net_wh) - course.stored(course.net_wh))
    ends_low = direction is Direction.UP and off[-1] < -WITHIN
    low, high = off < course.below_wh - WITHIN, off > course.above_wh + WITHIN
    if ends_low or low.any() or high.any():
        return False
    for one in sums:
        before = one.comes_to(course.net_wh)
        change, noise = one.comes_to(net_wh) - before, WITHIN * max(abs(before), 1.0)
        if not -one.may_fall - noise <= change <= one.may_rise + noise:
            return False
    return True


class _Step(NamedTuple):
    """A slot in which to make something up, and the net energy as far as which."""

    slot: int
    until_wh: float


def _ways(
    course: Course, sums: Sequence[Bounded], direction: Direction, slots: int
) -> Iterator[list[_Step]]:
    """Ways to make up what was given: not at all, soon, or where it pays; first what was to be.

    To leave out what was planned the other way costs nothing, so it may come before all else.
    """
    up = direction is Direction.UP
    bound = course.most_wh if up else course.least_wh
    soon = [_Step(slot, float(bound[slot])) for slot in range(slots, len(bound))]
    against = course.net_wh < 0 if up else course.net_wh > 0
    first = [_Step(one.slot, 0.0) for one in soon if against[one.slot]]
    price = sum((one.taken for one in sums if not one.given.any()), np.zeros(len(bound)))
    pays = sorted(soon, key=lambda one: float(price[one.slot]) * int(direction))
    yield from ([], [*first, *soon], [*first, *pays], soon, pays)


def _made_up(
    course: Course, sums: Sequence[Bounded], during_wh: Floats, steps: Sequence[_Step]
) -> Floats:
    """Net energy [slots] with what is owed made up step by step, as far as sums let it."""
    net = during_wh.copy()
    owed = float((course.stored(course.net_wh) - course.stored(net)).sum())
    left = [_left(one, course.net_wh, net) for one in sums]
    for slot, until in steps:
        before = float(net[slot])
        stored = float(course.stored(net[slot]))
        target = course.net_of(stored + owed)
        raising = owed > 0
        after = max(min(target, until), before) if raising else min(max(target, until), before)
        for one, (fall, rise) in zip(sums, left, strict=True):
            if one.first <= slot < one.end:
                after = _within(one, before, after, slot, (fall, rise))
        net[slot] = after
        owed -= float(course.stored(net[slot])) - stored
        left = [
            (fall + change, rise - change)
            for one, (fall, rise) in zip(sums, left, strict=True)
            for change in [one.counts(before, after, slot) if one.first <= slot < one.end else 0.0]
        ]
        if abs(owed) <= WITHIN / 2:
            break
    return net


def _left_out(course: Course, sums: Sequence[Bounded], net_wh: Floats, slots: int) -> Floats:
    """Net energy [slots] without what is given later where too much was: so more stays stored."""
    net = net_wh.copy()
    for one in sums:
        over = one.comes_to(net) - one.comes_to(course.net_wh) - one.may_rise
        later = slice(max(one.first, slots), one.end)
        if over > 0 and not one.taken.any():
            given = np.maximum(-net[later], 0)
            before = np.cumsum(given) - given
            net[later] += np.clip(over - before, 0, given)
    return net


def _left(one: Bounded, before_wh: Floats, after_wh: Floats) -> tuple[float, float]:
    """By how much a sum may still fall and rise."""
    change = one.comes_to(after_wh) - one.comes_to(before_wh)
    return one.may_fall + change, one.may_rise - change


def _within(
    one: Bounded, before_wh: float, after_wh: float, slot: int, left: tuple[float, float]
) -> float:
    """Net energy of a slot, as near to one as a sum lets it be moved from another."""
    change = one.counts(before_wh, after_wh, slot)
    most = left[1] if change > 0 else left[0]
    if abs(change) <= most:
        return after_wh
    # what counts may begin at idle only: then all up to there is free
    middle = min(max(0.0, min(before_wh, after_wh)), max(before_wh, after_wh))
    free = one.counts(before_wh, middle, slot)
    start, rest = (middle, most) if free == 0 and middle != before_wh else (before_wh, most)
    whole = one.counts(start, after_wh, slot)
    share = max(rest, 0.0) / abs(whole) if whole else 0.0
    return start + min(share, 1.0) * (after_wh - start)
