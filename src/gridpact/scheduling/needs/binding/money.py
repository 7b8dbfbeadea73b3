"""Budgets, and limits of batteries' cycles: what can be guaranteed of them."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.needs.binding.costs import buying
from gridpact.scheduling.needs.binding.draft import Draft, Located, Span
from gridpact.scheduling.needs.binding.states import note_each
from gridpact.scheduling.needs.model import Budget, Cycles

TOUCH = 1e-9
"""Relative excess that counts as none."""


def bind_budget(draft: Draft, need: Budget) -> None:
    """Keep what one asset that only charges pays within a budget, at its zone's buying prices.

    It is left the cheapest slots, as many as keep even its dearest way of charging in them within
    the budget. So the budget is guaranteed; an exact bound might leave it more slots.
    """
    assets = draft.located(need)
    if len(assets) != 1 or assets[0].table != "one_way":
        problem = "a budget is bound for one asset that only charges"
        draft.refuse(need, problem, "give a run its cost, or name one such asset")
    elif draft.is_need(need):
        for span in draft.spans(need, need.window):
            _keep_within(draft, need, assets[0], span)


def _keep_within(draft: Draft, need: Budget, one: Located, span: Span) -> None:
    table = draft.site.fleet.one_way
    if table is None:
        return
    arrive, leave = int(table.arrive[one.row]), int(draft.flat("one_way", "leave")[one.row])
    power = draft.wide("one_way", "power_w")[one.row]
    stay = np.zeros(len(power), np.bool_)
    stay[arrive:leave] = power[arrive:leave] > 0
    if not stay[span.first : span.end].any():
        return
    if stay[: span.first].any() or stay[span.end :].any():
        problem = "it may charge outside the window, too"
        draft.refuse(need, problem, "let the window cover its stay")
        return
    due = float(draft.flat("one_way", "energy_wh")[one.row])
    price = buying(draft, int(table.zone[one.row]))
    slots = np.flatnonzero(stay)
    order = slots[np.argsort(price[slots], kind="stable")]
    count = _affordable(power[order] * draft.hours, price[order], due, need.most_nano)
    if not count:
        least = _filled(power[order] * draft.hours, price[order], due)
        problem = f"charging costs at least {least / 1e9:g}"
        draft.refuse(need, problem, "raise the budget, or ask for less energy")
        return
    closed = stay.copy()
    closed[order[:count]] = False
    power[closed] = 0.0
    note_each(draft, need, ("one_way", one.row), "power_w", closed)


def _affordable(energy: Floats, price: Floats, due: float, most: int) -> int:
    """How many of the cheapest slots keep the dearest filling within a budget; 0 where none do."""
    enough = int(np.searchsorted(np.cumsum(energy), due * (1 - TOUCH))) + 1
    best = 0
    for count in range(enough, len(energy) + 1):
        dearest = _filled(energy[:count][::-1], price[:count][::-1], due)
        if dearest <= most * (1 + TOUCH):
            best = count
    return best


def _filled(energy: Floats, price: Floats, due: float) -> float:
    """Cost of filling slots in this order until what is due is reached [nano-¤]."""
    before = np.concatenate([[0.0], np.cumsum(energy)[:-1]])
    taken = np.clip(due - before, 0.0, energy)
    return float(taken @ price)


def bind_cycles(draft: Draft, need: Cycles) -> None:
    """Accept what no schedule could exceed; refuse what would need a bound that there is not.

    Limits of a fleet bound net energy, which charging makes up for; energy discharged is bounded
    by power alone.
    """
    for one in draft.located(need):
        if one.table != "storage" or not one.asset.capacity_wh:
            draft.refuse(need, f"{one.asset.id} is no battery of known capacity", "name one")
            continue
        allowed = _allowed_per_day(need, one.asset.capacity_wh)
        power = draft.wide("storage", "discharge_w")[one.row] * draft.hours
        if _most_in_a_day(power, draft.site.fleet.step_s) > allowed:
            problem = "energy discharged has no bound in a schedule, only a price"
            draft.refuse(need, problem, f"give {one.asset.id} a cost of wear")


def _allowed_per_day(need: Cycles, capacity_wh: int) -> float:
    """Energy that may be discharged in any 24 hours [Wh]."""
    if need.per_day_ppm is not None:
        return need.per_day_ppm * capacity_wh / 1e6
    return (need.throughput_wh_per_year or 0) / 366


def _most_in_a_day(energy: Floats, step_s: int) -> float:
    """Most energy in 25 hours, the longest local day."""
    length = min(max(25 * 3600 // step_s, 1), len(energy))
    return float(np.convolve(energy, np.ones(length), "valid").max())
