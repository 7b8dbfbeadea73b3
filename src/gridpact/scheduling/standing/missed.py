"""Name the needs that a plan misses in the plan's conflicts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.prepare import wanted_runs
from gridpact.scheduling.problem import Conflict, Plan, Problem, ZoneColumns
from gridpact.scheduling.standing.bound_sums import Binding

_SIDES = {
    "need": ("lo", "hi", "draw"),
    "zone-import": ("import",),
    "zone-export": ("export",),
    "run": ("run",),
    "sum": ("sum",),
    "wished-state": ("lo", "hi"),
    "wished-power": ("charge", "discharge"),
    "wished-run": ("run",),
    "wished-sum": ("sum",),
    "soft": ("soft",),
}
"""Sides of bounds that each kind of conflict is about."""


_WHOLE = ("run", "sum", "soft")
"""Sides of which the conflict itself says that they are missed."""
_OF_ZONES = ("import", "export")
"""Sides of limits of zones, of which every Wh counts."""
_OF_POWER = ("charge", "discharge")
"""Sides of power, of which every Wh counts, too."""


def named(
    plan: Plan,
    problem: Problem,
    stated: NeedsStated,
    bindings: Sequence[Binding],
    unbound: Sequence[str] = (),
) -> Plan:
    """Put the identifiers of missed needs into the conflicts of a plan.

    Needs ``unbound``, to which the plan could not be held as things were, are conflicts of their
    own.
    """
    more = tuple(Conflict("unbound", 0, 0, 0, (need,)) for need in unbound)
    if not bindings or not plan.conflicts:
        return msgspec.structs.replace(plan, conflicts=(*plan.conflicts, *more)) if more else plan
    missed = [one for one in bindings if one.side in _WHOLE or _misses(one, plan, problem)]
    runs = wanted_runs(stated)
    found = tuple(_named(one, missed, runs) for one in plan.conflicts)
    return msgspec.structs.replace(plan, conflicts=(*found, *more))


def _named(conflict: Conflict, missed: Sequence[Binding], runs: Ints) -> Conflict:
    row = int(runs[conflict.row]) if conflict.kind in ("run", "wished-run") else conflict.row
    sides, wish = _SIDES[conflict.kind], conflict.kind.startswith("wished")
    own = (one for one in missed if one.row == row and one.side in sides and one.wish is wish)
    names = dict.fromkeys(one.need for one in own)
    return msgspec.structs.replace(conflict, needs=tuple(names))


def amounts_missed(plan: Plan, problem: Problem, bindings: Sequence[Binding]) -> dict[str, int]:
    """What a plan misses of bounds of storage and of caps on zones [Wh], by need.

    Of each storage it is the most in any slot, of a zone what all slots miss together.
    """
    most: dict[tuple[str, str, int], int] = {}
    for one in bindings:
        if one.side not in _WHOLE and _misses(one, plan, problem):
            beyond, place = _beyond(one, plan, problem), (one.need, one.side, one.row)
            counts_all = one.side in (*_OF_ZONES, *_OF_POWER)
            wh = int(beyond.sum() if counts_all else beyond.max())
            before = most.get(place, 0)
            most[place] = before + wh if counts_all else max(before, wh)
    found: dict[str, int] = {}
    for (need, *_), wh in most.items():
        found[need] = found.get(need, 0) + wh
    return found


def _misses(one: Binding, plan: Plan, problem: Problem) -> bool:
    """Whether a plan misses a bound in any slot."""
    beyond = _beyond(one, plan, problem)
    exact = one.side in (*_OF_ZONES, *_OF_POWER)
    allowed = 0 if exact else int(state_tolerance(problem.storage)[one.row])
    return bool(np.any(beyond > allowed))


def _beyond(one: Binding, plan: Plan, problem: Problem) -> Ints:
    """By how much a plan is beyond a bound [slots of the bound] Wh, 0 where it keeps it."""
    span = slice(one.first, one.end)
    if one.side in _OF_ZONES:
        net = zone_net(problem.zones, plan.net_wh)[one.row, span]
        return np.maximum((net if one.side == "import" else -net) - one.bound_wh, 0)
    if one.side in _OF_POWER:
        flow = plan.charge_wh if one.side == "charge" else plan.discharge_wh
        return np.maximum(flow[one.row, span] - one.bound_wh, 0)
    bound = one.bound_wh
    if one.side == "draw":  # as a draw that is more than there is leaves storage below its least
        bound = int(problem.storage.lo_wh[one.row, span].min(initial=0))
    above = plan.state_wh[one.row, span] - bound
    return np.maximum(above if one.side == "hi" else -above, 0)


def zone_net(zones: ZoneColumns, net_wh: Ints) -> Ints:
    """Net energy of zones with all below them [zones, slots] Wh, positive when taken."""
    found = np.zeros((len(zones.parent), net_wh.shape[1]), np.int64)
    for home, own in enumerate(zones.zone.tolist()):
        above = own
        while above >= 0:
            found[above] += net_wh[home]
            above = int(zones.parent[above])
    return found
