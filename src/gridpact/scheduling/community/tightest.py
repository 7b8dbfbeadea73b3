"""Bounds that a plan is held to: those of needs, and as tight as wishes that are not given up."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.case import Case
from gridpact.scheduling.community.bounds import unreachable, widened
from gridpact.scheduling.community.giving_way import Given
from gridpact.scheduling.community.wished import nothing_missed
from gridpact.scheduling.fleet.columns import rows_of
from gridpact.scheduling.wishes import tighter_powers, tighter_states, wished_sums


class Bounds(NamedTuple):
    """Bounds of states and powers [assets, slots] Wh."""

    lo: Floats
    hi: Floats
    charge: Floats
    discharge: Floats


def bounds_of(case: Case, rows: Ints, given: Given | None) -> Bounds:
    """Return the bounds of storage ``rows``, as wide as what is ``given`` asks for."""
    table, wished = case.problem.storage, case.problem.wished
    lo, hi = widened(table, rows)
    if given is not None:
        lo, hi = lo - given.state_wh[rows], hi + given.above_wh[rows]
    charge = table.charge_max_wh[rows].astype(np.float64)
    discharge = table.discharge_max_wh[rows].astype(np.float64)
    if wished is None:
        return Bounds(lo, hi, charge, discharge)
    missed = nothing_missed(case) if given is None else given.wished
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
    of_sums = {one.storage[0] for one in problem.sums if one.kind != "net"}
    summed = np.isin(np.arange(len(table.home)), sorted(of_sums))
    wishes = np.any([*tighter_states(problem), *tighter_powers(problem)], axis=(0, 2))
    for one in (problem.sums[row] for row in wished_sums(problem)):
        wishes[list(one.storage if one.kind != "net" else ())] = True
    rows = np.flatnonzero(case.active & wishes)
    if not rows.size:
        return found
    bounds = bounds_of(case, rows, None)
    tight = msgspec.structs.replace(
        rows_of(table, rows),
        lo_wh=bounds.lo,
        hi_wh=bounds.hi,
        charge_max_wh=bounds.charge,
        discharge_max_wh=bounds.discharge,
    )
    apart = unreachable(tight) | summed[rows] | (bounds.lo > bounds.hi).any(axis=1)
    found[table.home[rows[apart]]] = True
    return found
