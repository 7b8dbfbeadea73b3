"""Bounds that a plan is held to: those of needs, and as tight as wishes that are not given up."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.community.bounds import unreachable, widened
from gridpact.scheduling.community.giving_way import Given
from gridpact.scheduling.community.wished import Unwished, nothing_missed
from gridpact.scheduling.fleet.columns import rows_of
from gridpact.scheduling.wishes import tighter_powers, tighter_states, wished_sums


class Bounds(NamedTuple):
    """Bounds of states and powers [assets, slots] Wh."""

    lo: Floats
    hi: Floats
    charge: Floats
    discharge: Floats


def bounds_of(case: Case, rows: Ints, given: Given | None) -> Bounds:
    """Return the bounds of storage ``rows``, as wide as what is ``given`` asks for.

    Where nothing is said of it, wishes that cannot be kept beside needs by themselves are let go.
    """
    needed = _needed(case, rows, given)
    if case.problem.wished is None:
        return needed
    if given is not None:
        return _tight(case, rows, needed, given.wished)
    tight = _tight(case, rows, needed, nothing_missed(case))
    apart = _apart(case, rows, tight)[:, None]
    pairs = zip(needed, tight, strict=True)
    return Bounds(*(np.where(apart, wide, narrow) for wide, narrow in pairs))


def _needed(case: Case, rows: Ints, given: Given | None) -> Bounds:
    """Bounds without any wish."""
    table = case.problem.storage
    lo, hi = widened(table, rows)
    if given is not None:
        lo, hi = lo - given.state_wh[rows], hi + given.above_wh[rows]
    charge, discharge = table.charge_max_wh[rows], table.discharge_max_wh[rows]
    return Bounds(lo, hi, charge.astype(np.float64), discharge.astype(np.float64))


def _tight(case: Case, rows: Ints, needed: Bounds, missed: Unwished) -> Bounds:
    """Bounds as tight as is wished, but for what is missed of it."""
    wished, (lo, hi, charge, discharge) = case.problem.wished, needed
    if wished is None:
        return needed
    below, above, more, out = (one[rows] for one in missed[:4])
    low, high = (where[rows] for where in tighter_states(case.problem))
    least = np.where(low, np.minimum(wished.lo_wh[rows] - below, hi), lo)
    most = np.where(high, np.maximum(wished.hi_wh[rows] + above, lo), hi)
    return Bounds(
        np.maximum(lo, least),
        np.minimum(hi, most),
        np.minimum(charge, wished.charge_max_wh[rows] + more),
        np.minimum(discharge, wished.discharge_max_wh[rows] + out),
    )


def _apart(case: Case, rows: Ints, bounds: Bounds) -> Bools:
    """Mark storage that cannot keep such bounds, or has sums to look at beside them."""
    problem, table = case.problem, case.problem.storage
    of_sums = {one.storage[0] for one in problem.sums if one.kind != "net"}
    summed = np.isin(rows, sorted(of_sums))
    tight = msgspec.structs.replace(
        rows_of(table, rows),
        lo_wh=bounds.lo,
        hi_wh=bounds.hi,
        charge_max_wh=bounds.charge,
        discharge_max_wh=bounds.discharge,
    )
    return np.asarray(unreachable(tight) | summed | (bounds.lo > bounds.hi).any(axis=1))


def starts_of(case: Case, rows: Ints, given: Given | None) -> tuple[Ints, Ints]:
    """Return first and last starts of runs: those wished, unless they are given up or none is."""
    first, last = case.first_start[rows], case.last_start[rows]
    wished = case.problem.wished
    if wished is None:
        return first, last
    begin, end = np.maximum(first, wished.earliest[rows]), np.minimum(last, wished.latest[rows])
    kept = begin <= end
    if given is not None:
        kept &= ~given.wished.late[rows]
    return np.where(kept, begin, first), np.where(kept, end, last)


def clashing(case: Case) -> Bools:
    """Mark homes [homes] with storage whose wishes cannot be kept beside its needs by themselves.

    Marked, too, are those in which sums of single storage have to be looked at beside wishes.
    """
    problem, table = case.problem, case.problem.storage
    found = np.zeros(case.shape[0], np.bool_)
    wishes = np.any([*tighter_states(problem), *tighter_powers(problem)], axis=(0, 2))
    for one in (problem.sums[row] for row in wished_sums(problem)):
        wishes[list(one.storage if one.kind != "net" else ())] = True
    rows = np.flatnonzero(case.active & wishes)
    if rows.size:
        tight = _tight(case, rows, _needed(case, rows, None), nothing_missed(case))
        found[table.home[rows[_apart(case, rows, tight)]]] = True
    return found
