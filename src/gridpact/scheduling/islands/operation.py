"""Run a microgrid for a day or a week: commit units, store, shed by value, with or without a grid.

Limits of an island are physical: no price excuses them. The programme for the whole microgrid is
solved without that excuse; only where nothing keeps the limits, not even shedding all that may be,
is the least that goes missing looked for.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import Fleet, Prices
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.islands.emissions import Solving
from gridpact.scheduling.islands.isolation import isolated
from gridpact.scheduling.islands.reserve import Spinning, with_reserve
from gridpact.scheduling.islands.shedding import shed_wh, with_blocks
from gridpact.scheduling.islands.survival import Island
from gridpact.scheduling.islands.transition import Ready, ready
from gridpact.scheduling.reference.highs import Search, minimise
from gridpact.scheduling.reference.model import build, no_modes
from gridpact.scheduling.reference.raising import Solved
from gridpact.scheduling.reference.solve import optimum, solution_of

FAR = 10.0
"""How far above the dearest load what is missed of limits is priced, where some must be."""


class Operation(msgspec.Struct, frozen=True):
    """A schedule, and what it sheds of each block [blocks, slots] Wh.

    Where no schedule holds the reserve asked for, it holds none, and ``reserve_held`` is false.
    """

    solution: Solution
    shed_wh: Floats
    reserve_held: bool = True


def operate(
    island: Island,
    first: int = 0,
    end: int = 0,
    options: Options | None = None,
    spinning: Spinning | None = None,
    losing: Ready | None = None,
) -> Operation:
    """Schedule a microgrid that has no grid in slots ``first ≤ slot < end`` (none by default).

    Least cost of energy, fuel, starts and load not served at its value, to the gap of ``options``.
    Units of the fleet are committed exactly; ``options.method`` is not looked at. ``spinning`` is
    a reserve to hold, ``losing`` a loss of the grid to be ready for.

    Raises BadInput with all that is wrong with the fleet or its blocks, ValueError for a reserve
    or readiness that makes no sense.
    """
    options = options or Options()
    served = with_blocks(island.fleet, island.blocks)
    if losing is not None:
        served = ready(served, losing)
    fleet = isolated(served, island.zone, first, end)
    refuse_faults(fleet, island.prices)
    search = Search(gap=options.gap)
    found = None if spinning is None else _reserved(fleet, island.prices, spinning, search)
    held = found is not None or spinning is None
    found = found or optimum(fleet, island.prices, np.inf, search)
    if found is not None:
        solution = solution_of(found, np.inf, search)
    else:
        solution = _missing_least(fleet, island, options)
    return Operation(solution, shed_wh(island.fleet, island.blocks, solution), held)


def _reserved(fleet: Fleet, prices: Prices, spinning: Spinning, search: Search) -> Solved | None:
    """Solve with a reserve; storage is kept from working both ways from the start."""
    modes = np.ones_like(no_modes(fleet))
    model = with_reserve(build(fleet, prices, np.inf, modes), spinning)
    found = minimise(model.arrays, search)
    return None if found is None else Solved(model, found)


def holding(spinning: Spinning, gap: float) -> Solving:
    """Return what schedules fleets with a reserve, to a relative gap, or raises ValueError."""
    search = Search(gap=gap)

    def solving(fleet: Fleet, prices: Prices) -> Solution:
        found = _reserved(fleet, prices, spinning, search)
        if found is None:
            raise ValueError("no schedule holds the reserve and keeps all limits")
        return solution_of(found, np.inf, search)

    return solving


def _missing_least(fleet: Fleet, island: Island, options: Options) -> Solution:
    """Miss as little of the limits as possible, where all cannot be kept."""
    dearest = max((block.value for block in island.blocks), default=0.0)
    price = FAR * max(dearest, float(np.abs(np.asarray(island.prices.buy)).max()), 1.0)
    missing = msgspec.structs.replace(options, method="reference", penalty=price)
    return solve(fleet, island.prices, missing)
