"""What is least given up together: the answer by levels, in terms of needs, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Floats
from gridpact.scheduling.audit.assets import check_assets
from gridpact.scheduling.audit.report import Breaches
from gridpact.scheduling.audit.shared import Sums, misses
from gridpact.scheduling.explanation.every_state import firm_states, least_together
from gridpact.scheduling.explanation.model import Joint, Part
from gridpact.scheduling.explanation.trial import TOUCH_WH, firm_fleet, judged
from gridpact.scheduling.fleet.columns import Fleet, per_asset, per_slot
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.fleet.solution import Schedules, Solution
from gridpact.scheduling.fleet.solve import solve
from gridpact.scheduling.needs.binding.bind import bind
from gridpact.scheduling.needs.binding.model import Bound, Site
from gridpact.scheduling.needs.model import Need
from gridpact.scheduling.priorities.levels import Level, Shortfall
from gridpact.scheduling.priorities.solve import least_losses, problem_of

MARGIN_WH = 0.1
"""Added to what each part gives up: what is missing is known to some digits only."""


def joint_relaxation(site: Site, needs: Sequence[Need], near: Solution | None = None) -> Joint:
    """Find what has to be given up at least, later levels first, and then costs least.

    It is known that not all can be kept: ``near`` is the answer that proves it, whose prices of
    limits tell about what these are worth here. Those of sums of several assets do not.

    A need behind a shortfall of several is named first of them; a limit of the fleet itself is
    named as such. A need that the solver by levels would hold firm gives before limits and
    contracts, too (:mod:`.every_state`).
    """
    bound, owners = bind(site, needs), {need.id: need.owner for need in needs}
    least = least_together(site, needs, bound) if firm_states(bound, needs) else None
    if least is not None:
        gone = [one.of for one in least.missing]
        return Joint(
            parts=_parts([(one.of, one.need) for one in least.missing], owners),
            least_wh=least.least_wh,
            cost_nano=least.cost_nano,
            fits=judged(bound, eased(bound, gone)).fits,
        )
    near = near if bound.fleet.portfolio is None else None
    problem = problem_of(bound.fleet, site.prices, bound.needs, Options(), solve)
    answer = least_losses(problem, short=True, near=near)
    missing = answer.shortfalls()
    named = [(one, (bound.behind(one) or ("",))[0]) for one in missing]
    return Joint(
        parts=_parts(named, owners),
        least_wh=tuple(loss.least_wh for loss in answer.losses),
        cost_nano=answer.cost_upper_nano,
        fits=_fits(bound, missing, answer.schedules()),
    )


def _parts(missing: Sequence[tuple[Shortfall, str]], owners: Mapping[str, str]) -> tuple[Part, ...]:
    """Add up what is missing of each need; a limit of the fleet is named by its row."""
    total: dict[tuple[Level, str], float] = {}
    for one, need in missing:
        key = one.level, need or f"{one.kind} of row {one.row}"
        total[key] = total.get(key, 0.0) + one.missing_wh
    found = (Part(*key, wh, owner=owners.get(key[1], "")) for key, wh in total.items())
    return tuple(sorted(found))


def _fits(bound: Bound, missing: Sequence[Shortfall], schedules: Schedules) -> bool:
    """Whether all else is kept where this is given up: by these schedules, or by some found."""
    exactly = eased(bound, missing, margin_wh=0.0)
    return _keeps(exactly, schedules) or judged(bound, eased(bound, missing)).fits


def _keeps(fleet: Fleet, schedules: Schedules) -> bool:
    """Whether schedules keep every bound of every asset and every shared limit, plainly audited."""
    breaches, sums = Breaches(), Sums(fleet)
    told = replace(schedules, state_wh=_states(fleet, schedules))
    for taken in check_assets(breaches, fleet, np.arange(len(fleet.zones.parent)), told):
        sums.add(taken)
    return not breaches.found and sum(one.missing_wh for one, _ in misses(sums)) <= TOUCH_WH


def _states(fleet: Fleet, schedules: Schedules) -> Floats:
    """What storage really holds after each slot [assets, slots] Wh, nothing made up."""
    table = fleet.storage
    if table is None:
        return schedules.state_wh
    count = len(table.zone)
    state, out, kept = (
        per_asset(values, count) for values in (table.initial_wh, table.efficiency_out, table.kept)
    )
    into, draw = (
        per_slot(each, count, fleet.slots) for each in (table.efficiency_in, table.draw_wh)
    )
    gained = into * schedules.charge_wh - schedules.discharge_wh / out[:, None] - draw
    states = np.empty(gained.shape)
    for slot in range(fleet.slots):
        state = kept * state + gained[:, slot]
        states[:, slot] = state
    return states


def eased(bound: Bound, missing: Sequence[Shortfall], margin_wh: float = MARGIN_WH) -> Fleet:
    """The fleet in which all that is missing is given up, and nothing else gives way."""
    fleet = firm_fleet(bound)
    for one in missing:
        fleet = _EASE[one.kind](fleet, replace(one, missing_wh=one.missing_wh + margin_wh))
    return fleet


def _limit(fleet: Fleet, one: Shortfall) -> Fleet:
    name = f"{one.kind}_limit_w"
    limit = np.array(per_slot(getattr(fleet.zones, name), len(fleet.zones.parent), fleet.slots))
    limit[one.row, one.slot] += one.missing_wh / fleet.hours
    return replace(fleet, zones=replace(fleet.zones, **{name: limit}))


def _row(fleet: Fleet, one: Shortfall) -> Fleet:
    if fleet.portfolio is None:
        return fleet
    name = f"{one.kind}_wh"
    bound = np.array(getattr(fleet.portfolio, name), np.float64)
    more = one.missing_wh
    bound[one.row] += more if one.kind == "upper" else -more
    return replace(fleet, portfolio=replace(fleet.portfolio, **{name: bound}))


def _due(fleet: Fleet, one: Shortfall) -> Fleet:
    if fleet.one_way is None:
        return fleet
    due = per_asset(fleet.one_way.energy_wh, len(fleet.one_way.zone)).copy()
    due[one.row] = max(due[one.row] - one.missing_wh, 0.0)
    return replace(fleet, one_way=replace(fleet.one_way, energy_wh=due))


def _state(fleet: Fleet, one: Shortfall) -> Fleet:
    """What is missing after a slot is missing later, too."""
    table = fleet.storage
    if table is None:
        return fleet
    low = np.array(per_slot(table.lo_wh, len(table.zone), fleet.slots))
    own = low[one.row, one.slot :]
    own -= np.minimum(one.missing_wh, np.maximum(own, 0.0))
    return replace(fleet, storage=replace(table, lo_wh=low))


def _above(fleet: Fleet, one: Shortfall) -> Fleet:
    """What is held too much after a slot may be held later, too, up to what it ever holds."""
    table = fleet.storage
    if table is None:
        return fleet
    high = np.array(per_slot(table.hi_wh, len(table.zone), fleet.slots))
    own = high[one.row, one.slot :]
    own[:] = np.minimum(own + one.missing_wh, max(high[one.row].max(), one.missing_wh))
    return replace(fleet, storage=replace(table, hi_wh=high))


def _run(fleet: Fleet, one: Shortfall) -> Fleet:
    if fleet.runs is None:
        return fleet
    value = per_asset(fleet.runs.value, len(fleet.runs.zone)).copy()
    value[one.row] = 0.0
    return replace(fleet, runs=replace(fleet.runs, value=value))


_EASE = {
    "import": _limit,
    "export": _limit,
    "lower": _row,
    "upper": _row,
    "one_way": _due,
    "storage": _state,
    "above": _above,
    "runs": _run,
}
