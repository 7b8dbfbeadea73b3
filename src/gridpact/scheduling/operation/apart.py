"""Storage that may not do as told: planned apart from shared limits, which make room for it.

In the zones of such an asset as much is kept free of each limit as it may take or give, and its own
plan counts in none: whatever it does, the others keep the limits, as far as they can without
missing what they need. Its needs then compete with nobody's.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.problem import Plan, Problem, ZoneColumns


def set_apart(problem: Problem, rows: Ints, needs: NeedsStated) -> Problem:
    """Give storage ``rows`` homes of their own below the others, which are in no zone.

    ``needs`` are those of the owners, before needs that stand bind set-points: these may not be
    followed either.
    """
    if not rows.size:
        return problem
    homes, storage = len(problem.load_wh), problem.storage
    owner, home = storage.home[rows], storage.home.copy()
    home[rows] = homes + np.arange(len(rows))
    nothing = np.zeros((len(rows), problem.slots.count), np.int64)
    zone = np.concatenate([problem.zones.zone, np.full(len(rows), -1, np.int64)])
    zones = _with_room(problem, rows, needs)
    return msgspec.structs.replace(
        problem,
        load_wh=np.concatenate([problem.load_wh, nothing]),
        pv_wh=np.concatenate([problem.pv_wh, nothing]),
        position_wh=np.concatenate([problem.position_wh, nothing]),
        import_price=np.concatenate([problem.import_price, problem.import_price[owner]]),
        export_price=np.concatenate([problem.export_price, problem.export_price[owner]]),
        storage=msgspec.structs.replace(storage, home=home),
        zones=msgspec.structs.replace(zones, zone=zone),
    )


def _with_room(problem: Problem, rows: Ints, needs: NeedsStated) -> ZoneColumns:
    """Lower the limits of zones by what storage in them may take and give, down to nothing."""
    zones = problem.zones
    imports, exports = zones.import_limit_wh.copy(), zones.export_limit_wh.copy()
    for row in rows.tolist():
        above = int(zones.zone[problem.storage.home[row]])
        while above >= 0:
            for limit, power in (
                (imports[above], needs.charge_max_wh[row]),
                (exports[above], needs.discharge_max_wh[row]),
            ):
                limit[:] = np.where(limit < 0, limit, np.maximum(limit - power, 0))
            above = int(zones.parent[above])
    return msgspec.structs.replace(
        zones,
        import_limit_wh=imports,
        export_limit_wh=exports,
        import_spare_wh=zones.import_limit_wh - imports,
        export_spare_wh=zones.export_limit_wh - exports,
    )


def put_back(plan: Plan, problem: Problem, rows: Ints) -> Plan:
    """Return a plan of the ``problem`` in which no storage was set apart."""
    homes = len(problem.load_wh)
    net, cost = plan.net_wh[:homes].copy(), plan.cost_nano[:homes].copy()
    owner = problem.storage.home[rows]
    np.add.at(net, owner, plan.net_wh[homes:])
    np.add.at(cost, owner, plan.cost_nano[homes:])
    return msgspec.structs.replace(
        plan, net_wh=net, cost_nano=cost, curtail_wh=plan.curtail_wh[:homes]
    )
