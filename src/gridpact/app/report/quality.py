"""Data quality: readings missing, late, estimated, refused; devices that did not follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridpact.app.report import drawing
from gridpact.app.report.parts import Figure, Notes, Part, Section, Table
from gridpact.app.report.text import counted, number, percent
from gridpact.app.report.view import View
from gridpact.ledger.messages import CommitRefused
from gridpact.metering.messages import DayMetered, ReadingsReceived, ReadingsRefused
from gridpact.scheduling.messages import (
    DispatchIssued,
    PlanSkipped,
    ScheduleKept,
    ScheduleRevised,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DEVICES = 12


@dataclass(frozen=True)
class Readings:
    """Counts of readings [meters × slots] on the days metered.

    ``late`` came one slot or more after their own had ended, ``estimated`` not before the cut-off.
    ``refused`` counts by reason.
    """

    expected: int
    late: int
    estimated: int
    refused: dict[str, int]

    @property
    def on_time(self) -> int:
        """Readings that came when their slot had ended."""
        return self.expected - self.late - self.estimated


def readings(view: View) -> Readings:
    """Count what came, when, and what was refused."""
    days, slots = view.record.all(DayMetered), view.axis.slots
    refused: dict[str, int] = {}
    turned_down: dict[tuple[int, int], int] = {}
    for kept in view.record.kept(ReadingsRefused):
        message = kept.message
        if isinstance(message, ReadingsRefused):
            at = (message.slot, kept.time)
            turned_down[at] = turned_down.get(at, 0) + message.rows.size
            for reason in message.reasons:
                refused[reason] = refused.get(reason, 0) + 1
    late = 0
    for kept in view.record.kept(ReadingsReceived):
        message = kept.message
        if not isinstance(message, ReadingsReceived) or not slots.start <= message.slot < slots.end:
            continue
        if kept.time >= message.slot + 2 * slots.step:
            late += int(message.present.sum()) - turned_down.pop((message.slot, kept.time), 0)
    return Readings(
        expected=sum(day.estimated.size for day in days),
        late=late,
        estimated=sum(int(day.estimated.sum()) for day in days),
        refused=dict(sorted(refused.items())),
    )


def section(view: View) -> Section:
    """Counts as a table, estimates over time as a plot, devices and odd events."""
    found = readings(view)
    parts: list[Part] = [_table(found)]
    if found.estimated:
        parts.append(_figure(view))
    parts += [*_devices(view), *_events(view)]
    methods = sorted({day.method for day in view.record.all(DayMetered)})
    lead = (
        "A reading that has not come by the cut-off is estimated from the day's other readings of "
        "the meter, marked, and settled on. A meter without any reading all day is settled on 0 "
        f"and marked throughout. Method: {', '.join(methods) or 'none used yet'}."
    )
    return Section("quality", "Data quality", lead, tuple(parts))


def _table(found: Readings) -> Table:
    counts = [
        ("on time", found.on_time),
        ("late, before the cut-off", found.late),
        ("missing, estimated", found.estimated),
    ]
    rows = [(name, number(count), percent(count, found.expected, 2)) for name, count in counts]
    rows += [(f"refused: {reason}", number(count), "") for reason, count in found.refused.items()]
    return Table(
        "readings",
        "Readings (meters × slots)",
        ("readings", "count", "share"),
        tuple(rows),
        ("expected", number(found.expected), ""),
    )


def _figure(view: View) -> Figure:
    share = view.axis.meant(view.read.estimated.mean(axis=0)) * 100

    def paint(panels: list[Axes]) -> None:
        drawing.stack(panels[0], view.axis, [("estimated", drawing.SOLAR, share)])
        panels[0].set_ylabel("% of meters")
        drawing.timeline(panels, view.axis)

    caption = "Share of meters whose reading was estimated. Empty where the day is not metered yet."
    svg = drawing.draw("estimated", (0.8,), paint, head=0.1)
    return Figure("estimated", "Estimated readings", caption, svg)


def _devices(view: View) -> list[Part]:
    refused = np.nansum(view.told.refused, axis=1)
    slots = int(view.told.has.sum())
    order = np.argsort(-refused, kind="stable")
    rows = [
        (
            view.community.storage.ids[row],
            view.community.storage.kind[row].replace("_", " "),
            number(refused[row]),
            percent(refused[row], slots, 2),
        )
        for row in order[:MOST_DEVICES]
        if refused[row]
    ]
    if not rows:
        return []
    others = int((refused > 0).sum()) - len(rows)
    return [
        Table(
            "devices",
            "Storage that did not follow its set-point",
            ("device", "kind", "slots", "of all slots"),
            tuple(rows),
            (
                "all devices",
                "",
                number(float(refused.sum())),
                percent(float(refused.sum()), slots * refused.size, 2),
            ),
            names=2,
            note=f"{counted(others, 'more device', 'more devices')} did so as often or less."
            if others > 0
            else "",
        )
    ]


def _events(view: View) -> list[Part]:
    record = view.record
    slots = view.axis.slots
    alone = sum(
        message.autonomous and slots.start <= message.slot < slots.end
        for message in record.all(DispatchIssued)
    )
    items = [
        f"No schedule from session {skipped.session}: {skipped.reason}."
        for skipped in record.all(PlanSkipped)
    ]
    items += _anew(view)
    items += [
        f"The ledger refused {refused.key}: {refused.reason}."
        for refused in record.all(CommitRefused)
    ]
    if alone:
        items.append(
            f"{counted(alone, 'slot', 'slots')} had no schedule in force; devices acted alone."
        )
    return [Notes(tuple(items), "warn")] if items else []


def _anew(view: View) -> list[str]:
    """How often schedules were made anew between sessions, and why some were kept instead."""
    revised, kept = view.record.all(ScheduleRevised), view.record.all(ScheduleKept)
    items = []
    if revised:
        times = counted(len(revised), "time", "times")
        causes = sorted({cause.kind for each in revised for cause in each.causes})
        items.append(f"Schedules were made anew {times} between sessions ({', '.join(causes)}).")
    for reason in dict.fromkeys(each.reason for each in kept):
        times = counted(sum(each.reason == reason for each in kept), "time", "times")
        items.append(f"The schedule in force was kept {times}: {reason}.")
    return items
