"""Needs of one owner that cannot all hold, found by themselves: no schedule is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from gridpact.scheduling.needs.model import (
    Budget,
    Comfort,
    EnergyWithin,
    Intervention,
    Need,
    PowerCap,
    PowerFloor,
    Quiet,
    Run,
    RunRest,
    StateOfCharge,
    Unavailable,
)
from gridpact.scheduling.needs.overlaps import Span, cross, days_to_look_at, meet, spans
from gridpact.scheduling.needs.times import DAY_S


class Placed(NamedTuple):
    """A need, and the rows of its assets.

    ``capacity_wh`` is what each of them holds, ``charge_w`` the most that any of them charges with;
    None where that differs or is not known.
    """

    need: Need
    rows: frozenset[int]
    capacity_wh: int | None = None
    charge_w: int | None = None


class Contradiction(NamedTuple):
    """Needs that do not go together, and why."""

    needs: tuple[Need, ...]
    why: str


def contradiction(new: Placed, standing: Sequence[Placed], today: date) -> Contradiction | None:
    """Find needs among those standing that a new one contradicts, from ``today`` on."""
    near = [one for one in standing if one.rows & new.rows]
    for one in near:
        if why := _pair(new, one, today) or _pair(one, new, today):
            return Contradiction((new.need, one.need), why)
    return _no_room([new, *near], today)


def _pair(first: Placed, second: Placed, today: date) -> str:
    """Why two needs do not go together, in this order of kinds; "" where they do."""
    one, other = first.need, second.need
    match one, other:
        case StateOfCharge(), StateOfCharge():
            return _states(first, second, today) or _too_fast(first, second, today)
        case Comfort(), Comfort():
            return _bands(one, other, today)
        case Budget(), Budget() if cross(one.window, other.window, today):
            return (
                "there is a budget for some of that time already; let hours be the same, or apart"
            )
        case Run(), RunRest():
            return _run_and_rest(one, other)
        case Intervention(), Intervention():
            same = (one.action, one.target_w) == (other.action, other.target_w)
            overlap = max(one.begin, other.begin) < min(one.end, other.end)
            return "they overlap" if overlap and not same else ""
    alike = one.subject == other.subject or first.rows == second.rows
    return _flows(one, other, today) if alike else ""


def _flows(one: Need, other: Need, today: date) -> str:
    """Why powers and energies of the same assets together do not go together."""
    match one, other:
        case PowerCap(), PowerFloor():
            return _powers(one, other, today)
        case PowerFloor(), PowerFloor():
            opposed = one.direction is not other.direction and meet(one, other, today)
            return "one takes while the other gives" if opposed else ""
        case EnergyWithin(), EnergyWithin():
            return _energies(one, other)
        case EnergyWithin(), PowerCap():
            return _energy_under_cap(one, other, today)
    return ""


def _states(first: Placed, second: Placed, today: date) -> str:
    one, other = first.need, second.need
    if not isinstance(one, StateOfCharge) or not isinstance(other, StateOfCharge):
        return ""
    sizes = (first.capacity_wh, second.capacity_wh)
    least, most = _in_wh(one, "least", sizes[0]), _in_wh(other, "most", sizes[1])
    shares = (one.least_ppm, other.most_ppm)
    above = least is not None and most is not None and least > most
    if shares[0] is not None and shares[1] is not None:
        above = shares[0] > shares[1]
    if above and meet(one, other, today):
        return "one asks for more than the other allows at the same time"
    return ""


def _too_fast(first: Placed, second: Placed, today: date) -> str:
    """Why what is asked cannot be charged from the most that was allowed shortly before."""
    one, other, power = first.need, second.need, first.charge_w
    if not isinstance(one, StateOfCharge) or not isinstance(other, StateOfCharge) or not power:
        return ""
    least = _in_wh(one, "least", first.capacity_wh)
    most = _in_wh(other, "most", second.capacity_wh)
    if least is None or most is None or least <= most:
        return ""
    days, lasts = days_to_look_at([one, other], today), (least - most) * 3600 / power
    late = [at for at, _ in spans(one.at, days)]
    if any(0 < at - before < lasts for at in late for before, _ in spans(other.at, days)):
        return f"from {most:g} Wh to {least:g} Wh takes {lasts / 60:.0f} minutes at {power} W"
    return ""


def _in_wh(need: StateOfCharge, side: str, capacity_wh: int | None) -> float | None:
    share, energy = getattr(need, f"{side}_ppm"), getattr(need, f"{side}_wh")
    if energy is not None:
        return float(energy)
    return None if share is None or capacity_wh is None else share * capacity_wh / 1e6


def _bands(one: Comfort, other: Comfort, today: date) -> str:
    low, high = one.low_mc, other.high_mc
    if low is not None and high is not None and low > high and meet(one, other, today, touch=True):
        return "their bands do not meet while both apply; ends count, so leave time between them"
    return ""


def _powers(cap: PowerCap, floor: PowerFloor, today: date) -> str:
    same = cap.direction is floor.direction
    if same and floor.least_w > cap.most_w and meet(cap, floor, today):
        return f"{floor.least_w} W at least, {cap.most_w} W at most"
    return ""


def _energies(one: EnergyWithin, other: EnergyWithin) -> str:
    if one.window != other.window or one.least_wh is None:
        return ""
    if one.direction is not other.direction:
        opposed = one.least_wh > 0 and other.least_wh is not None and other.least_wh > 0
        return "one takes while the other gives" if opposed else ""
    if other.most_wh is not None and one.least_wh > other.most_wh:
        return f"{one.least_wh} Wh at least, {other.most_wh} Wh at most"
    return ""


def _energy_under_cap(energy: EnergyWithin, cap: PowerCap, today: date) -> str:
    if energy.direction is not cap.direction or energy.least_wh is None:
        return ""
    fits = cap.most_w * energy.window.length_s >= energy.least_wh * 3600
    days = days_to_look_at([energy, cap], today)
    if not fits and any(
        limit[0] <= span[0] and span[1] <= limit[1]
        for span in spans(energy.window, days)
        for limit in spans(cap.window, days)
    ):
        return f"{energy.least_wh} Wh do not pass at {cap.most_w} W in the time there is"
    return ""


def _run_and_rest(run: Run, rest: RunRest) -> str:
    if not run.interruptible and run.duration_s < rest.least_run_s:
        return f"it runs for {run.duration_s} s, and once on it stays on for {rest.least_run_s} s"
    work = run.duration_s * run.times + rest.least_rest_s * (run.times - 1)
    if not run.interruptible and work > run.window.length_s:
        return f"{run.times} runs with their rests last {work} s, longer than the window"
    return ""


def _no_room(placed: Sequence[Placed], today: date) -> Contradiction | None:
    """Find a run that quiet and unavailable hours of an asset leave no room on some day."""
    for run in placed:
        for row in sorted(run.rows) if isinstance(run.need, Run) else ():
            closed = [one.need for one in placed if row in one.rows]
            if found := _crowded(run.need, closed, today):
                return found
    return None


def _crowded(run: Need, near: Sequence[Need], today: date) -> Contradiction | None:
    closed = [need for need in near if isinstance(need, Quiet | Unavailable)]
    if not isinstance(run, Run) or not closed:
        return None
    days = days_to_look_at([run, *closed], today)
    cuts = [(cut, need) for need in closed for cut in spans(need.window, days)]
    for begin, end in spans(run.window, [day for day in days if day >= today]):
        inside = [(cut, need) for cut, need in cuts if cut[0] < end and begin < cut[1]]
        if inside and not _fits(run, (begin, end), [cut for cut, _ in inside]):
            others = [need for need in closed if any(need is one for _, one in inside)]
            day = date.fromordinal(begin // DAY_S).isoformat()
            return Contradiction((run, *others), f"there is no room for it on {day}")
    return None


def _fits(run: Run, span: Span, cuts: Iterable[Span]) -> bool:
    """Whether runs fit into what cuts leave of a span."""
    rooms, at = [], span[0]
    for begin, end in sorted(cuts):
        rooms.append(max(begin - at, 0))
        at = max(at, end)
    rooms.append(max(span[1] - at, 0))
    if run.interruptible:
        return sum(rooms) >= run.duration_s * run.times
    return sum(room // run.duration_s for room in rooms) >= run.times
