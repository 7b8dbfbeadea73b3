"""Metered values held against witnesses: who agrees, and whose error would explain the rest.

A witness measured the energy of some points together: a feeder's meter those behind it, an inverter
its own point, the balance of neighbours the point that is left. What it measured less the points'
own values is a loss, and it agrees where that is within its tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import msgspec
import numpy as np

from gridpact.base.rounding import muldiv
from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints, checked_sum


class Witness(msgspec.Struct, frozen=True):
    """What one witness measured: ``wh`` int64 and ``known`` bool [slots].

    ``points`` are rows of the values it attests to. Between the points and the witness from nothing
    to ``loss_ppm`` of the points' throughput may be lost; beyond that either may be off by
    ``slack_wh``, for whole Wh and clocks that are not quite the same.
    """

    name: str
    points: tuple[int, ...]
    wh: Ints
    known: Bools
    loss_ppm: int = 0
    slack_wh: int = 0


class Suspects(msgspec.Struct, frozen=True, order=True):
    """Points that no witness tells apart, and witnesses: an error of any of them would explain."""

    points: tuple[int, ...]
    witnesses: tuple[str, ...]


class Dispute(msgspec.Struct, frozen=True):
    """A slot in which a witness disagrees.

    ``witnesses`` are those who disagree. ``explanations`` are all the smallest sets of suspects, of
    one or two, whose errors together would bring every witness to agree; none where it takes more.
    """

    slot: int
    witnesses: tuple[str, ...]
    explanations: tuple[tuple[Suspects, ...], ...]


class Attested(msgspec.Struct, frozen=True):
    """``agree`` and ``asked`` int64 [points, slots]: witnesses who agree, of those who could tell.

    ``confirmed`` is where at least as many agree as were asked for. Where fewer could tell, nothing
    is confirmed and nothing disputed for that.
    """

    agree: Ints
    asked: Ints
    confirmed: Bools
    disputes: tuple[Dispute, ...]

    def doubtful(self, witnesses: Sequence[Witness]) -> Bools:
        """Points and slots that a dispute leaves in doubt [points, slots].

        These are the suspects of its explanations; where it has none, all points of the witnesses
        who disagree.
        """
        found = np.zeros(self.agree.shape, np.bool_)
        behind = {witness.name: witness.points for witness in witnesses}
        for dispute in self.disputes:
            suspects = [one for explanation in dispute.explanations for one in explanation]
            told = [row for one in suspects for row in one.points]
            if not dispute.explanations:
                told = [row for name in dispute.witnesses for row in behind[name]]
            found[told, dispute.slot] = True
        return found


def attest(wh: Ints, known: Bools, witnesses: Sequence[Witness], k: int) -> Attested:
    """Hold net withdrawal ``wh`` [points, slots] against witnesses, ``k`` of whom must agree.

    A witness tells of a slot where it and all of its points are known. Raises ValueError where
    shapes, rows or ``k`` do not fit.
    """
    _check(wh, known, witnesses, k)
    low, high, told = _bounds(wh, known, witnesses)
    agrees = told & (low <= 0) & (high >= 0)
    covers = np.zeros((len(witnesses), len(wh)), np.int64)
    for row, witness in enumerate(witnesses):
        covers[row, list(witness.points)] = 1
    agree, asked = (covers.T @ each.astype(np.int64) for each in (agrees, told))
    slots = np.flatnonzero((told & ~agrees).any(axis=0)).tolist()
    disputes = []
    for slot in slots:
        here = np.flatnonzero(told[:, slot])
        who = tuple(witnesses[row].name for row in here.tolist() if not agrees[row, slot])
        names = [witnesses[row].name for row in here.tolist()]
        bounds = list(zip(low[here, slot].tolist(), high[here, slot].tolist(), strict=True))
        disputes.append(Dispute(slot, who, explain(covers[here], names, bounds)))
    return Attested(agree, asked, agree >= k, tuple(disputes))


def explain(
    covers: Ints, names: Sequence[str], bounds: Sequence[tuple[int, int]]
) -> tuple[tuple[Suspects, ...], ...]:
    """Return all the smallest sets of one or two suspects whose errors explain what is left.

    ``covers`` [witnesses, points] is 1 where a witness measures a point. ``bounds`` [witnesses] are
    the least and the most that the sum of its points' errors, or its own, must come to.
    """
    groups = _groups(covers, names)
    off = {row for row, (low, high) in enumerate(bounds) if low > 0 or high < 0}
    if not off:
        return ()
    for size in (1, 2):
        found = [
            tuple(groups[cover] for cover in chosen)
            for chosen in combinations(groups, size)
            if off <= frozenset().union(*chosen) and _feasible(chosen, bounds)
        ]
        if found:
            return tuple(sorted(found))
    return ()


def _feasible(chosen: tuple[frozenset[int], ...], bounds: Sequence[tuple[int, int]]) -> bool:
    """Tell whether errors exist that bring the sums of all covered witnesses within bounds."""
    if len(chosen) == 1:
        return _meet(bounds[row] for row in chosen[0]) is not None
    first, second = chosen
    apart = [_meet(bounds[row] for row in one - other) for one, other in (chosen, chosen[::-1])]
    both = _meet(bounds[row] for row in first & second)
    if both is None or apart[0] is None or apart[1] is None:
        return False
    low, high = (one + other for one, other in zip(*apart, strict=True))
    return bool(max(low, both[0]) <= min(high, both[1]))


def _meet(bounds: Iterable[tuple[int, int]]) -> tuple[float, float] | None:
    low, high = -np.inf, np.inf
    for least, most in bounds:
        low, high = max(low, least), min(high, most)
    return (low, high) if low <= high else None


def _groups(covers: Ints, names: Sequence[str]) -> dict[frozenset[int], Suspects]:
    """Points and witnesses by the witnesses that an error of theirs would show at."""
    points: dict[frozenset[int], list[int]] = {}
    for point in range(covers.shape[1]):
        cover = frozenset(np.flatnonzero(covers[:, point]).tolist())
        if cover:
            points.setdefault(cover, []).append(point)
    for row in range(len(names)):
        points.setdefault(frozenset([row]), [])
    return {
        cover: Suspects(tuple(rows), tuple(names[row] for row in cover if len(cover) == 1))
        for cover, rows in points.items()
    }


def _bounds(wh: Ints, known: Bools, witnesses: Sequence[Witness]) -> tuple[Ints, Ints, Bools]:
    """Least and most that a witness's points are short of it, and where it tells [each, slots]."""
    shape = (len(witnesses), wh.shape[1])
    low, high = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    told = np.zeros(shape, np.bool_)
    for row, witness in enumerate(witnesses):
        rows = list(witness.points)
        values = wh[rows]
        loss = muldiv(
            checked_sum(np.abs(values), 0), np.array(witness.loss_ppm), np.array(MICRO_PER_UNIT)
        )
        left = witness.wh - checked_sum(values, 0)
        low[row], high[row] = left - loss - witness.slack_wh, left + witness.slack_wh
        told[row] = witness.known & known[rows].all(axis=0)
    return low, high, told


def _check(wh: Ints, known: Bools, witnesses: Sequence[Witness], k: int) -> None:
    if wh.shape != known.shape or k < 1:
        raise ValueError("values and what is known of them differ in shape, or k is not positive")
    if len({witness.name for witness in witnesses}) < len(witnesses):
        raise ValueError("two witnesses have the same name")
    for each in witnesses:
        fits = each.wh.shape == each.known.shape == wh.shape[1:]
        rows = set(each.points)
        if not fits or not rows or len(rows) < len(each.points) or not rows <= set(range(len(wh))):
            raise ValueError(f"witness {each.name} has other slots, or points that are not there")
        if min(each.loss_ppm, each.slack_wh) < 0:
            raise ValueError(f"witness {each.name} has a negative tolerance")
