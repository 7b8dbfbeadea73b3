"""How long a microgrid lives on its own: the longest time in which critical load is served.

Critical load can be served for k slots or it cannot, and what serves k slots serves fewer: the
longest time is found by bisection over k, each answered by one programme without a limit that may
be missed, exact to a slot. Other load is shed at once, cars do not charge and appliances do not
run.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Portfolio, Prices
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.islands.isolation import isolated
from gridpact.scheduling.islands.shedding import LoadBlock, refuse_blocks, with_load
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.raising import Solved
from gridpact.scheduling.reference.solve import optimum, solution_of
from gridpact.scheduling.scenarios.paths import Path, along

LEFT_OUT = ("one_way", "runs")
"""Tables of assets that only draw, and are not critical."""


class Island(msgspec.Struct, frozen=True, kw_only=True):
    """A microgrid that may be cut off: its connection ``zone``, and blocks of load.

    Fixed load of the fleet's zones is critical. Limits of energy, such as fuel in a tank, are rows
    of the portfolio.
    """

    fleet: Fleet
    prices: Prices
    zone: int
    blocks: tuple[LoadBlock, ...] = ()


class Survival(msgspec.Struct, frozen=True):
    """``slots`` that critical load is served from the loss of the grid on, and how.

    ``plan`` is of the fleet in ``fleet``; None where not even the first slot is served.
    ``whole`` says that the horizon ended first.
    """

    slots: int
    whole: bool
    fleet: Fleet
    plan: Solution | None


def survival(island: Island, first: int, search: Search | None = None) -> Survival:
    """Find how long critical load is served if the grid is lost at the begin of slot ``first``.

    What is known of load and generation is taken for granted (foresight); what goes on before
    ``first`` is planned for the loss, with the grid to help. Units keep their least times beyond
    the time survived, too: none is started that could not stay on.

    Raises BadInput with all that is wrong with the fleet or blocks, ValueError for a slot that is
    not within the horizon.
    """
    fleet, search = island.fleet, search or Search()
    if not 0 <= first < fleet.slots:
        raise ValueError(f"slot {first} is not one of {fleet.slots}")
    refuse_faults(fleet, island.prices)
    refuse_blocks(fleet, island.blocks)
    lives, fails = 0, fleet.slots - first + 1
    best = _serving(island, first, 0, search)
    while best is not None and fails - lives > 1:
        middle = (lives + fails) // 2
        found = _serving(island, first, middle, search)
        if found is None:
            fails = middle
        else:
            lives, best = middle, found
    plan = None if best is None else solution_of(best, np.inf, search)
    shown = fleet if best is None else best.model.fleet
    return Survival(lives, lives == fleet.slots - first, shown, plan)


def _serving(island: Island, first: int, slots: int, search: Search) -> Solved | None:
    """Serve critical load for so many slots after the loss, at least cost; None if impossible."""
    end = first + slots
    critical = [block for block in island.blocks if block.critical]
    reduced = _critical_only(with_load(island.fleet, critical), end)
    cut = isolated(reduced, island.zone, first, end)
    return optimum(cut, island.prices, np.inf, search)


def _critical_only(fleet: Fleet, end: int) -> Fleet:
    """Leave out assets that only draw, and all load and needs after ``end``."""
    load = np.array(fleet.zones.load_wh, np.float64)
    load[:, end:] = 0.0
    storage = fleet.storage
    if storage is not None:
        storage = msgspec.structs.replace(storage, terminal_wh=-np.inf)
    return msgspec.structs.replace(
        fleet,
        zones=msgspec.structs.replace(fleet.zones, load_wh=load),
        one_way=None,
        runs=None,
        storage=storage,
        portfolio=None if fleet.portfolio is None else _without_drawing(fleet.portfolio),
    )


def _without_drawing(portfolio: Portfolio) -> Portfolio:
    """Take assets that are left out from the sets that they are in."""
    gone = [TABLES.index(name) for name in LEFT_OUT]
    kept = ~np.isin(portfolio.asset_table, gone)
    columns = ("asset_set", "asset_table", "asset")
    return msgspec.structs.replace(
        portfolio, **{name: np.asarray(getattr(portfolio, name))[kept] for name in columns}
    )


def survival_by_path(
    island: Island, paths: Sequence[Path], first: int, search: Search | None = None
) -> Ints:
    """Slots survived on each path [paths], each known in advance."""
    found = [
        survival(
            msgspec.structs.replace(island, fleet=along(island.fleet, path)), first, search
        ).slots
        for path in paths
    ]
    return np.array(found, np.int64)


def survived_with(slots: Ints, weight: Floats, confidence: float) -> int:
    """Return the longest time that paths of at least this weight survive.

    ``slots`` and ``weight`` [paths]; weights sum to 1. Each path is survived with foresight, so no
    way to run the microgrid survives longer with this confidence on these paths.
    """
    if not 0 < confidence <= 1:
        raise ValueError(f"a confidence is above 0 and at most 1, not {confidence}")
    order = np.argsort(slots, kind="stable")
    outlived = np.cumsum(np.asarray(weight)[order][::-1])[::-1]  # weight of paths from here on
    kept = np.flatnonzero(outlived >= confidence - 1e-12)
    return int(slots[order[kept[-1]]])
