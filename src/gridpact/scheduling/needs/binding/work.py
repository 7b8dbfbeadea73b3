"""Needs about work: runs, their rests and starts, and the quiet hours that they keep clear of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridpact.scheduling.fleet.columns import UNBOUNDED
from gridpact.scheduling.needs.binding.costs import affordable
from gridpact.scheduling.needs.binding.draft import Draft, Span
from gridpact.scheduling.needs.directory import Asset, Unclear
from gridpact.scheduling.needs.model import (
    Action,
    Intervention,
    Need,
    Quiet,
    Run,
    RunRest,
    Starts,
    Unavailable,
)
from gridpact.scheduling.priorities.levels import Level


class RunRow(NamedTuple):
    """A run to come; columns as in :class:`~gridpact.scheduling.fleet.columns.Runs`."""

    need: Run
    zone: int
    first: int
    end: int
    length: int
    power_w: int
    interruptible: bool
    min_on: int
    min_off: int
    times: int
    pause: int
    most_starts: int
    value: float


def runs_of(draft: Draft, needs: Sequence[Need]) -> list[RunRow]:
    """Turn runs into rows, one for each window and asset.

    An appliance does one thing at a time, which rows of their own do not know: of two runs whose
    rooms overlap, the later by identifier is refused.
    """
    found: list[RunRow] = []
    about, taken = _about_runs(draft, needs), dict[str, list[RunRow]]()
    for need in [one for one in needs if isinstance(one, Run)]:
        for asset in _appliances(draft, need):
            others = about.get(draft.site.directory.by_id[asset.id], [])
            rows = _rows(draft, need, asset, others)
            before = taken.setdefault(asset.id, [])
            clash = [one.need.id for one in before for row in rows if _overlap(one, row)]
            if clash:
                problem = f"{asset.id} may have to run for {clash[0]} at the same time"
                draft.refuse(need, problem, "give windows apart, or say how many times")
            else:
                before += rows
                found += rows
    return found


def _about_runs(draft: Draft, needs: Sequence[Need]) -> dict[int, list[Need]]:
    """Needs that say something about when an appliance runs, by row of the directory."""
    found: dict[int, list[Need]] = {}
    for need in needs:
        if not isinstance(need, Run):
            rows = draft.site.directory.rows(need.subject, need.owner)
            for row in [] if isinstance(rows, Unclear) else rows.tolist():
                found.setdefault(row, []).append(need)
    return found


def _overlap(one: RunRow, other: RunRow) -> bool:
    return max(one.first, other.first) < min(one.end, other.end)


def _is_bindable(draft: Draft, need: Run) -> bool:
    step = draft.site.fleet.step_s
    if need.level not in (Level.NEEDS, Level.WISHES):
        draft.refuse(need, "a run is a need or a wish", "say need or wish")
    elif need.duration_s % step:
        fix = f"give a multiple of {step} s"
        draft.refuse(need, f"{need.duration_s} s is no whole number of slots", fix)
    elif need.interruptible and need.times > 1 and need.most_cost_nano is not None:
        problem = "interruptible runs with a cost each are bound one by one"
        draft.refuse(need, problem, "ask for each with a window of its own")
    else:
        return True
    return False


def _appliances(draft: Draft, need: Run) -> list[Asset]:
    """Appliances of a run that can be bound, of known power and zone."""
    if not _is_bindable(draft, need):
        return []
    rows = draft.site.directory.rows(need.subject, need.owner)
    if isinstance(rows, Unclear):
        draft.refuse(need, rows.problem, rows.fix)
        return []
    found = []
    for row in rows.tolist():
        asset = draft.site.directory.assets[row]
        if not asset.charge_w:
            draft.refuse(need, f"the power of {asset.id} is not known", "register it")
        elif asset.zone not in draft.site.zones:
            draft.refuse(need, f"{asset.id} is in no zone of the fleet", "leave it out")
        else:
            found.append(asset)
    return found


def _rows(draft: Draft, need: Run, asset: Asset, others: Sequence[Need]) -> list[RunRow]:
    step = draft.site.fleet.step_s
    rests = [one for one in others if isinstance(one, RunRest)]
    least_on = max([-(-one.least_run_s // step) for one in rests], default=1) or 1
    least_off = max([-(-one.least_rest_s // step) for one in rests], default=0)
    length, times = need.duration_s // step, need.times
    if need.interruptible:
        length, times = length * times, 1
    if least_on > length:
        draft.refuse(need, "is shorter than the appliance stays on", "ask for a longer run")
        return []
    starts = _starts(draft, need, others)
    if starts is None:
        return []
    found = []
    zone, power_w = draft.site.zones[asset.zone], asset.charge_w or 0
    least = times * length + (times - 1) * least_off
    for room in _rooms(draft, need, others, least):
        span = affordable(draft, need, room, least, (zone, power_w * draft.hours))
        if span is None:
            continue
        found.append(
            RunRow(
                need=need,
                zone=zone,
                first=span.first,
                end=span.end,
                length=length,
                power_w=power_w,
                interruptible=need.interruptible,
                min_on=least_on if need.interruptible else 1,
                min_off=max(least_off, 1) if need.interruptible else 1,
                times=times,
                pause=0 if need.interruptible else least_off,
                most_starts=starts if need.interruptible else 0,
                value=_value(need, asset),
            )
        )
    return found


def bind_run_rest(draft: Draft, need: RunRest) -> None:
    """Bind least times on and off of generators; those of appliances are bound with their runs."""
    step = draft.site.fleet.step_s
    for one in draft.located(need, skip_appliances=True):
        if one.table != "generators":
            problem = f"how often {one.asset.id} goes on and off is not part of its model"
            draft.refuse(need, problem, "name an appliance or a generator")
            continue
        whole = Span(0, draft.site.fleet.slots)
        for column, seconds in (("min_up", need.least_run_s), ("min_down", need.least_rest_s)):
            least = draft.flat("generators", column)
            least[one.row] = max(least[one.row], -(-seconds // step))
            draft.note(need, ("generators", one.row), column, whole)


def bind_starts(draft: Draft, need: Starts) -> None:
    """Refuse starts of anything but appliances, which are bound with their runs."""
    for one in draft.located(need, skip_appliances=True):
        problem = f"how often {one.asset.id} starts is not part of its model"
        draft.refuse(need, problem, "name an appliance")


def _value(need: Run, asset: Asset) -> float:
    """What a run is worth [µ¤]; infinite where it must take place."""
    if need.worth_micro is None:
        return UNBOUNDED
    times = need.times if need.interruptible else 1  # one row for all of the work
    return need.worth_micro * (asset.charge_w or 0) * need.duration_s * times / 3.6e6


def _starts(draft: Draft, need: Run, others: Sequence[Need]) -> int | None:
    """Most starts of a run, 0 for any number; None where refused."""
    found = 0
    for one in others:
        if not isinstance(one, Starts):
            continue
        if one.window != need.window:
            problem = "starts of a run are counted in the window of the run"
            draft.refuse(one, problem, f"give both the same window as {need.id or 'the run'}")
            return None
        if not one.most or (not need.interruptible and need.times > one.most):
            draft.refuse(need, f"{one.most} starts do not do for it", "ask for fewer runs")
            return None
        found = min(found, one.most) if found else one.most
    return found


def _rooms(draft: Draft, need: Run, others: Sequence[Need], least: int) -> list[Span]:
    """Slots in which a run has room, one stretch for each window."""
    closed = [False] * draft.site.fleet.slots
    for one in others:
        for span in _closed_by(draft, one):
            closed[span.first : span.end] = [True] * (span.end - span.first)
    found = []
    for span in draft.spans(need, need.window):
        if span.goes_on:  # it may still run later
            draft.later[need.id] = None
            continue
        if span.began and draft.site.so_far_wh.get(need.id):
            draft.refuse(need, "has run in this window already", "ask for what is left of it")
            continue
        rooms = _free(closed, span)
        wide = [room for room in rooms if room.end - room.first >= least]
        if len(rooms if need.interruptible else wide) > 1:
            problem = "quiet hours leave it several rooms, where a schedule knows one"
            draft.refuse(need, problem, "give a window for one of them")
        elif wide:
            found.append(wide[0])
        else:
            draft.refuse(need, "there is no room left for it", "widen the window")
    return found


def _closed_by(draft: Draft, need: Need) -> list[Span]:
    site = draft.site
    if isinstance(need, Quiet | Unavailable):
        return list(draft.spans(need, need.window, outward=True))
    if isinstance(need, Intervention) and need.action in (Action.STOP, Action.OFF):
        begin, end = max(need.begin, site.start), min(need.end, site.end)
        span = draft.span(need, begin, end, outward=True) if begin < end else None
        return [span] if span is not None else []
    return []


def _free(closed: Sequence[bool], span: Span) -> list[Span]:
    """Stretches of open slots within a span."""
    found, first = [], span.first
    for slot in range(span.first, span.end + 1):
        if slot == span.end or closed[slot]:
            if slot > first:
                found.append(Span(first, slot))
            first = slot + 1
    return found
