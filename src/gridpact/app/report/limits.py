"""Zones and feeders: flow against limit, kept or explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.report import drawing
from gridpact.app.report.parts import Figure, Notes, Part, Section, Table
from gridpact.app.report.series import in_force, within
from gridpact.app.report.text import MISSING, counted, kwh, number, percent
from gridpact.app.report.view import View
from gridpact.app.stated_limits import group_words
from gridpact.base.units import Floats, Ints
from gridpact.scheduling.messages import NeedsStated, NeedStated, ScheduleSolved
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.problem import Conflict
from gridpact.supervision.messages import LimitExceeded, TotalExceeded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PLOTS, MOST_ROWS, MOST_ALARMS = 4, 40, 20
WH_TO_KW = 3.6
_CONFLICTS = {
    "need": "stored energy asked for",
    "zone-import": "import limit",
    "zone-export": "export limit",
    "run": "appliance run",
    "sum": "energy, power or cost asked for",
    "unbound": "need not possible then",
    "wished-state": "stored energy wished for",
    "wished-power": "power wished for",
    "wished-run": "run at the time wished for",
    "wished-sum": "energy, power or cost wished for",
    "soft": "missed for what it saves",
}


@dataclass(frozen=True)
class Usage:
    """Peaks of each zone [zones] in W, NaN where nothing was metered or is limited.

    ``share`` is the larger of import and export against its limit.
    """

    imported: Floats
    exported: Floats
    share: Floats


def usage(view: View) -> Usage:
    """Find each zone's highest average power over a slot, either way."""
    power = view.flows.metered * (3600 / view.axis.slots.step)
    filled = np.where(np.isnan(power), -np.inf, power)
    seen = np.isfinite(filled).any(axis=1)
    imported = np.where(seen, np.maximum(filled.max(axis=1, initial=-np.inf), 0), np.nan)
    lowest = np.where(np.isnan(power), np.inf, power).min(axis=1, initial=np.inf)
    exported = np.where(seen, np.maximum(-lowest, 0), np.nan)
    zones = view.community.zones
    shares = np.stack(
        [imported / _limit(zones.import_limit_w), exported / _limit(zones.export_limit_w)]
    )
    bare = np.isnan(shares).all(axis=0)
    share = np.where(bare, np.nan, np.nanmax(np.where(bare, 0.0, shares), axis=0))
    return Usage(imported, exported, share)


def _limit(limit_w: Ints) -> Floats:
    return np.where(limit_w > 0, limit_w, np.nan).astype(np.float64)


def alarms(view: View) -> list[LimitExceeded]:
    """Alarms about the slots shown."""
    slots = view.axis.slots
    found = view.record.all(LimitExceeded)
    return [alarm for alarm in found if slots.start <= alarm.slot < slots.end]


def exceeded(view: View) -> Ints:
    """Number of slots in which each zone was over its limit, from the alarms [zones]."""
    count = np.zeros(len(view.community.zones.ids), np.int64)
    for alarm in alarms(view):
        count[alarm.zones] += 1
    return count


@dataclass(frozen=True)
class Excess:
    """What ``zones`` (rows) carried in a slot [s], together where several, over a limit of theirs.

    ``energy_wh`` and ``limit_wh`` are signed: positive when imported, negative when exported.
    ``need`` is that which states the limit, "" where it is the zone's own. A ``group`` is named
    that is no zone, such as ``kind car``; it has no ``zones``.
    """

    slot: int
    zones: tuple[int, ...]
    energy_wh: int
    limit_wh: int
    need: str
    group: str = ""


def excesses(view: View) -> list[Excess]:
    """Return every limit that was exceeded in the slots shown, one by one."""
    found = []
    for alarm in alarms(view):
        needs = alarm.needs or ("",) * alarm.zones.size
        columns = (alarm.zones.tolist(), alarm.energy_wh.tolist(), alarm.limit_wh.tolist(), needs)
        for zone, energy, limit, need in zip(*columns, strict=True):
            found.append(Excess(alarm.slot, (zone,), energy, limit, need))
        for one in alarm.together:
            amounts, group = (one.energy_wh, one.limit_wh), _group(view, one)
            found.append(Excess(alarm.slot, one.zones, *amounts, one.need, group))
    return found


def _group(view: View, one: TotalExceeded) -> str:
    """What a group that is no zone goes by; "" of zones."""
    stated = view.record.all(NeedStated) if not one.zones else []
    needs = (each.need for each in stated if each.id == one.need)
    return next((group_words(need) for need in needs if need is not None), "")


@dataclass(frozen=True)
class Unmet:
    """A need or limit that schedules could not meet: what, whose, from when [s], by how much.

    ``sessions`` counts the schedules of the day that named it; the numbers are the last one's.
    """

    what: str
    of: str
    start: int
    missing_wh: int
    sessions: int


def unmet(view: View) -> list[Unmet]:
    """Everything that schedules named within the slots they were in force for, once a day."""
    found: dict[tuple[str, str, str], Unmet] = {}
    for solved in in_force(view.record):
        name = solved.session if isinstance(solved, ScheduleSolved) else solved.name
        for conflict in solved.plan.conflicts:
            start = solved.horizon.start + conflict.first_slot * solved.horizon.step
            if not start < min(solved.window.end, view.axis.slots.end):
                continue
            what = _CONFLICTS.get(conflict.kind, conflict.kind)
            of = _subject(view, name, conflict)
            key = (str(view.axis.calendar.date_of(start)), what, of)
            times = found[key].sessions if key in found else 0
            found[key] = Unmet(what, of, start, conflict.missing_wh, times + 1)
    return sorted(found.values(), key=lambda item: (item.start, item.what, item.of))


def section(view: View) -> Section:
    """Zones as table and plot, alarms and conflicts one by one."""
    used, over = usage(view), exceeded(view)
    parts: list[Part] = []
    if not np.isnan(used.share).all():
        parts.append(_figure(view, used))
    parts += [_zones(view, used, over), *_alarms(view), *_unmet(view)]
    slots, found = len(excesses(view)), len(unmet(view))
    lead = (
        "Every limit was kept in every slot."
        if not slots
        else f"Limits were exceeded in {counted(slots, 'slot', 'slots')}, explained below."
    )
    if found:
        needs = counted(found, "need or limit", "needs or limits")
        lead += f" Schedules named {needs} that they could not meet."
    return Section("limits", "Limits of zones and feeders", lead, tuple(parts))


def _figure(view: View, used: Usage) -> Figure:
    order = np.argsort(-np.nan_to_num(used.share, nan=-1.0), kind="stable")
    limited = [int(row) for row in order if not np.isnan(used.share[row])]
    rows = sorted(limited[:MOST_PLOTS])

    def paint(panels: list[Axes]) -> None:
        for panel, row in zip(panels, rows, strict=True):
            _paint_zone(view, panel, row)
        drawing.legend(panels[0])
        drawing.timeline(panels, view.axis)

    hidden = len(limited) - len(rows)
    caption = (
        f"Average power per {view.axis.per} where the zone joins the network; positive is import, "
        "negative export. A dot marks a slot over the limit."
        + (f" {hidden} zones further from their limits are not drawn." if hidden else "")
    )
    svg = drawing.draw("zones", (1.1,) * len(rows), paint)
    return Figure("zones", "Flow against limit", caption, svg)


def _paint_zone(view: View, panel: Axes, row: int) -> None:
    zones, axis = view.community.zones, view.axis
    to_kw = WH_TO_KW / axis.slots.step
    planned = axis.meant(view.flows.planned[row]) * to_kw
    metered = axis.meant(view.flows.metered[row]) * to_kw
    drawing.steps(
        panel, axis, planned, linestyle=drawing.DASHED, color=drawing.SUPPLIER, label="plan"
    )
    drawing.steps(panel, axis, metered, color=drawing.ACTUAL, label="metered")
    label: str | None = "limit"
    for limit in (int(zones.import_limit_w[row]), -int(zones.export_limit_w[row])):
        if limit not in (-1, 1):
            panel.axhline(limit / 1000, color=drawing.LIMIT, linewidth=1.2, label=label)
            label = None
    over = [alarm for alarm in alarms(view) if row in alarm.zones]
    hours = [(alarm.slot - axis.slots.start + axis.slots.step / 2) / 3600 for alarm in over]
    flow = [alarm.energy_wh[alarm.zones == row][0] * to_kw for alarm in over]
    panel.plot(hours, flow, "o", color=drawing.LIMIT, markersize=4, clip_on=False)
    panel.axhline(0, color=drawing.ACTUAL, linewidth=0.4)
    panel.set_ylabel("kW")
    panel.set_title(zones.ids[row])


def _zones(view: View, used: Usage, over: Ints) -> Table:
    zones, inside = view.community.zones, within(view.community)
    order = np.lexsort((np.arange(over.size), -np.nan_to_num(used.share, nan=-1.0), -over))
    shown = sorted(order[:MOST_ROWS].tolist())
    rows = []
    for row in shown:
        imported, exported = float(used.imported[row]), float(used.exported[row])
        limits = (int(zones.import_limit_w[row]), int(zones.export_limit_w[row]))
        rows.append(
            (
                zones.ids[row],
                zones.ids[int(zones.parent[row])] if zones.parent[row] >= 0 else MISSING,
                number(float(inside[row].sum())),
                number(imported / 1000, 1),
                _kilowatt(limits[0]),
                number(exported / 1000, 1),
                _kilowatt(limits[1]),
                percent(float(used.share[row]), 1.0, 0),
                number(float(over[row])),
                _verdict(limits, int(over[row])),
            )
        )
    note = f"{over.size - len(rows)} zones further from their limits are not listed."
    return Table(
        "zone-limits",
        "Zones",
        (
            *("zone", "part of", "members"),
            *("highest", "limit"),
            *("highest", "limit"),
            *("of limit", "slots over", "verdict"),
        ),
        tuple(rows),
        groups=(("", 3), ("import [kW]", 2), ("export [kW]", 2), ("", 3)),
        names=2,
        note=note if over.size > len(rows) else "",
    )


def _kilowatt(limit_w: int) -> str:
    return "none" if limit_w < 0 else number(limit_w / 1000, 1)


def _verdict(limits: tuple[int, int], over: int) -> str:
    if limits == (-1, -1):
        return "no limit"
    return "exceeded" if over else "kept"


def _alarms(view: View) -> list[Part]:
    sentences = [_explained(view, one) for one in excesses(view)]
    more = len(sentences) - MOST_ALARMS
    shown = sentences[:MOST_ALARMS] + ([f"… and {number(more)} more."] if more > 0 else [])
    return [Notes(tuple(shown), "warn")] if shown else []


def _explained(view: View, one: Excess) -> str:
    """Say in one sentence whether the plan foresaw it."""
    energy, limit = one.energy_wh, one.limit_wh
    zones = one.group or listed([view.community.zones.ids[row] for row in one.zones])
    together = " together" if one.group or len(one.zones) > 1 else ""
    way = "imported" if energy > 0 else "exported"
    head = (
        f"{view.clock(one.slot)}: {zones}{together} {way} {kwh(abs(energy), 2)} kWh in the slot, "
        f"{kwh(abs(energy) - abs(limit), 2)} kWh over {_whose(view, one)} of "
        f"{kwh(abs(limit), 2)} kWh"
    )
    if one.group:
        return f"{head}."
    at = (one.slot - view.axis.slots.start) // view.axis.slots.step
    inside = 0 <= at < view.axis.slots.count
    planned = view.flows.planned[list(one.zones), at].sum() if inside else np.nan
    if np.isnan(planned):
        return f"{head}; no schedule was in force."
    same_way = planned if energy > 0 else -planned
    if same_way > abs(limit):
        return f"{head}; the schedule already foresaw {kwh(same_way, 2)} kWh."
    refused = float(np.nansum(view.told.refused[:, at]))
    devices = f", {counted(refused, 'device', 'devices')} did not follow" if refused else ""
    return f"{head}; the schedule kept it with {kwh(same_way, 2)} kWh; use was different{devices}."


def _whose(view: View, one: Excess) -> str:
    """Say whose limit it is: the zone's own, or one that somebody stated during the run."""
    stated = view.record.all(NeedStated) if one.need else []
    owners = [each.need.owner for each in stated if each.id == one.need and each.need is not None]
    return f"the limit that {owners[0]} stated ({one.need})" if owners else "its limit"


def _unmet(view: View) -> list[Part]:
    found = unmet(view)
    rows = [
        (
            item.what,
            item.of,
            view.clock(item.start),
            kwh(item.missing_wh, 2),
            number(item.sessions),
        )
        for item in found[:MOST_ROWS]
    ]
    hidden = len(found) - len(rows)
    table = Table(
        "conflicts",
        "What schedules could not meet",
        ("what", "of", "from", "missing [kWh]", "schedules that named it"),
        tuple(rows),
        names=3,
        note=f"{number(hidden)} more are in the journal." if hidden else "",
    )
    return [table] if rows else []


def _subject(view: View, session: str, conflict: Conflict) -> str:
    """Name what a conflict's row number is about; runs are numbered among those wanted."""
    if conflict.kind in ("sum", "unbound", "wished-sum", "soft"):
        return ", ".join(conflict.needs)
    community = view.community
    names: tuple[str, ...] = community.storage.ids
    if conflict.kind.startswith("zone"):
        names = community.zones.ids
    elif conflict.kind in ("run", "wished-run"):
        stated = [m for m in view.record.all(NeedsStated) if m.session == session]
        wanted = np.flatnonzero(stated[-1].run_earliest >= 0).tolist() if stated else []
        names = tuple(community.runs.ids[row] for row in wanted)
    return names[conflict.row] if 0 <= conflict.row < len(names) else f"row {conflict.row}"
