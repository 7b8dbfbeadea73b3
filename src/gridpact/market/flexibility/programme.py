"""The tender as a mixed-integer programme for HiGHS.

Columns: watts per cell (offer and slot), watts per assignment of a cell to an exclusive request,
a yes/no per offer with a least power, and what each request lacks. Rows: the needs, what a cell
has to assign, least and most power once taken, and ramps. Minimised is the price of what is
bought plus what lacks at the procurers' limits [nano-¤].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.solver import LinearProgramme, has_values, load, quiet_solver, run
from gridpact.base.units import Bools, Floats, Ints
from gridpact.market.flexibility.cells import Cells, Effects
from gridpact.market.flexibility.offers import PPM, Offers, Requests

NODES = 1_000
"""Nodes of the search tree after which the best selection found is taken, with its bound."""
GAP_NANO = 0.5
"""An answer is proved within half a nano-¤: prices are whole nano-¤ per W."""
SMALL, RELATIVE_GAP = 300, 1e-6
"""Beyond so many columns a millionth of the cost is enough: what is left is about single watts,
and looking for those takes a hundred times as long where offers are divisible."""


class Programme(NamedTuple):
    """Columns and rows of the programme; entries by (row, column, value).

    ``exclusive`` are the effects (rows of :class:`Effects`) that the assignments stand for.
    """

    cost: Floats
    upper: Floats
    whole: Bools
    row_lower: Floats
    row_upper: Floats
    row: Ints
    column: Ints
    value: Floats
    exclusive: Ints


class Solved(NamedTuple):
    """Column values, and a bound that no solution is below."""

    values: Floats
    bound: float


class _Rows:
    """Collects rows with their bounds and entries."""

    def __init__(self) -> None:
        self.lower: list[Floats] = []
        self.upper: list[Floats] = []
        self.entries: list[tuple[Ints, Ints, Floats]] = []
        self.count = 0

    def add(self, lower: Floats, upper: Floats, *entries: tuple[Ints, Ints, Floats]) -> None:
        """Add rows; entries are (row within these, column, value)."""
        for row, column, value in entries:
            self.entries.append((row + self.count, column, value))
        self.lower.append(lower)
        self.upper.append(upper)
        self.count += lower.size


def build(offers: Offers, requests: Requests, cells: Cells, effects: Effects) -> Programme:
    """Write a tender as a programme."""
    exclusive = np.flatnonzero(requests.exclusive[effects.request])
    semi = np.flatnonzero(offers.least_w > 0)
    count = (cells.offer.size, exclusive.size, semi.size, requests.count)
    begin = np.concatenate([[0], np.cumsum(count)])
    most = offers.power_w[cells.offer].astype(np.float64)
    rows = _Rows()
    _needs(rows, requests, effects, exclusive, begin)
    _assignments(rows, cells, effects, exclusive, begin)
    _least(rows, offers, cells, semi, begin)
    _ramps(rows, offers, cells)
    blank = np.zeros(exclusive.size + semi.size)
    upper = [most, most[effects.cell[exclusive]], np.ones(semi.size), np.full(count[3], np.inf)]
    entry = [np.concatenate(parts) for parts in zip(*rows.entries, strict=True)]
    return Programme(
        np.concatenate([cells.rate, blank, requests.limit_micro_per_kw]),
        np.concatenate(upper),
        np.arange(begin[-1]) < begin[3],
        np.concatenate(rows.lower),
        np.concatenate(rows.upper),
        entry[0],
        entry[1],
        entry[2],
        exclusive,
    )


def _needs(rows: _Rows, requests: Requests, effects: Effects, exclusive: Ints, begin: Ints) -> None:
    column = effects.cell.copy()
    column[exclusive] = begin[1] + np.arange(exclusive.size)
    every = np.arange(requests.count)
    rows.add(
        requests.need_w.astype(np.float64),
        np.full(requests.count, np.inf),
        (effects.request, column, effects.ppm / PPM),
        (every, begin[3] + every, np.ones(requests.count)),
    )


def _assignments(rows: _Rows, cells: Cells, effects: Effects, exclusive: Ints, begin: Ints) -> None:
    """A cell assigns no more than it has: assigned - power <= 0."""
    cell, place = np.unique(effects.cell[exclusive], return_inverse=True)
    rows.add(
        np.full(cell.size, -np.inf),
        np.zeros(cell.size),
        (place, begin[1] + np.arange(exclusive.size), np.ones(exclusive.size)),
        (np.arange(cell.size), cell, -np.ones(cell.size)),
    )


def _least(rows: _Rows, offers: Offers, cells: Cells, semi: Ints, begin: Ints) -> None:
    """An offer taken gives between its least and its power: 0 <= watts - least × taken, and so."""
    place = np.full(offers.count, -1, dtype=np.int64)
    place[semi] = np.arange(semi.size)
    cell = np.flatnonzero(place[cells.offer] >= 0)
    taken, offer = begin[2] + place[cells.offer[cell]], cells.offer[cell]
    every, one = np.arange(cell.size), np.ones(cell.size)
    none, free = np.zeros(cell.size), np.full(cell.size, np.inf)
    least, most = (column[offer].astype(np.float64) for column in (offers.least_w, offers.power_w))
    rows.add(none, free, (every, cell, one), (every, taken, -least))
    rows.add(-free, none, (every, cell, one), (every, taken, -most))


def _ramps(rows: _Rows, offers: Offers, cells: Cells) -> None:
    bound = offers.ramp_w < offers.power_w
    later = np.flatnonzero((cells.offer[1:] == cells.offer[:-1]) & bound[cells.offer[1:]]) + 1
    ramp = offers.ramp_w[cells.offer[later]].astype(np.float64)
    every, one = np.arange(later.size), np.ones(later.size)
    rows.add(-ramp, ramp, (every, later, one), (every, later - 1, -one))


def solve(programme: Programme, *, whole: bool) -> Solved:
    """Minimise with HiGHS, in whole watts or, where not ``whole``, in fractions of them.

    Single-threaded and without a clock, so that it repeats. The programme always has a solution:
    nothing bought, everything lacking; that none is found is a defect and raises RuntimeError.
    """
    if not programme.cost.size:
        return Solved(np.empty(0), 0.0)
    whole = whole and bool(programme.whole.any())
    highs = quiet_solver(
        mip_rel_gap=0.0 if programme.cost.size <= SMALL else RELATIVE_GAP,
        mip_abs_gap=GAP_NANO,
        mip_max_nodes=NODES,
        mip_feasibility_tolerance=1e-9,
        primal_feasibility_tolerance=1e-9,
    )
    load(highs, _by_columns(programme), mixed=whole)
    status = run(highs)
    if not has_values(highs):
        raise RuntimeError(f"no selection: {status}")
    info = highs.getInfo()
    bound = info.mip_dual_bound if whole else info.objective_function_value
    return Solved(np.array(highs.getSolution().col_value), float(bound))


def _by_columns(programme: Programme) -> LinearProgramme:
    """The programme with its entries by column."""
    count = programme.cost.size
    order = np.lexsort((programme.row, programme.column))
    starts = np.searchsorted(programme.column[order], np.arange(count + 1))
    return LinearProgramme(
        cost=programme.cost,
        lower=np.zeros(count),
        upper=programme.upper,
        whole=programme.whole,
        row_lower=programme.row_lower,
        row_upper=programme.row_upper,
        start=starts.astype(np.int32),
        index=programme.row[order].astype(np.int32),
        value=programme.value[order],
    )
