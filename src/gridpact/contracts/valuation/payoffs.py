"""What exercises of a swing right net its author, as numbers read from the terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Floats, Ints
from gridpact.contracts import periods
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.terms import Contract
from gridpact.contracts.valuation.present import check_discount, flows_to, net
from gridpact.contracts.valuation.rights import Swing


@dataclass(frozen=True, slots=True, eq=False)
class Payoffs:
    """Present values [nano-¤] to the author of a swing right.

    ``base`` [rows, slots] is paid without any exercise; ``each`` [rows, slots] is what one adds
    in its slot, where ``allowed`` [rows, slots]. ``segments`` are the periods, each with at most
    ``limits[i]`` exercises; ``settled[i]`` [rows, limits[i] + 1] is what their number adds at the
    period's end.
    """

    base: Floats
    each: Floats
    allowed: Bools
    segments: list[slice]
    limits: list[int]
    settled: list[Floats]

    @property
    def rows(self) -> int:
        """How many paths, or nodes of a lattice."""
        return len(self.each)

    def at(self, rows: Ints) -> Payoffs:
        """Return the payoffs on some of the paths."""
        settled = [one[rows] for one in self.settled]
        each, allowed = self.each[rows], self.allowed[rows]
        return Payoffs(self.base[rows], each, allowed, self.segments, self.limits, settled)

    def spread(self, rows: int) -> Payoffs:
        """Return the same payoffs repeated to so many rows, where they are one."""
        shape = (rows, self.each.shape[1])
        base, each = (np.broadcast_to(one, shape) for one in (self.base, self.each))
        settled = [np.broadcast_to(one, (rows, one.shape[1])) for one in self.settled]
        allowed = np.broadcast_to(self.allowed, shape)
        return Payoffs(base, each, allowed, self.segments, self.limits, settled)


def payoffs(plan: Swing, world: World, slots: Slots, discount: Floats | None = None) -> Payoffs:
    """Evaluate the terms of a right exactly, then discount.

    Every series is int64 [rows, slots] or [slots]. Amounts are linear in the exercises but for
    what is settled by their total, which is evaluated for every total there can be.
    """
    check_discount(discount, slots)
    factors = np.ones(slots.count) if discount is None else discount
    none, once = (_net(plan, plan.each, world, slots, _filled(taken, slots)) for taken in (0, 1))
    segments = [one for one in periods.segments(plan.period, slots, cut=True) if slots.count]
    most = slots.count if plan.limit is None else plan.limit
    limits = [min(most, one.stop - one.start) for one in segments]
    totals = [
        _net(plan, plan.settled, world, slots, _first(count, segments, slots))
        for count in range(max(limits, default=0) + 1)
    ]
    allowed = _allowed(plan, world, slots)
    shape = np.broadcast_shapes(none.shape, once.shape, allowed.shape, *[t.shape for t in totals])
    return Payoffs(
        base=np.broadcast_to((none + totals[0]) * factors, shape),
        each=np.broadcast_to((once - none) * factors, shape),
        allowed=np.broadcast_to(allowed, shape),
        segments=segments,
        limits=limits,
        settled=[
            _added(totals[: limit + 1], one, factors, shape[0])
            for one, limit in zip(segments, limits, strict=True)
        ],
    )


def _net(plan: Swing, terms: Contract, world: World, slots: Slots, taken: Ints) -> Ints:
    flows = flows_to(terms, plan.author, {**world, plan.taken.key: taken}, slots)
    return net(flows, slots, plan.currency)


def _filled(taken: int, slots: Slots) -> Ints:
    return np.full(slots.count, taken, dtype=np.int64)


def _first(count: int, segments: list[slice], slots: Slots) -> Ints:
    """Exercise in the first slots of every period; only their number matters."""
    taken = _filled(0, slots)
    for one in segments:
        taken[one.start : min(one.start + count, one.stop)] = 1
    return taken


def _added(totals: list[Ints], segment: slice, factors: Floats, rows: int) -> Floats:
    """Return what each number of exercises adds to none in a period, [rows, numbers].

    A total is 0 before the period's last slot, so that only this one differs.
    """
    last = segment.stop - 1
    added = [(total[:, last] - totals[0][:, last]) * factors[last] for total in totals]
    return np.stack([np.broadcast_to(one, (rows,)) for one in added], axis=1)


def _allowed(plan: Swing, world: World, slots: Slots) -> Bools:
    high = Sheet(world, slots, cut_periods=True).needed(plan.choice.high).low
    spread = np.broadcast_to(high, np.broadcast_shapes(high.shape, (slots.count,)))
    return np.asarray(np.atleast_2d(spread) == 1, dtype=np.bool_)
