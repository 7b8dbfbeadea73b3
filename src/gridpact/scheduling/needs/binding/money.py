"""Budgets, and limits of batteries' cycles: sums over slots that an asset may not exceed."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import OneWay
from gridpact.scheduling.fleet.sums import affordable_wh, limited_rows
from gridpact.scheduling.needs.binding.costs import buying
from gridpact.scheduling.needs.binding.draft import Draft, Located, Span
from gridpact.scheduling.needs.model import Budget, Cycles
from gridpact.scheduling.needs.times import DAY_S, Window

TOUCH = 1e-9
"""Relative excess that counts as none."""
TOUCH_WH = 1e-6
"""Energy that counts as none."""
DAYS_A_YEAR = 366
"""A limit by the year is kept in leap years, too."""
ALL_DAY = Window(0, DAY_S)


def bind_budget(draft: Draft, need: Budget) -> None:
    """Let what one asset takes in each window cost no more than its budget.

    Energy costs the buying price of the asset's zone, below zero nothing. What was spent of a
    window that has begun must be known.
    """
    assets = draft.located(need)
    if len(assets) != 1 or assets[0].table not in ("one_way", "storage"):
        problem = "a budget is bound for one asset that charges"
        draft.refuse(need, problem, "give a run its cost, or name one such asset")
    elif draft.is_need(need):
        for span in draft.spans(need, need.window):
            _limit_spending(draft, need, assets[0], span)


def _limit_spending(draft: Draft, need: Budget, one: Located, span: Span) -> None:
    spent = draft.site.spent_nano.get(need.id) if _may_have_spent(draft, one, span) else 0
    if spent is None:
        problem = "a window has begun, and what was spent so far is not known"
        draft.refuse(need, problem, "give spent_nano")
        return
    if _overlaps(draft, one, span):
        problem = f"{one.asset.id} has a budget for some of that time already"
        draft.refuse(need, problem, "let windows be the same, or lie apart")
        return
    limits, price = draft.limits(one.table, "budget"), draft.wide(one.table, "budget_price")
    row, inside = one.row, slice(span.first, span.end)
    before = float(limits[row, span.end - 1]), price[row, inside].copy()
    zone = int(getattr(draft.site.fleet, one.table).zone[row])
    price[row, inside] = np.maximum(buying(draft, zone)[inside], 0.0)
    limits[row, span.end - 1] = min(before[0], max(need.most_nano - spent, 0) / 1000)
    if one.table == "one_way" and not _pays_for_what_is_due(draft, need, row):
        limits[row, span.end - 1], price[row, inside] = before
        return
    if span.goes_on:
        draft.later[need.id] = None
    draft.note(need, (one.table, row), "budget", span)


def _may_have_spent(draft: Draft, one: Located, span: Span) -> bool:
    """Whether an asset may have taken energy in a window before the horizon."""
    cars = draft.site.fleet.one_way
    there = one.table == "storage" or (cars is not None and int(cars.arrive[one.row]) == 0)
    return span.began and there


def _overlaps(draft: Draft, one: Located, span: Span) -> bool:
    """Whether another budget of an asset counts in some of these slots, and not in the same."""
    place = (one.table, one.row, "budget")
    own = {
        (other.first, other.end)
        for other in draft.origins
        if (other.table, other.row, other.column) == place
    }
    known = {end - 1 for _, end in own}
    given = np.flatnonzero(np.isfinite(draft.limits(one.table, "budget")[one.row])).tolist()
    if set(given) - known:
        return True  # the fleet came with a budget of its own
    return any(
        first < span.end and span.first < end and (first, end) != (span.first, span.end)
        for first, end in own
    )


def _pays_for_what_is_due(draft: Draft, need: Budget, row: int) -> bool:
    """Refuse a budget that does not pay for the energy that is due."""
    table = draft.site.fleet.one_way
    if table is None:
        return True
    power = draft.wide("one_way", "power_w")[row]
    due = draft.flat("one_way", "energy_wh")[[row]]
    alone = OneWay(
        np.zeros(1, np.int64),
        np.asarray(table.arrive)[[row]],
        draft.flat("one_way", "leave")[[row]].astype(np.int64),
        due,
        power[None],
        draft.limits("one_way", "budget")[[row]],
        draft.wide("one_way", "budget_price")[[row]],
    )
    most = affordable_wh(alone, len(power), draft.hours)[0]
    if due[0] <= most * (1 + TOUCH) + TOUCH_WH:
        return True
    problem = f"{due[0]:.0f} Wh are due, and {most:.0f} Wh can be paid for"
    draft.refuse(need, problem, "raise the budget, or ask for less energy")
    return False


def bind_cycles(draft: Draft, need: Cycles) -> None:
    """Bound the energy that each battery discharges in each local day.

    A limit by the year is shared out evenly over its days. What was discharged on a day that has
    begun must be known, unless the battery's power cannot exceed the limit anyway.
    """
    for one in draft.located(need):
        if one.table != "storage" or not one.asset.capacity_wh:
            draft.refuse(need, f"{one.asset.id} is no battery of known capacity", "name one")
            continue
        allowed = _allowed_per_day(need, one.asset.capacity_wh)
        power = draft.wide("storage", "discharge_w")[one.row] * draft.hours
        if _most_in_a_day(power, draft.site.fleet.step_s) <= allowed:
            continue
        if not draft.is_need(need):
            return
        for span in draft.spans(need, ALL_DAY):
            _limit_discharge(draft, need, one, span, allowed)


def _limit_discharge(
    draft: Draft, need: Cycles, one: Located, span: Span, allowed_wh: float
) -> None:
    table = draft.site.fleet.storage
    done = draft.site.discharged_wh.get(one.asset.id, None if span.began else 0)
    if done is None or table is None:
        problem = f"a day has begun, and what {one.asset.id} discharged so far is not known"
        draft.refuse(need, problem, "give discharged_wh")
        return
    if one.row in limited_rows(table.throughput_wh, len(table.zone)):
        problem = f"the throughput of {one.asset.id} is limited already"
        draft.refuse(need, problem, "leave one of the limits out")
        return
    limits, last = draft.limits("storage", "throughput_wh"), span.end - 1
    left = max(allowed_wh - (done if span.began else 0), 0.0)
    limits[one.row, last] = min(limits[one.row, last], left)
    if span.goes_on:
        draft.later[need.id] = None
    draft.note(need, ("storage", one.row), "throughput_wh", span)


def _allowed_per_day(need: Cycles, capacity_wh: int) -> float:
    """Energy that may be discharged in a local day [Wh]."""
    if need.per_day_ppm is not None:
        return need.per_day_ppm * capacity_wh / 1e6
    return (need.throughput_wh_per_year or 0) / DAYS_A_YEAR


def _most_in_a_day(energy: Floats, step_s: int) -> float:
    """Most energy in 25 hours, the longest local day."""
    length = min(max(25 * 3600 // step_s, 1), len(energy))
    return float(np.convolve(energy, np.ones(length), "valid").max())
