"""What a need asks for before any plan can know it, and what the plan in force makes of that.

Only what that plan misses is told. It is judged as it stands: devices may do otherwise. What is
asked of a window that goes on beyond it, and what charging costs, is left to the plans to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.scheduling.messages import NeedsStated, Unheld
from gridpact.scheduling.needs.clock import shown, stretches
from gridpact.scheduling.needs.model import HotWater, Need, Run
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.prepare import zone_columns
from gridpact.scheduling.standing.appliances import Ground, allowed
from gridpact.scheduling.standing.binding import Bound, bind
from gridpact.scheduling.standing.next_plan import next_plan
from gridpact.scheduling.standing.nominal import nominal_needs
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.tiers import as_need
from gridpact.scheduling.state import InForce
from gridpact.scheduling.sums import homes_below

ROUNDING_WH = 3
"""Wh by which a plan in whole Wh may be off a bound."""


def unheld(
    places: Places, need: Need, plans: Sequence[InForce], since: int, now: int
) -> tuple[Unheld, ...]:
    """Return what no plan can hold of a need stated at ``since``, seen from ``now`` on.

    Instants are seconds since the epoch; today and the next day are looked at.
    """
    today = places.community.calendar.date_of(now)
    days = (today, today + timedelta(days=1))
    found = (_on_day(places, need, tuple(plans), day, (since, now)) for day in days)
    return tuple(one for one in found if one is not None)


def unheld_notes(found: Sequence[Unheld], timezone: str) -> Iterator[str]:
    """Say of each day from when on plans know a need, and what is missed until then."""
    for one in found:
        day, clock = shown(one.until, timezone).split()
        missed = f"misses it by {one.missing_wh / 1000:.3f} kWh"
        if one.planned:
            yield f"no plan before {clock}: the one in force until then {missed}"
        else:
            day, _ = shown(one.begin, timezone).split()
            yield f"no other plan on {day}: the one in force {missed}"


def _on_day(
    places: Places, need: Need, plans: tuple[InForce, ...], day: date, when: tuple[int, int]
) -> Unheld | None:
    """What is missed on a day until a plan made after ``since`` is in force."""
    since, now = when
    slots = places.community.calendar.day(day)
    cause = "need" if places.zones(need) is None else "limit"
    begins = next_plan(places.community, plans, day, since, cause)
    begin = max(now // slots.step * slots.step, slots.start)
    until = slots.end if begins is None else begins
    item = at(plans, begin)
    if item is None or begin >= until:
        return None
    until = min(until, item.window.end)
    window = Slots(begin, slots.step, (until - begin) // slots.step)
    missing = missed_before(places, need, item, window)
    planned = begins is not None
    return Unheld(begin, until, missing, planned) if missing > ROUNDING_WH else None


def missed_before(places: Places, need: Need, item: InForce, window: Slots) -> int:
    """Energy [Wh] by which a plan in force misses a need in a window that it covers."""
    if isinstance(need, HotWater) and window.end < item.window.end:
        window = Slots(window.start, window.step, window.count + 1)  # drawn in the slot after
    stated = nominal_needs(places.community, window)
    bound = bind(places, stated, [as_need(places, need)])
    first = (window.start - item.window.start) // window.step
    told = _Told(item, slice(first, first + window.count))
    return (
        _of_bounds(places, bound, told, window)
        + _of_power(stated, bound.stated, told)
        + _of_sums(places, bound, told, window)
        + _of_runs(places, need, item, window)
    )


class _Told:
    """What a plan in force does in some slots; all [rows, slots] Wh."""

    def __init__(self, item: InForce, span: slice) -> None:
        plan = item.plan
        self.charge, self.discharge = plan.charge_wh[:, span], plan.discharge_wh[:, span]
        self.state, self.net = plan.state_wh[:, span], plan.net_wh[:, span]


def _of_bounds(places: Places, bound: Bound, told: _Told, window: Slots) -> int:
    """The most that each state misses its bounds by, and all that flows above caps on zones."""
    most: dict[int, int] = {}
    for one in bound.bindings:
        if one.side in ("lo", "hi"):
            above = told.state[one.row, one.first : one.end] - one.bound_wh
            missing = int((above if one.side == "hi" else -above).max(initial=0))
            most[one.row] = max(most.get(one.row, 0), missing)
    total = sum(most.values())
    for caps, way in ((bound.import_cap_wh, 1), (bound.export_cap_wh, -1)):
        for zone in np.flatnonzero((caps >= 0).any(axis=1)).tolist():
            over = way * _net(places, told, (zone,), window) - caps[zone]
            total += int(np.maximum(over, 0)[caps[zone] >= 0].sum())
    return total


def _net(places: Places, told: _Told, zones: tuple[int, ...], window: Slots) -> Ints:
    """Net energy of zones with all below them [slots]."""
    inside = homes_below(zone_columns(places.community, window), zones)
    return np.asarray(told.net[inside].sum(axis=0))


def _of_power(usual: NeedsStated, left: NeedsStated, told: _Told) -> int:
    """Energy that flows where a need leaves less power than there is."""
    total = 0
    for name, flow in (("charge_max_wh", told.charge), ("discharge_max_wh", told.discharge)):
        most = getattr(left, name)
        over = np.maximum(flow - most, 0)[most < getattr(usual, name)]
        total += int(over.sum())
    return total


def _of_sums(places: Places, bound: Bound, told: _Told, window: Slots) -> int:
    """Energy by which net energy and discharge in several slots are beyond their bounds."""
    total = 0
    for one in bound.sums:
        rows, span = list(one.storage), slice(one.first, one.end)
        out = int(told.discharge[rows, span].sum())
        flows = out if one.kind == "discharge" else int(told.charge[rows, span].sum()) - out
        flows += int(_net(places, told, one.zones, window)[span].sum()) if one.zones else 0
        if one.kind != "cost":
            over = 0 if one.upper is None else flows - one.upper
            under = 0 if one.lower is None else one.lower - flows
            total += max(over, under, 0)
    return total


def _of_runs(places: Places, need: Need, item: InForce, window: Slots) -> int:
    """Energy of appliances that run while a need has them rest, or do not when it has them run."""
    runs, total = places.community.runs, 0
    rows = [places.runs[one.id] for one in places.assets(need) if one.id in places.runs]
    for row in rows:
        energy = int(runs.power_w[row]) * window.step // 3600
        length = -(-int(runs.duration_s[row]) // window.step)
        start = int(item.plan.run_start[row])
        begun = item.window.start + start * window.step - window.start
        slot = begun // window.step + np.arange(length if start >= 0 else 0)
        inside = slot[(slot >= 0) & (slot < window.count)]
        if isinstance(need, Run):
            total += energy * length * _not_run(need, slot, window, places.timezone)
        else:
            total += energy * int((~allowed(need, Ground(window, places))[inside]).sum())
    return total


def _not_run(need: Run, slot: Ints, window: Slots, timezone: str) -> int:
    """How often a need asks for a run in the window, and none is there."""
    count = 0
    for one in stretches(need.window, window.start, window.end, timezone):
        first, end = ((at - window.start) // window.step for at in (one.begin, one.end))
        inside = len(slot) > 0 and first <= slot[0] and slot[-1] < end
        count += one.end <= window.end and not inside
    return count
