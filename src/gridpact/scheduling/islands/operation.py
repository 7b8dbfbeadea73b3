"""Run a microgrid for a day or a week: commit units, store, shed by value, with or without a grid.

Limits of an island are physical: no price excuses them. The programme for the whole microgrid is
solved without that excuse; only where nothing keeps the limits, not even shedding all that may be,
is the least that goes missing looked for.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.faults import refuse_faults
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.islands.isolation import isolated
from gridpact.scheduling.islands.shedding import shed_wh, with_blocks
from gridpact.scheduling.islands.survival import Island
from gridpact.scheduling.reference.highs import Search
from gridpact.scheduling.reference.solve import optimum, solution_of

FAR = 10.0
"""How far above the dearest load what is missed of limits is priced, where some must be."""


class Operation(msgspec.Struct, frozen=True):
    """A schedule, and what it sheds of each block [blocks, slots] Wh."""

    solution: Solution
    shed_wh: Floats


def operate(
    island: Island, first: int = 0, end: int = 0, options: Options | None = None
) -> Operation:
    """Schedule a microgrid that has no grid in slots ``first ≤ slot < end`` (none by default).

    Least cost of energy, fuel, starts and load not served at its value, to the gap of ``options``.
    Units of the fleet are committed exactly; ``options.method`` is not looked at.

    Raises BadInput with all that is wrong with the fleet or its blocks.
    """
    options = options or Options()
    fleet = isolated(with_blocks(island.fleet, island.blocks), island.zone, first, end)
    refuse_faults(fleet, island.prices)
    search = Search(gap=options.gap)
    found = optimum(fleet, island.prices, np.inf, search)
    if found is not None:
        solution = solution_of(found, np.inf, search)
    else:
        dearest = max((block.value for block in island.blocks), default=0.0)
        price = FAR * max(dearest, float(np.abs(np.asarray(island.prices.buy)).max()), 1.0)
        missing = msgspec.structs.replace(options, method="reference", penalty=price)
        solution = solve(fleet, island.prices, missing)
    return Operation(solution, shed_wh(island.fleet, island.blocks, solution))
