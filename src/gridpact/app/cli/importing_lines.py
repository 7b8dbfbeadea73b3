"""What an import brings, in lines for people and fields for programs."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gridpact.app.cli.contracting_layout import duration
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.reading_options import channel_as_dict
from gridpact.app.readings.importing import FileImported
from gridpact.base.slots import iso
from gridpact.metering.readings import Quality
from gridpact.metering.validation.findings import Finding
from gridpact.metering.validation.rules import Missing, name_of

_MISSING = name_of(Missing())
CHANNELS_SHOWN = 20
FINDINGS_SHOWN = 12


def lines_of(done: FileImported) -> list[str]:
    """Lines that tell what one file brings."""
    plan, readings = done.plan, done.readings
    if plan.already is not None:
        known = iso(plan.already.known_s)
        return [f"{readings.source}: imported before, known since {known}; it changes nothing"]
    if not done.changes:
        return [f"{readings.source}: all of it was stored before; it changes nothing"]
    slots = readings.intervals.slots
    size = (
        f"{counted(slots.count, 'slot')} of {duration(slots.step)}" if slots.count else "no slots"
    )
    span = f", {iso(slots.start)} to {iso(slots.end)}" if slots.count else ""
    stored = f"stored as import {done.number}" if done.number else "read"
    return [
        f"{readings.source}: {stored}, {size}{span}, known since {iso(done.known_s)}",
        *_channels(done),
        *_displays(done),
        *_findings(done.found),
    ]


def _channels(done: FileImported) -> list[str]:
    plan, quality = done.plan, done.readings.intervals.quality
    head = ("point", "register", "new", "corrected", "same", "missing", "suspect")
    rows = [
        (
            channel.point,
            channel.register,
            *(f"{int(column[row]):,}" for column in (plan.new, plan.corrected, plan.same)),
            f"{int(np.count_nonzero(quality[row] == int(Quality.MISSING))):,}",
            f"{int(np.count_nonzero(quality[row] == int(Quality.SUSPECT))):,}",
        )
        for row, channel in enumerate(plan.channels[:CHANNELS_SHOWN])
    ]
    more = len(plan.channels) - len(rows)
    lines = aligned([head, *rows], right=range(2, len(head)), indent=4) if rows else []
    return [*lines, *([f"    … and {more:,} more channels: --json"] if more else [])]


def _displays(done: FileImported) -> list[str]:
    new, corrected, same = done.plan.displays
    if not new + corrected + same:
        return []
    return [f"    displays: {new:,} new, {corrected:,} corrected, {same:,} same"]


def _findings(found: tuple[Finding, ...]) -> list[str]:
    """The findings by rule, and the first of them in words."""
    if not found:
        return ["    validation found nothing"]
    slots, times = Counter[str](), Counter(each.rule for each in found)
    for each in found:
        slots[each.rule] += each.slots
    rules = [f"{rule} {times[rule]:,}× ({counted(slots[rule], 'slot')})" for rule in sorted(times)]
    first = sorted(found, key=lambda each: each.rule == _MISSING)  # what is odd, then what lacks
    shown = [f"      {each}" for each in first[:FINDINGS_SHOWN]]
    more = len(found) - len(shown)
    rest = [f"      … and {more:,} more: --json"] if more else []
    return [f"    validation: {', '.join(rules)}", *shown, *rest]


def as_dict(done: FileImported) -> dict[str, object]:
    """Return what one file brings as fields for programs."""
    plan, intervals = done.plan, done.readings.intervals
    new, corrected, same = plan.displays
    return {
        "file": done.readings.source,
        "sha256": done.readings.digest,
        "import": done.number or None,
        "imported_before": plan.already is not None,
        "known_at": iso(done.known_s if plan.already is None else plan.already.known_s),
        "slots": {
            "start": iso(intervals.slots.start),
            "step_s": intervals.slots.step,
            "count": intervals.slots.count,
        },
        "channels": [_channel(done, row) for row in range(len(plan.channels))],
        "displays": {"new": new, "corrected": corrected, "same": same},
        "findings": [_finding(each) for each in done.found],
    }


def _channel(done: FileImported, row: int) -> dict[str, object]:
    plan, quality = done.plan, done.readings.intervals.quality[row]
    return {
        **channel_as_dict(plan.channels[row]),
        "new": int(plan.new[row]),
        "corrected": int(plan.corrected[row]),
        "same": int(plan.same[row]),
        **{each.name.lower(): int(np.count_nonzero(quality == int(each))) for each in Quality},
    }


def _finding(found: Finding) -> dict[str, object]:
    return {
        **channel_as_dict(found.channel),
        "from": iso(found.from_s),
        "to": iso(found.to_s),
        "rule": found.rule,
        "slots": found.slots,
        "words": found.words,
    }
