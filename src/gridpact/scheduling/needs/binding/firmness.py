"""Which bounds asked of storage may give way, and which have to be firm.

The solver by levels lets a bound give way at the end of the horizon, or, for storage that does not
feed back afterwards, at any slot of a fleet without runs, generators and rows over several slots.
Storage outside that would be refused by it, so its needs become bounds that always hold, where it
can keep them; its wishes are refused.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from gridpact.base.errors import Fault
from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import UNBOUNDED, Fleet, Storage
from gridpact.scheduling.fleet.storage_faults import unreachable
from gridpact.scheduling.fleet.sums import by_slot
from gridpact.scheduling.needs.binding.draft import Ask, Draft, Span
from gridpact.scheduling.needs.binding.states import per_slot_row
from gridpact.scheduling.priorities.levels import Level

BY_SLOT = (
    "charge_w",
    "discharge_w",
    "lo_wh",
    "hi_wh",
    "draw_wh",
    "efficiency_in",
    "budget_price",
)
"""Columns of storage that may vary from slot to slot."""
SUMS = ("throughput_wh", "budget")
"""Columns of storage that limit sums over slots."""


def part_asks(draft: Draft, fleet: Fleet) -> dict[int, list[Ask]]:
    """Return what is asked and may give way, by row; make the rest firm, or refuse it.

    ``fleet`` has all rows of runs and of the portfolio.
    """
    soft: dict[int, list[Ask]] = {}
    firm: dict[int, list[Ask]] = {}
    whole = _is_whole(fleet)
    changed = {one.row for one in draft.origins if one.table == "storage"}
    for row in sorted(changed & _unreachable(draft)):
        _take_back(draft, row)
    for row, asks in sorted(draft.asked.items()):
        possible = [ask for ask in asks if _holds(draft, row, ask)]
        if _gives_way(draft, row, possible, whole):
            soft[row] = possible
            for ask in possible:
                span = Span(ask.slot, ask.slot + 1)
                place = ("storage", row)
                draft.note(ask.need, place, "lo_wh", span, firm=False, bound=ask.energy_wh)
        else:
            firm[row] = [ask for ask in possible if _is_a_need(draft, ask)]
    _make_firm(draft, firm)
    return soft


def _is_whole(fleet: Fleet) -> bool:
    """Whether bounds before the last slot would cut something in two."""
    portfolio = fleet.portfolio
    spans = portfolio is not None and bool(
        np.any(np.asarray(portfolio.end) - np.asarray(portfolio.first) > 1)
    )
    return fleet.runs is not None or fleet.generators is not None or spans


def _holds(draft: Draft, row: int, ask: Ask) -> bool:
    """Refuse what is asked beyond what is held."""
    high = per_slot_row(draft, "hi_wh", row)[ask.slot]
    if ask.energy_wh > high * (1 + 1e-12):
        problem = f"asks for {ask.energy_wh:g} Wh where {high:g} Wh are held at most"
        draft.refuse(ask.need, problem, "ask for no more than that")
        return False
    return True


def _gives_way(draft: Draft, row: int, asks: list[Ask], whole: bool) -> bool:
    """Whether the solver by levels can let what is asked of a row give way."""
    slots = {ask.slot for ask in asks}
    levels = {ask.need.level for ask in asks}
    last = draft.site.fleet.slots - 1
    if draft.number("storage", "ramp_w", row) < UNBOUNDED:
        return False
    if slots <= {last}:
        return True
    if whole or len(levels) > 1:
        return False
    feeds = per_slot_row(draft, "discharge_w", row) > 0
    if feeds[min(slots) + 1 :].any():
        return False
    return not (feeds.any() and draft.number("storage", "kept", row) < 1)


def _is_a_need(draft: Draft, ask: Ask) -> bool:
    if ask.need.level is not Level.NEEDS:
        problem = "a wish before the end of the horizon cannot give way here"
        draft.refuse(ask.need, problem, "make it a need, or ask for it at the end")
    return ask.need.level is Level.NEEDS


def _make_firm(draft: Draft, firm: dict[int, list[Ask]]) -> None:
    """Make bounds firm for all rows at once; rows that cannot keep them get them one by one."""
    if not any(firm.values()):
        return
    low = draft.wide("storage", "lo_wh")
    before = {row: low[row].copy() for row in firm}
    for row, asks in firm.items():
        for ask in asks:
            low[row, ask.slot] = max(low[row, ask.slot], ask.energy_wh)
    stuck = _unreachable(draft)
    for row, asks in firm.items():
        if row in stuck:
            low[row] = before[row]
        for ask in asks:
            if row not in stuck or _keeps(draft, low[row], row, ask):
                span = Span(ask.slot, ask.slot + 1)
                draft.note(ask.need, ("storage", row), "lo_wh", span, bound=ask.energy_wh)


def _keeps(draft: Draft, low: Floats, row: int, ask: Ask) -> bool:
    """Bound one more state of a row where that can be kept; else refuse it."""
    before = float(low[ask.slot])
    low[ask.slot] = max(before, ask.energy_wh)
    if _reachable(draft, row):
        return True
    low[ask.slot] = before
    problem = f"{ask.energy_wh:g} Wh cannot be reached by then beside what else is asked of it"
    draft.refuse(ask.need, problem, "ask for less, or for a later time")
    return False


def _unreachable(draft: Draft) -> set[int]:
    """Rows of storage that cannot keep their bounds as they are now."""
    table = draft.site.fleet.storage
    if table is None:
        return set()
    columns = {name: values for (kind, name), values in draft.columns.items() if kind == "storage"}
    wrong, _ = unreachable(replace(table, **columns), draft.site.fleet)
    return set(np.flatnonzero(wrong).tolist())


def _reachable(draft: Draft, row: int) -> bool:
    """Whether a row can keep its bounds as they are now."""
    table = draft.site.fleet.storage
    if table is None:
        return True
    columns = {}
    for name in table.__struct_fields__:
        if name in BY_SLOT:
            columns[name] = np.array(per_slot_row(draft, name, row))[None]
        elif name in SUMS:
            columns[name] = draft.limits("storage", name)[[row]]
        elif name != "zone":
            columns[name] = np.array([draft.number("storage", name, row)])
    alone = Storage(zone=np.zeros(1, np.int64), **columns)
    if np.any(columns["lo_wh"] > columns["hi_wh"]):
        return False
    wrong, _ = unreachable(alone, draft.site.fleet)
    return not wrong[0]


def _take_back(draft: Draft, row: int) -> None:
    """Take back every bound of a row that cannot keep them all, and refuse the needs behind."""
    table = draft.site.fleet.storage
    names = {one.need for one in draft.origins if (one.table, one.row) == ("storage", row)}
    for name in BY_SLOT:
        if ("storage", name) in draft.columns:
            values = np.asarray(getattr(table, name), np.float64)
            draft.columns["storage", name][row] = values if values.ndim == 0 else values[row]
    for name in SUMS:
        if ("storage", name) in draft.columns and table is not None:
            own = by_slot(getattr(table, name), len(table.zone), draft.site.fleet.slots)
            draft.columns["storage", name][row] = own[row]
    draft.origins = [one for one in draft.origins if (one.table, one.row) != ("storage", row)]
    listed = " and ".join(sorted(names))
    for name in sorted(names):
        problem = f"{listed} cannot be kept by {_asset(draft, row)}, whatever it does"
        draft.faults.append(Fault("need", 0, name, problem, "ask for less, or for other times"))


def _asset(draft: Draft, row: int) -> str:
    """Name the asset in a row of storage."""
    places = draft.site.places.items()
    return next((name for name, place in places if place == ("storage", row)), f"storage {row}")
